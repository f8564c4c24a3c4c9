package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/core"
)

// counted is what one line of the metric Findings is about.
type counted struct {
	control string
	outcome core.Outcome
}

// counter counts outcomes for CloudWatch. While an invocation runs it only adds them up, so that a sweep, most of whose findings are in order, costs a line in the
// log for each control and outcome and not for each resource; otherwise each is a line at once.
type counter struct {
	to io.Writer

	mu   sync.Mutex
	open int // invocations
	n    map[counted]int
}

func newCounter(to io.Writer) *counter { return &counter{to: to, n: map[counted]int{}} }

func (c *counter) add(control string, outcome core.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[counted{control, outcome}]++
	if c.open == 0 {
		c.flush()
	}
}

func (c *counter) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
}

func (c *counter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open--; c.open == 0 {
		c.flush()
	}
}

// flush writes what was added up. The caller holds the lock.
func (c *counter) flush() {
	for _, k := range slices.SortedFunc(maps.Keys(c.n), func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.control, b.control), cmp.Compare(a.outcome, b.outcome))
	}) {
		metric(c.to, "Findings", c.n[k], [][]string{{"Control", "Outcome"}, {"Outcome"}}, map[string]any{"Control": k.control, "Outcome": k.outcome})
	}
	clear(c.n)
}

// Counted lets a function's invocations count what they found in as few lines as can be. What a process had added up when it died is not counted; the audit
// log has what matters.
func Counted[In, Out any](h *Hub, handle func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		h.counts.begin()
		defer h.counts.end()
		return handle(ctx, in)
	}
}

// Metric counts something about the installation as a whole.
func Metric(name string, n int) { metric(os.Stdout, name, n, [][]string{{}}, map[string]any{}) }

// metric counts in CloudWatch's embedded metric format: a line in the log, and no API call. Source: CloudWatch user guide, "Embedded metric format specification".
func metric(to io.Writer, name string, n int, dimensions [][]string, line map[string]any) {
	line["_aws"] = map[string]any{"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": []any{map[string]any{
		"Namespace": "shoreup", "Dimensions": dimensions, "Metrics": []any{map[string]string{"Name": name, "Unit": "Count"}},
	}}}
	line[name] = n
	if raw, err := json.Marshal(line); err == nil {
		_, _ = fmt.Fprintln(to, string(raw)) // a lost figure must not fail a fix
	}
}
