package controltest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// prove runs one case from its setup to the undo.
func (s *suite) prove(t *testing.T, tc testCase) {
	b := s.newBench(t, tc)
	if !tc.live() {
		b.proveState(t)
		return
	}
	session := b.session("")
	var plan awsapi.Recorder
	sight, err := b.look(awsapi.WithRecorder(t.Context(), &plan), session)
	b.keep(b.looked, &plan)
	if end := ending(err); end != "" || err != nil {
		if end != b.outcome {
			t.Fatalf("looking: outcome %q, want %q: %v", end, b.outcome, err)
		}
		b.note("look %d: %v", plan.Total(), plan.Counts())
		return
	}
	b.checkViolations(t, sight)
	p := b.checkProposal(t, sight)
	b.checkDenials(t, plan.Ops())
	b.checkShuffled(t, sight, p)
	if len(p.Plan.Changes) == 0 || t.Failed() {
		b.note("look %d", plan.Total())
		return
	}
	var do, back, undo awsapi.Recorder
	outputs := b.apply(t, session, p, &do)
	b.checkAfter(t, session, p, &back)
	b.undo(t, session, p, outputs, &undo)
	b.checkUndone(t, session, sight)
	b.keep(b.done, &do)
	b.keep(b.looked, &back)
	b.keep(b.undone, &undo)
	b.note("look %d, do %d, read back %d, undo %d", plan.Total(), do.Total(), back.Total(), undo.Total())
}

// proveState is for a case without the emulator.
func (b *bench) proveState(t *testing.T) {
	raw, err := stateOf(b.sections["state"], b.vars)
	if err != nil {
		t.Fatalf("section state: %v", err)
	}
	sight, err := b.control.JudgeState(raw, b.settings)
	if err != nil {
		t.Fatal(err)
	}
	b.checkViolations(t, sight)
	if b.has("resource") {
		b.checkProposal(t, sight)
		return
	}
	got := compliant
	if sight.Wrong() {
		got = violating
	} else if len(sight.Violations) > 0 {
		got = unsettled
	}
	if got != b.outcome {
		t.Errorf("outcome %q, want %q", got, b.outcome)
	}
}

// ending is the outcome that an error of Look stands for; empty: none.
func ending(err error) outcome {
	var na core.NotApplicable
	switch {
	case errors.As(err, &na):
		return notApplicable
	case errors.Is(err, awsapi.ErrGone):
		return gone
	}
	return ""
}

func (b *bench) checkViolations(t *testing.T, sight core.Sight) {
	t.Helper()
	want := b.lines("violations")
	for i, l := range want {
		l, _ = strings.CutSuffix(expand(t, l, b.vars), " | unsettled")
		want[i], _ = strings.CutSuffix(l, " | manual")
	}
	var got []string
	for _, v := range sight.Violations {
		got = append(got, v.Rule+" | "+v.Where)
		if v.Reason == "" {
			t.Errorf("violation %s has no reason", v.Rule)
		}
		marked := func(as string) bool {
			return slices.ContainsFunc(b.lines("violations"), func(l string) bool { return expand(t, l, b.vars) == v.Rule+" | "+v.Where+" | "+as })
		}
		if marked("unsettled") && !v.Unsettled || marked("manual") && !v.Manual {
			t.Errorf("violation %s | %s is not marked as it should be: unsettled %v, manual %v", v.Rule, v.Where, v.Unsettled, v.Manual)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := diffLines(want, got); diff != "" {
		t.Errorf("violations (- want, + got)\n%s", diff)
	}
}

// checkProposal plans, and compares what the plan says with what the case lists.
func (b *bench) checkProposal(t *testing.T, sight core.Sight) core.Proposal {
	t.Helper()
	p, err := b.control.Propose(sight, b.resource, b.settings)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.outcomeOf(sight, p); got != b.outcome {
		t.Errorf("outcome %q, want %q\nviolations %+v\nrefused %q, advice %+v", got, b.outcome, sight.Violations, p.Refused, p.Advice)
	}
	b.checkCalls(t, "calls", doCalls(p.Plan.Changes), b.outcome == violating)
	b.checkCalls(t, "undo", undoCalls(p.Plan.Changes), false)
	b.checkTexts(t, "never_auto", p.NeverAuto)
	b.checkTexts(t, "refused", []string{p.Refused})
	b.checkTexts(t, "notes", p.Notes)
	var steps []string
	for _, a := range p.Advice {
		if a.Title == "" || len(a.Steps) == 0 || a.Outage == "" || a.Cost == "" {
			t.Errorf("advice lacks a title, steps, outage or cost: %+v", a)
		}
		steps = append(append(append(steps, a.Title), a.Steps...), a.Outage, a.Cost)
	}
	b.checkTexts(t, "advice", steps)
	b.checkPlan(t, p)
	return p
}

func (b *bench) outcomeOf(sight core.Sight, p core.Proposal) outcome {
	switch {
	case !sight.Wrong() && len(sight.Violations) == 0:
		return compliant
	case !sight.Wrong() && len(p.Plan.Changes) == 0 && !slices.ContainsFunc(sight.Violations, func(v core.Violation) bool { return v.Manual && !v.Unsettled }):
		return unsettled
	case p.Refused != "":
		return refused
	case len(p.Plan.Changes) > 0:
		return violating
	case len(p.Advice) > 0:
		return advice
	}
	return ""
}

func (b *bench) checkCalls(t *testing.T, section string, calls []awsapi.Call, must bool) {
	t.Helper()
	if !b.has(section) && !must {
		if section == "calls" && len(calls) > 0 {
			t.Errorf("%d calls are planned, want none", len(calls))
		}
		return
	}
	got, err := show(calls)
	if err != nil {
		t.Fatalf("a planned call: %v", err)
	}
	want, err := wanted(b.sections[section], b.vars, got)
	if err != nil {
		t.Fatalf("section %s: %v", section, err)
	}
	if diff := diffJSON(want, got); diff != "" {
		t.Errorf("%s (- want, + got)\n%s", section, diff)
	}
}

func (b *bench) checkTexts(t *testing.T, section string, got []string) {
	t.Helper()
	if !b.has(section) {
		return
	}
	want := b.lines(section)
	if len(want) == 0 && strings.Join(got, "") != "" {
		t.Errorf("%s: want none, got %q", section, got)
	}
	for _, w := range want {
		w = expand(t, w, b.vars)
		if !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, w) }) {
			t.Errorf("%s: nothing says %q in %q", section, w, got)
		}
	}
}

// checkPlan proves that the plan survives its codec, and keeps what the declaration promises.
func (b *bench) checkPlan(t *testing.T, p core.Proposal) {
	t.Helper()
	raw, err := p.Plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := core.ParsePlan(raw)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := again.Bytes(); err != nil || string(back) != string(raw) {
		t.Errorf("the plan does not survive its codec: %v\n%s\n%s", err, raw, back)
	}
	for i, c := range p.Plan.Changes {
		if c.Why == "" {
			t.Errorf("change %d does not say why", i)
		}
		if len(c.Undo) == 0 && b.control.Reversible == core.Reversible {
			t.Errorf("change %d has no undo, and the control says that it is reversible", i)
		}
	}
}

func sameState(t *testing.T, what string, want, got json.RawMessage) {
	t.Helper()
	w, err := tree(want)
	if err != nil {
		t.Fatal(err)
	}
	g, err := tree(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffJSON(w, g); diff != "" {
		t.Errorf("%s (- want, + got)\n%s", what, diff)
	}
}
