package rules_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/rules"
)

func weekly(t *testing.T, days, from, to, zone string) *rules.File {
	t.Helper()
	return mustLoad(t, fmt.Sprintf("version: 1\nfreezes:\n  - { name: f, weekly: { days: [%s], from: %q, to: %q, timezone: %s } }\n", days, from, to, zone))
}

// Where clocks are changed, a window is never shorter than what a person reads in the file.
func TestWeeklyFreezesWhereClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, days, from, to string
		frozen, free         []string
	}{
		// Sunday begins at 01:00 in Santiago: Saturday still has its last hour.
		{"America/Santiago", "sat, sun", "00:00", "24:00",
			[]string{"2026-09-05T04:00:00Z", "2026-09-06T03:00:00Z", "2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z", "2026-09-07T02:59:59Z"},
			[]string{"2026-09-05T03:59:59Z", "2026-09-07T03:00:00Z"}},
		{"America/Havana", "sat", "00:00", "24:00",
			[]string{"2026-03-07T05:00:00Z", "2026-03-08T04:00:00Z", "2026-03-08T04:59:59Z"}, []string{"2026-03-07T04:59:59Z", "2026-03-08T05:00:00Z"}},
		// Midnight comes twice in Havana, at 04:00Z and 05:00Z, and never in Santiago, where it would be 03:00Z by the clocks after and 04:00Z by those before.
		{"America/Havana", "sat", "00:00", "24:00",
			[]string{"2026-11-01T03:59:59Z", "2026-11-01T04:30:00Z", "2026-11-01T04:59:59Z"}, []string{"2026-10-31T03:59:59Z", "2026-11-01T05:00:00Z"}},
		{"America/Santiago", "sun", "00:00", "12:00",
			[]string{"2026-09-06T03:00:00Z", "2026-09-06T04:00:00Z", "2026-09-06T14:59:59Z"}, []string{"2026-09-06T02:59:59Z", "2026-09-06T15:00:00Z"}},
		// It is twice 01:15 in New York: at 05:15Z and 06:15Z.
		{"America/New_York", "sun", "00:00", "01:30",
			[]string{"2026-11-01T04:00:00Z", "2026-11-01T05:15:00Z", "2026-11-01T05:45:00Z", "2026-11-01T06:15:00Z", "2026-11-01T06:29:59Z"},
			[]string{"2026-11-01T03:59:59Z", "2026-11-01T06:30:00Z"}},
		// It is twice 02:45 in Berlin: at 00:45Z and 01:45Z.
		{"Europe/Berlin", "sun", "02:30", "04:00",
			[]string{"2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:59:59Z"},
			[]string{"2026-10-25T00:29:59Z", "2026-10-25T03:00:00Z"}},
		// It is never 02:30 in Berlin on that day: 01:59 is followed by 03:00 at 01:00Z. Both ways to take it are kept to.
		{"Europe/Berlin", "sun", "02:30", "04:00",
			[]string{"2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:59:59Z"}, []string{"2026-03-29T00:29:59Z", "2026-03-29T02:00:00Z"}},
		{"Europe/Berlin", "sun", "00:00", "02:30",
			[]string{"2026-03-28T23:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:29:59Z"}, []string{"2026-03-29T01:30:00Z"}},
		// An ordinary Sunday.
		{"Europe/Berlin", "sun", "02:30", "04:00", []string{"2026-11-22T01:30:00Z", "2026-11-22T02:59:59Z"}, []string{"2026-11-22T01:29:59Z", "2026-11-22T03:00:00Z"}},
	} {
		f := weekly(t, c.days, c.from, c.to, c.zone)
		for _, when := range append(slices.Clone(c.frozen), c.free...) {
			want := slices.Contains(c.frozen, when)
			_, until, got := f.Frozen(bucket(), at(when))
			if got != want || got && !until.After(at(when)) {
				t.Errorf("%s, %s %s to %s, at %s: frozen %v until %s, want %v", c.zone, c.days, c.from, c.to, when, got, until, want)
			}
		}
	}
}

// Every five minutes around every change of the clocks, what a clock on the wall reads decides: inside the window it is frozen, whichever of two equal readings
// it is. More is frozen only next to a change, and what is said of the end is true.
func TestWeeklyFreezesByTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	windows := [][2]string{{"00:00", "24:00"}, {"00:00", "00:30"}, {"00:30", "24:00"}, {"01:30", "02:30"}, {"00:00", "01:30"}, {"02:30", "24:00"}, {"02:00", "03:00"}, {"23:30", "24:00"}}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "Atlantic/Azores", "Africa/Casablanca", "Pacific/Chatham", "America/Asuncion", "Asia/Kolkata"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes(zone) {
			for _, window := range windows {
				for day := range 2 {
					weekday := change.In(zone).AddDate(0, 0, -day).Weekday()
					f := weekly(t, days[weekday], window[0], window[1], name)
					for when := change.Add(-30 * time.Hour); when.Before(change.Add(30 * time.Hour)); when = when.Add(5 * time.Minute) {
						local := when.In(zone)
						reads := local.Format("15:04")
						inside := local.Weekday() == weekday && window[0] <= reads && reads < window[1]
						_, until, frozen := f.Frozen(bucket(), when)
						if inside && !frozen {
							t.Fatalf("%s: free at %s, inside %s from %s to %s", name, local, days[weekday], window[0], window[1])
						}
						if frozen && !inside && when.Sub(change).Abs() > time.Hour {
							t.Fatalf("%s: frozen at %s, outside of %s from %s to %s", name, local, days[weekday], window[0], window[1])
						}
						if _, _, still := f.Frozen(bucket(), until); frozen && (still || !until.After(when)) {
							t.Fatalf("%s: frozen at %s until %s, which is no end", name, local, until)
						}
					}
				}
			}
		}
	}
}

// changes are the instants in 2026 at which the zone's clocks are set; where there are none, some day.
func changes(zone *time.Location) []time.Time {
	var out []time.Time
	for t := at("2026-01-01T00:00:00Z"); ; {
		_, end := t.In(zone).ZoneBounds()
		if end.IsZero() || end.Year() > 2026 {
			break
		}
		out, t = append(out, end), end
	}
	if len(out) == 0 {
		out = append(out, at("2026-06-07T00:00:00Z"))
	}
	return out
}
