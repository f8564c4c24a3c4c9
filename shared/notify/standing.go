package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

var stateWords = map[approval.State]string{
	approval.Pending: "Waits for approval", approval.Approved: "Approved", approval.Rejected: "Rejected", approval.Expired: "Approval expired",
	approval.Stale: "Stale", approval.Superseded: "Superseded", approval.Applied: "Applied",
}

// about names what a request is about, in a line.
func about(r approval.Request) string {
	subject := strings.TrimSpace(r.Control + " on " + r.Where.ID)
	switch r.Key.Kind {
	case approval.Undo:
		return "Take back the fix of " + subject
	case approval.Exempt:
		return "Exempt " + r.Where.ID + " from " + r.Control
	case approval.Lift:
		return "Lift the kill switch"
	case approval.People:
		return "Change who may approve"
	}
	return subject
}

// message says how a request stands: the message that people know, with its buttons as long as they can decide, and what is new above them. Where that
// message is not known, all that the request itself says.
func (n news) message(o Options) Message {
	text := prose(n.title()+". "+strings.Join(unmarked(n.standing()), ". "), 600)
	return Message{Text: text, Blocks: beforeButtons(n.lasting(o), append(n.replaced(), section(strings.Join(n.standing(), "\n")))...)}
}

func (n news) title() string {
	r := *n.Request
	switch {
	case !n.later.IsZero():
		return "Asked again: " + about(r)
	case n.escalated && r.State == approval.Pending:
		return "Escalated, " + strings.TrimSpace(r.Severity+" still waits") + ": " + about(r)
	case n.escalated:
		return stateWords[r.State] + " (was escalated): " + about(r)
	}
	return stateWords[r.State] + ": " + about(r)
}

// lasting is the message without what is said anew each time.
func (n news) lasting(o Options) []slack.Block {
	r := *n.Request
	list, known := ourBlocks(n.Shown)
	if !known {
		list = n.blocks(o, n.title())
	}
	list = without(list, r.State != approval.Pending || !n.later.IsZero() || !o.Buttons)
	for i, b := range list {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			list[i] = header(n.title())
		case *slack.ActionBlock:
			revalue(b, slackapp.Value(r.Key, r.Round))
		case *slack.SectionBlock:
			if b.Text != nil && !r.Since.IsZero() && r.State == approval.Pending {
				b.Text.Text, _, _ = strings.Cut(b.Text.Text, openSince) // what was true when it was written; how it stands says it anew
			}
		}
	}
	if value := slackapp.Value(r.Key, r.Round); value != "" && o.Buttons && n.canBeAsked() {
		list = append(list, askAgain(value, o.planURL(r.Key.Kind, r.Key.Hash)))
	}
	return list
}

// canBeAsked reports whether people can be asked once more about what was rejected or has expired.
func (n news) canBeAsked() bool {
	r := n.Request
	return (r.State == approval.Rejected || r.State == approval.Expired) && n.later.IsZero() && slackapp.AskedAgain(r.Key.Kind)
}

// ourBlocks reads the blocks of a message of ours.
func ourBlocks(raw json.RawMessage) ([]slack.Block, bool) {
	var b slack.Blocks
	if json.Unmarshal(raw, &b) != nil || len(b.BlockSet) == 0 {
		return nil, false
	}
	for _, one := range b.BlockSet {
		switch one.(type) {
		case *slack.HeaderBlock, *slack.SectionBlock, *slack.ContextBlock, *slack.ActionBlock:
		default:
			return nil, false
		}
	}
	return b.BlockSet, true
}

// revalue lets buttons decide about the round that is asked now.
func revalue(a *slack.ActionBlock, value string) {
	if a.Elements == nil {
		return
	}
	for _, e := range a.Elements.ElementSet {
		if b, ok := e.(*slack.ButtonBlockElement); ok && b.Value != "" {
			b.Value = value
		}
	}
}

// blocks shows a request by what itself says.
func (n news) blocks(o Options, title string) []slack.Block {
	r := *n.Request
	list := []slack.Block{header(title)}
	texts := []string{"*Account*\n" + code(o.account(core.Finding{Account: r.Key.Account}), 100)}
	add := func(name, value string) {
		if value != "" {
			texts = append(texts, "*"+name+"*\n"+code(value, 400))
		}
	}
	add("Resource", r.ARN)
	add("Region", r.Where.Region)
	add("Severity", r.Severity)
	add("Control", r.Control)
	add("Asked by", r.Requester)
	list = append(list, fields(texts...))
	if lines := n.details(); len(lines) > 0 {
		list = append(list, section(strings.Join(lines, "\n")))
	}
	foot := []string{"hash " + code(core.ShortHash(r.Key.Hash), 20), "round " + code(fmt.Sprint(r.Round), 10)}
	if r.Plan != "" {
		foot = append(foot, "plan "+code(r.Plan, 60))
	}
	list = append(list, footer(foot...))
	if value := slackapp.Value(r.Key, r.Round); value != "" {
		effect := fmt.Sprintf("%s, account %s, hash %s. Whoever asked for it or caused it cannot agree.", title, r.Key.Account, core.ShortHash(r.Key.Hash))
		list = append(list, buttons(value, about(r), effect, o.planURL(r.Key.Kind, r.Key.Hash), r.Key.Kind == approval.Fix))
	}
	return list
}

// standing says how a request stands, in lines.
func (n news) standing() []string {
	r := *n.Request
	var out []string
	for _, v := range r.Votes {
		out = append(out, fmt.Sprintf("*Approved* by %s at %s (%s)", code(v.Person, 70), show.Time(v.At), prose(v.Via, 20)))
	}
	switch {
	case !n.later.IsZero():
		out = append(out, "*Asked again* at "+show.Time(n.later)+": the newest message about it is what counts, and nothing can be decided here")
	case r.State == approval.Pending:
		out = append(out, n.waiting()...)
	case r.State == approval.Approved:
		out = append(out, "*Next* it is read and planned again, and made if the plan is still the same")
	default:
		line := "*" + stateWords[r.State] + "*"
		if !r.Ended.IsZero() {
			line += " at " + show.Time(r.Ended)
		}
		why := r.Why
		if r.Moved != nil && len(r.EndedWhy) > 0 {
			why = strings.Join(r.EndedWhy, "; ") // without the plan, which is named below
		}
		if why != "" {
			for _, said := range []string{"applied: ", "rejected "} { // the state says so
				why = strings.TrimPrefix(why, said)
			}
			if !strings.HasPrefix(why, "by ") {
				line += ":"
			}
			line += " " + prose(why, 700)
		}
		if r.Moved != nil {
			line += "; plan " + code(core.ShortHash(r.Moved.Hash), 20) + " took its place and has a message of its own"
		}
		if r.State != approval.Applied {
			line += "; nothing was changed by this"
		}
		out = append(out, line)
		if n.canBeAsked() {
			out = append(out, "*Ask again* with a reason: "+code("shoreup ask "+core.ShortHash(r.Key.Hash)+" --reason TEXT", 60))
		}
	}
	return out
}

// unmarked takes our own marks out, for a text that is escaped as a whole afterwards.
func unmarked(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.NewReplacer("*", "", "`", "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(l))
	}
	return out
}
