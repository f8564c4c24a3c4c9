package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// Undoable is what people are asked about before a fix is taken back. It is made from the record alone: whoever asks people may look at no resource. Whether the
// chain verifies and whether the resource is still as the fix left it is found out by whoever carries it out, before anything is changed. The error is an
// [approval.Refusal] if the record is none of a fix that can be taken back.
func (e *Engine) Undoable(ctx context.Context, account string, seq int64) (approval.Undoable, error) {
	u, _, err := e.undoing(ctx, account, seq, func(context.Context, string) error { return nil })
	switch {
	case errors.Is(err, audit.ErrNotFound):
		return approval.Undoable{}, &approval.Refusal{Code: "unknown", Why: fmt.Sprintf("there is no record %s/%d", account, seq)}
	case errors.Is(err, ErrCannotUndo):
		return approval.Undoable{}, &approval.Refusal{Code: "nothing", Why: err.Error()}
	case err != nil:
		return approval.Undoable{}, err
	}
	plan, err := u.Finding.Plan.Bytes()
	if err != nil {
		return approval.Undoable{}, err
	}
	cause, err := e.causeOnRecord(ctx, u.intent)
	return approval.Undoable{
		Intent: u.intent.Seq, Plan: plan, Hash: u.Finding.Hash, Control: u.Finding.Control, Where: u.Finding.Plan.Resource, ARN: u.Finding.ARN,
		Fix: u.intent.Plan, Fixed: u.result.Time, Approver: u.approver, Occurrence: u.intent.Occurrence, Cause: cause,
	}, err
}

// causeOnRecord is who caused what was fixed, as the plans of its occurrence say. Empty: it is not known, or stands too far back.
func (e *Engine) causeOnRecord(ctx context.Context, intent audit.Entry) (string, error) {
	const page, pages = 200, 10
	person := ""
	for last, n := intent.Seq, 0; last > 0 && n < pages; last, n = last-page, n+1 {
		entries, err := e.Log.List(ctx, intent.Chain, max(0, last-page), int(min(page, last)))
		if err != nil {
			return "", err
		}
		for _, entry := range entries {
			var plan planEntry
			if entry.Kind == audit.Plan && entry.Occurrence == intent.Occurrence && canon.Unmarshal(entry.Detail, &plan) == nil {
				if person == "" {
					person = cmp.Or(plan.Cause.Person, "unknown")
				}
				person = also(person, plan.Cause.Person)
			}
		}
	}
	if person == "unknown" {
		return "", nil
	}
	return person, nil
}

// ApplyUndo takes back a fix with the approval that people gave. Nothing is changed if there is none that counts, if it was used before, if the chain does not
// verify, or if the resource is not as the fix left it. The error is for what should be delivered again; everything else is in the finding, recorded.
func (e *Engine) ApplyUndo(ctx context.Context, o Order) (core.Finding, error) {
	c, ok := e.Control(o.Control)
	if !ok {
		return core.Finding{}, fmt.Errorf("taking back a fix of %s: there is no such control here", o.Control)
	}
	return e.holding(ctx, o.Resource, func(lease occurrence.Lease) (core.Finding, error) {
		f := e.unmade(ctx, c, o)
		yes, err := e.undoGrant(ctx, o)
		if err != nil || yes.kept == nil {
			f.Reason = "nobody has approved this undo, or the approval has ended"
			return f, err
		}
		begun, err := e.State.TakenBack(ctx, o.Resource.Account, o.Undo)
		switch {
		case err != nil:
			return f, err
		case begun.Round >= yes.round() && begun.Outcome != "":
			f.Reason = "its approval was used already: " + begun.Outcome
			return f, e.point(ctx, f, f.Decision.Mode)
		case begun.Round >= yes.round():
			return e.settleUndo(ctx, c, o, yes, begun)
		}
		return e.undoHeld(ctx, c, o, yes, lease)
	})
}

// OrderOf is the order that carries out what is approved.
func OrderOf(r approval.Request) (Order, error) {
	o := Order{Control: r.Control, Resource: r.Where, Hash: r.Key.Hash}
	switch r.Key.Kind {
	case approval.Fix:
		o.Occurrence = r.Key.ID
		return o, nil
	case approval.Undo:
		var err error
		if o.Undo, err = strconv.ParseInt(r.Key.ID, 10, 64); err == nil && o.Undo > 0 {
			return o, nil
		}
	}
	return o, fmt.Errorf("handing over the request about %s: %s %s is not carried out by the function that applies", r.ARN, r.Key.Kind, r.Key.ID)
}

