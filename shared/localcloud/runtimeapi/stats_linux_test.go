package runtimeapi

import (
	"testing"
	"time"
)

func TestParseProc(t *testing.T) {
	t.Parallel()
	rss, err := parseRSS("Name:\tevaluate\nVmPeak:\t  900 kB\nVmRSS:\t   14336 kB\nThreads:\t6\n")
	if err != nil || rss != 14336*1024 {
		t.Errorf("parseRSS = %d, %v, want 14680064", rss, err)
	}
	if rss, err := parseRSS("Name:\tgone\nState:\tZ (zombie)\n"); err == nil {
		t.Errorf("parseRSS of a zombie = %d, want an error", rss)
	}
	// A command with spaces and parentheses; utime 21, stime 4 ticks.
	cpu, err := parseCPU("77 (a) b (c) S 1 77 77 0 -1 4194304 102 0 0 0 21 4 0 0 20 0 6 0 1 2 3\n")
	if err != nil || cpu != 250*time.Millisecond {
		t.Errorf("parseCPU = %s, %v, want 250ms", cpu, err)
	}
	for _, bad := range []string{"", "77", "77 (a) S 1", "77 (a) S 1 77 77 0 -1 4194304 102 0 0 0 x 4 0"} {
		if cpu, err := parseCPU(bad); err == nil {
			t.Errorf("parseCPU(%q) = %s, want an error", bad, cpu)
		}
	}
}
