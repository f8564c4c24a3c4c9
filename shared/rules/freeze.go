package rules

import (
	"slices"
	"time"
)

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
	if fr.Weekly != nil {
		return fr.Weekly.endAt(t)
	}
	return fr.To, !t.Before(fr.From) && t.Before(fr.To)
}

// endAt looks at the windows of three days, since where clocks are changed at midnight a window may reach into the day before or after.
func (w Weekly) endAt(t time.Time) (time.Time, bool) {
	y, m, d := t.In(w.Zone).Date()
	for ahead := -1; ahead <= 1; ahead++ {
		midnight := time.Date(y, m, d+ahead, 0, 0, 0, 0, time.UTC) // as a clock reads; where that is comes below
		if !w.on(midnight.Weekday()) {
			continue
		}
		from, _ := instants(midnight.Add(time.Duration(w.From)*time.Minute), w.Zone)
		_, to := instants(midnight.Add(time.Duration(w.To)*time.Minute), w.Zone)
		if !t.Before(from) && t.Before(to) {
			return to, true
		}
	}
	return time.Time{}, false
}

// instants gives the earliest and the latest instant that a reading of the zone's clocks, given in UTC's, can mean. They differ where clocks are
// set back and read it twice; where they are set forward and never read it, by the clocks before and after. A window from the earliest to the latest
// is never shorter than what a person means by it.
func instants(reading time.Time, zone *time.Location) (earliest, latest time.Time) {
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	y, m, d := reading.Date()
	near := time.Date(y, m, d, reading.Hour(), reading.Minute(), 0, 0, zone)
	begins, ends := near.ZoneBounds()
	means := []time.Time{reading.Add(-offset(near))}
	if !begins.IsZero() {
		means = append(means, reading.Add(-offset(begins.Add(-time.Second))))
	}
	if !ends.IsZero() {
		means = append(means, reading.Add(-offset(ends)))
	}
	reads := func(t time.Time) bool { return t.Add(offset(t)).Equal(reading) }
	if slices.ContainsFunc(means, reads) {
		means = slices.DeleteFunc(means, func(t time.Time) bool { return !reads(t) })
	}
	return slices.MinFunc(means, time.Time.Compare), slices.MaxFunc(means, time.Time.Compare)
}

func (w Weekly) on(day time.Weekday) bool { return slices.Contains(w.Days, day) }
