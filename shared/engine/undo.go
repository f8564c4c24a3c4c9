package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// ErrCannotUndo says that a record cannot be taken back, and nothing was changed.
var ErrCannotUndo = errors.New("this cannot be undone")

// Undoing is a fix that is to be taken back: a plan like any other, made from the record and shown before it is carried out.
type Undoing struct {
	Finding        core.Finding // its plan makes the undo calls, and undoes them with the calls of the fix
	intent, result audit.Entry
	approver       string // of the fix
}

// PlanUndo makes the plan that takes back a fix, named by the audit entry of its intent or its result. Undo calls cannot be derived again from the
// resource, so they are taken from the record, and only if the whole chain verifies, each call is a declared undo on that very resource,
// and the resource is as the fix left it. A fix without a result, whose maker is gone, gets its result first, by reading. That it is refused is recorded.
func (e *Engine) PlanUndo(ctx context.Context, chain string, seq int64) (Undoing, error) {
	u, err := e.planUndo(ctx, chain, seq)
	return u, e.onRecord(ctx, u.Finding, err)
}

func (e *Engine) planUndo(ctx context.Context, chain string, seq int64) (Undoing, error) {
	u, c, err := e.undoing(ctx, chain, seq, e.verifyChain)
	if errors.Is(err, errNoResult) {
		if err = e.settleIntent(ctx, chain, seq); err == nil {
			u, c, err = e.undoing(ctx, chain, seq, e.verifyChain)
		}
	}
	if err != nil {
		return Undoing{}, err
	}
	return u, e.checkUndo(ctx, c, &u)
}

// undoing makes the plan from the record, without a look at the resource.
func (e *Engine) undoing(ctx context.Context, chain string, seq int64, trust func(context.Context, string) error) (Undoing, core.Control, error) {
	intent, result, err := e.recordOf(ctx, chain, seq, trust)
	if err != nil {
		return Undoing{}, core.Control{}, err
	}
	plan, c, err := e.planOf(intent)
	if err != nil {
		return Undoing{}, c, err
	}
	var in intentEntry
	var res resultEntry
	if err := errors.Join(canon.Unmarshal(intent.Detail, &in), canon.Unmarshal(result.Detail, &res)); err != nil {
		return Undoing{}, core.Control{}, fmt.Errorf("reading record %s/%d: %w", chain, seq, err)
	}
	if res.After == "" || res.After == plan.Before {
		return Undoing{}, c, fmt.Errorf("%w: the fix left the resource as it was", ErrCannotUndo)
	}
	u := Undoing{Finding: e.undoFinding(ctx, c, plan, intent), intent: intent, result: result, approver: in.Approver}
	if u.Finding.Plan, err = inverse(c.Meta, plan, res); err != nil {
		return Undoing{}, c, err
	}
	u.Finding.Hash, err = u.Finding.Plan.Hash()
	show(&u.Finding)
	return u, c, err
}

// undoFinding is what people are shown.
func (e *Engine) undoFinding(ctx context.Context, c core.Control, p core.Plan, intent audit.Entry) core.Finding {
	file := e.Rules(ctx)
	return core.Finding{
		RulesVersion: file.Version(), RulesHash: file.Hash(),
		ID: e.newID(), Control: c.ID, Version: c.Version, Title: "Take back: " + c.Title, Family: c.Family, Severity: c.Severity, ResourceType: p.Resource.Type,
		Resource: p.Resource.ID, ARN: intent.Resource, Account: p.Resource.Account, Region: p.Resource.Region, Reversible: c.Reversible, Disruption: c.Disruption,
		Cause:    core.Cause{Origin: rules.OriginCLI},
		Outcome:  core.AwaitingApproval,
		Reason:   fmt.Sprintf("takes back plan %s; the next sweep will find the resource again unless an exception covers it", intent.Plan),
		Decision: core.Decision{Mode: rules.Approve.String(), Reason: "taking back a fix always needs a person", Rule: "undo"},
	}
}

// inverse is the plan that undoes the calls that were made, last first.
func inverse(m core.Meta, p core.Plan, res resultEntry) (core.Plan, error) {
	out := core.Plan{Schema: core.Schema, Control: p.Control, Version: p.Version, Resource: p.Resource, Before: res.After, After: p.Before}
	made := p.Changes[:min(res.Made, len(p.Changes))]
	for _, change := range slices.Backward(made) {
		for _, u := range change.Undo {
			bound, err := u.Bound(res.Outputs)
			if err != nil {
				return out, fmt.Errorf("%w: %w", ErrCannotUndo, err)
			}
			if err := m.CheckUndo(bound, p.Resource); err != nil {
				return out, fmt.Errorf("%w: %w", ErrCannotUndo, err)
			}
			out.Changes = append(out.Changes, core.Change{Why: "take back: " + change.Why, Do: bound})
		}
	}
	if len(out.Changes) == 0 {
		return out, fmt.Errorf("%w: the record has no undo calls", ErrCannotUndo)
	}
	return out, nil
}

// checkUndo refuses what has moved since, and asks the rules whether anything may be written now.
func (e *Engine) checkUndo(ctx context.Context, c core.Control, u *Undoing) error {
	file := e.Rules(ctx)
	r, sight, err := e.look(ctx, c, u.Finding.Plan.Resource, e.settings(file))
	if err != nil {
		return fmt.Errorf("reading %s: %w", r.ID, err)
	}
	if sight.Fingerprint == u.Finding.Plan.After {
		if err := e.settleTakenBack(ctx, *u); err != nil {
			return err
		}
	}
	if sight.Fingerprint != u.Finding.Plan.Before {
		return fmt.Errorf("%w: %s has changed since the fix, or it was taken back already; look at it first (shoreup plan --control %s --resource %s)", ErrCannotUndo, r.ID, c.ID, awsapi.Word(r.ID))
	}
	d := e.decide(file, Subject(&u.Finding, c.Meta, e.settings(file).ProtectedBy(u.Finding.ARN)))
	if d.Mode == rules.Refuse.String() {
		return fmt.Errorf("%w: %s", ErrCannotUndo, d.Reason)
	}
	return nil
}

