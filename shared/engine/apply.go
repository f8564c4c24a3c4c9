package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	// holdFor is how long a claim and a lease last: longer than a function can live, so that whoever takes over does so from the dead.
	holdFor = 16 * time.Minute
	// fixesADay is how often one control mends one resource in a day. Whoever breaks it again that often is another tool or a pipeline, and
	// fighting it helps nobody.
	fixesADay = 5
)

// busyWaits are the pauses between looks whether a resource that somebody else mends is free: a fix takes a second, and with its read-back up to twenty.
var busyWaits = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}

// ErrBusy says that the resource is being changed by somebody else just now: the order should be delivered again later.
var ErrBusy = errors.New("the resource is being changed by another plan")

// Apply carries out one decided plan. It reads and plans again and goes on only if the hash is the one that was decided. Approver is who
// approved it, empty for an automatic plan. The error is for what should be delivered again; everything else is in the finding, recorded.
func (e *Engine) Apply(ctx context.Context, o Order, approver string) (core.Finding, error) {
	c, ok := e.Control(o.Control)
	if !ok {
		return core.Finding{}, fmt.Errorf("applying a plan of %s: there is no such control here", o.Control)
	}
	const tries = 3 // those who evaluate hold no lease, and may bring the occurrence up to date in between
	return e.holding(ctx, o.Resource, func(lease occurrence.Lease) (f core.Finding, err error) {
		for range tries {
			if f, err = e.applyHeld(ctx, c, o, approver, lease); !overtaken(err) {
				return f, err
			}
		}
		return f, busyIfOvertaken(err)
	})
}

