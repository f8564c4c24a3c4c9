package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// waiting lists what people have to decide, what expires first at the top: the questions that were asked, and the plans that wait without one.
func (b *builder) waiting(plans []Plan) []Waiting {
	out := []Waiting{}
	asked := map[string]bool{}
	for i, a := range b.in.Approvals {
		if a.State != "" {
			continue
		}
		p := b.planOf(a.PlanID, a.Occurrence)
		w := Waiting{
			Key: cmp.Or(seen(a.ID), fmt.Sprintf("w-%d", i)), Kind: seen(cmp.Or(a.Kind, "plan")), Approval: seen(a.ID), Subject: b.subject(a.Control, a.Resource, a.ARN, a.Account, a.Region),
			For: allSeen(a.For), RequestedBy: seen(a.RequestedBy), Since: a.Since.UTC(), Expires: a.Expires.UTC(), Given: verdicts(a.Given), Needed: a.Needed,
			About: seen(a.About), Was: wasOf(a.Was), Again: againOf(a.Again),
		}
		if p != nil {
			w.Plan, w.Subject, asked[p.Key] = p.Key, p.Subject, true
		} else {
			w.Hash = seen(a.Hash)
		}
		w.Title = titleOf(w.Kind, w.Title)
		if len(a.Details) > 0 {
			w.Details = allSeen(a.Details)
		}
		if plan, err := core.ParsePlan(a.Plan); err == nil && len(a.Plan) > 0 {
			w.Changes = changes(show.Hide(core.Finding{Changes: b.takenBack(shownOf(plan), a.Fix)}).Changes)
		}
		out = append(out, w)
	}
	for _, p := range plans {
		if p.Outcome == core.AwaitingApproval && !asked[p.Key] {
			out = append(out, Waiting{Key: "w-" + p.Key, Plan: p.Key, Kind: "plan", Subject: p.Subject, For: []string{}, Since: p.FirstSeen, Given: []Verdict{}})
		}
	}
	slices.SortStableFunc(out, func(x, y Waiting) int {
		return cmp.Or(endless(x.Expires).Compare(endless(y.Expires)), cmp.Compare(show.Worst(x.Severity), show.Worst(y.Severity)), x.Since.Compare(y.Since))
	})
	return out
}

// takenBack gives the calls of an undo their differences: those of the fix the other way round, as the log knows them.
func (b *builder) takenBack(undo []core.ShownChange, fix string) []core.ShownChange {
	l := b.log.byPlan[fix]
	if l == nil || fix == "" {
		return undo
	}
	done, err := core.ParsePlan(l.plan)
	if err != nil {
		return undo
	}
	for i := range undo {
		for _, c := range done.Changes {
			if !slices.ContainsFunc(c.Undo, func(u awsapi.Call) bool { return u.Op == undo[i].Call && bytes.Equal(u.Input, undo[i].Input) }) {
				continue
			}
			for _, d := range core.DiffOfCalls(c.Do, c.Undo) {
				undo[i].Diff = append(undo[i].Diff, core.DiffLine{Path: d.Path, Before: d.After, After: d.Before})
			}
			break
		}
	}
	return undo
}

func wasOf(w *Was) *Was {
	if w == nil {
		return nil
	}
	return &Was{seen(w.Plan), seen(w.Hash), allSeen(w.Why), allSeen(w.Changed)}
}

func againOf(a *Again) *Again {
	if a == nil {
		return nil
	}
	return &Again{seen(a.By), seen(a.Why), seen(a.Ended)}
}

// recordKey names what one record tells, the same in each report.
func recordKey(prefix string, r core.Record) string {
	return fmt.Sprintf("%s%s-%d", prefix, seen(r.Chain), r.Seq)
}

// titleOf says what people are asked, where that is not the control's fix.
func titleOf(kind, title string) string {
	switch kind {
	case "undo":
		return "Take back: " + title
	case "exempt":
		return "Exempt from: " + title
	case "switch":
		return "Lift the kill switch"
	case "approvers":
		return "Change who may approve"
	}
	return title
}

