package csv

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report"
)

func planColumns() []column[report.Plan] {
	type c = column[report.Plan]
	return with(about(func(p report.Plan) report.Subject { return p.Subject }),
		c{"outcome", func(p report.Plan) string { return string(p.Outcome) }}, c{"outcome_words", func(p report.Plan) string { return p.Headline }},
		c{"reason", func(p report.Plan) string { return p.Reason }}, c{"mode", func(p report.Plan) string { return p.Decision.Mode }},
		c{"rule", func(p report.Plan) string { return p.Decision.Rule }}, c{"wrong", wrong}, c{"change", change}, c{"calls", calls},
		c{"careful", func(p report.Plan) string { return joined(p.NeverAuto) }}, c{"notes", func(p report.Plan) string { return joined(p.Notes) }},
		c{"advice", advice}, c{"cause", func(p report.Plan) string { return p.CausedBy }}, c{"first_seen", func(p report.Plan) string { return stamp(p.FirstSeen) }},
		c{"age_seconds", func(p report.Plan) string { return whole(p.Age) }}, c{"exposure_seconds", func(p report.Plan) string { return whole(p.Exposure) }},
		c{"undo", func(p report.Plan) string { return p.UndoCommand }}, c{"plan", func(p report.Plan) string { return p.ID }},
		c{"hash", func(p report.Plan) string { return p.Hash }}, c{"record", func(p report.Plan) string { return record(p.Record) }},
	)
}

func wrong(p report.Plan) string {
	var out []string
	for _, v := range p.Violations {
		out = append(out, v.Where+": "+v.Reason)
	}
	return joined(out)
}

// change is the difference on one line: "- policy statement 1: Allow ...; ~ versioning: "Suspended" -> "Enabled"".
func change(p report.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, c.Why)
		for _, d := range c.Diff {
			value := d.Before + d.After
			if d.Mark == "~" {
				value = d.Before + " -> " + d.After
			}
			out = append(out, d.Mark+" "+d.Field+": "+value)
		}
	}
	return joined(out)
}

func calls(p report.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, strings.TrimSpace(c.Call+" "+show.JSON(c.Input)))
	}
	return joined(out)
}

func advice(p report.Plan) string {
	var out []string
	for _, a := range p.Advice {
		out = append(out, a.Title)
	}
	return joined(out)
}

func record(r core.Record) string {
	if r.Seq == 0 {
		return ""
	}
	return fmt.Sprintf("%s/%d", r.Chain, r.Seq)
}

func waitingColumns() []column[report.Waiting] {
	type c = column[report.Waiting]
	return with(about(func(w report.Waiting) report.Subject { return w.Subject }),
		c{"kind", func(w report.Waiting) string { return w.Kind }}, c{"for", func(w report.Waiting) string { return joined(w.For) }},
		c{"requested_by", func(w report.Waiting) string { return w.RequestedBy }}, c{"since", func(w report.Waiting) string { return stamp(w.Since) }},
		c{"expires", func(w report.Waiting) string { return stamp(w.Expires) }}, c{"approvals", func(w report.Waiting) string { return strconv.Itoa(w.Approvals()) }},
		c{"approvals_needed", func(w report.Waiting) string { return strconv.Itoa(w.Needed) }}, c{"plan", func(w report.Waiting) string { return w.Plan }},
		c{"about", func(w report.Waiting) string { return w.About }}, c{"details", func(w report.Waiting) string { return joined(w.Details) }},
		c{"hash", func(w report.Waiting) string { return w.Hash }},
	)
}

func exceptionColumns() []column[report.Exception] {
	type c = column[report.Exception]
	return []c{
		{"controls", func(e report.Exception) string { return joined(e.Controls) }}, {"resource", func(e report.Exception) string { return e.Resource }},
		{"account", func(e report.Exception) string { return e.Account }}, {"region", func(e report.Exception) string { return e.Region }},
		{"owner", func(e report.Exception) string { return e.Owner }}, {"reason", func(e report.Exception) string { return e.Reason }},
		{"approver", func(e report.Exception) string { return e.Approver }}, {"since", func(e report.Exception) string { return stamp(e.Since) }},
		{"until", func(e report.Exception) string { return stamp(e.Until) }}, {"ends_soon", func(e report.Exception) string { return strconv.FormatBool(e.EndsSoon) }},
		{"ended", func(e report.Exception) string { return strconv.FormatBool(e.Ended) }}, {"source", func(e report.Exception) string { return e.Source }},
		{"holds_off", func(e report.Exception) string { return strconv.Itoa(len(e.Plans)) }},
	}
}

func refusalColumns() []column[report.Refusal] {
	type c = column[report.Refusal]
	return with(about(func(r report.Refusal) report.Subject { return r.Subject }),
		c{"when", func(r report.Refusal) string { return stamp(r.When) }}, c{"reason", func(r report.Refusal) string { return r.Reason }},
		c{"rule", func(r report.Refusal) string { return r.Rule }}, c{"plan", func(r report.Refusal) string { return r.Plan }},
		c{"record", func(r report.Refusal) string { return record(r.Record) }}, c{"kind", func(r report.Refusal) string { return r.Kind }},
		c{"by", func(r report.Refusal) string { return r.By }}, c{"verdict", func(r report.Refusal) string { return r.Verdict }},
		c{"via", func(r report.Refusal) string { return r.Via }}, c{"code", func(r report.Refusal) string { return r.Code }},
	)
}

func fixColumns() []column[report.Fix] {
	type c = column[report.Fix]
	return with(about(func(f report.Fix) report.Subject { return f.Subject }),
		c{"outcome", func(f report.Fix) string { return string(f.Outcome) }}, c{"verified", func(f report.Fix) string { return stamp(f.Verified) }},
		c{"reason", func(f report.Fix) string { return f.Reason }}, c{"approver", func(f report.Fix) string { return f.Approver }},
		c{"calls", func(f report.Fix) string { return strconv.Itoa(f.Calls) }}, c{"took_seconds", func(f report.Fix) string { return whole(f.Took) }},
		c{"exposure_seconds", func(f report.Fix) string { return whole(f.Exposure) }}, c{"undo", func(f report.Fix) string { return f.UndoCommand }},
		c{"undone", func(f report.Fix) string { return stamp(f.Undone) }}, c{"plan", func(f report.Fix) string { return f.PlanID }},
		c{"hash", func(f report.Fix) string { return f.Hash }}, c{"record", func(f report.Fix) string { return record(f.Record) }},
	)
}
