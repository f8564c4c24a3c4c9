package rules

import "time"

// maxChain bounds how many windows that follow each other are joined into one end.
const maxChain = 60

// Frozen tells whether nothing may be written to the subject now, by which freeze, and until when (UTC), counting
// freezes that follow without a gap. The subject's Account and Region decide where it is.
func (f *File) Frozen(s Subject, now time.Time) (name string, until time.Time, frozen bool) {
	if f == nil {
		return "unreadable rules", now, true
	}
	until = now
	for range maxChain {
		next, by := f.freezeEnd(s, until)
		if by == "" {
			break
		}
		if name == "" {
			name = by
		}
		until = next
	}
	return name, until.UTC(), name != ""
}

// freezeEnd gives the end and name of the first freeze that holds at t.
func (f *File) freezeEnd(s Subject, t time.Time) (end time.Time, name string) {
	for _, fr := range f.Freezes {
		if stop, holds := fr.endAt(t); holds && f.mismatch(fr.Match, s, t) == "" {
			return stop, fr.Name
		}
	}
	return t, ""
}

// endAt gives the end of the freeze if it holds at t. From is part of it, To is not.
func (fr Freeze) endAt(t time.Time) (time.Time, bool) {
	from, to := fr.From, fr.To
	if w := fr.Weekly; w != nil {
		local := t.In(w.Zone)
		day := func(minutes int) time.Time {
			y, m, d := local.Date()
			return time.Date(y, m, d, 0, minutes, 0, 0, w.Zone)
		}
		if !w.on(local.Weekday()) {
			return time.Time{}, false
		}
		from, to = day(w.From), day(w.To)
	}
	return to, !t.Before(from) && t.Before(to)
}

func (w Weekly) on(day time.Weekday) bool {
	for _, d := range w.Days {
		if d == day {
			return true
		}
	}
	return false
}
