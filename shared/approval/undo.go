package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

// Undoable is a fix that can be taken back, as its record tells.
type Undoable struct {
	Intent     int64  // number of the record that says what was going to be done
	Plan       []byte // canonical bytes of the plan that takes it back
	Hash       string // of that plan
	Control    string
	Where      awsapi.Resource
	ARN        string
	Fix        string // id of the plan that is taken back
	Fixed      time.Time
	Approver   string // of the fix; empty: nobody was asked
	Occurrence string
	Cause      string // those who caused what was fixed, separated by blanks; empty: not known
}

// UndoBody is what people decide about when a fix is to be taken back. The request's hash is that of Plan.
type UndoBody struct {
	Plan     json.RawMessage `json:"plan"`
	Fix      string          `json:"fix"`
	Fixed    time.Time       `json:"fixed"`
	Approver string          `json:"approver"`
	Why      string          `json:"why"`
}

// ReadUndo reads what is decided about, and refuses a plan that is not the one of the hash.
func ReadUndo(body []byte, hash string) (UndoBody, error) {
	var b UndoBody
	if err := json.Unmarshal(body, &b); err != nil {
		return b, fmt.Errorf("reading what is to be taken back: %w", err)
	}
	// Whoever passed it on may have written the same JSON with other escapes.
	plan, err := canon.Marshal(b.Plan)
	if err != nil {
		return b, fmt.Errorf("reading what is to be taken back: %w", err)
	}
	b.Plan = plan
	if canon.Hash(plan) != hash {
		return b, errors.New("reading what is to be taken back: the plan does not have the hash that is decided about")
	}
	return b, nil
}

// maxUndo bounds what an undo may say in bytes: DynamoDB's items end at 400 KB, and the message that people are shown stands in the same item.
const maxUndo = 300 << 10

// AskUndo asks to take back a fix, named by the record of its intent or of its result.
func (d *Desk) AskUndo(ctx context.Context, u Undoing) (Request, error) {
	k := Key{Account: u.Account, Kind: Undo, ID: strconv.FormatInt(u.Seq, 10)}
	person, refusal, err := d.asker(ctx, k, u.Identity)
	if refusal != nil || err != nil {
		return Request{}, joined(refusal, err)
	}
	fix, err := d.undoable(ctx, u.Account, u.Seq)
	var no *Refusal
	if errors.As(err, &no) {
		return Request{}, d.notAsked(ctx, k, person, no)
	}
	if err != nil {
		return Request{}, err
	}
	r := Request{
		Key:     Key{Account: u.Account, Kind: Undo, ID: strconv.FormatInt(fix.Intent, 10), Hash: fix.Hash},
		Control: fix.Control, ARN: fix.ARN, Where: fix.Where, Requester: person, Record: u.Account + "/" + k.ID,
	}
	if r.Cause, err = d.causeOf(ctx, fix); err != nil {
		return r, err
	}
	r.Body, err = canon.Marshal(UndoBody{Plan: fix.Plan, Fix: fix.Fix, Fixed: fix.Fixed.UTC(), Approver: fix.Approver, Why: clip(u.Why)})
	if err != nil {
		return r, err
	}
	if len(r.Body) > maxUndo {
		return r, d.notAsked(ctx, k, person, refuse("nothing", "the calls that take it back are too long to be asked about; run shoreup undo %s yourself", r.Record))
	}
	return d.askedBy(ctx, r)
}

// undoable returns the fix if it was not taken back yet.
func (d *Desk) undoable(ctx context.Context, account string, seq int64) (Undoable, error) {
	if d.Undoable == nil || seq < 1 || account == "" {
		return Undoable{}, refuse("unknown", "there is no record %s/%d of a fix", clip(account), seq)
	}
	fix, err := d.Undoable(ctx, account, seq)
	if err != nil {
		return fix, err
	}
	if fix.Where.Account != account {
		return fix, refuse("unknown", "record %s/%d is about account %s", account, seq, fix.Where.Account)
	}
	done, err := d.Book.TakenBack(ctx, account, fix.Intent)
	if err == nil && done.Outcome == string(core.Undone) {
		err = refuse("ended", "it was taken back already, on %s", stamp(done.Ended))
	}
	return fix, err
}

// causeOf is who had a hand in what was fixed: what people were asked about says it, else the record. Whoever opened it may not have it opened again alone.
func (d *Desk) causeOf(ctx context.Context, fix Undoable) (string, error) {
	asked, err := List(ctx, d.Store, d.Table, fix.Where.Account, Fix, fix.Occurrence)
	cause, last := fix.Cause, time.Time{}
	for _, r := range asked {
		if fix.Occurrence != "" && r.Key.ID == fix.Occurrence && r.Asked.After(last) {
			cause, last = r.Cause, r.Asked
		}
	}
	return cause, err
}

// takenBack says how an undo's request was left behind; empty: it was not. Whether the resource has moved is seen by whoever carries it out: it looks.
func (d *Desk) takenBack(ctx context.Context, r Request) (ending, error) {
	intent, err := strconv.ParseInt(r.Key.ID, 10, 64)
	if err != nil {
		return ended(Stale, "its record cannot be named"), nil
	}
	done, err := d.Book.TakenBack(ctx, r.Key.Account, intent)
	if err != nil {
		return ending{}, err
	}
	mine := r.State == Approved && done.Round == r.Round
	switch core.Outcome(done.Outcome) {
	case "": // nobody has begun, or somebody is at it
	case core.Refused:
		if mine {
			return ended(Stale, strings.TrimPrefix(done.Why, "this cannot be undone: ")), nil
		}
	default:
		if mine {
			return ended(Applied, applied+done.Outcome+", "+done.Why), nil
		}
	}
	if mine && !done.Began.IsZero() {
		return ending{}, nil // under way
	}
	fix, err := d.undoable(ctx, r.Key.Account, intent)
	var no *Refusal
	switch {
	case errors.As(err, &no):
		return ended(Stale, strings.TrimPrefix(no.Why, "this cannot be undone: ")), nil
	case err != nil:
		return ending{}, err
	case fix.Hash != r.Key.Hash:
		return ended(Stale, "what would be called to take it back is not what it was: ask again"), nil
	}
	return ending{}, nil
}

// followUndos brings the undos of a resource in line with what came of them.
func (d *Desk) followUndos(ctx context.Context, control string, where awsapi.Resource) error {
	requests, err := List(ctx, d.Store, d.Table, where.Account, Undo, "")
	if err != nil {
		return err
	}
	for _, r := range requests {
		if r.Control != control || r.Where != where {
			continue
		}
		if _, err := d.follow(ctx, r, d.Now()); err != nil && !moved(err) {
			return err
		}
	}
	return nil
}
