package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// errNews says that something happened to a resource while it was being mended.
var errNews = errors.New("this happened since")

// newsWaits are the pauses of whoever has to look again after a fix.
var newsWaits = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// enqueueAgain is how old an occurrence that nobody applies must be before a duplicate hands it over again: long enough that the first hand-over
// is not merely slow, shorter than any redelivery.
const enqueueAgain = time.Minute

// Evaluate follows a signal to findings that are recorded. The error is for what should be tried again as a whole: a table or queue that
// did not answer. What goes wrong with one control is in its finding.
func (e *Engine) Evaluate(ctx context.Context, s signal.Signal) ([]core.Finding, error) {
	if s.Relevant && s.TagKeys != "" {
		if err := e.State.NoteTags(ctx, resourceOf(s), strings.Split(s.TagKeys, "\n"), Who(s.Actor), s.Time); err != nil {
			return nil, err
		}
	}
	controls, _ := Route(e.Controls, s)
	if len(controls) == 0 {
		e.count("none", core.Ignored)
	}
	var jobs []job
	for _, c := range controls {
		resources, err := e.Resources(ctx, c, s)
		if allDenied(s, err) {
			f, err := e.unlisted(ctx, controls, s, err)
			return []core.Finding{f}, err
		}
		if err != nil {
			return nil, err
		}
		for _, r := range resources {
			jobs = append(jobs, job{control: c, resource: r, cause: CauseOf(s)})
		}
	}
	return e.evaluateAll(ctx, jobs)
}

// lookAtOnce is how many looks one signal takes at the same time; each is mostly waiting for AWS.
const lookAtOnce = 4

// job is one look at one resource with one control, and what came of it.
type job struct {
	control  core.Control
	resource awsapi.Resource
	cause    core.Cause

	finding core.Finding
	done    bool
}

// evaluateAll does the jobs. What fails does not keep the rest from being done; what is busy, or failed for a passing reason, makes the signal come again.
func (e *Engine) evaluateAll(ctx context.Context, jobs []job) ([]core.Finding, error) {
	var g errgroup.Group
	g.SetLimit(lookAtOnce)
	once := awsapi.WithShared(ctx)
	failed := make([]error, len(jobs))
	for i := range jobs {
		g.Go(func() error {
			j := &jobs[i]
			j.finding, failed[i] = e.settleFree(ctx, once, j)
			j.done = failed[i] == nil
			return nil
		})
	}
	_ = g.Wait()
	var out []core.Finding
	for i, j := range jobs {
		switch {
		case j.done:
			out = append(out, j.finding)
		case failed[i] == nil: // its goroutine ended half-way: that is no success
			failed[i] = fmt.Errorf("looking at %s with %s: it was not finished", j.resource.ID, j.control.ID)
		}
	}
	return out, errors.Join(failed...)
}

// settleFree looks, and looks again while somebody mends the resource: what happened meanwhile is only seen afterwards, and a message that is given back comes
// again only after minutes. The first look is under a context that it shares with the other controls' looks.
func (e *Engine) settleFree(ctx, first context.Context, j *job) (core.Finding, error) {
	look := first
	for _, wait := range newsWaits {
		f, err := e.findAndSettle(ctx, look, j)
		if !errors.Is(err, errNews) && !overtaken(err) {
			return f, err
		}
		if err := e.Sleep(ctx, wait); err != nil {
			return f, err
		}
		look = ctx
	}
	f, err := e.findAndSettle(ctx, look, j)
	return f, busyIfOvertaken(err)
}

// overtaken reports whether nothing was written because somebody else, at the same resource and control, was first. Where calls were made and only their result
// could not be recorded, going through it again would hide that.
func overtaken(err error) bool {
	var made *UnrecordedError
	return !errors.As(err, &made) && (occurrence.Moved(err) || errors.Is(err, occurrence.ErrMoved))
}

