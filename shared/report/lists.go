package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// waiting lists what people have to decide, what expires first at the top: the questions that were asked, and the plans that wait without one.
func (b *builder) waiting(plans []Plan) []Waiting {
	out := []Waiting{}
	asked := map[string]bool{}
	for i, a := range b.in.Approvals {
		p := b.planOf(a.PlanID, a.Occurrence)
		w := Waiting{
			Key: cmp.Or(seen(a.ID), fmt.Sprintf("w-%d", i)), Kind: seen(cmp.Or(a.Kind, "plan")), Approval: seen(a.ID), Subject: b.subject(a.Control, a.Resource, a.ARN, a.Account, a.Region),
			For: allSeen(a.For), RequestedBy: seen(a.RequestedBy), Since: a.Since.UTC(), Expires: a.Expires.UTC(), Given: verdicts(a.Given), Needed: a.Needed,
			About: seen(a.About),
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
			w.Changes = changes(show.Hide(core.Finding{Changes: shownOf(plan)}).Changes)
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

// refused lists what was not done and why, the newest at the top: what is refused now, and what the log says was refused before.
func (b *builder) refused(plans []Plan) []Refusal {
	out := []Refusal{}
	told := map[core.Record]bool{}
	for _, p := range plans {
		if p.Outcome == core.Refused {
			out = append(out, Refusal{Key: "r-" + p.Key, Plan: p.Key, Subject: p.Subject, When: p.FirstSeen, Reason: p.Reason, Rule: p.Decision.Rule, Record: p.Record})
			told[p.Record] = true
		}
	}
	for _, r := range b.log.refusals {
		if told[r.record] {
			continue
		}
		x := Refusal{
			Key: fmt.Sprintf("r-%s-%d", seen(r.record.Chain), r.record.Seq), Subject: b.subject(r.life.control, "", r.life.arn, r.life.account, ""),
			When: r.when, Reason: seen(r.reason), Rule: seen(r.life.decision.Rule), Record: r.record,
		}
		if p := b.planOf(r.plan, r.life.occurrence); p != nil {
			x.Plan, x.Subject = p.Key, p.Subject
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(x, y Refusal) int { return cmp.Or(y.When.Compare(x.When), strings.Compare(x.Key, y.Key)) })
	return out
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
		Key: fmt.Sprintf("f-%s-%d", seen(r.record.Chain), r.record.Seq), Subject: b.subject(l.control, "", l.arn, l.account, ""), PlanID: seen(r.plan), Hash: seen(r.hash),
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
	if !f.Undone.IsZero() {
		f.Outcome = core.Undone
	}
	like := core.Finding{Outcome: f.Outcome, Record: r.record}
	f.Headline, f.UndoCommand = show.Headline(like), show.Undo(like)
	return f
}
