package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// UnrecordedError says that calls were made and read back, and that the record of what came of them could not be written. They are never made again: when the
// claim has ended, whoever comes next finds out by reading what came of them, and records it.
type UnrecordedError struct {
	Outcome core.Outcome // what was read back
	Reason  string
	Made    int         // calls that were answered
	Intent  core.Record // of the attempt, which is on record
	Ends    time.Time   // of the claim
	What    string      // the command that settles it
	Err     error
}

func (u *UnrecordedError) Error() string {
	calls := "no call was made"
	switch {
	case u.Made == 1:
		calls = "1 call was made"
	case u.Made > 1:
		calls = fmt.Sprintf("%d calls were made", u.Made)
	}
	return fmt.Sprintf("%s, and the outcome is %s (%s), but it could not be recorded: see to it that the tables can be written; no call is repeated. After %s, %s: what came of "+
		"it is then read and recorded. The intent is record %s/%d. The cause: %v", calls, u.Outcome, u.Reason, u.Ends.UTC().Format("15:04 UTC"), u.What, u.Intent.Chain, u.Intent.Seq, u.Err)
}

func (u *UnrecordedError) Unwrap() error { return u.Err }

// unrecorded makes the error of a result that could not be written. The finding still bears the record of its intent then.
func (e *Engine) unrecorded(f core.Finding, outcome core.Outcome, d resultEntry, intent audit.Entry, what string, err error) error {
	if err == nil || f.Record.Seq != intent.Seq {
		return err
	}
	return &UnrecordedError{Outcome: outcome, Reason: d.Reason, Made: d.Made, Intent: f.Record, Ends: e.Now().Add(holdFor), What: what, Err: err}
}

// settleDead records what came of an attempt whose maker died, or could not record it, if the resource shows that: it is fine, or as that attempt wanted it.
// While its claim lasts nobody may say so in its place, and the error is [ErrBusy].
func (e *Engine) settleDead(ctx context.Context, f core.Finding, a *ahead) (core.Finding, bool, error) {
	at, err := e.occurrenceOf(ctx, f, a)
	if err != nil || !at.found || at.occ.State != occurrence.Applying {
		return f, false, err
	}
	occ := at.occ
	if _, done := doneBefore(f, occ); !done && f.Outcome != core.Compliant && f.Outcome != core.NotApplicableHere {
		return f, false, nil
	}
	if ends := occ.ClaimEnds; e.Now().Before(ends) {
		return f, true, fmt.Errorf("%w: it is as was planned by now, and what came of plan %s is not recorded yet; whoever carries it out has until %s, after that: apply again",
			ErrBusy, occ.PlanID, ends.UTC().Format("15:04 UTC"))
	}
	f.ID, f.Hash = occ.PlanID, occ.PlanHash
	f, err = e.alreadyFine(ctx, f, occ)
	if occurrence.Moved(err) || errors.Is(err, occurrence.ErrMoved) {
		return f, true, nil // somebody else recorded it first
	}
	return f, true, err
}

func (e *Engine) occurrenceOf(ctx context.Context, f core.Finding, a *ahead) (there, error) {
	if a != nil {
		return a.there()
	}
	occ, found, err := e.State.Get(ctx, f.Control, f.Plan.Resource)
	return there{occ, found}, err
}

// settleIntent settles the attempt of an intent that has no result. The error says why that cannot be done, now or ever.
func (e *Engine) settleIntent(ctx context.Context, chain string, seq int64) error {
	intent, err := e.Log.Get(ctx, chain, seq)
	if err != nil {
		return err
	}
	plan, c, err := e.planOf(intent)
	if err != nil {
		return err
	}
	occ, found, err := e.State.Get(ctx, c.ID, plan.Resource)
	if err != nil {
		return err
	}
	if !found || occ.ID != intent.Occurrence || occ.State != occurrence.Applying {
		return errNoResult
	}
	if e.Now().Before(occ.ClaimEnds) {
		return fmt.Errorf("%w: whoever carries it out has until %s", errNoResult, occ.ClaimEnds.UTC().Format("15:04 UTC"))
	}
	seen := e.see(ctx, c, plan.Resource)
	if seen.err != nil {
		return fmt.Errorf("reading what came of fix %s/%d: %w", chain, seq, seen.err)
	}
	a := e.ask(ctx, c.ID, seen.resource)
	_, settled, err := e.settleDead(ctx, e.found(ctx, c, seen, causeOf(occ), a), a)
	_, _ = a.head()
	if err == nil && !settled {
		err = fmt.Errorf("%w: whoever carried it out died, and what is there is not what was planned: look at it (shoreup plan --control %s --resource %s)", errNoResult, c.ID, awsapi.Word(plan.Resource.ID))
	}
	return err
}

// settleTakenBack records what came of an undo whose maker died or could not record it. The resource is as it was before the fix.
func (e *Engine) settleTakenBack(ctx context.Context, u Undoing) error {
	begun, err := e.State.TakenBack(ctx, u.Finding.Account, u.intent.Seq)
	if err != nil || begun.Plan == "" || begun.Outcome != "" || e.Now().Before(begun.Began.Add(holdFor)) {
		return err
	}
	f := u.Finding
	f.ID = begun.Plan
	d := resultEntry{Before: f.Plan.Before, After: f.Plan.After, Wanted: f.Plan.After, Made: len(f.Plan.Changes), Outputs: []json.RawMessage{},
		Reason: "an earlier attempt to take it back died after its last call; read back: as it was before the fix"}
	_, err = e.tookBack(ctx, u, f, grant{}, core.Undone, d)
	return err
}

// Refuse records that somebody wanted a plan to be carried out and was told no.
func (e *Engine) Refuse(ctx context.Context, f core.Finding, why string) (core.Finding, error) {
	f.Outcome, f.Reason = core.Refused, why
	_, err := e.append(ctx, &f, "", audit.Refusal, f.Outcome, reason(f))
	return f, err
}

// onRecord records that a fix is not taken back, if that is what the error says of it, and returns the error.
func (e *Engine) onRecord(ctx context.Context, f core.Finding, refusal error) error {
	if !errors.Is(refusal, ErrCannotUndo) || f.Control == "" {
		return refusal
	}
	if _, err := e.Refuse(ctx, f, refusal.Error()); err != nil {
		return fmt.Errorf("%w; that could not be recorded: %w", refusal, err)
	}
	return refusal
}
