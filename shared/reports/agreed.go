package reports

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

// agreed is where an exemption is written that people agreed on, in the report's words.
const agreed = "agreed on in Slack, on the review page or in a terminal"

// kinds are the report's words for what a request is about.
func kind(k approval.Kind) string {
	switch k {
	case approval.Fix:
		return "plan"
	case approval.Lift:
		return "switch"
	case approval.People:
		return "approvers"
	}
	return string(k)
}

// approvalOf shows a request. Its id is the [review.Ref] of exactly this round, so that a decision on the page is about what is shown.
func approvalOf(r approval.Request) report.Approval {
	a := report.Approval{
		ID: review.RefOf(r).String(), Kind: kind(r.Key.Kind), Control: r.Control, Resource: r.Where.ID, ARN: r.ARN, Account: r.Key.Account, Region: r.Where.Region,
		For: Deciders(r), RequestedBy: r.Requester, Since: r.Asked, Expires: r.Expires, Needed: r.Wants(), Hash: r.Key.Hash, Details: r.Changes,
	}
	switch r.Key.Kind {
	case approval.Fix:
		a.Occurrence, a.PlanID = r.Key.ID, r.Plan
	case approval.Undo:
		if body, err := approval.ReadUndo(r.Body, r.Key.Hash); err == nil {
			a.Plan, a.Fix = body.Plan, body.Fix
		}
		fallthrough
	default:
		a.About, a.Target, a.Details = About(r), r.Key.ID, Details(r)
	}
	if r.Was != nil {
		a.Was = &report.Was{Plan: r.Was.Plan, Hash: r.Was.Hash, Why: r.Was.Why, Changed: r.Was.Changed}
	}
	if r.Again != nil {
		a.Again = &report.Again{By: r.Again.By, Why: r.Again.Why, Ended: r.Again.Ended}
	}
	for _, v := range r.Votes {
		a.Given = append(a.Given, report.Verdict{Who: v.Person, When: v.At, Says: "approve"})
	}
	return a
}

// Deciders are those whose yes would count: who may decide, without who caused it or asked for it.
func Deciders(r approval.Request) []string {
	return slices.DeleteFunc(slices.Clone(r.By), func(who string) bool { return who == r.Requester || slices.Contains(r.Caused, who) })
}

// endedOf shows a request that was rejected or has expired.
func endedOf(r approval.Request, askable bool) report.Approval {
	a := approvalOf(r)
	a.State, a.Why, a.Ended, a.Askable = string(r.State), r.Why, r.Ended, askable
	return a
}

// Details say what a request other than a fix's would do, point by point: who decides, what is wrong with what is to be exempt, what the kill switch holds up.
func Details(r approval.Request) []string {
	out := slices.Clone(r.Changes)
	for _, wrong := range r.Wrong {
		out = append(out, "wrong with it: "+wrong)
	}
	if r.Actor != "" {
		out = append(out, "caused by "+r.Actor)
	}
	if !r.Since.IsZero() && r.Key.Kind != approval.Fix {
		out = append(out, "wrong since "+r.Since.UTC().Format(time.DateTime+" UTC"))
	}
	if r.Held == 1 {
		out = append(out, "1 approved plan is carried out then")
	} else if r.Held > 1 {
		out = append(out, fmt.Sprintf("%d approved plans are carried out then", r.Held))
	}
	return out
}