func show(f *core.Finding) {
	f.Changes = make([]core.ShownChange, len(f.Plan.Changes))
	for i, c := range f.Plan.Changes {
		f.Changes[i] = core.ShownChange{Call: c.Do.Op, Input: c.Do.Input, Why: c.Why}
	}
}

// Undo carries out the plan made by [Engine.PlanUndo]: journal, calls, read back, record. Approver is the person who approved it.
func (e *Engine) Undo(ctx context.Context, u Undoing, approver string) (core.Finding, error) {
	f := u.Finding
	if approver == "" {
		return f, fmt.Errorf("%w: nobody approved it", ErrCannotUndo)
	}
	c, ok := e.Control(f.Control)
	if !ok {
		return f, fmt.Errorf("%w: control %s is not here", ErrCannotUndo, f.Control)
	}
	lease, err := e.State.Acquire(ctx, leaseKey(f.Plan.Resource), e.Owner, holdFor)
	if err != nil {
		return f, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer func() {
		if err := e.State.ReleaseLease(context.WithoutCancel(ctx), lease); err != nil {
			f.Notes = append(f.Notes, "the lease was not given back and ends by itself: "+err.Error())
		}
	}()
	again, err := e.planUndo(ctx, u.intent.Chain, u.intent.Seq)
	if err != nil {
		return f, e.onRecord(ctx, f, err)
	}
	if again.Finding.Hash != f.Hash {
		return f, fmt.Errorf("%w: the plan to take it back changed while it was being approved", ErrCannotUndo)
	}
	f, err = e.takeBack(ctx, c, u, grant{by: approver}, lease)
	if why, refused := refusalOf(err); refused {
		return f, e.onRecord(ctx, f, fmt.Errorf("%w: %s", ErrCannotUndo, why))
	}
	return f, err
}

// takeBack journals, and if that is possible makes the calls, reads back and records. Everything that may forbid it is a condition of the transaction that
// records the beginning.
func (e *Engine) takeBack(ctx context.Context, c core.Control, u Undoing, yes grant, lease occurrence.Lease) (core.Finding, error) {
	f := u.Finding
	plan, err := f.Plan.Bytes()
	if err != nil {
		return f, err
	}
	guards := []dynamodbapi.Item{e.State.LeaseItem(lease), e.State.SwitchCheck(), e.State.TakeBackItem(f.Account, u.intent.Seq, yes.round(), f.ID)}
	if yes.kept != nil {
		guards = append(guards, yes.kept.Guard(e.Now()))
	}
	entry := intentEntry{Hash: f.Hash, Plan: plan, Approver: yes.by, Undoes: u.intent.Seq}
	begun, err := e.append(ctx, &f, u.intent.Occurrence, audit.Undo, f.Outcome, entry, guards...)
	if err != nil {
		return f, err
	}
	outcome, d := e.runUndo(ctx, c, f, yes)
	if f, err = e.tookBack(context.WithoutCancel(ctx), u, f, yes, outcome, d); err != nil {
		return f, e.unrecorded(f, outcome, d, begun, fmt.Sprintf("run shoreup undo %s/%d again", u.intent.Chain, u.intent.Seq), err)
	}
	return f, nil
}

// runUndo makes the calls and reads back what came of them.
func (e *Engine) runUndo(ctx context.Context, c core.Control, f core.Finding, yes grant) (core.Outcome, resultEntry) {
	p := f.Plan
	d := resultEntry{Before: p.Before, Wanted: p.After, Outputs: []json.RawMessage{}}
	session, err := e.Write(ctx, WriteRequest{Control: c.Meta, Resource: p.Resource, Undo: true, Plan: f.ID, Approver: sourceOf(yes.by)})
	if err != nil {
		d.Reason = fmt.Sprintf("no session to write with, nothing was changed: %v", err)
		return core.Failed, d
	}
	var failure error
	for _, change := range p.Changes {
		if failure = e.call(ctx, c.Undoes, change.Do, p.Resource, session, &d); failure != nil {
			break
		}
	}
	whole := e.wholeLook(c, p.Resource)
	seen, _, err := e.readBack(ctx, whole, whole, p.After, failure == nil)
	d.After = seen
	outcome := core.Unverified
	switch {
	case err != nil || failure != nil:
		outcome, d.Reason = core.Failed, fmt.Sprintf("taking it back failed: %v", errors.Join(failure, err))
	case seen == p.After:
		outcome, d.Reason = core.Undone, "read back: as it was before the fix"
	case seen != p.Before && c.Reversible == core.PartlyReversible:
		outcome, d.Reason = core.Undone, "read back: taken back as far as the control's notes say"
	default:
		d.Reason = "the calls were accepted and the resource is not as it was before the fix"
	}
	e.count(f.Control, outcome)
	return outcome, d
}

// tookBack records what came of it and tells people.
func (e *Engine) tookBack(ctx context.Context, u Undoing, f core.Finding, yes grant, outcome core.Outcome, d resultEntry) (core.Finding, error) {
	f.Reason = d.Reason
	return e.tell(ctx, f, "", audit.Result, outcome, d, e.State.TookBackItem(f.Account, u.intent.Seq, yes.round(), string(outcome), d.Reason))
}

// SleepFor pauses, or ends early with the context. It is the Sleep of every process but a test's.
func SleepFor(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
