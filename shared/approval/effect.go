package approval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// AskExemptionOf asks for an exemption of what an open request is about. Owner, reason and end are the asker's; the rest is the request's.
func (d *Desk) AskExemptionOf(ctx context.Context, k Key, e Exemption, identity string) (Request, error) {
	person, refusal, err := d.asker(ctx, k, identity)
	if refusal != nil || err != nil {
		return Request{}, joined(refusal, err)
	}
	r, ok, err := Get(ctx, d.Store, d.Table, k)
	if err != nil {
		return r, err
	}
	if !ok || k.Kind != Fix || !r.State.open() {
		return r, d.notAsked(ctx, k, person, refuse("unknown", "there is no open plan to exempt from"))
	}
	e.Control, e.Resource, e.ARN, e.Approver = r.Control, r.Where, r.ARN, ""
	if no := e.Check(d.Now()); no != nil {
		return r, d.notAsked(ctx, k, person, no)
	}
	hash, raw, err := HashOf(e)
	if err != nil {
		return r, err
	}
	out := Request{
		Key:     Key{Account: k.Account, Kind: Exempt, ID: k.ID, Hash: hash},
		Control: e.Control, ARN: e.ARN, Where: e.Resource, Requester: person, Cause: r.Cause, Body: raw,
	}
	if err := d.wrong(ctx, &out); err != nil {
		return r, err
	}
	return d.askedBy(ctx, out)
}

// wrong says in an exemption's request what nobody is to mend: what is wrong, since when, and who caused it.
func (d *Desk) wrong(ctx context.Context, r *Request) error {
	occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
	if err != nil || !found || occ.ID != r.Key.ID {
		return err
	}
	r.Actor, r.Since = occ.Actor, occ.Cause
	plan, err := core.ParsePlan(occ.Plan)
	if err != nil {
		return nil // it is shown without: the plan is there to be read, and this decides nothing
	}
	for _, v := range plan.Violations[:min(len(plan.Violations), mostWrong)] {
		r.Wrong = append(r.Wrong, clip(v.Where+": "+v.Reason))
	}
	if left := len(plan.Violations) - mostWrong; left > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("and %d more", left))
	}
	return nil
}

// mostWrong is how much of what is wrong is said of an exemption.
const mostWrong = 5

// held counts what the kill switch holds up.
func (d *Desk) held(ctx context.Context) (int, error) {
	n := 0
	if d.Accounts == nil {
		return 0, nil
	}
	for _, account := range d.Accounts(ctx) {
		requests, err := List(ctx, d.Store, d.Table, account, "", "")
		if err != nil {
			return n, err
		}
		for _, r := range requests {
			if r.State == Approved && (r.Key.Kind == Fix || r.Key.Kind == Undo) {
				n++
			}
		}
	}
	return n, nil
}

// askedBy opens a request that a person asks for. That it is not opened is recorded, so that whoever asked can be told.
func (d *Desk) askedBy(ctx context.Context, r Request) (Request, error) {
	out, err := d.Ask(ctx, r)
	var no *Refusal
	if errors.As(err, &no) {
		return out, d.notAskedFor(ctx, r, no)
	}
	return out, err
}

// AskLift asks to lift the kill switch.
func (d *Desk) AskLift(ctx context.Context, why, identity string) (Request, error) {
	k := Key{Account: d.Account, Kind: Lift}
	person, refusal, err := d.asker(ctx, k, identity)
	if refusal != nil || err != nil {
		return Request{}, joined(refusal, err)
	}
	s, err := d.Book.Engaged(ctx)
	if err != nil {
		return Request{}, err
	}
	if !s.Engaged {
		return Request{}, d.notAsked(ctx, k, person, refuse("nothing", "the kill switch is not engaged"))
	}
	hash, raw, err := HashOf(struct {
		Switch occurrence.Switch `json:"switch"`
		Why    string            `json:"why"`
	}{s, clip(why)})
	if err != nil {
		return Request{}, err
	}
	k.ID, k.Hash = s.Since.UTC().Format(time.RFC3339Nano), hash
	held, err := d.held(ctx)
	if err != nil {
		return Request{}, err
	}
	return d.askedBy(ctx, Request{Key: k, Requester: person, Body: raw, Held: held})
}

// asker returns the person with an identity; a stranger's asking is recorded and refused.
func (d *Desk) asker(ctx context.Context, k Key, identity string) (string, *Refusal, error) {
	file, err := d.electors(ctx)
	var no *Refusal
	switch {
	case errors.As(err, &no): // the rules file cannot be read, so that nobody is known: the word is not lost all the same
	case err != nil:
		return "", nil, err
	default:
		if p, ok := file.PersonOf(identity); ok {
			return p.Name, nil, nil
		}
		no = refuse("stranger", "%s is nobody of the list people in the rules file; whoever keeps it can add you", clip(identity))
	}
	r := Request{Key: d.made(k)}
	err = d.record(ctx, r, core.Refused, "unknown", wordEntry{Request: r, Refused: no.Why, Code: no.Code, Who: clip(identity)})
	if err != nil { // a word that is not on record is not refused yet
		return "", nil, err
	}
	return "", no, nil
}

// notAsked records that a person asked for something and was told no.
func (d *Desk) notAsked(ctx context.Context, k Key, person string, no *Refusal) error {
	return d.notAskedFor(ctx, Request{Key: k, Requester: person}, no)
}

func (d *Desk) notAskedFor(ctx context.Context, r Request, no *Refusal) error {
	r.Key = d.made(r.Key)
	said := Request{Key: r.Key, Requester: r.Requester, Record: r.Record, Control: r.Control, ARN: r.ARN}
	if err := d.record(ctx, r, core.Refused, r.Requester, wordEntry{Request: said, Refused: no.Why, Code: no.Code}); err != nil {
		return err
	}
	return no
}

// joined is a refusal or an error, whichever there is.
func joined(no *Refusal, err error) error {
	if no != nil && err == nil {
		return no
	}
	return err
}

// effect is what a request's approval does at once, in the transaction that records it. Fixes and undos are carried out by the function that applies.
func (d *Desk) effect(r Request) (Request, []dynamodbapi.Item, error) {
	if r.Key.Kind == Fix || r.Key.Kind == Undo {
		return r, nil, nil
	}
	by := Grant{Request: r}.By()
	r.State, r.Ended, r.Why = Applied, d.Now(), "agreed by "+by
	switch r.Key.Kind {
	case Exempt:
		var e Exemption
		if err := canon.Unmarshal(r.Body, &e); err != nil {
			return r, nil, fmt.Errorf("reading what is to be exempted: %w", err)
		}
		e.Approver = by
		body, err := canon.Marshal(e)
		if err != nil {
			return r, nil, err
		}
		v := e.item()
		v[attrBody], v[attrUntil], v[dynamodbapi.TTL] = string(body), e.Until.UnixMilli(), e.Until.Add(keepEnded).Unix()
		return r, []dynamodbapi.Item{{Op: dynamodbapi.Put, Table: d.Table, Put: v}}, nil
	case Lift:
		lifted := d.Book.SwitchItem(false, by, "agreed after a request of "+r.Requester)
		lifted.Must, lifted.Condition, lifted.Values = mustBeAsRead, "switch_since = :since", dynamodbapi.Values{":since": r.Key.ID} // and none that came after
		return r, []dynamodbapi.Item{lifted}, nil
	case People:
		return r, []dynamodbapi.Item{d.inForce(r.Key.Hash, string(r.Body))}, nil
	}
	return r, nil, fmt.Errorf("deciding about a %s: there is no such kind", r.Key.Kind)
}
