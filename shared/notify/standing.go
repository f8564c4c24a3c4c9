package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

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

var kindWords = map[approval.Kind]string{
	approval.Undo: "Take back a fix", approval.Exempt: "Exempt from", approval.Lift: "Lift the kill switch", approval.People: "Change who may approve",
}

// about names what a request is about, in a line.
func about(r approval.Request) string {
	subject := strings.TrimSpace(r.Control + " on " + r.Where.ID)
	switch what := kindWords[r.Key.Kind]; {
	case r.Key.Kind == approval.Fix:
		return subject
	case r.Where.ID == "":
		return what
	default:
		return what + " " + subject
	}
}

// message says how a request stands: the message that people know, with its buttons as long as they can decide, and what is new above them. Where that
// message is not known, all that the request itself says.
func (n news) message(o Options) Message {
	r := *n.Request
	title := stateWords[r.State] + ": " + about(r)
	m := Message{Text: prose(title+". "+strings.Join(unmarked(n.standing()), " "), 600)}
	list, known := ourBlocks(n.Shown)
	if !known {
		list = n.blocks(o, title)
	}
	list = without(list, r.State != approval.Pending || !o.Buttons)
	for i, b := range list {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			list[i] = header(title)
		case *slack.ActionBlock:
			revalue(b, slackapp.Value(r.Key, r.Round))
		}
	}
	m.Blocks = beforeButtons(list, section(strings.Join(n.standing(), "\n")))
	return m
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
		list = append(list, buttons(value, about(r), effect, "", r.Key.Kind == approval.Fix))
	}
	return list
}

// details are what a request other than a fix's is about.
func (n news) details() []string {
	switch n.Request.Key.Kind {
	case approval.Exempt:
		var e approval.Exemption
		if json.Unmarshal(n.Body, &e) != nil {
			return nil
		}
		return []string{"*Reason* " + prose(e.Reason, 700), "*Owner of the risk* " + prose(e.Owner, 150), "*Until* " + e.Until.UTC().Format(time.DateOnly)}
	case approval.Lift:
		var l struct{ Why string }
		if json.Unmarshal(n.Body, &l) != nil {
			return nil
		}
		return []string{"*Reason* " + prose(l.Why, 700), "After that, what the rules file says is done again."}
	case approval.People:
		return []string{"The sections people, approvals or slack of the rules file changed. Compare the file with its reviewed version before you agree: it says who may approve from then on."}
	}
	return nil
}

// standing says how a request stands, in lines.
func (n news) standing() []string {
	r := *n.Request
	var out []string
	for _, v := range r.Votes {
		out = append(out, fmt.Sprintf("*Approved* by %s at %s (%s)", code(v.Person, 70), show.Time(v.At), prose(v.Via, 20)))
	}
	switch {
	case r.State == approval.Pending:
		if n.News == approval.Reminder {
			out = append(out, "*Half of the time is over*")
		}
		out = append(out, fmt.Sprintf("*Waits* for %d of %d, until %s: then nothing is changed", r.Wants()-len(r.Votes), r.Wants(), show.Time(r.Expires)),
			"*May decide* "+prose(people(r.By), 500))
	case r.State == approval.Approved:
		out = append(out, "*Next* it is read and planned again, and made if the plan is still the same")
	default:
		line := "*" + stateWords[r.State] + "*"
		if r.Why != "" {
			line += " " + prose(r.Why, 700)
		}
		if !r.Ended.IsZero() {
			line += " at " + show.Time(r.Ended)
		}
		if r.State != approval.Applied {
			line += "; nothing was changed by this"
		}
		out = append(out, line)
	}
	return out
}

// people lists names, as far as they fit a line.
func people(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "nobody: list people under approvals in the rules file"
	}
	if left := len(names) - most; left > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), left)
	}
	return strings.Join(names, ", ")
}

// unmarked takes our own marks out, for a text that is escaped as a whole afterwards.
func unmarked(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.NewReplacer("*", "", "`", "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(l))
	}
	return out
}