// unmade is what is said of an undo that is not made.
func (e *Engine) unmade(ctx context.Context, c core.Control, o Order) core.Finding {
	f := e.undoFinding(ctx, c, core.Plan{Resource: o.Resource}, audit.Entry{Resource: c.Type.ARN(o.Resource)})
	f.Plan.Resource, f.Hash, f.Outcome = o.Resource, o.Hash, core.Stale
	return f
}

func (e *Engine) undoGrant(ctx context.Context, o Order) (grant, error) {
	if e.Granted == nil {
		return grant{}, nil
	}
	yes, ok, err := e.Granted(ctx, approval.Key{Account: o.Resource.Account, Kind: approval.Undo, ID: strconv.FormatInt(o.Undo, 10), Hash: o.Hash})
	if err != nil || !ok {
		return grant{}, err
	}
	return grant{by: yes.By(), kept: &yes}, nil
}

func (e *Engine) undoHeld(ctx context.Context, c core.Control, o Order, yes grant, lease occurrence.Lease) (core.Finding, error) {
	u, err := e.planUndo(ctx, o.Resource.Account, o.Undo)
	switch {
	case errors.Is(err, ErrCannotUndo):
		return e.refuseUndo(ctx, c, o, err.Error(), e.State.TookBackItem(o.Resource.Account, o.Undo, yes.round(), string(core.Refused), err.Error()))
	case err != nil:
		return e.unmade(ctx, c, o), err
	case u.Finding.Hash != o.Hash || u.Finding.Plan.Resource != o.Resource:
		const why = "what would be called is not what was approved: ask again"
		return e.refuseUndo(ctx, c, o, why, e.State.TookBackItem(o.Resource.Account, o.Undo, yes.round(), string(core.Refused), why))
	}
	f, err := e.takeBack(ctx, c, u, yes, lease)
	switch why, refused := refusalOf(err); {
	case spent(err):
		f.Outcome, f.Reason = core.Stale, "another delivery of the same order was first"
		return f, nil
	case refused: // the approval is not used up: what forbids it may pass
		return e.refuseUndo(ctx, c, o, why)
	case err != nil:
		return f, err
	}
	return f, e.point(ctx, f, f.Decision.Mode)
}

// refuseUndo records why an approved undo is not made, and tells people.
func (e *Engine) refuseUndo(ctx context.Context, c core.Control, o Order, why string, with ...dynamodbapi.Item) (core.Finding, error) {
	f := e.unmade(ctx, c, o)
	f.Reason = why
	e.count(c.ID, core.Refused)
	f, err := e.tell(ctx, f, "", audit.Refusal, core.Refused, reason(f), with...)
	if err != nil {
		return f, err
	}
	return f, e.point(ctx, f, f.Decision.Mode)
}

// settleUndo says what came of an undo whose maker died: by reading, never by making the calls again.
func (e *Engine) settleUndo(ctx context.Context, c core.Control, o Order, yes grant, begun occurrence.TakenBack) (core.Finding, error) {
	u, _, err := e.undoing(ctx, o.Resource.Account, o.Undo, e.verifyChain)
	if err != nil {
		return e.unmade(ctx, c, o), err
	}
	f := u.Finding
	f.ID = begun.Plan
	_, sight, err := e.look(ctx, c, o.Resource, e.settings(e.Rules(ctx)))
	if err != nil {
		return f, fmt.Errorf("looking at what came of taking back fix %s/%d: %w", o.Resource.Account, o.Undo, err)
	}
	d := resultEntry{Before: f.Plan.Before, Wanted: f.Plan.After, After: sight.Fingerprint, Outputs: []json.RawMessage{}}
	outcome := core.Unverified
	switch sight.Fingerprint {
	case f.Plan.After:
		outcome, d.Reason, d.Made = core.Undone, "an earlier attempt died after its last call; read back: as it was before the fix", len(f.Plan.Changes)
	case f.Plan.Before:
		outcome, d.Reason = core.Failed, "an earlier attempt died before it changed anything; ask again"
	default:
		d.Reason = "an earlier attempt died; the resource is neither as the fix left it nor as it was before: look at it (shoreup plan)"
	}
	e.count(f.Control, outcome)
	if f, err = e.tookBack(ctx, u, f, yes, outcome, d); err != nil {
		return f, err
	}
	return f, e.point(ctx, f, f.Decision.Mode)
}
