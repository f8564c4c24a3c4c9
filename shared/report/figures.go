package report

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Figures are the sums that an overview shows.
type Figures struct {
	Open       Tally   `json:"open"`     // wrong now, and nobody agreed to that
	Outcomes   []Count `json:"outcomes"` // of all plans, in words, what needs people first
	InOrder    int     `json:"in_order"` // looked at and in order; -1: not known
	Unseen     int     `json:"unseen"`   // could not be seen or judged
	Waiting    int     `json:"waiting"`
	EndingSoon int     `json:"ending_soon"` // exceptions that run out within [Soon]
	// RefusedWords counts words of people that changed nothing, by why: four-eyes, stranger, late.
	RefusedWords []Count `json:"refused_words"`
	Fixed        Speed   `json:"fixed"`     // verified, and not taken back since
	NotFixed     int     `json:"not_fixed"` // carried out, and failed or not verified
	Days         []Day   `json:"days"`      // oldest first; empty where no log was read
	ByOwner      []Group `json:"by_owner"`
	BySeverity   []Group `json:"by_severity"`
	ByControl    []Group `json:"by_control"`
	ByAccount    []Group `json:"by_account"`
	ByService    []Group `json:"by_service"`
}

// Tally counts by severity.
type Tally struct {
	Total    int `json:"total"`
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
}

func (t *Tally) add(s core.Severity) {
	t.Total++
	switch s {
	case core.Critical:
		t.Critical++
	case core.High:
		t.High++
	case core.Medium:
		t.Medium++
	case core.Low:
		t.Low++
	}
}

// Count is how often something occurs.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Speed is how many fixes were verified and how long those of which it is known took, in seconds: from finding to verified, and from the cause to
// verified.
type Speed struct {
	N            int     `json:"n"`
	Timed        int     `json:"timed"` // of which the log says when they were found and verified
	Mean         float64 `json:"mean_seconds"`
	Median       float64 `json:"median_seconds"`
	MeanExposure float64 `json:"mean_exposure_seconds"`
}

// Group is the figures of one owner, severity, control, account or service.
type Group struct {
	Name    string  `json:"name"`
	Open    Tally   `json:"open"`
	Waiting int     `json:"waiting"`
	Fixed   Speed   `json:"fixed"`
	Oldest  float64 `json:"oldest_seconds"` // age of the oldest that is open
}

// speedOf sums up fixes.
func speedOf(fixes []Fix) Speed {
	var took []float64
	var out Speed
	for _, f := range fixes {
		if f.Outcome != core.Fixed {
			continue
		}
		out.N++
		if f.Opened.IsZero() || f.Verified.IsZero() {
			continue
		}
		took = append(took, f.Took)
		out.Mean += f.Took
		out.MeanExposure += f.Exposure
	}
	out.Timed = len(took)
	if out.Timed == 0 {
		return out
	}
	slices.Sort(took)
	out.Median = (took[(out.Timed-1)/2] + took[out.Timed/2]) / 2
	out.Mean, out.MeanExposure = math.Round(out.Mean/float64(out.Timed)), math.Round(out.MeanExposure/float64(out.Timed))
	return out
}

func (b *builder) figures(r Report) Figures {
	f := Figures{InOrder: -1, Waiting: len(r.Waiting), Fixed: speedOf(r.Fixes), Outcomes: []Count{}, RefusedWords: refusedWords(r.Refused), Days: b.days(r)}
	counts := map[string]int{}
	for _, p := range r.Plans { // they stand in the order of urgency
		if counts[p.Headline]++; counts[p.Headline] == 1 {
			f.Outcomes = append(f.Outcomes, Count{Name: p.Headline})
		}
		switch {
		case p.Open:
			f.Open.add(p.Severity)
		case p.Outcome == core.Blind || p.Outcome == core.Errored:
			f.Unseen++
		}
	}
	for i := range f.Outcomes {
		f.Outcomes[i].N = counts[f.Outcomes[i].Name]
	}
	for _, e := range r.Exceptions {
		f.EndingSoon += b2i(e.EndsSoon)
	}
	for _, x := range r.Fixes {
		f.NotFixed += b2i(x.Outcome == core.Failed || x.Outcome == core.Unverified)
	}
	for _, outcomes := range b.in.Judged {
		f.InOrder = max(f.InOrder, 0) + outcomes[core.Compliant]
	}
	f.ByOwner = groups(r, func(s Subject) string { return s.Owner })
	f.BySeverity = groups(r, func(s Subject) string { return string(s.Severity) })
	f.ByControl = groups(r, func(s Subject) string { return s.Control })
	f.ByAccount = groups(r, func(s Subject) string { return s.Account })
	f.ByService = groups(r, func(s Subject) string { return s.Service })
	slices.SortStableFunc(f.BySeverity, func(x, y Group) int {
		return cmp.Compare(show.Worst(core.Severity(x.Name)), show.Worst(core.Severity(y.Name)))
	})
	return f
}

// groups counts by what name says of a subject, the groups with most that is bad first.
func groups(r Report, name func(Subject) string) []Group {
	all := map[string]*Group{}
	fixes := map[string][]Fix{}
	of := func(s Subject) *Group {
		n := name(s)
		if all[n] == nil {
			all[n] = &Group{Name: n}
		}
		return all[n]
	}
	for _, p := range r.Plans {
		g := of(p.Subject)
		if p.Open {
			g.Open.add(p.Severity)
			g.Oldest = max(g.Oldest, p.Age)
		}
	}
	for _, w := range r.Waiting {
		of(w.Subject).Waiting++
	}
	for _, f := range r.Fixes {
		of(f.Subject)
		fixes[name(f.Subject)] = append(fixes[name(f.Subject)], f)
	}
	out := make([]Group, 0, len(all))
	for _, n := range slices.Sorted(maps.Keys(all)) {
		g := *all[n]
		g.Fixed = speedOf(fixes[n])
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(x, y Group) int {
		return cmp.Or(cmp.Compare(y.Open.Critical, x.Open.Critical), cmp.Compare(y.Open.High, x.Open.High), cmp.Compare(y.Open.Total, x.Open.Total))
	})
	return out
}
