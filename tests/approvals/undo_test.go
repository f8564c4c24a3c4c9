package approvals

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/rules"
)

// undoable is a world whose dial was opened by eve and shut with ada's yes, and in which bo asks to have that taken back.
func undoable(t *testing.T) (*history, approval.Request) {
	t.Helper()
	h, r := one(t, files[0])
	h.says("U0ADA00001", approval.Yes, r)
	h.drain()
	if h.dial.value != "shut" {
		t.Fatalf("the dial is %s", h.dial.value)
	}
	h.wantsBack("U0BO000001")
	return h, h.newest(approval.Undo)
}

// wantsBack asks to have the last fix taken back.
func (h *history) wantsBack(who string) {
	h.t.Helper()
	h.model.replay()
	h.word(approval.Said{Undo: &approval.Undoing{Account: h.account, Seq: h.model.records[len(h.model.records)-1], Why: "it is needed", Identity: who}}, deed{})
	h.drain()
}

// outcomes are those of the last entries of a kind.
func (h *history) outcomes(kind audit.Kind) []string {
	h.t.Helper()
	var out []string
	h.aside(func() error {
		all, err := h.log.List(h.t.Context(), h.account, 0, 0)
		for _, e := range all {
			if e.Kind == kind {
				out = append(out, e.Outcome)
			}
		}
		return err
	})
	return out
}

func TestUndoByApproval(t *testing.T) {
	t.Parallel()
	h, r := undoable(t)
	h.says("U0BO000001", approval.Yes, r) // who asked
	h.says("U0EVE00001", approval.Yes, r) // who opened it
	h.says("U0STRANGER", approval.Yes, r)
	h.drain()
	if h.dial.value != "shut" {
		t.Fatal("it is taken back without a yes that counts")
	}
	h.says("U0ADA00001", approval.Yes, r)
	order := h.queue[0]
	h.drain()
	if got := h.newest(approval.Undo); h.dial.value != "open" || got.State != approval.Applied {
		t.Fatalf("the dial is %s, the request %s (%s)", h.dial.value, got.State, got.Why)
	}
	writes := len(h.writes)
	h.dial.value = "shut" // by hand, exactly as the fix had left it
	for range 2 {
		_ = h.deliver(order, nil)
	}
	if len(h.writes) != writes {
		t.Error("one yes is good for two")
	}
	h.fine()
}

// TestAnUndoWhoseMakerDies: at whatever request it dies, the yes is good for one write, and in the end it is on record what came of it.
func TestAnUndoWhoseMakerDies(t *testing.T) {
	t.Parallel()
	for n := range 30 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			h, r := undoable(t)
			h.says("U0ADA00001", approval.Yes, r)
			order := h.queue[0]
			h.queue = h.queue[1:]
			_ = h.deliver(order, func(i int, _ string) act {
				if i == n {
					return die
				}
				return pass
			})
			for range 3 {
				h.now = h.now.Add(longTime)
				if err := h.deliver(order, nil); err != nil {
					t.Fatalf("delivered again: %v", err)
				}
				h.drain()
			}
			if err := h.tick(nil); err != nil {
				t.Fatal(err)
			}
			got := h.newest(approval.Undo)
			writes := 0
			for _, w := range h.writes[1:] {
				if w.effects {
					writes++
				}
			}
			results := h.outcomes(audit.Result)[1:]
			want := map[bool]core.Outcome{true: core.Undone, false: core.Failed}[h.dial.value == "open"]
			if writes > 1 || got.State != approval.Applied || len(results) != 1 || results[0] != string(want) {
				t.Errorf("%d writes, the request is %s (%s), results %v, the dial is %s", writes, got.State, got.Why, results, h.dial.value)
			}
			h.fine()
		})
	}
}

// TestAnUndoOfWhatMoved: what has changed since the fix is not taken back, and people are told why.
func TestAnUndoOfWhatMoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*history)
		state  approval.State
		dial   string
	}{
		"the resource":           {func(h *history) { h.dial.value = "open-wide" }, approval.Stale, "open-wide"},
		"the kill switch":        {func(h *history) { h.do(deed{what: "kill"}) }, approval.Approved, "shut"},
		"the time":               {func(h *history) { h.now = h.now.Add(11 * time.Hour) }, approval.Expired, "shut"},
		"a fix of another round": {func(h *history) { h.dial.value = "open" }, approval.Stale, "open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, r := undoable(t)
			h.says("U0ADA00001", approval.Yes, r)
			c.change(h)
			h.drain()
			if err := h.tick(nil); err != nil {
				t.Fatal(err)
			}
			got := h.newest(approval.Undo)
			if got.State != c.state || h.dial.value != c.dial || len(h.writes) != 1 {
				t.Errorf("the request is %s (%s), the dial is %s, %d writes", got.State, got.Why, h.dial.value, len(h.writes))
			}
			h.fine()
		})
	}
}

// TestWhoCausedWhatIsTakenBack: the plan on record says it, however much stands between it and the fix, up to a point; beyond that nobody is known, and two
// have to agree.
func TestWhoCausedWhatIsTakenBack(t *testing.T) {
	t.Parallel()
	for between, want := range map[int]string{0: eve, 450: eve, 2100: ""} {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.aside(func() error {
				for range between {
					if _, err := h.log.Append(t.Context(), h.account, audit.Entry{Kind: audit.Decision, Occurrence: "another", Outcome: "reported"}); err != nil {
						return err
					}
				}
				return nil
			})
			h.says("U0ADA00001", approval.Yes, r)
			h.drain()
			h.model.replay()
			fix, err := (&engine.Engine{Controls: []core.Control{h.dial.control(1)}, Now: h.clock, Rules: func(context.Context) *rules.File { return h.file }, Log: h.log, State: h.book}).
				Undoable(t.Context(), h.account, h.model.records[len(h.model.records)-1])
			if err != nil || fix.Cause != want || fix.Approver != "ada" || fix.Occurrence != r.Key.ID {
				t.Errorf("%+v, %v, want cause %q", fix, err, want)
			}
		})
	}
}
