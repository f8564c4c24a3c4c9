package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// identity tells findings apart: one resource in the eyes of one control.
type identity struct{ control, account, region, resource string }

func identityOf(f core.Finding) identity {
	return identity{f.Control, f.Account, f.Region, f.Resource}
}

// allPlans makes the list of plans: of the findings, and of the open occurrences that no finding is about. What needs nobody is left out.
func (b *builder) allPlans() []Plan {
	found := map[identity]core.Finding{}
	var order []identity
	add := func(f core.Finding) {
		id := identityOf(f)
		if _, ok := found[id]; !ok {
			order = append(order, id)
		}
		found[id] = f
	}
	for _, f := range b.in.Findings {
		add(f)
	}
	open := map[identity]Occurrence{}
	for _, o := range b.in.Open {
		f := b.findingOf(o)
		open[identityOf(f)] = o
		if _, ok := found[identityOf(f)]; !ok {
			add(f)
		}
	}
	out := make([]Plan, 0, len(order))
	for _, id := range order {
		if f := found[id]; !show.NeedsNobody(f) {
			out = append(out, b.plan(f, open[id]))
		}
	}
	slices.SortStableFunc(out, func(x, y Plan) int {
		return cmp.Or(cmp.Compare(show.Urgency(x.Outcome), show.Urgency(y.Outcome)), cmp.Compare(show.Worst(x.Severity), show.Worst(y.Severity)),
			strings.Compare(x.Control, y.Control), strings.Compare(x.Account, y.Account), strings.Compare(x.Region, y.Region), strings.Compare(x.Resource, y.Resource))
	})
	return out
}

// plan makes a row of a finding. Secrets are hidden first, then everything that people read is made visible.
func (b *builder) plan(f core.Finding, o Occurrence) Plan {
	f = show.Hide(f)
	past := b.log.of(o.ID, f.ID)
	p := Plan{
		ID: seen(f.ID), Hash: seen(f.Hash), Occurrence: seen(cmp.Or(o.ID, past.occurrence)), Version: f.Version,
		Subject: Subject{
			Control: seen(f.Control), Title: seen(f.Title), Severity: core.Severity(seen(string(f.Severity))), Service: service(f.Control, b.metas[f.Control]), Family: seen(f.Family),
			Type: seen(f.ResourceType), Resource: seen(f.Resource), ARN: seen(f.ARN), Account: seen(f.Account), Region: seen(f.Region), Owner: show.Owner(f),
		},
		Facts: allSeen(f.Context.Facts), Outcome: f.Outcome, Headline: show.Headline(f), Open: isOpen(f.Outcome), Reason: seen(f.Reason),
		Decision: core.Decision{Mode: seen(f.Decision.Mode), Reason: seen(f.Decision.Reason), Rule: seen(f.Decision.Rule)}, Rules: Rules{seen(f.RulesVersion), seen(f.RulesHash)},
		Violations: violations(f.Violations), Changes: changes(f.Changes), Reversible: f.Reversible, Disruption: f.Disruption, UndoCommand: show.Undo(f),
		NeverAuto: allSeen(f.NeverAuto), Notes: allSeen(f.Notes), Advice: advice(f.Advice), Cause: cause(f.Cause), CausedBy: show.Cause(f), Record: f.Record,
	}
	if owner := b.owner(f.ARN); f.Context.Owner == "" && owner != "" {
		p.Owner = owner
	}
	if len(f.Context.Tags) > 0 {
		p.Tags = make(map[string]string, len(f.Context.Tags))
		for k, v := range f.Context.Tags {
			p.Tags[seen(k)] = seen(v)
		}
	}
	b.times(&p, f, o, past)
	b.ended(&p)
	p.Key = b.key(p)
	b.byID[f.ID] = p.Key
	if p.Occurrence != "" {
		b.byOccurrence[p.Occurrence] = p.Key
	}
	return p
}

// times fills since when it is known and since when it is wrong. The exposure of what is fixed ended with the fix and is the finding's own.
func (b *builder) times(p *Plan, f core.Finding, o Occurrence, past *life) {
	p.FirstSeen = firstOf(o.Opened, past.opened, p.Cause.Time, b.in.Now)
	p.Age = seconds(p.FirstSeen, b.in.Now)
	since := firstOf(o.Cause, p.Cause.Time, p.FirstSeen)
	if !p.Cause.Time.IsZero() && p.Cause.Time.Before(since) {
		since = p.Cause.Time
	}
	if !past.since.IsZero() && past.since.Before(since) {
		since = past.since
	}
	p.Exposure = seconds(since, b.in.Now)
	if p.Outcome == core.Fixed {
		p.Exposure = cmp.Or(f.Exposure, past.exposure)
	}
}

// key is the plan's id where it has one that nobody else has, and otherwise a digest of what it is about.
func (b *builder) key(p Plan) string {
	if _, taken := b.byID[p.ID]; p.ID != "" && !taken {
		return p.ID
	}
	return "x-" + canon.Hash([]byte(strings.Join([]string{p.Control, p.Account, p.Region, p.Resource}, "\n")))[:16]
}