func busyIfOvertaken(err error) error {
	if overtaken(err) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

func (e *Engine) findAndSettle(ctx, look context.Context, j *job) (core.Finding, error) {
	s := e.see(look, j.control, j.resource)
	var a *ahead
	if s.wrong() {
		a = e.askNew(ctx, j.control.ID, s.resource)
	}
	return e.settle(ctx, j.control, e.found(ctx, j.control, s, j.cause, a), a)
}

// settle records a finding and does what was decided about it. What was asked ahead may be nil.
func (e *Engine) settle(ctx context.Context, c core.Control, f core.Finding, a *ahead) (core.Finding, error) {
	e.count(f.Control, f.Outcome)
	if f.Cause.Asked == signal.AskedPlan && !passing(f) {
		return e.notify(ctx, f) // an answer, and nothing that stays
	}
	switch f.Outcome {
	case core.Compliant, core.NotApplicableHere:
		return f, e.resolved(ctx, f)
	case core.Blind, core.Errored:
		if passing(f) {
			return f, fmt.Errorf("looking at %s with %s: %w", f.Resource, f.Control, f.Err)
		}
		return e.unseen(ctx, f)
	}
	occ, created, err := e.open(ctx, &f, a)
	if err != nil {
		return f, err
	}
	f.Occurrence, f.Since = occ.ID, since(occ)
	f.Cause.Person = occ.Person // all who had a hand in it
	if !created && e.news(f, occ) {
		return f, fmt.Errorf("%w: %w: occurrence %s is claimed by %s", errNews, ErrBusy, occ.ID, occ.Owner)
	}
	if !created && !e.again(f, occ) {
		if f.Cause.Finding == "" {
			return f, nil // a duplicate: it was recorded and is being dealt with
		}
		f.Quiet = f.Cause.Asked == "" || occ.State != occurrence.Waiting
		if f, err = e.notify(ctx, f); err != nil { // a finding of Security Hub gets its note, and who asked is answered
			return f, err
		}
		return f, e.clicked(ctx, f, occ)
	}
	switch f.Outcome {
	case core.Planned:
		return e.hand(ctx, c, f, occ)
	case core.Excepted:
		if f.Cause.Finding == "" {
			return f, e.point(ctx, f, wasAsked(f, a)) // recorded, and nobody needs to hear of what was agreed
		}
		f.Quiet = true
	}
	if f, err = e.notify(ctx, f); err != nil {
		return f, err
	}
	return f, e.point(ctx, f, wasAsked(f, a))
}

// wasAsked is the decision for which people are asked now, or were until now.
func wasAsked(f core.Finding, a *ahead) string {
	if a == nil {
		return f.Decision.Mode
	}
	if before, err := a.there(); err == nil && before.found && before.occ.Decision == rules.Approve.String() {
		return before.occ.Decision
	}
	return f.Decision.Mode
}

// since is when it went wrong first, as far as that is known.
func since(occ occurrence.Occurrence) time.Time {
	if occ.Cause.IsZero() || occ.Cause.After(occ.Opened) {
		return occ.Opened
	}
	return occ.Cause
}

// clicked lets people be asked once more where somebody wants a fix, nobody knows who, and the word was no or nobody had one.
func (e *Engine) clicked(ctx context.Context, f core.Finding, occ occurrence.Occurrence) error {
	if e.Ask == nil || f.Cause.Asked != signal.AskedFix || occ.State != occurrence.Waiting || occ.Decision != rules.Approve.String() {
		return nil
	}
	if err := e.Ask(ctx, f.Control, f.Plan.Resource, f.Cause.Time); err != nil {
		return fmt.Errorf("pointing the deciding function to %s: %w", f.Resource, err)
	}
	return nil
}

// unseen records that a resource could not be judged, once for as long as that lasts: a missing permission would otherwise fill the log and
// the channel with every sweep. The outcome takes the place of the plan's hash, since errors differ in request ids only.
func (e *Engine) unseen(ctx context.Context, f core.Finding) (core.Finding, error) {
	mark := string(f.Outcome)
	occ, found, err := e.State.Get(ctx, f.Control, f.Plan.Resource)
	if err != nil || found && (occ.PlanHash == mark || occ.State == occurrence.Applying) {
		return f, err
	}
	if found && f.Outcome == core.Errored {
		return f, nil // people know that it is wrong, and the plan they were asked about stays
	}
	if found {
		step, err := e.State.Replan(occ, occurrence.Waiting, "", mark, mark, nil)
		if err != nil {
			return f, err
		}
		return e.tell(ctx, f, occ.ID, audit.Error, f.Outcome, reason(f), step.Items...)
	}
	occ, err = e.State.Prepare(ctx, occurrence.Occurrence{Control: f.Control, Resource: f.Plan.Resource, State: occurrence.Waiting, PlanHash: mark, Decision: mark, Origin: f.Cause.Origin})
	if err != nil {
		return f, err
	}
	return e.tell(ctx, f, occ.ID, audit.Error, f.Outcome, reason(f), e.State.OpenItem(occ))
}

// open records plan and decision together with a new occurrence, or joins the one that is open. Joining records only what changed.
func (e *Engine) open(ctx context.Context, f *core.Finding, a *ahead) (occurrence.Occurrence, bool, error) {
	plan, err := f.Plan.Bytes()
	if err != nil {
		return occurrence.Occurrence{}, false, err
	}
	if a == nil {
		a = e.ask(ctx, f.Control, f.Plan.Resource)
	}
	there, err := a.there()
	if err != nil {
		return there.occ, false, fmt.Errorf("looking for an open occurrence: %w", err)
	}
	_, _ = a.head()
	if there.found {
		return e.join(ctx, f, there.occ, plan)
	}
	past, err := a.past()
	if err != nil {
		return occurrence.Occurrence{}, false, fmt.Errorf("looking for how the last occurrence ended: %w", err)
	}
	occ, err := e.State.PrepareAfter(past, occurrence.Occurrence{
		Control: f.Control, Resource: f.Plan.Resource, State: stateOf(f.Outcome), PlanID: f.ID, PlanHash: f.Hash, Plan: plan, Decision: f.Decision.Mode, About: f.About,
		Cause: f.Cause.Time, Actor: f.Cause.Actor, Person: f.Cause.Person, Origin: f.Cause.Origin,
		Finding: f.Cause.Finding, Product: f.Cause.Product, ConfigRule: f.Cause.ConfigRule,
	})
	if err != nil {
		return occ, false, err
	}
	if p := occ.Past; p.Outcome == string(core.Fixed) {
		f.Notes = append(f.Notes, fmt.Sprintf("it was fixed on %s and is wrong again: somebody, or a deployment, keeps putting it back", p.Closed.UTC().Format(time.DateTime+" UTC")))
	}
	if err := e.appendPlan(ctx, f, occ.ID, e.State.OpenItem(occ)); err != nil {
		if joined, ok := e.State.Joined(err); ok {
			return joined, false, nil
		}
		return occ, false, err
	}
	return occ, true, nil
}

// join brings an open occurrence up to date: another plan or another decision is recorded and takes the place of the old one.
func (e *Engine) join(ctx context.Context, f *core.Finding, occ occurrence.Occurrence, plan []byte) (occurrence.Occurrence, bool, error) {
	if occ.State == occurrence.Applying && f.Outcome != core.Planned && !e.Now().Before(occ.ClaimEnds) {
		var err error
		if occ, err = e.free(ctx, occ); err != nil {
			return occ, false, err
		}
	}
	if occ.State == occurrence.Applying || occ.PlanHash == f.Hash && (occ.Decision == f.Decision.Mode || f.Cause.Asked != "") {
		// What was decided without being asked stands: asking neither lowers nor raises it.
		f.ID = occ.PlanID
		return occ, false, nil
	}
	same := occ.PlanHash == f.Hash
	if same {
		f.ID = occ.PlanID // only the decision is another
	}
	if differs(*f, occ) {
		occ.Person = also(occ.Person, f.Cause.Person)
	}
	occ.About = f.About
	step, err := e.State.Replan(occ, stateOf(f.Outcome), f.ID, f.Hash, f.Decision.Mode, plan)
	if err != nil {
		return occ, false, err
	}
	if same {
		_, err = e.append(ctx, f, occ.ID, audit.Decision, f.Outcome, f.Decision, step.Items...)
	} else {
		err = e.appendPlan(ctx, f, occ.ID, step.Items...)
	}
	if err != nil {
		if occurrence.Moved(err) {
			return occ, false, nil // somebody else brought it up to date first
		}
		return occ, false, err
	}
	return step.After, true, nil
}

// also adds who had a hand in it to the persons who caused a finding, of whom none may decide about it. Words of package approval are separated by blanks.
func also(before, who string) string {
	const nobodyKnown, most = "unknown", 20
	before, who = cmp.Or(before, nobodyKnown), cmp.Or(who, nobodyKnown)
	if all := strings.Fields(before); slices.Contains(all, who) || len(all) >= most {
		return before
	}
	return before + " " + who
}

// differs reports whether the resource is another than the occurrence's plan was made for.
func differs(f core.Finding, occ occurrence.Occurrence) bool {
	plan, err := core.ParsePlan(occ.Plan)
	return err != nil || plan.Before != f.Plan.Before
}

// news reports whether a finding is of something that happened after somebody began to mend the resource, and who is still at it: no duplicate, so it has to
// be looked at again afterwards. CloudTrail's times are whole seconds. A sweep comes round by itself.
func (e *Engine) news(f core.Finding, occ occurrence.Occurrence) bool {
	if occ.State != occurrence.Applying || !e.Now().Before(occ.ClaimEnds) || f.Cause.Origin == rules.OriginSweep {
		return false
	}
	return !f.Cause.Time.Before(occ.ClaimEnds.Add(-holdFor).Truncate(time.Second))
}

// again reports whether a duplicate should hand over its plan once more: the first hand-over was lost, whoever took it died, or it was refused
// for a reason that time may have healed, which only the sweep finds out.
func (e *Engine) again(f core.Finding, occ occurrence.Occurrence) bool {
	switch {
	case f.Outcome != core.Planned:
		return false
	case occ.State == occurrence.Applying:
		return !e.Now().Before(occ.ClaimEnds)
	case f.Hash != occ.PlanHash:
		return false
	}
	return f.Cause.Origin == rules.OriginSweep || occ.State != occurrence.Waiting && e.Now().Sub(occ.Opened) > enqueueAgain
}

// hand gives an automatic plan to whoever applies it.
func (e *Engine) hand(ctx context.Context, c core.Control, f core.Finding, occ occurrence.Occurrence) (core.Finding, error) {
	// The occurrence's own hash: another than the finding's is that of somebody who died halfway, and applying finds that out.
	order := Order{Occurrence: occ.ID, Control: c.ID, Resource: f.Plan.Resource, Hash: occ.PlanHash}
	if e.Enqueue == nil {
		return e.Apply(ctx, order, "")
	}
	if err := e.Enqueue(ctx, order); err != nil {
		return f, fmt.Errorf("handing over plan %s: %w", f.ID, err)
	}
	return f, nil
}

// resolved closes the open occurrence of a resource that turns out to be fine.
func (e *Engine) resolved(ctx context.Context, f core.Finding) error {
	occ, found, err := e.State.Get(ctx, f.Control, f.Plan.Resource)
	if err != nil || !found {
		return err
	}
	f.ID = occ.PlanID
	if occ.State == occurrence.Applying {
		if e.Now().Before(occ.ClaimEnds) {
			return nil // whoever is mending it says what came of it
		}
		if _, err = e.alreadyFine(ctx, f, occ); occurrence.Moved(err) || errors.Is(err, occurrence.ErrMoved) {
			return nil
		}
		return err
	}
	step, err := e.State.Close(occ, string(f.Outcome))
	if err != nil {
		return err
	}
	if _, err := e.append(ctx, &f, occ.ID, audit.Result, f.Outcome, reasonDetail{Reason: "found in order; nothing was done"}, step.Items...); err != nil && !occurrence.Moved(err) {
		return err
	}
	return nil
}

func stateOf(o core.Outcome) occurrence.State {
	if o == core.Planned {
		return occurrence.Open
	}
	return occurrence.Waiting
}
