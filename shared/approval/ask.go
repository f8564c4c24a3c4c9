package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// ask opens a request for an occurrence's plan, or another round of one that ended without a yes if a person asks.
func (d *Desk) ask(ctx context.Context, occ occurrence.Occurrence, requester string) error {
	m, ok := d.Control(occ.Control)
	if !ok {
		return fmt.Errorf("asking about plan %s: there is no control %s here", occ.PlanID, occ.Control)
	}
	if _, exempt, err := Exempted(ctx, d.Store, d.Table, occ.Control, occ.Resource, d.Now()); err != nil || exempt {
		return err // once the exemption has ended it is asked about
	}
	if d.asksNobody(ctx, occ) != "" {
		return nil
	}
	r := fixOf(occ, m)
	r.Requester = requester
	old, replaces, err := d.before(ctx, occ)
	if err != nil {
		return err
	}
	if replaces {
		r.Was = was(old, occ)
	}
	asked, err := d.Ask(ctx, r)
	if err == nil && replaces {
		d.follows(ctx, old, asked)
	}
	return unlessRefused(asked, err)
}

// fixOf is what people are asked about an occurrence.
func fixOf(occ occurrence.Occurrence, m core.Meta) Request {
	r := Request{
		Key:  Key{Account: occ.Resource.Account, Kind: Fix, ID: occ.ID, Hash: occ.PlanHash},
		Plan: occ.PlanID, Control: occ.Control, ARN: m.Type.ARN(occ.Resource), Where: occ.Resource, Cause: occ.Person, Since: occ.Opened,
	}
	if !occ.Cause.IsZero() && occ.Cause.Before(occ.Opened) {
		r.Since = occ.Cause
	}
	if len(occ.Plan) <= maxKept {
		r.plan = occ.Plan
	}
	return r
}

// unlessRefused is for where nobody in person asks: it is asked already, or was decided.
func unlessRefused(_ Request, err error) error {
	var no *Refusal
	if errors.As(err, &no) {
		return nil
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
	case found && !mayReopen(there, r):
		return there, refuse("ended", "it is decided: %s%s%s", there.State, because(there.Why), there.howAgain())
	case found:
		r.Round, r.rev, r.Shown, r.Before = there.Round, there.rev, there.Shown, there.Posted
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
	r.Severity, r.Caused = d.subject(r).Severity, causers(file, r)
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

// causers are the people of a rules file who had a hand in what is asked about.
func causers(file *rules.File, r Request) []string {
	var out []string
	for _, cause := range r.causes() {
		if p, known := file.PersonOf(cause); known && !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}
