package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

// show prints what would be decided about. What cannot be shown is not decided here.
func (o *wordFlags) show(ctx context.Context, w io.Writer, it review.Item) error {
	if it.Request.Key.Kind != approval.Fix || !o.look {
		return showItem(w, it)
	}
	f, err := findingOf(it)
	if err != nil {
		return err
	}
	if f, err = o.seen(ctx, f, it); err != nil {
		return err
	}
	return text.Finding(w, f, style(w))
}

// showItem prints what people are asked.
func showItem(w io.Writer, it review.Item) error {
	switch it.Request.Key.Kind {
	case approval.Fix, approval.Undo:
		f, err := findingOf(it)
		if err != nil {
			return err
		}
		return text.Finding(w, f, style(w))
	}
	r := it.Request
	r.Body = it.Body()
	subject := map[approval.Kind]string{
		approval.Exempt: "exempt " + r.ARN + " from " + r.Control, approval.Lift: "lift the kill switch", approval.People: "change who may approve",
	}[r.Key.Kind]
	lines := append(overtook(r), reports.About(r))
	lines = append(lines, reports.Details(r)...)
	if r.Requester != "" {
		lines = append(lines, "asked for by "+r.Requester)
	}
	lines = append(lines, standing(it), "hash "+core.ShortHash(r.Key.Hash))
	return text.Lines(w, subject, lines, style(w))
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
	if r.State == approval.Rejected || r.State == approval.Expired {
		f.Outcome = core.Outcome(r.State)
	}
	if r.Key.Kind == approval.Undo {
		f.Title, f.Notes, f.Occurrence, f.Decision.Rule = "Take back: "+m.Title, undoNotes(it), "", show.UndoRule
	}
	for _, c := range p.Changes {
		f.Changes = append(f.Changes, core.ShownChange{Call: c.Do.Op, Input: c.Do.Input, Why: c.Why, Undo: c.Undo, Diff: core.DiffOfCalls(c.Do, c.Undo)})
	}
	f.Notes = append(overtook(r), f.Notes...)
	return f, nil
}

// overtook says what a request takes the place of, and why it is asked once more.
func overtook(r approval.Request) []string {
	var out []string
	if r.Was != nil {
		out = append(out, "it takes the place of plan "+r.Was.Plan+", hash "+core.ShortHash(r.Was.Hash)+": "+strings.Join(r.Was.Why, "; "))
		out = append(out, r.Was.Changed...)
	}
	if r.Again != nil {
		who := r.Again.By
		if who == "" {
			who = "somebody at Security Hub"
		}
		out = append(out, "asked again by "+who+": "+r.Again.Why, "the time before: "+r.Again.Ended)
	}
	return out
}

// undoNotes say what is taken back and who wants that.
func undoNotes(it review.Item) []string {
	r := it.Request
	r.Body = it.Body()
	return []string{reports.About(r), "asked for by " + r.Requester}
}

// standing says how a request stands.
func standing(it review.Item) string {
	r := it.Request
	var who []string
	for _, v := range r.Votes {
		who = append(who, v.Person)
	}
	if r.State == approval.Rejected || r.State == approval.Expired || !time.Now().Before(r.Expires) {
		why := r.Why
		if why == "" {
			why = "nobody decided in time"
		}
		return why + "; those who may decide if it is asked again: " + strings.Join(reports.Deciders(r), ", ")
	}
	out := fmt.Sprintf("%d of %d have agreed", len(r.Votes), it.Wants)
	if len(who) > 0 {
		out += " (" + strings.Join(who, ", ") + ")"
	}
	return out + "; those who may: " + strings.Join(reports.Deciders(r), ", ") + "; expires " + show.Time(r.Expires)
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