// holding does something while it holds the lease on a resource.
func (e *Engine) holding(ctx context.Context, r awsapi.Resource, do func(occurrence.Lease) (core.Finding, error)) (core.Finding, error) {
	lease, err := e.acquire(ctx, r)
	var held *occurrence.HeldError
	if errors.As(err, &held) {
		return core.Finding{}, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if err != nil {
		return core.Finding{}, err
	}
	f, err := do(lease)
	if release := e.State.ReleaseLease(context.WithoutCancel(ctx), lease); release != nil { // what was done is on record, and no failure because of this
		f.Notes = append(f.Notes, "the lease was not given back and ends by itself: "+release.Error())
	}
	return f, err
}

// acquire takes the lease on a resource, and waits for whoever mends it just now: two controls of one bucket are often ordered at the same moment, and a
// message that is given back comes again only after minutes.
func (e *Engine) acquire(ctx context.Context, r awsapi.Resource) (occurrence.Lease, error) {
	for _, wait := range busyWaits {
		lease, err := e.State.Acquire(ctx, leaseKey(r), e.Owner, holdFor)
		var held *occurrence.HeldError
		if !errors.As(err, &held) {
			return lease, err
		}
		if err := e.Sleep(ctx, wait); err != nil {
			return lease, err
		}
	}
	return e.State.Acquire(ctx, leaseKey(r), e.Owner, holdFor)
}

// leaseKey names the document that is written. It is the resource as a whole: coarser than single documents, and two controls on one
// bucket policy can never meet.
func leaseKey(r awsapi.Resource) string {
	return strings.Join([]string{r.Account, r.Region, r.Type, r.ID}, "|")
}

func (e *Engine) applyHeld(ctx context.Context, c core.Control, o Order, approver string, lease occurrence.Lease) (core.Finding, error) {
	looked := e.Now()
	look := later(e, func() (sighting, error) { return e.see(ctx, c, o.Resource), nil })
	a := e.ask(ctx, o.Control, o.Resource)
	there, err := a.there()
	seen, _ := look()
	_, _ = a.head()
	if err != nil {
		return core.Finding{}, err
	}
	occ := there.occ
	if !there.found || occ.ID != o.Occurrence || occ.PlanHash != o.Hash {
		e.count(c.ID, core.Stale)
		return core.Finding{Control: c.ID, Title: c.Title, Severity: c.Severity, Resource: o.Resource.ID, ARN: c.Type.ARN(o.Resource), Account: o.Resource.Account,
			Region: o.Resource.Region, Outcome: core.Stale, Reason: "the order is about a plan that was dealt with already or has been replaced"}, nil
	}
	seen.origin = decidedBy(occ)
	f := e.found(ctx, c, seen, causeOf(occ), a)
	f.ID = occ.PlanID
	_, done := doneBefore(f, occ)
	grant, err := e.grant(ctx, f, occ, approver)
	if err != nil {
		return f, err
	}
	switch {
	case occ.State == occurrence.Applying && e.Now().Before(occ.ClaimEnds):
		return f, fmt.Errorf("%w: occurrence %s is claimed by %s", ErrBusy, occ.ID, occ.Owner)
	case f.Outcome == core.Compliant || f.Outcome == core.NotApplicableHere || done:
		return e.alreadyFine(ctx, f, occ)
	case passing(f):
		return f, fmt.Errorf("looking at %s with %s: %w", f.Resource, f.Control, f.Err)
	case f.Outcome == core.Blind || f.Outcome == core.Errored:
		return e.close(ctx, f, occ, audit.Error, f.Outcome, reason(f))
	case f.Hash != occ.PlanHash:
		return e.replace(ctx, c, f, occ, "the resource changed after the plan was made; a new plan takes its place")
	case f.Outcome == core.Planned, f.Outcome == core.AwaitingApproval && grant.by != "":
		return e.carryOut(ctx, c, f, occ, grant, lease, looked)
	}
	_, _, err = e.open(ctx, &f, a) // the rules decide otherwise by now: recorded in the same occurrence
	if err != nil {
		return f, err
	}
	return e.notify(ctx, f)
}

// grant is a yes to a plan: who gave it, and the approval that is kept, on which the write has to depend, so that a yes that ended in the meantime is none.
type grant struct {
	by   string
	kept *approval.Grant
}

// round is that of the approval that is kept; 0: there is none.
func (g grant) round() int64 {
	if g.kept == nil {
		return 0
	}
	return g.kept.Round
}

// grant returns the yes of whoever calls, or else the one that is kept for this very occurrence and plan.
func (e *Engine) grant(ctx context.Context, f core.Finding, occ occurrence.Occurrence, approver string) (grant, error) {
	if approver != "" || f.Outcome != core.AwaitingApproval || e.Granted == nil {
		return grant{by: approver}, nil
	}
	yes, ok, err := e.Granted(ctx, approval.Key{Account: occ.Resource.Account, Kind: approval.Fix, ID: occ.ID, Hash: occ.PlanHash})
	if err != nil || !ok {
		return grant{}, err
	}
	return grant{by: yes.By(), kept: &yes}, nil
}

// alreadyFine ends an occurrence whose resource needs nothing any more: somebody else mended it, or an earlier attempt of ours died after
// its last call. The fingerprint tells which.
func (e *Engine) alreadyFine(ctx context.Context, f core.Finding, occ occurrence.Occurrence) (core.Finding, error) {
	outcome, why := f.Outcome, "found in order before anything was done"
	switch plan, done := doneBefore(f, occ); {
	case done:
		f.Reason = "an earlier attempt died after its last call; read back as planned"
		return e.close(ctx, f, occ, audit.Result, core.Fixed, resultEntry{Reason: f.Reason, Made: len(plan.Changes), Outputs: []json.RawMessage{},
			Before: plan.Before, After: f.Plan.Before, Wanted: plan.After})
	case occ.State == occurrence.Applying:
		outcome, why = core.Unverified, "an earlier attempt died; the resource is in order but not as planned"
	}
	f.Reason = why
	return e.close(ctx, f, occ, audit.Result, outcome, reason(f))
}

// doneBefore reports whether the resource is as the plan of somebody wanted it who died before saying so. What is not settled may still be
// reported of it.
func doneBefore(f core.Finding, occ occurrence.Occurrence) (core.Plan, bool) {
	plan, err := core.ParsePlan(occ.Plan)
	return plan, err == nil && occ.State == occurrence.Applying && plan.After == f.Plan.Before && plan.After != plan.Before
}

// replace ends an occurrence whose plan no longer fits what is there, and starts over with the new one.
func (e *Engine) replace(ctx context.Context, c core.Control, f core.Finding, occ occurrence.Occurrence, why string) (core.Finding, error) {
	old := f
	old.ID, old.Hash, old.Reason = occ.PlanID, occ.PlanHash, why
	if _, err := e.close(ctx, old, occ, audit.Refusal, core.Stale, reason(old)); err != nil {
		return f, err
	}
	f.ID = e.newID()
	if differs(f, occ) { // and nobody knows who changed it
		f.Cause.Person = also(f.Cause.Person, "")
	}
	return e.settle(ctx, c, f, nil)
}

// close ends the occurrence and records how, in one transaction, then tells people.
func (e *Engine) close(ctx context.Context, f core.Finding, occ occurrence.Occurrence, kind audit.Kind, outcome core.Outcome, detail any) (core.Finding, error) {
	if occ.State == occurrence.Applying && !occ.Yours() { // the claim of somebody who is gone: take it over first
		step, err := e.State.Claim(occ, e.Owner, holdFor)
		if err != nil {
			return f, err
		}
		if occ, err = e.State.Do(ctx, step); err != nil {
			return f, err
		}
	}
	step, err := e.State.Close(occ, string(outcome))
	if err != nil {
		return f, err
	}
	e.count(f.Control, outcome)
	f.Outcome = outcome
	if _, err := e.append(ctx, &f, occ.ID, kind, outcome, detail, step.Items...); err != nil {
		return f, err
	}
	if f, err = e.notify(ctx, f); err != nil {
		return f, err
	}
	return f, e.point(ctx, f, occ.Decision)
}

// point lets the deciding function look at a resource about whose plan people are or were asked. What is lost here it finds by itself, later.
func (e *Engine) point(ctx context.Context, f core.Finding, decision string) error {
	if e.Ask == nil || decision != rules.Approve.String() {
		return nil
	}
	if err := e.Ask(ctx, f.Control, f.Plan.Resource, time.Time{}); err != nil {
		return fmt.Errorf("pointing the deciding function to %s: %w", f.Resource, err)
	}
	return nil
}

// carryOut journals the intent, makes the calls, reads back and records the result. Everything that may forbid the write is a condition of
// the transaction that records the intent: the claim, the lease, the kill switch and the limits.
func (e *Engine) carryOut(ctx context.Context, c core.Control, f core.Finding, occ occurrence.Occurrence, yes grant, lease occurrence.Lease, looked time.Time) (core.Finding, error) {
	plan, err := f.Plan.Bytes()
	if err != nil {
		return f, err
	}
	claim, err := e.State.Claim(occ, e.Owner, holdFor)
	if err != nil {
		return f, err
	}
	guards := append(claim.Items, e.State.LeaseItem(lease), e.State.SwitchCheck())
	guards = append(guards, e.limits(ctx, c, f)...)
	guards = append(guards, e.conditions(f, occ, yes)...)
	intent, err := e.append(ctx, &f, occ.ID, audit.Intent, f.Outcome, intentEntry{Hash: f.Hash, Plan: plan, Approver: yes.by}, guards...)
	if spent(err) {
		return e.replace(ctx, c, f, occ, "its approval was used by an attempt that died; what is there now has to be approved anew")
	}
	if why, refused := refusalOf(err); refused {
		if why == limitReached && e.Limited != nil {
			e.Limited()
		}
		return e.refuse(ctx, f, occ, why)
	}
	if occurrence.Moved(err) {
		f.Outcome, f.Reason = core.Stale, "another delivery of the same order was first"
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("nothing was changed, because the intent could not be recorded: %w", err)
	}
	res := e.execute(ctx, c, &f, yes.by, looked)
	res.detail.Intent = intent.Seq
	f.Reason, f.Exposure = res.detail.Reason, res.detail.Exposure
	f, err = e.close(context.WithoutCancel(ctx), f, claim.After, audit.Result, res.outcome, res.detail)
	return f, e.unrecorded(f, res.outcome, res.detail, intent, "run shoreup apply again, or shoreup undo with the intent", err)
}

// conditions are what people may have changed since the resource was looked at: the yes still counts and was not used before, and nobody has exempted it.
func (e *Engine) conditions(f core.Finding, occ occurrence.Occurrence, yes grant) []dynamodbapi.Item {
	var out []dynamodbapi.Item
	if yes.kept != nil {
		out = append(out, yes.kept.Guard(e.Now()), e.State.SpendItem(occ, yes.kept.Round))
	}
	if e.NotExempted != nil {
		out = append(out, e.NotExempted(f.Control, f.Plan.Resource))
	}
	return out
}

func (e *Engine) limits(ctx context.Context, c core.Control, f core.Finding) []dynamodbapi.Item {
	l := e.Rules(ctx).LimitFor(Subject(&f, c.Meta, ""))
	return []dynamodbapi.Item{
		e.State.CountItem(occurrence.Limit{Key: l.Key, Window: l.Window, Max: l.Max}),
		e.State.CountItem(occurrence.Limit{Key: "fixes/" + f.Control + "/" + leaseKey(f.Plan.Resource), Window: 24 * time.Hour, Max: fixesADay}),
	}
}

const limitReached = "a limit is reached: too many fixes of this control in this account this hour, or of this resource today; see limits in the rules file"

// spent reports whether the approval was used before: whoever did died before saying what came of it, and what is wrong now may be something new.
func spent(err error) bool {
	var failed *dynamodbapi.ConditionError
	return errors.As(err, &failed) && failed.Has(occurrence.MustBeUnspent)
}

// refusalOf names the guard that forbade the write.
func refusalOf(err error) (string, bool) {
	var failed *dynamodbapi.ConditionError
	switch {
	case !errors.As(err, &failed):
		return "", false
	case failed.Has(occurrence.MustBeLifted):
		return "the kill switch is engaged: nothing is written until it is lifted", true
	case failed.Has(approval.MustBeGranted):
		return "the approval ended just before the write; to have it asked again: shoreup ask, or Ask again in its Slack message", true
	case failed.Has(approval.MustNotBeExempt):
		return "the resource was exempted just before the write", true
	case failed.Has(occurrence.MustBeBelow):
		return limitReached, true
	}
	return "", false
}

// refuse records that the plan was not carried out. The occurrence stays open, for people or for the next sweep.
func (e *Engine) refuse(ctx context.Context, f core.Finding, occ occurrence.Occurrence, why string) (core.Finding, error) {
	f.Outcome, f.Reason = core.Refused, why
	occ, err := e.free(ctx, occ)
	if err != nil {
		return f, err
	}
	step, err := e.State.Replan(occ, occurrence.Waiting, occ.PlanID, occ.PlanHash, occ.Decision, occ.Plan)
	if err != nil {
		return f, err
	}
	e.count(f.Control, f.Outcome)
	return e.tell(ctx, f, occ.ID, audit.Refusal, core.Refused, reason(f), step.Items...)
}

// free takes an occurrence from whoever died while applying it, so that it can be given another plan or another decision.
func (e *Engine) free(ctx context.Context, occ occurrence.Occurrence) (occurrence.Occurrence, error) {
	if occ.State != occurrence.Applying {
		return occ, nil
	}
	step, err := e.State.Claim(occ, e.Owner, holdFor)
	if err != nil {
		return occ, err
	}
	if occ, err = e.State.Do(ctx, step); err != nil {
		return occ, err
	}
	if step, err = e.State.Release(occ, occurrence.Waiting); err != nil {
		return occ, err
	}
	return e.State.Do(ctx, step)
}

// Decline records that a person was asked about a plan and did not approve it.
func (e *Engine) Decline(ctx context.Context, f core.Finding, person string) (core.Finding, error) {
	f.Outcome, f.Reason = core.Rejected, "not approved by "+person
	_, err := e.append(ctx, &f, "", audit.Verdict, f.Outcome, reason(f))
	return f, err
}

// ApplyApproved applies a plan that a person means by its hash, opening or joining its occurrence: at once where the rules say so, and where they ask for
// approval if approver names who gave it. The resource is looked at once, under the lease. The outcome is Stale if what is there now gives another
// plan, and AwaitingApproval if an approval is missing; nothing is changed then.
func (e *Engine) ApplyApproved(ctx context.Context, c core.Control, r awsapi.Resource, hash, approver string) (core.Finding, error) {
	return e.holding(ctx, r, func(lease occurrence.Lease) (core.Finding, error) {
		looked := e.Now()
		seen := e.see(ctx, c, r)
		var a *ahead
		if seen.wrong() {
			a = e.ask(ctx, c.ID, seen.resource)
		}
		f := e.found(ctx, c, seen, core.Cause{Origin: rules.OriginCLI}, a)
		if settled, is, err := e.settleDead(ctx, f, a); is || err != nil {
			return settled, err
		}
		planned := f.Outcome == core.Planned || f.Outcome == core.AwaitingApproval
		if f.Hash != hash && (planned || f.Outcome == core.Reported || f.Outcome == core.Excepted || f.Outcome == core.Refused) {
			f.Outcome, f.Reason = core.Stale, "what is there is not what was planned for: plan again"
		}
		if planned && f.Outcome != core.Stale {
			theirs, err := e.theirs(ctx, f, seen.file, a, approver)
			if err != nil {
				return f, err
			}
			if theirs {
				f.Outcome, f.Reason = core.Refused, decidedByPeople
			}
		}
		switch {
		case f.Outcome == core.Stale, f.Outcome == core.Refused, f.Outcome == core.Excepted, f.Outcome == core.Reported:
			_, err := e.append(ctx, &f, "", audit.Refusal, f.Outcome, reason(f)) // somebody wanted it and was told no
			return f, err
		case f.Outcome != core.Planned && (f.Outcome != core.AwaitingApproval || approver == ""):
			return f, nil
		}
		occ, _, err := e.open(ctx, &f, a)
		if err != nil {
			return f, err
		}
		if !occ.Cause.IsZero() { // an event told of it first
			f.Cause = causeOf(occ)
		}
		if occ.State == occurrence.Applying { // somebody is at it, or died at it
			return e.applyHeld(ctx, c, Order{Occurrence: occ.ID, Control: c.ID, Resource: r, Hash: f.Hash}, approver, lease)
		}
		return e.carryOut(ctx, c, f, occ, grant{by: approver}, lease, looked)
	})
}

// theirs reports whether people decide about a plan that somebody wants to carry out at their own terminal: since it needs an approval where people are listed, in
// the file at hand or in the installation whose tables are used; or since the installation asks them about it already, although the file at hand does not.
func (e *Engine) theirs(ctx context.Context, f core.Finding, file *rules.File, a *ahead, approver string) (bool, error) {
	needs := f.Outcome == core.AwaitingApproval
	if needs && approver == "" {
		return false, nil
	}
	there, err := a.there()
	if err != nil {
		return false, err
	}
	if waits := there.found && there.occ.State == occurrence.Waiting && there.occ.Decision == rules.Approve.String(); !needs && !waits {
		return false, nil
	}
	return e.PeopleDecide(ctx, file)
}

// PeopleDecide reports whether plans in mode approve are for listed people to decide about. A rules file that cannot be read may list some.
func (e *Engine) PeopleDecide(ctx context.Context, file *rules.File) (bool, error) {
	if file == nil || len(file.People) > 0 || e.InForce == nil {
		return file == nil || len(file.People) > 0, nil
	}
	in, err := e.InForce(ctx, file)
	return err == nil && len(in.People) > 0, err
}

const decidedByPeople = "there are people who decide about it, none of them alone on their own machine: shoreup pending shows what waits, shoreup approve says yes"

// causeOf is the cause that an occurrence was opened for.
func causeOf(occ occurrence.Occurrence) core.Cause {
	return core.Cause{Origin: occ.Origin, Actor: occ.Actor, Person: occ.Person, Time: occ.Cause, Finding: occ.Finding, Product: occ.Product, ConfigRule: occ.ConfigRule}
}