// endless puts what never ends behind everything that does.
func endless(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

func verdicts(list []Verdict) []Verdict {
	out := make([]Verdict, len(list))
	for i, v := range list {
		out[i] = Verdict{seen(v.Who), v.When.UTC(), seen(v.Says), seen(v.Why)}
	}
	return out
}

// exceptions lists what is exempt, what ends first at the top and what has ended last.
func (b *builder) exceptions(plans []Plan) []Exception {
	held := map[string][]string{} // by the decision's rule
	for _, p := range plans {
		if p.Outcome == core.Excepted {
			held[p.Decision.Rule] = append(held[p.Decision.Rule], p.Key)
		}
	}
	out := make([]Exception, len(b.in.Exceptions))
	for i, e := range b.in.Exceptions {
		x := Exception{
			Controls: allSeen(e.Controls), Resource: seen(e.Resource), Account: seen(e.Account), Region: seen(e.Region), Owner: cmp.Or(seen(e.Owner), "unknown"), Reason: seen(e.Reason),
			Approver: seen(e.Approver), Source: seen(e.Source), Since: e.Since.UTC(), Until: e.Until.UTC(), Plans: some(held[seen(e.Rule)]),
		}
		x.Ended = !b.in.Now.Before(e.Until)
		x.EndsSoon = !x.Ended && e.Until.Sub(b.in.Now) <= Soon
		digest := canon.Hash(fmt.Appendf(nil, "%q %q %q %q %q", x.Controls, x.Resource, x.Account, x.Region, x.Owner))[:12]
		x.Key = fmt.Sprintf("e-%d-%s", i, digest)
		out[i] = x
	}
	slices.SortStableFunc(out, func(x, y Exception) int {
		if x.Ended != y.Ended {
			return cmp.Compare(b2i(x.Ended), b2i(y.Ended))
		}
		return x.Until.Compare(y.Until)
	})
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fixes lists what was carried out, the newest at the top.
func (b *builder) fixes(plans []Plan) []Fix {
	out := []Fix{}
	told := map[core.Record]bool{}
	for _, l := range b.log.lives {
		for _, r := range l.results {
			out = append(out, b.fix(l, r))
			told[r.record] = true
		}
	}
	for _, p := range plans {
		switch p.Outcome {
		case core.Fixed, core.Unverified, core.Failed, core.Undone:
			if told[p.Record] {
				continue
			}
			out = append(out, Fix{Key: "f-" + p.Key, Plan: p.Key, Subject: p.Subject, PlanID: p.ID, Hash: p.Hash, Outcome: p.Outcome, Headline: p.Headline, Reason: p.Reason,
				Calls: len(p.Changes), Opened: p.FirstSeen, Exposure: p.Exposure, UndoCommand: p.UndoCommand, Record: p.Record})
		}
	}
	slices.SortStableFunc(out, func(x, y Fix) int { return cmp.Or(y.Verified.Compare(x.Verified), strings.Compare(x.Key, y.Key)) })
	return out
}

func (b *builder) fix(l *life, r result) Fix {
	f := Fix{
		Key: recordKey("f-", r.record), Subject: b.subject(l.control, "", l.arn, l.account, ""), PlanID: seen(r.plan), Hash: seen(r.hash),
		Outcome: r.outcome, Reason: seen(r.reason), Approver: seen(r.approver), Calls: r.made, Verified: r.when, Opened: l.opened, Took: seconds(l.opened, r.when),
		Exposure: cmp.Or(r.exposure, seconds(firstOf(l.causeTime, l.opened), r.when)), Record: r.record,
		Undone: b.log.undone[point{r.record.Chain, r.intent}],
	}
	if p := b.planOf(r.plan, l.occurrence); p != nil {
		f.Plan, f.Subject = p.Key, p.Subject
	} else if plan, err := core.ParsePlan(r.done); err == nil {
		shown := show.Hide(core.Finding{Changes: shownOf(plan)})
		f.Violations, f.Changes = violations(plan.Violations), changes(shown.Changes)
		f.Resource, f.Region = seen(plan.Resource.ID), seen(plan.Resource.Region)
	}
	if !l.since.IsZero() {
		f.Exposure = seconds(firstOf(l.since), r.when)
	}
	if !f.Undone.IsZero() {
		f.Outcome = core.Undone
		f.Exposure += seconds(f.Undone, firstOf(l.next, b.in.Now))
	}
	like := core.Finding{Outcome: f.Outcome, Record: r.record}
	f.Headline, f.UndoCommand = show.Headline(like), show.Undo(like)
	return f
}
