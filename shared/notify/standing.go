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
	return Message{Text: prose(n.title()+". "+strings.Join(unmarked(n.standing()), " "), 600), Blocks: beforeButtons(n.lasting(o), section(strings.Join(n.standing(), "\n")))}
}

func (n news) title() string {
	r := *n.Request
	if n.Escalated {
		return "Escalated, " + strings.TrimSpace(r.Severity+" still waits") + ": " + about(r)
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
	list = without(list, r.State != approval.Pending || !o.Buttons)
	for i, b := range list {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			list[i] = header(n.title())
		case *slack.ActionBlock:
			revalue(b, slackapp.Value(r.Key, r.Round))
		}
	}
	return list
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
		return append([]string{"The sections people, approvals or slack of the rules file changed. From a yes on, they say who may decide:"}, someBullets(n.Request.Changes)...)
	case approval.Undo:
		return n.undo()
	}
	return nil
}

// undo says what is taken back, why, and with which calls.
func (n news) undo() []string {
	u, err := approval.ReadUndo(n.Body, n.Request.Key.Hash)
	plan, bad := core.ParsePlan(u.Plan)
	if err != nil || bad != nil {
		return []string{"What would be called is too long to be shown here: `shoreup approve " + core.ShortHash(n.Request.Key.Hash) + "` shows it."}
	}
	out := []string{"*Reason* " + prose(u.Why, 700), "*Takes back* plan " + code(u.Fix, 60) + ", carried out at " + show.Time(u.Fixed) + approvedBy(u.Approver)}
	var lines []string
	hidden := core.Finding{}
	for _, c := range plan.Changes {
		hidden.Changes = append(hidden.Changes, core.ShownChange{Call: c.Do.Op, Input: c.Do.Input})
	}
	for _, c := range show.Hide(hidden).Changes {
		lines = append(lines, codeLine(c.Call+" "+show.JSON(c.Input), maxLine))
	}
	if len(lines) > maxUndoCalls {
		lines = append(lines[:maxUndoCalls], fmt.Sprintf("and %d more: shoreup approve %s shows all", len(lines)-maxUndoCalls, core.ShortHash(n.Request.Key.Hash)))
	}
	return append(out, "*Calls*\n```\n"+strings.Join(lines, "\n")+"\n```", "It is wrong again afterwards, and the next sweep finds it, unless an exemption covers it.")
}

func approvedBy(who string) string {
	if who == "" {
		return ", which nobody was asked about"
	}
	return ", approved by " + code(who, 70)
}

const (
	maxUndoCalls   = 4  // of a message; a section holds 3,000 characters
	maxChangesSeen = 12 // of people and rules about them
)

// someBullets is a list as far as it fits a section.
func someBullets(texts []string) []string {
	left := len(texts) - maxChangesSeen
	if left > 0 {
		texts = texts[:maxChangesSeen]
	}
	var out []string
	for _, t := range texts {
		out = append(out, "• "+prose(t, 180))
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("and %d more: `shoreup pending --format json`, or the rules file, has them all", left))
	}
	return out
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
			out = append(out, "*Half of the time is over*: it was asked at "+show.Time(r.Asked))
		}
		out = append(out, fmt.Sprintf("*Waits* for %d of %d until %s, and then expires without any change", r.Wants()-len(r.Votes), r.Wants(), show.Time(r.Expires)),
			"*May decide* "+prose(people(r.By), 500))
	case r.State == approval.Approved:
		out = append(out, "*Next* it is read and planned again, and made if the plan is still the same")
	default:
		line := "*" + stateWords[r.State] + "*"
		if !r.Ended.IsZero() {
			line += " at " + show.Time(r.Ended)
		}
		if why := r.Why; why != "" {
			for _, said := range []string{"applied: ", "rejected "} { // the state says so
				why = strings.TrimPrefix(why, said)
			}
			if !strings.HasPrefix(why, "by ") {
				line += ":"
			}
			line += " " + prose(why, 700)
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