// isOpen reports whether a thing with that outcome is wrong at this moment. What is exempt was agreed to; what could not be seen is not known.
func isOpen(o core.Outcome) bool {
	switch o {
	case core.Fixed, core.Excepted, core.Compliant, core.NotApplicableHere, core.Blind, core.Errored, core.Ignored:
		return false
	}
	return true
}

func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t.UTC()
		}
	}
	return time.Time{}
}

func violations(list []core.Violation) []core.Violation {
	out := make([]core.Violation, len(list))
	for i, v := range list {
		v.Rule, v.Where, v.Reason = seen(v.Rule), seen(v.Where), seen(v.Reason)
		out[i] = v
	}
	return out
}

func changes(list []core.ShownChange) []Change {
	out := make([]Change, len(list))
	for i, c := range list {
		out[i] = Change{Call: seen(c.Call), Input: raw(c.Input), Why: seen(c.Why), Diff: []DiffLine{}, Undo: make([]Call, len(c.Undo))}
		for k, u := range c.Undo {
			out[i].Undo[k] = Call{seen(u.Op), raw(u.Input), u.Bind}
		}
		for _, l := range show.Diff(c.Diff) {
			out[i].Diff = append(out[i].Diff, DiffLine{string(l.Mark), l.Field, l.Before, l.After})
		}
	}
	return out
}

// raw keeps a report encodable whatever it is given: show.Hide has made JSON of all that is not empty.
func raw(in json.RawMessage) json.RawMessage {
	if len(in) == 0 {
		return nil
	}
	return in
}

func advice(list []core.Advice) []core.Advice {
	out := make([]core.Advice, len(list))
	for i, a := range list {
		out[i] = core.Advice{Title: seen(a.Title), Steps: allSeen(a.Steps), Outage: seen(a.Outage), Cost: seen(a.Cost)}
	}
	return out
}

func cause(c core.Cause) core.Cause {
	return core.Cause{Origin: seen(c.Origin), Actor: seen(c.Actor), Event: seen(c.Event), ID: seen(c.ID), Time: c.Time.UTC()}
}

// findingOf makes a finding of an open occurrence: its plan, and what the log says of the decision about it.
func (b *builder) findingOf(o Occurrence) core.Finding {
	m, past := b.metas[o.Control], b.log.of(o.ID, o.PlanID)
	f := core.Finding{
		ID: o.PlanID, Hash: o.PlanHash, Control: o.Control, Version: m.Version, Title: cmp.Or(m.Title, o.Control), Family: m.Family, Severity: m.Severity, ResourceType: o.Resource.Type,
		Resource: o.Resource.ID, Account: o.Resource.Account, Region: o.Resource.Region, ARN: past.arn, Reversible: m.Reversible, Disruption: m.Disruption,
		Decision: past.decision, RulesVersion: past.rules.Version, RulesHash: past.rules.Hash, NeverAuto: past.neverAuto, Advice: past.advice,
		Cause: core.Cause{Origin: o.Origin, Actor: o.Actor, Event: past.cause.Event, Time: o.Cause}, Record: past.record,
		Outcome: core.Outcome(past.outcome), Reason: past.reason,
	}
	if m.Type.ARN != nil {
		f.ARN = m.Type.ARN(o.Resource)
	}
	f.Decision.Mode = cmp.Or(f.Decision.Mode, o.Decision)
	if f.Outcome == "" {
		f.Outcome = outcomeOf(o)
	}
	if !o.Fixed.IsZero() {
		f.Notes = []string{fmt.Sprintf("it was fixed on %s and is wrong again: somebody, or a deployment, keeps putting it back", show.Time(o.Fixed))}
	}
	if o.Exempt != "" {
		f.Outcome, f.Reason, f.Decision = core.Excepted, o.Exempt, core.Decision{Mode: "exception", Rule: "exemption", Reason: o.Exempt}
	}
	if plan, err := core.ParsePlan(o.Plan); err == nil {
		f.Version, f.Violations = plan.Version, plan.Violations
		f.Changes = shownOf(plan)
	}
	return f
}

// shownOf is what a plan's bytes tell of its changes. The states are not kept, so the difference is what the calls tell of it.
func shownOf(p core.Plan) []core.ShownChange {
	out := make([]core.ShownChange, len(p.Changes))
	for i, c := range p.Changes {
		out[i] = core.ShownChange{Call: c.Do.Op, Input: c.Do.Input, Why: c.Why, Undo: c.Undo, Diff: core.DiffOfCalls(c.Do, c.Undo)}
	}
	return out
}

// outcomeOf says what an open occurrence of which the log says nothing comes to.
func outcomeOf(o Occurrence) core.Outcome {
	switch {
	case o.State == "open" || o.State == "applying":
		return core.Planned
	case o.Decision == "approve":
		return core.AwaitingApproval
	case o.Decision == "exception":
		return core.Excepted
	case o.Decision == "refuse":
		return core.Refused
	case o.Decision == string(core.Blind) || o.Decision == string(core.Errored):
		return core.Outcome(o.Decision)
	}
	return core.Reported
}