// About says what a request other than a fix's would do, in a sentence.
func About(r approval.Request) string {
	switch r.Key.Kind {
	case approval.Exempt:
		var e approval.Exemption
		if err := canon.Unmarshal(r.Body, &e); err != nil {
			return "an exemption that cannot be read"
		}
		return fmt.Sprintf("nobody may fix it until %s; owner %s: %s", e.Until.UTC().Format(time.DateTime), e.Owner, e.Reason)
	case approval.Lift:
		var lift struct {
			Why    string
			Switch occurrence.Switch
		}
		if json.Unmarshal(r.Body, &lift) != nil {
			return "the kill switch is lifted, for a reason that cannot be read"
		}
		out := "the kill switch is lifted, and what the rules file says is done again: " + lift.Why
		if s := lift.Switch; s.By != "" {
			out += "; it was engaged by " + s.By + " on " + s.Since.UTC().Format(time.DateTime+" UTC") + ": " + s.Reason
		}
		return out
	case approval.People:
		return "who decides becomes what the changed rules file says"
	case approval.Undo:
		var u approval.UndoBody
		if json.Unmarshal(r.Body, &u) != nil {
			return "an undo that cannot be read"
		}
		out := "takes back plan " + u.Fix + ", carried out on " + u.Fixed.UTC().Format(time.DateTime+" UTC")
		if u.Approver != "" {
			out += " and approved by " + u.Approver
		}
		return out + "; the next sweep finds the resource again unless an exemption covers it. Why: " + u.Why
	}
	return ""
}

// waitingOccurrence is the occurrence of a fix as far as an item tells of it.
func waitingOccurrence(it review.Item) report.Occurrence {
	r := it.Request
	o := report.Occurrence{
		ID: r.Key.ID, Control: r.Control, Resource: r.Where, State: it.Occ.State, PlanID: r.Plan, Decision: rules.Approve.String(),
		Opened: it.Occ.Opened, Cause: it.Occ.Cause, Actor: it.Occ.Actor, Origin: it.Occ.Origin,
	}
	if o.State == "" {
		o.State = "waiting"
	}
	if it.Plan != "" { // what is not shown cannot be approved on a page
		o.Plan, o.PlanHash = json.RawMessage(it.Plan), r.Key.Hash
	}
	if core.Outcome(it.Occ.Past.Outcome) == core.Fixed {
		o.Fixed = it.Occ.Past.Closed
	}
	return o
}

// Exceptions are those of the rules file.
func Exceptions(file *rules.File) []report.ExceptionInput {
	var out []report.ExceptionInput
	if file == nil {
		return out
	}
	for i, e := range file.Exceptions {
		out = append(out, report.ExceptionInput{
			Rule: fmt.Sprintf("exceptions[%d]", i), Controls: e.Controls, Resource: e.Resource, Account: e.Account, Region: e.Region, Owner: e.Owner, Reason: e.Reason,
			Source: fmt.Sprintf("rules file, line %d", e.Line), Until: e.Expires,
		})
	}
	return out
}

// Exception is an exemption that people agreed on.
func Exception(e approval.Exemption) report.ExceptionInput {
	return report.ExceptionInput{
		Rule: ruleOf(e.Control, e.Resource), Controls: []string{e.Control}, Resource: e.Resource.ID, Account: e.Resource.Account, Region: e.Resource.Region,
		Owner: e.Owner, Reason: e.Reason, Approver: e.Approver, Source: agreed, Until: e.Until,
	}
}

// ruleOf names one exemption; decisions name all of them alike.
func ruleOf(control string, r awsapi.Resource) string {
	return "exemption " + control + " " + r.Account + " " + r.Region + " " + r.ID
}

// Report makes the report. What an exemption holds off is found by what it is about: to the rules, all exemptions are one.
func (g *Gathered) Report() report.Report {
	r := report.Build(g.Input)
	for i := range r.Exceptions {
		x := &r.Exceptions[i]
		if x.Source != agreed || len(x.Controls) != 1 {
			continue
		}
		for _, p := range r.Plans {
			if p.Outcome == core.Excepted && p.Decision.Rule == "exemption" && p.Control == x.Controls[0] && p.Account == x.Account && p.Region == x.Region && p.Resource == x.Resource {
				x.Plans = append(x.Plans, p.Key)
			}
		}
	}
	return r
}

func (s Source) name(account string) string {
	if s.Rules == nil {
		return ""
	}
	for _, a := range s.Rules.Accounts {
		if a.ID == account {
			return a.Name
		}
	}
	return ""
}
