package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/shoreup/shoreup/shared/core"
)

// lines returns "control outcome n" of each line that was written.
func lines(t *testing.T, out *bytes.Buffer) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(out.String()) {
		var l struct {
			Control, Outcome string
			Findings         json.Number
			AWS              struct {
				CloudWatchMetrics []struct{ Namespace string }
			} `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || len(l.AWS.CloudWatchMetrics) != 1 || l.AWS.CloudWatchMetrics[0].Namespace != "shoreup" {
			t.Fatalf("%s: %v", line, err)
		}
		found = append(found, l.Control+" "+l.Outcome+" "+l.Findings.String())
	}
	return found
}

func TestAnInvocationCountsInFewLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := &Hub{counts: newCounter(&out)}
	handle := Counted(h, func(_ context.Context, n int) (string, error) {
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { h.counts.add("b", core.Compliant) })
		}
		h.counts.add("b", core.Fixed)
		h.counts.add("a", core.Compliant)
		wg.Wait()
		if out.Len() > 0 {
			t.Error("a line was written before the end")
		}
		return "done", errors.New("and failed")
	})
	if got, err := handle(t.Context(), 1000); got != "done" || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, want := strings.Join(lines(t, &out), "; "), "a compliant 1; b compliant 1000; b fixed 1"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}

func TestOutsideOfAnInvocationEachCountIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newCounter(&out)
	c.add("a", core.Fixed)
	c.add("a", core.Fixed)
	if got, want := strings.Join(lines(t, &out), "; "), "a fixed 1; a fixed 1"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}
