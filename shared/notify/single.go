package notify

import (
	"cmp"
	"fmt"
	"regexp"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// single makes a message that is all about one finding.
func single(f core.Finding, o Options) Message {
	if m, ok := notice(f); ok {
		return m
	}
	title := show.Headline(f) + ": " + f.Control + " on " + f.Resource
	top := []slack.Block{header(title), section(lead(f)), identity(f, o), section("*Caused by* " + prose(show.Cause(f), 500) + exposure(f, o))}
	var bottom []slack.Block
	if f.Decision.Mode != "" {
		bottom = append(bottom, section("*Decision* "+decision(f)))
	}
	m := Message{Text: prose(fmt.Sprintf("%s in account %s, %s: %s", title, o.account(f), f.Region, f.Reason), 600)}
	room := maxTotal - 2
	if value := o.value(f); value != "" {
		m.Ask, m.Where = asked(f), where(f)
		bottom = append(bottom, provenance(f))
		if o.Buttons {
			bottom = append(bottom, buttons(value, f.Control+" on "+f.Resource, effect(f, o), o.planURL(approval.Fix, f.Hash), true))
		}
		room -= laterRoom
	} else {
		if c := commands(f); c != "" {
			bottom = append(bottom, section(c))
		}
		bottom = append(bottom, provenance(f))
		if value := o.undoValue(f); value != "" {
			bottom = append(bottom, undoButton(value))
		}
	}
	blocks := append(top, middle(f, room-cost(top...)-cost(bottom...))...)
	m.Blocks = append(blocks, bottom...)
	return m
}

// lead is what it is about and how it ended, in two lines.
func lead(f core.Finding) string {
	out := bold(f.Title, 300)
	if f.Reason != "" {
		out += "\n" + prose(f.Reason, maxLine)
	}
	return out
}

func identity(f core.Finding, o Options) slack.Block {
	return fields(
		"*Resource*\n"+code(cmp.Or(f.ARN, f.Resource), 400), "*Account*\n"+code(o.account(f), 100), "*Region*\n"+code(f.Region, 40),
		"*Owner*\n"+code(show.Owner(f), 150), "*Severity*\n"+code(string(f.Severity), 20), "*Control*\n"+code(fmt.Sprintf("%s v%d", f.Control, f.Version), 80),
	)
}

// openSince begins the last line of a section.
const openSince = "\n*Exposure* open since "

func exposure(f core.Finding, o Options) string {
	switch {
	case f.Outcome == core.Fixed && f.Exposure > 0:
		return "\n*Exposure* open for " + show.Duration(f.Exposure)
	case f.Outcome == core.AwaitingApproval && !o.Now.IsZero() && !wrongSince(f).IsZero() && wrongSince(f).Before(o.Now):
		return openSince + show.Time(wrongSince(f)) + ", " + show.Duration(o.Now.Sub(wrongSince(f)).Seconds()) + " when this was written"
	}
	return ""
}

// wrongSince is when it went wrong first; the cause of the plan may have come later.
func wrongSince(f core.Finding) time.Time {
	if f.Since.IsZero() {
		return f.Cause.Time
	}
	return f.Since
}

func decision(f core.Finding) string {
	out := prose(f.Decision.Mode, 20)
	if f.Decision.Rule != "" {
		out += " (" + code(f.Decision.Rule, 120) + ")"
	}
	if f.Decision.Reason != "" && f.Decision.Reason != f.Reason {
		out += ": " + prose(f.Decision.Reason, 400)
	}
	return out
}

var shellSafe = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// commands are what people can type next. A name that a shell would take apart is never put into one.
func commands(f core.Finding) string {
	if undo := show.Undo(f); undo != "" {
		if f.Outcome == core.Fixed {
			return "*Undo* " + code(undo, 100)
		}
		return "*Take back* what was changed, if anything was: " + code(undo, 100)
	}
	safe := shellSafe.MatchString(f.Control) && shellSafe.MatchString(f.Resource) && shellSafe.MatchString(f.Account) && shellSafe.MatchString(f.Region)
	if f.Outcome != core.AwaitingApproval || !safe || f.Decision.Rule == show.UndoRule {
		return ""
	}
	plan := fmt.Sprintf("shoreup plan --control %s --resource %s --account %s --region %s --out plan.json", f.Control, f.Resource, f.Account, f.Region)
	if len(plan) > 500 {
		return "" // half a command is worse than none
	}
	return "*Approve* " + code(plan, 500) + " and then `shoreup apply plan.json`"
}

// provenance says which plan, record and rules the message is about.
func provenance(f core.Finding) slack.Block {
	var out []string
	if f.ID != "" {
		out = append(out, "plan "+code(f.ID, 60))
	}
	if f.Hash != "" {
		out = append(out, "hash "+code(core.ShortHash(f.Hash), 20))
	}
	if f.Record.Seq > 0 {
		out = append(out, "audit "+code(fmt.Sprintf("%s/%d", f.Record.Chain, f.Record.Seq), 60), "head "+code(core.RecordHash(f.Record.Hash), 20))
	}
	return footer(append(out, "rules "+code(f.RulesVersion, 40))...)
}

// middle is what may be long: it shares the room that is left, the most important first.
func middle(f core.Finding, room int) []slack.Block {
	parts := parts(f)
	blocks := make([]slack.Block, len(parts))
	for i, p := range parts {
		kept := 0
		for _, later := range parts[i+1:] {
			kept += max(later.keep, least)
		}
		blocks[i] = p.block(room - kept)
		room -= cost(blocks[i])
	}
	return blocks
}

func parts(f core.Finding) []part {
	all := []part{
		{title: "What is wrong", lines: violations(f), most: 1200},
		{title: wouldOrDid(f), lines: diff(f), code: true, most: 2600},
		{title: "What could break", lines: bullets(breaks(f)), most: 600},
		{title: "Look first", lines: bullets(f.NeverAuto), most: 900},
		{title: "Calls", lines: calls(f), code: true, each: true, most: maxCalls, keep: 600},
		{title: "How to undo", lines: undoing(f), code: true, each: true, most: maxCalls, keep: 600},
		{title: "Notes", lines: bullets(f.Notes), most: 600},
	}
	for _, a := range f.Advice {
		all = append(all, part{title: "To be done by people: " + a.Title, lines: advice(a), most: 1800})
	}
	if n := len(f.Advice); n > 3 {
		all = append(all[:len(all)-n+2], part{title: "More to be done by people", lines: bullets(titles(f.Advice[2:])), most: 600})
	}
	more := "see " + code("shoreup audit list --account "+f.Account, 80)
	if f.Outcome == core.AwaitingApproval && f.Occurrence != "" && f.Hash != "" {
		more = code("shoreup approve "+core.ShortHash(f.Hash), 40) + " shows all"
	}
	var out []part
	for _, p := range all {
		p.more = more
		if len(p.lines) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func titles(list []core.Advice) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.Title)
	}
	return out
}
