package report

import (
	"cmp"
	"math"
	"time"

	"github.com/shoreup/shoreup/shared/core"
)

// Day is what was wrong at the end of one day in UTC, and what happened on it.
type Day struct {
	Date     string  `json:"date"` // 2026-11-22
	Open     Tally   `json:"open"`
	Found    int     `json:"found"`
	Fixed    int     `json:"fixed"`
	MeanTook float64 `json:"mean_seconds"`   // of the fixes of the day
	Hours    float64 `json:"exposure_hours"` // summed over all that was wrong on that day
}

// span is a time in which something was wrong.
type span struct {
	from, to time.Time // to is zero while it lasts
	end      time.Time // what to is unless something else begins; zero: it lasts
	severity core.Severity
	unseen   bool // a fix was taken back, and nobody has looked since: its time counts, and it is no finding
}

// days makes the trend. Without a log there is none: what is wrong now says nothing about yesterday.
func (b *builder) days(r Report) []Day {
	out := []Day{}
	if len(b.log.lives) == 0 {
		return out
	}
	spans := b.spans(r)
	end := b.in.Now.Truncate(24 * time.Hour)
	n := cmp.Or(b.in.Days, 30)
	for i := range n {
		from := end.AddDate(0, 0, i-n+1)
		to := from.AddDate(0, 0, 1)
		if to.After(b.in.Now) {
			to = b.in.Now
		}
		out = append(out, dayOf(from, to, spans, r.Fixes))
	}
	return out
}

func dayOf(from, to time.Time, spans []span, fixes []Fix) Day {
	d := Day{Date: from.Format(time.DateOnly)}
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	for _, s := range spans {
		if s.to.IsZero() || !s.to.Before(to) {
			if s.from.Before(to) && !(s.unseen && s.to.IsZero()) {
				d.Open.add(s.severity)
			}
		}
		if in(s.from) && !s.unseen {
			d.Found++
		}
		began, ended := s.from, s.to
		if began.Before(from) {
			began = from
		}
		if ended.IsZero() || ended.After(to) {
			ended = to
		}
		if ended.After(began) {
			d.Hours += ended.Sub(began).Hours()
		}
	}
	d.Hours = math.Round(d.Hours*10) / 10
	var today []Fix
	for _, f := range fixes {
		if in(f.Verified) {
			today = append(today, f)
		}
	}
	s := speedOf(today)
	d.Fixed, d.MeanTook = s.N, s.Mean
	return d
}

// spans are when things were wrong: the lives of occurrences that the log tells of, and the open plans that it does not know. An occurrence that
// ended without being in order (it failed, it was stale) lasts until the next one of the same thing begins; where none does and the report has no open plan
// about it, it ended there: at the latest now, since this report knows it to be in order.
func (b *builder) spans(r Report) []span {
	var out []span
	last := map[thing]int{} // to the span that has not ended
	known := map[string]bool{}
	for _, l := range b.log.lives {
		if l.opened.IsZero() {
			continue
		}
		if i, ok := last[l.thing()]; ok {
			out[i].to = l.began()
			delete(last, l.thing())
		}
		s := span{from: l.began(), to: l.closed, severity: b.metas[l.control].Severity, end: firstOf(l.ended, b.in.Now.Add(-1))}
		p := b.planOf("", l.occurrence)
		if p != nil {
			s.severity = p.Severity
			known[p.Key] = true
			if p.Open {
				s.end = time.Time{}
			}
		}
		if l.closed.IsZero() && (core.Outcome(l.outcome) == core.Excepted || p != nil && p.Outcome == core.Excepted) {
			if l.exempt.IsZero() {
				continue // agreed to: no exposure that anybody counts
			}
			s.to = l.exempt
		}
		out = append(out, s)
		if s.to.IsZero() {
			last[l.thing()] = len(out) - 1
		}
		if !l.undone.IsZero() {
			last[l.thing()] = len(out)
			out = append(out, span{from: l.undone, severity: s.severity, unseen: true})
		}
	}
	for i := range out {
		if s := &out[i]; s.to.IsZero() && !s.end.IsZero() {
			s.to = s.end
		}
	}
	for _, p := range r.Plans {
		if p.Open && !known[p.Key] {
			out = append(out, span{from: firstOf(p.Cause.Time, p.FirstSeen), severity: p.Severity})
		}
	}
	return out
}
