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

// orderAgain is how long after an approval it is handed over once more, if nothing came of it: longer than applying takes.
const orderAgain = 20 * time.Minute

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
		return there, refuse("again", "it is asked already, and waits until %s", there.Expires.UTC().Format(time.RFC3339))
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
		state, why := endOf(r, past)
		return state, why, nil
	}
	switch {
	case occ.PlanHash != r.Key.Hash:
		return Superseded, "the resource or the control changed, and plan " + occ.PlanID + " took its place", nil
	case occ.Decision != "" && occ.Decision != rules.Approve.String() && occ.State != occurrence.Applying:
		return Stale, "the rules file says " + occ.Decision + " now", nil
	}
	return "", "", nil
}

// endOf says what became of a request whose occurrence is closed. An approval is spent as soon as calls were made, whatever came of them.
func endOf(r Request, past occurrence.Past) (State, string) {
	if past.ID != r.Key.ID {
		return Stale, "the resource was dealt with meanwhile"
	}
	switch core.Outcome(past.Outcome) {
	case core.Fixed, core.Unverified, core.Failed:
		if r.State == Approved {
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

// Tick looks at all open requests of an account: ends what is over, reminds at half time, and hands over once more what is approved and was not applied. It
// asks about what waits and was never asked about.
func (d *Desk) Tick(ctx context.Context, account string) error {
	requests, err := List(ctx, d.Store, d.Table, account, "", "")
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range requests {
		if err := d.tick(ctx, r); err != nil && !moved(err) {
			failed = append(failed, fmt.Errorf("looking after the request about %s: %w", r.ARN, err))
		}
	}
	return errors.Join(append(failed, d.unasked(ctx, account))...)
}

// unasked asks about plans that wait for people and that nobody was asked about: whoever was to point here died, or was not heard.
func (d *Desk) unasked(ctx context.Context, account string) error {
	open, err := d.Book.ListOpen(ctx, account)
	if err != nil {
		return err
	}
	var failed []error
	for _, occ := range open {
		if _, ours := d.Control(occ.Control); !ours || occ.State != occurrence.Waiting || occ.Decision != rules.Approve.String() {
			continue
		}
		if err := d.ask(ctx, occ, ""); err != nil {
			failed = append(failed, fmt.Errorf("asking about %s: %w", occ.Resource.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (d *Desk) tick(ctx context.Context, r Request) error {
	now := d.Now()
	r, err := d.follow(ctx, r, now)
	if err != nil || !r.State.open() {
		return err
	}
	if r.State == Approved {
		if last := r.Votes[len(r.Votes)-1].At; now.Sub(last) < orderAgain {
			return nil
		}
		return d.Order(ctx, r)
	}
	if r.Reminded || now.Before(r.Asked.Add(r.Expires.Sub(r.Asked)/2)) {
		return nil
	}
	r.Reminded = true
	if r, err = d.write(ctx, r, core.AwaitingApproval, "shoreup", endEntry{Request: r, News: Reminder}); err == nil {
		d.tell(ctx, r, Reminder)
	}
	return err
}

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
