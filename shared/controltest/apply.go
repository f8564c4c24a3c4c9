package controltest

import (
	"context"
	"encoding/json"
	"flag"
	"slices"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// apply makes the plan's calls, as the engine does but without its journal and its decisions, and returns what they answered.
func (b *bench) apply(t *testing.T, s awsapi.Session, p core.Proposal, rec *awsapi.Recorder) []json.RawMessage {
	t.Helper()
	ctx := awsapi.WithRecorder(t.Context(), rec)
	var outputs []json.RawMessage
	for i, c := range p.Plan.Changes {
		call := b.bound(t, c.Do, outputs)
		if err := b.control.CheckWrite(call, b.resource); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		outputs = append(outputs, b.run(ctx, t, s, call))
		if c.Expect == "" {
			continue
		}
		sight, err := b.look(t.Context(), s)
		if err != nil {
			t.Fatalf("reading back after change %d: %v", i, err)
		}
		if sight.Fingerprint != c.Expect {
			t.Fatalf("change %d is to be read back before the next call, and the state is not the expected one: %s", i, sight.State)
		}
	}
	return outputs
}

// undo runs the undo calls, last change first.
func (b *bench) undo(t *testing.T, s awsapi.Session, p core.Proposal, outputs []json.RawMessage, rec *awsapi.Recorder) {
	t.Helper()
	ctx := awsapi.WithRecorder(t.Context(), rec)
	for i, c := range slices.Backward(p.Plan.Changes) {
		for _, u := range c.Undo {
			call := b.bound(t, u, outputs)
			if err := b.control.CheckUndo(call, b.resource); err != nil {
				t.Fatalf("undoing change %d: %v", i, err)
			}
			b.run(ctx, t, s, call)
		}
	}
}

func (b *bench) bound(t *testing.T, c awsapi.Call, outputs []json.RawMessage) awsapi.Call {
	t.Helper()
	call, err := c.Bound(outputs)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

func (b *bench) run(ctx context.Context, t *testing.T, s awsapi.Session, call awsapi.Call) json.RawMessage {
	t.Helper()
	op, err := b.control.Write(call.Op)
	if err != nil {
		t.Fatal(err)
	}
	out, err := op.Run(ctx, s, call)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := awsapi.Output(out)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkAfter proves that the fix took, that nothing but the violation changed, and that there is nothing left to do.
func (b *bench) checkAfter(t *testing.T, s awsapi.Session, p core.Proposal, rec *awsapi.Recorder) {
	t.Helper()
	after, err := b.look(awsapi.WithRecorder(t.Context(), rec), s)
	if err != nil {
		t.Fatalf("reading back: %v", err)
	}
	if after.Wrong() {
		t.Errorf("the fix did not take: %+v", after.Violations)
	}
	want, err := stateOf(b.sections["after"], b.vars)
	if err != nil {
		t.Fatalf("section after: %v", err)
	}
	sameState(t, "the state read back", want, after.State)
	if after.Fingerprint != p.Plan.After {
		sameState(t, "the state read back is not the one that the plan expected", p.Expected, after.State)
	}
	if p.LookBack != nil {
		short, err := p.LookBack(t.Context(), s, b.settings)
		if err != nil || short.Fingerprint != after.Fingerprint || short.Wrong() {
			t.Errorf("looking back the short way: %v, violations %+v", err, short.Violations)
			sameState(t, "the short way back shows another state than the whole look", after.State, short.State)
		}
	}
	again, err := b.control.Propose(after, b.resource, b.settings)
	if err != nil {
		t.Fatalf("planning again: %v", err)
	}
	if len(again.Plan.Changes) > 0 {
		t.Errorf("planning again wants %d calls more, first %s", len(again.Plan.Changes), again.Plan.Changes[0].Do.Op)
	}
}

// checkUndone proves that undo gives the state before, or what the case says of a control that is partly reversible.
func (b *bench) checkUndone(t *testing.T, s awsapi.Session, before core.Sight) {
	t.Helper()
	sight, err := b.look(t.Context(), s)
	if err != nil {
		t.Fatalf("reading after the undo: %v", err)
	}
	want := before.State
	if b.has("undone") {
		if b.control.Reversible != core.PartlyReversible {
			t.Errorf("section undone is for controls that are partly reversible; this one says %q", b.control.Reversible)
		}
		if want, err = stateOf(b.sections["undone"], b.vars); err != nil {
			t.Fatalf("section undone: %v", err)
		}
	}
	sameState(t, "the state after the undo", want, sight.State)
}

// checkDenials refuses each read that no other case has refused yet: what cannot be seen is an error of class access denied, never compliant.
func (b *bench) checkDenials(t *testing.T, ops []string) {
	t.Helper()
	for _, op := range ops {
		b.mu.Lock()
		taken := b.denied[op]
		b.denied[op] = true
		b.mu.Unlock()
		if taken {
			continue
		}
		_, err := b.look(t.Context(), b.session(op))
		switch tolerated := slices.Contains(b.tolerated, op); {
		case tolerated && err != nil && ending(err) == "":
			t.Errorf("%s was denied, which the control tolerates: %v", op, err)
		case !tolerated && !awsapi.IsAccessDenied(err):
			t.Errorf("%s was denied: want an error of class access denied, got %v", op, err)
		}
	}
}

// A wrong resource is planned from shuffled lists at least minShuffles times, and all of a control's together some shufflesInAll times.
const minShuffles, shufflesInAll = 2, 25

// checkShuffled proves that the order of lists in AWS's answers does not matter.
func (b *bench) checkShuffled(t *testing.T, before core.Sight, p core.Proposal) {
	t.Helper()
	if !before.Wrong() {
		return
	}
	want, err := p.Plan.Hash()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(b.shuffles) {
		sight, err := b.look(t.Context(), b.session("", shuffling(seed)))
		if err != nil {
			t.Fatalf("shuffle %d: %v", seed, err)
		}
		again, err := b.control.Propose(sight, b.resource, b.settings)
		if err != nil {
			t.Fatalf("shuffle %d: %v", seed, err)
		}
		got, err := again.Plan.Hash()
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			sameState(t, "the state from shuffled lists", before.State, sight.State)
			t.Fatalf("shuffle %d: the plan's hash differs\n%+v\n%+v", seed, p.Plan, again.Plan)
		}
	}
}

func expand(t *testing.T, text string, vars map[string]string) string {
	t.Helper()
	out, err := setup.Expand(text, vars)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// runFlag is what go test's -run holds.
func runFlag() string {
	if f := flag.Lookup("test.run"); f != nil {
		return f.Value.String()
	}
	return ""
}
