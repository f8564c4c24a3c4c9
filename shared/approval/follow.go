package approval

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// endEntry is what the audit log says about a request's asking and its end without a word.
type endEntry struct {
	Request Request `json:"request"`
	News    News    `json:"news"`
}

// Follow brings the requests about a resource in line with its occurrence: asks about a plan that waits, ends what was asked about another one.
// Whoever calls it only says where to look. Requester is the person who asked for the fix, empty if nobody did.
func (d *Desk) Follow(ctx context.Context, control string, where awsapi.Resource, requester string) error {
	occ, found, err := d.Book.Get(ctx, control, where)
	if err != nil {
		return err
	}
	ids := []string{occ.Past.ID}
	if found {
		ids = append(ids, occ.ID)
	} else {
		past, err := d.Book.Past(ctx, control, where)
		if err != nil {
			return err
		}
		ids[0] = past.ID
	}
	for _, id := range ids {
		if err := d.followAll(ctx, where.Account, id); err != nil {
			return err
		}
	}
	if err := d.followUndos(ctx, control, where); err != nil {
		return err
	}
	if !found || occ.State != occurrence.Waiting || occ.Decision != rules.Approve.String() {
		return nil
	}
	return d.ask(ctx, occ, requester)
}

func (d *Desk) followAll(ctx context.Context, account, id string) error {
	if id == "" {
		return nil
	}
	requests, err := List(ctx, d.Store, d.Table, account, Fix, id)
	if err != nil {
		return err
	}
	for _, r := range requests {
		if _, err := d.follow(ctx, r, d.Now()); err != nil && !moved(err) {
			return err
		}
	}
	return nil
}

// ask opens a request for an occurrence's plan, or another round of one that ended without a yes if a person asks.
func (d *Desk) ask(ctx context.Context, occ occurrence.Occurrence, requester string) error {
	m, ok := d.Control(occ.Control)
	if !ok {
		return fmt.Errorf("asking about plan %s: there is no control %s here", occ.PlanID, occ.Control)
	}
	if _, exempt, err := Exempted(ctx, d.Store, d.Table, occ.Control, occ.Resource, d.Now()); err != nil || exempt {
		return err // once the exemption has ended it is asked about
	}
	r := Request{
		Key:  Key{Account: occ.Resource.Account, Kind: Fix, ID: occ.ID, Hash: occ.PlanHash},
		Plan: occ.PlanID, Control: occ.Control, ARN: m.Type.ARN(occ.Resource), Where: occ.Resource, Requester: requester, Cause: occ.Person,
	}
	_, err := d.Ask(ctx, r)
	var no *Refusal
	if errors.As(err, &no) {
		return nil // it is asked already, or was decided
	}
	return err
}

// Ask opens a request. The error is a *[Refusal] if there is one already that is open, or that ended while nobody in person asks again. What was only
// overtaken is asked again by itself once it is as it was: nobody has said no to it.
func (d *Desk) Ask(ctx context.Context, r Request) (Request, error) {
	there, found, err := Get(ctx, d.Store, d.Table, r.Key)
	if err != nil {
		return r, err
	}
	switch {
	case found && there.State.open():
		return there, refuse("again", "it is asked already, and waits for others until %s", stamp(there.Expires))
	case found && (there.State == Applied || r.Requester == "" && !there.State.overtaken()):
		return there, refuse("ended", "it is decided: %s%s", there.State, because(there.Why))
	case found:
		r.Round, r.rev, r.Shown = there.Round, there.rev, there.Shown
	}
	file, err := d.electors(ctx)
	if err != nil {
		return r, err
	}
	a := file.ApprovalFor(d.subject(r), string(d.disruption(r)))
	now := d.Now().UTC().Truncate(time.Millisecond)
	r.Round++
	r.Rules, r.By, r.Needed, r.Escalate = a.Rules, a.By, a.Needed, a.Escalate
	r.Needed = r.needed(d.needs(file, r)) // so that people are told how many it takes
	r.Severity = d.subject(r).Severity
	r.Asked, r.Expires, r.State, r.Votes, r.Reminded = now, now.Add(a.Within), Pending, nil, false
	r, err = d.write(ctx, r, core.AwaitingApproval, actor(r.Requester), endEntry{Request: r, News: Asked})
	if moved(err) {
		return r, refuse("again", "somebody else asked at the same moment")
	}
	if err == nil {
		d.tell(ctx, r, Asked)
	}
	return r, err
}

