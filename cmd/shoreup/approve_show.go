package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

// show prints what would be decided about. A fix of which no plan can be shown is not decided here.
func (o *wordFlags) show(ctx context.Context, w io.Writer, it review.Item) error {
	r := it.Request
	if r.Key.Kind != approval.Fix {
		body := r
		body.Body = []byte(it.About)
		if about := reports.About(body); about != "" {
			fmt.Fprintf(w, "# %s\n  %s\n", text.Safe(aboutWords[r.Key.Kind]+" "+r.ARN), text.Safe(about))
		} else {
			fmt.Fprintf(w, "# %s\n  %s\n", text.Safe(aboutWords[r.Key.Kind]+" "+r.ARN), text.Safe(it.About))
		}
		_, err := fmt.Fprintf(w, "  asked for by %s; %s\n\n", text.Safe(r.Requester), text.Safe(standing(it)))
		return err
	}
	f, err := findingOf(it)
	if err != nil {
		return err
	}
	if o.look {
		if f, err = o.seen(ctx, f, it); err != nil {
			return err
		}
	}
	return text.Finding(w, f, style(w))
}

// findingOf makes a finding of the plan's own bytes, whose hash the client has checked.
func findingOf(it review.Item) (core.Finding, error) {
	r, m := it.Request, metaOf(it.Request.Control)
	if it.Plan == "" {
		return core.Finding{}, errors.New("the plan that was asked about is not there any more: another one takes its place soon, see shoreup pending")
	}
	p, err := core.ParsePlan([]byte(it.Plan))
	if err != nil {
		return core.Finding{}, err
	}
	f := core.Finding{
		ID: r.Plan, Hash: r.Key.Hash, Control: p.Control, Version: p.Version, Title: m.Title, Family: m.Family, Severity: m.Severity, ResourceType: p.Resource.Type,
		Resource: p.Resource.ID, ARN: r.ARN, Account: p.Resource.Account, Region: p.Resource.Region, Outcome: core.AwaitingApproval, Reason: standing(it),
		Violations: p.Violations, Reversible: m.Reversible, Disruption: m.Disruption, Occurrence: r.Key.ID,
		Decision: core.Decision{Mode: rules.Approve.String(), Rule: strings.Join(r.Rules, ", ")},
		Cause:    core.Cause{Origin: it.Occ.Origin, Actor: it.Occ.Actor, Time: it.Occ.Cause},
	}
	for _, c := range p.Changes {
		f.Changes = append(f.Changes, core.ShownChange{Call: c.Do.Op, Input: c.Do.Input, Why: c.Why, Undo: c.Undo})
	}
	return f, nil
}

// standing says how a request stands.
func standing(it review.Item) string {
	r := it.Request
	var who []string
	for _, v := range r.Votes {
		who = append(who, v.Person)
	}
	out := fmt.Sprintf("%d of %d have agreed", len(r.Votes), it.Wants)
	if len(who) > 0 {
		out += " (" + strings.Join(who, ", ") + ")"
	}
	return out + "; those who may: " + strings.Join(r.By, ", ") + "; expires " + show.Time(r.Expires)
}

// seen looks at the resource again. What is shown then is the same plan with its difference, or nothing: another plan would not be the one that is approved.
func (o *wordFlags) seen(ctx context.Context, f core.Finding, it review.Item) (core.Finding, error) {
	at := o.options
	at.account = f.Account
	h, err := at.connect(ctx)
	if err != nil {
		return f, err
	}
	c, ok := h.Engine.Control(f.Control)
	if !ok {
		return f, fmt.Errorf("plan %s is of control %q, which this version does not have", f.ID, f.Control)
	}
	now := h.Engine.Find(ctx, c, it.Request.Where, core.Cause{Origin: rules.OriginCLI})
	switch {
	case now.Outcome == core.Blind || now.Outcome == core.Errored:
		return f, fmt.Errorf("looking at %s: %s; leave out --look to decide without", f.Resource, now.Reason)
	case now.Hash != f.Hash:
		return f, fmt.Errorf("%s is not as it was when the plan was made: nothing was said; another plan takes its place at the next look", f.Resource)
	}
	f.Changes, f.Notes, f.NeverAuto, f.Advice, f.Context = now.Changes, now.Notes, now.NeverAuto, now.Advice, now.Context
	return f, nil
}
