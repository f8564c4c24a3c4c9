package approval

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// LongestExemption is how long people may exempt a resource at most; longer ones belong in the rules file, which is reviewed.
const LongestExemption = 90 * 24 * time.Hour

const (
	sectionExempt = "exempt#"
	maxSortKey    = 1024 // bytes, "Quotas in Amazon DynamoDB"
	attrUntil     = "exempt_until"
)

// Exemption is a thing that nobody may fix until a date, as people agreed on it. It stands beside the exceptions of the rules file.
type Exemption struct {
	Control  string          `json:"control"`
	Resource awsapi.Resource `json:"resource"`
	ARN      string          `json:"arn"`
	Owner    string          `json:"owner"`
	Reason   string          `json:"reason"`
	Until    time.Time       `json:"until"`
	Approver string          `json:"approver"` // filled when it is agreed
}

// Check says what is missing in an exemption that is asked for.
func (e Exemption) Check(now time.Time) *Refusal {
	switch {
	case strings.TrimSpace(e.Owner) == "" || strings.TrimSpace(e.Reason) == "":
		return refuse("nothing", "an exemption needs an owner and a reason")
	case !now.Before(e.Until):
		return refuse("nothing", "an exemption ends in the future, not on %s", e.Until.UTC().Format(time.DateOnly))
	case e.Until.After(now.Add(LongestExemption)):
		return refuse("nothing", "an exemption lasts %d days at most; for longer, write an exception into the rules file", int(LongestExemption.Hours()/24))
	}
	return nil
}

func (e Exemption) item() dynamodbapi.Values {
	sk := sectionExempt + strings.Join([]string{e.Resource.Region, e.Resource.Type, e.Resource.ID, e.Control}, "#")
	if len(sk) > maxSortKey {
		sk = sectionExempt + "sha256#" + canon.Hash([]byte(sk))
	}
	return dynamodbapi.Key(partition(e.Resource.Account), sk)
}

// Exempted returns the exemption of a resource from a control that holds now, if there is one.
func Exempted(ctx context.Context, store *dynamodbapi.Store, table, control string, r awsapi.Resource, now time.Time) (Exemption, bool, error) {
	v, ok, err := store.Get(ctx, table, Exemption{Control: control, Resource: r}.item())
	if err != nil || !ok {
		return Exemption{}, false, err
	}
	e, err := exemptionOf(v)
	// A name of another resource that came to the same hash, or a row that was put elsewhere, exempts nothing.
	if err != nil || e.Control != control || e.Resource != r || !now.Before(e.Until) {
		return Exemption{}, false, err
	}
	return e, true, nil
}

// MustNotBeExempt are the words of [NotExempted]'s condition.
const MustNotBeExempt = "nobody has exempted the resource"

// NotExempted fails the transaction that it is put into if the resource is exempt: people may have agreed on that since it was looked at.
func NotExempted(table, control string, r awsapi.Resource, now time.Time) dynamodbapi.Item {
	return dynamodbapi.Item{
		Op: dynamodbapi.Check, Table: table, Key: Exemption{Control: control, Resource: r}.item(), Must: MustNotBeExempt,
		Condition: "attribute_not_exists(pk) OR " + attrUntil + " <= :now", Values: dynamodbapi.Values{":now": now.UnixMilli()},
	}
}

// Exemptions returns all exemptions of an account that are kept, those that ended lately as well.
func Exemptions(ctx context.Context, store *dynamodbapi.Store, table, account string) ([]Exemption, error) {
	var out []Exemption
	for v, err := range store.All(ctx, dynamodbapi.Query{Table: table, PK: partition(account), From: sectionExempt, To: sectionExempt + "\U0010FFFF"}) {
		if err != nil {
			return nil, err
		}
		e, err := exemptionOf(v)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func exemptionOf(v dynamodbapi.Values) (Exemption, error) {
	var e Exemption
	if err := canon.Unmarshal([]byte(v.Text(attrBody)), &e); err != nil {
		return e, fmt.Errorf("reading exemption %s: %w", v.Text(dynamodbapi.SK), err)
	}
	return e, nil
}

// AskExemptionOf asks for an exemption of what an open request is about. Owner, reason and end are the asker's; the rest is the request's.
func (d *Desk) AskExemptionOf(ctx context.Context, k Key, e Exemption, identity string) (Request, error) {
	person, refusal, err := d.asker(ctx, k, identity)
	if refusal != nil || err != nil {
		return Request{}, errors.Join(refusalError(refusal), err)
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
	return d.askedBy(ctx, Request{
		Key:     Key{Account: k.Account, Kind: Exempt, ID: k.ID, Hash: hash},
		Control: e.Control, ARN: e.ARN, Where: e.Resource, Requester: person, Cause: r.Cause, Body: raw,
	})
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
		return Request{}, errors.Join(refusalError(refusal), err)
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
	return d.askedBy(ctx, Request{Key: k, Requester: person, Body: raw})
}

// asker returns the person with an identity; a stranger's asking is recorded and refused.
func (d *Desk) asker(ctx context.Context, k Key, identity string) (string, *Refusal, error) {
	file, err := d.electors(ctx)
	if err != nil {
		return "", nil, err
	}
	if p, ok := file.PersonOf(identity); ok {
		return p.Name, nil, nil
	}
	no := refuse("stranger", "%s is nobody of the list people in the rules file; whoever keeps it can add you", clip(identity))
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

// refusalError makes a nil refusal a nil error.
func refusalError(no *Refusal) error {
	if no == nil {
		return nil
	}
	return no
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