// follow ends a request that the clock or its resource has left behind, and returns it as it is then.
func (d *Desk) follow(ctx context.Context, r Request, now time.Time) (Request, error) {
	if !r.State.open() {
		return r, nil
	}
	state, why, err := d.overtaken(ctx, r)
	if err != nil {
		return r, err
	}
	if state == "" && !now.Before(r.Expires) {
		state, why = Expired, "nobody decided in time"
		if r.State == Approved {
			why = "it was approved and could not be applied in time"
		}
	}
	if state == "" {
		return r, nil
	}
	next, ok := end(r, state, why, now)
	if !ok {
		return r, nil
	}
	next, err = d.write(ctx, next, outcomeOf(next), "shoreup", endEntry{Request: next, News: Over})
	if err != nil {
		return r, err
	}
	d.tell(ctx, next, Over)
	return next, nil
}

// overtaken says how the occurrence of a fix has left the request behind; empty: it has not.
func (d *Desk) overtaken(ctx context.Context, r Request) (State, string, error) {
	switch r.Key.Kind {
	case Lift:
		s, err := d.Book.Engaged(ctx)
		if err == nil && (!s.Engaged || s.Since.UTC().Format(time.RFC3339Nano) != r.Key.ID) {
			return Stale, "the kill switch was lifted, or engaged anew", nil
		}
		return "", "", err
	case People:
		if file := d.Rules(ctx); file != nil && file.ElectorsHash() != r.Key.Hash {
			return Superseded, "the rules file changed again", nil
		}
		return "", "", nil
	case Undo:
		return d.takenBack(ctx, r)
	case Exempt: // it was asked for when somebody else may have been the cause
		occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
		if err == nil && (!found || occ.ID != r.Key.ID) {
			return Stale, "what it was to exempt is over", nil
		}
		return "", "", err
	}
	occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
	if err != nil {
		return "", "", err
	}
	if !found || occ.ID != r.Key.ID {
		past := occ.Past
		if !found {
			if past, err = d.Book.Past(ctx, r.Control, r.Where); err != nil {
				return "", "", err
			}
		}
		used, err := d.Book.Spent(ctx, r.Key.Account, r.Key.ID, r.Key.Hash, r.Round)
		if err != nil {
			return "", "", err
		}
		state, why := endOf(r, past, used)
		return state, why, nil
	}
	exempt, is, err := Exempted(ctx, d.Store, d.Table, r.Control, r.Where, d.Now())
	switch {
	case err != nil:
		return "", "", err
	case is && occ.State != occurrence.Applying:
		return Stale, fmt.Sprintf("nobody may fix it until %s, as %s agreed: %s", exempt.Until.UTC().Format(time.DateOnly), exempt.Approver, exempt.Reason), nil
	case occ.PlanHash != r.Key.Hash:
		return Superseded, "the resource or the control changed, and plan " + occ.PlanID + " took its place", nil
	case occ.Decision != "" && occ.Decision != rules.Approve.String() && occ.State != occurrence.Applying:
		return Stale, "the rules file says " + occ.Decision + " now", nil
	}
	return "", "", nil
}

// endOf says what became of a request whose occurrence is closed. An approval is used as soon as calls were begun, whatever came of them; without that it was
// another plan that mended the resource, or the rules had come to ask nobody.
func endOf(r Request, past occurrence.Past, used bool) (State, string) {
	if past.ID != r.Key.ID {
		return Stale, "the resource was dealt with meanwhile"
	}
	switch core.Outcome(past.Outcome) {
	case core.Fixed, core.Unverified, core.Failed:
		if r.State == Approved && used {
			return Applied, applied + past.Outcome
		}
		return Stale, "it was mended without this approval"
	case core.Compliant, core.NotApplicableHere:
		return Stale, "it is in order already"
	}
	return Stale, "the resource changed: " + past.Outcome
}

// applied begins the reason of a request that was carried out; the outcome follows.
const applied = "applied: "

// outcomeOf is what the record says of a request's end.
func outcomeOf(r Request) core.Outcome {
	switch r.State {
	case Expired:
		return core.Expired
	case Applied:
		what, _, _ := strings.Cut(strings.TrimPrefix(r.Why, applied), ",")
		return core.Outcome(what)
	}
	return core.Stale
}

// stamp is a time as people read it.
func stamp(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") }

func actor(person string) string {
	if person == "" {
		return "shoreup"
	}
	return person
}

// HashOf is the hash of what a request other than a fix's is about.
func HashOf(body any) (hash string, raw []byte, err error) {
	if raw, err = canon.Marshal(body); err != nil {
		return "", nil, err
	}
	return canon.Hash(raw), raw, nil
}
