package notify

import (
	"testing"
	"time"
)

// A plan that takes the place of another is exposed since the first cause, not since the last.
func TestExposureCountsFromTheFirstCause(t *testing.T) {
	t.Parallel()
	f := asking()
	f.Since = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	o := Options{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	if got, want := exposure(f, o), "\n*Exposure* open since 2026-11-22 09:30:00 UTC, 2 h 30 min when this was written"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
