package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// Limits of a confirmation (Block Kit reference, "Confirmation dialog object").
const (
	maxConfirmTitle = 100
	maxConfirmText  = 300

	// laterRoom is kept free in a message that people can answer, for what is added when it is known: who may, until when, who did, what came of it.
	laterRoom = 1600
)

// asked is what people decide about a finding that waits.
func asked(f core.Finding) *approval.Key {
	return &approval.Key{Account: f.Account, Kind: approval.Fix, ID: f.Occurrence, Hash: f.Hash}
}

// where points to what a finding is about.
func where(f core.Finding) approval.Pointer {
	return approval.Pointer{Control: f.Control, Resource: awsapi.Resource{
		Type: f.ResourceType, ID: f.Resource, Account: f.Account, Region: f.Region, Partition: awsapi.PartitionOf(f.Region),
	}}
}

// value is what the buttons of a finding's message say; empty: nobody is asked in it. The first round is meant: of a later one the deciding function tells us.
func (o Options) value(f core.Finding) string {
	if !o.Buttons && !o.Follow || f.Outcome != core.AwaitingApproval || f.Occurrence == "" || f.Decision.Rule == show.UndoRule {
		return ""
	}
	return slackapp.Value(*asked(f), 1)
}

// undoValue is what the button of a message about something done says; empty: it has none.
func (o Options) undoValue(f core.Finding) string {
	if !o.Buttons || show.Undo(f) == "" {
		return ""
	}
	return slackapp.UndoValue(f.Record.Chain, f.Record.Seq)
}

// undoButton opens a form that asks for the reason; what it leads to is said there.
func undoButton(value string) slack.Block {
	return slack.NewActionBlock(slackapp.Block, button(slackapp.Undo, value, "Ask to take it back"))
}

// planURL is the address of the page about what people are asked, by its hash; empty: there is none. What is no fix stands in the list of what waits alone.
func (o Options) planURL(k approval.Kind, hash string) string {
	if o.PlanURL == "" || hash == "" {
		return ""
	}
	view := "waiting"
	if k == approval.Fix {
		view = "plans"
	}
	return o.PlanURL + "#" + url.Values{"view": {view}, "q": {hash}}.Encode() // of what follows # the page's server hears nothing
}

// buttons are the answers that people can give. What an approval leads to is said once more before it counts.
func buttons(value, about, effect, link string, exempt bool) slack.Block {
	approve := button(slackapp.Approve, value, "Approve").WithStyle(slack.StylePrimary).WithConfirm(confirm("Approve "+about+"?", effect, "Approve"))
	list := []slack.BlockElement{approve, button(slackapp.Reject, value, "Reject").WithStyle(slack.StyleDanger)}
	if exempt {
		list = append(list, button(slackapp.Exempt, value, "Exempt"))
	}
	return slack.NewActionBlock(slackapp.Block, withLink(list, link)...)
}

func withLink(list []slack.BlockElement, link string) []slack.BlockElement {
	if link != "" && len(link) <= 3000 {
		list = append(list, button(slackapp.Open, "", "Open plan").WithURL(link))
	}
	return list
}

// askAgain is what people can do about what was rejected or has expired: a form asks why.
func askAgain(value, link string) slack.Block {
	return slack.NewActionBlock(slackapp.Block, withLink([]slack.BlockElement{button(slackapp.Again, value, "Ask again")}, link)...)
}

func button(id, value, label string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, plainText(label, 70))
}

func plainText(s string, limit int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, plain(s, limit), false, false)
}

func confirm(title, text, yes string) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(plainText(title, maxConfirmTitle-2), plainText(text, maxConfirmText-2), plainText(yes, 28), plainText("Cancel", 28))
}

// effect repeats what an approval leads to.
func effect(f core.Finding, o Options) string {
	var names []string
	for _, c := range f.Changes {
		if !slices.Contains(names, c.Call) {
			names = append(names, c.Call)
		}
	}
	calls := fmt.Sprintf("%d calls", len(f.Changes))
	if len(f.Changes) == 1 {
		calls = "1 call"
	}
	out := fmt.Sprintf("Plan %s: %s in account %s, %s (%s).", core.ShortHash(f.Hash), calls, o.account(f), f.Region, cut(strings.Join(names, ", "), 100))
	if f.Disruption != "" {
		out += " Disruption: " + string(f.Disruption) + "."
	}
	return out + " It is read and planned again first, and made only if the plan is still the same."
}

var disrupts = map[core.Disruption]string{
	core.DisruptsNothing: "nothing that runs should notice", core.DisruptsLittle: "little: some callers may have to adapt", core.DisruptsMuch: "much: running work may stop or lose access",
}

// breaks says what a fix that waits may do to running work.
func breaks(f core.Finding) []string {
	if f.Outcome != core.AwaitingApproval || disrupts[f.Disruption] == "" {
		return nil
	}
	return []string{disrupts[f.Disruption]}
}

// undoing lists the calls that take back a fix that waits, in the order in which they would be made.
func undoing(f core.Finding) []string {
	if f.Outcome != core.AwaitingApproval {
		return nil
	}
	var out []string
	for _, c := range slices.Backward(f.Changes) {
		for _, u := range c.Undo {
			out = append(out, codeLine(u.Op+" "+show.JSON(u.Input), maxCalls))
		}
	}
	if len(out) > 0 && f.Reversible == core.PartlyReversible {
		out = append(out, codeLine("# not everything comes back; see the notes", maxLine))
	}
	return out
}

// decideBelow ends the summary of what is asked together, as long as something of it waits.
const decideBelow = "\n*Decide* about each in the thread"

// together makes the message about what people can decide: one of its own, or several below one that names them all.
func together(list []told, o Options) Message {
	if len(list) == 1 {
		return telling(list, o)
	}
	m := batch(findingsOf(list), o, laterRoom)
	m.Text = fmt.Sprintf("%d plans wait for approval", len(list))
	m.Blocks[1] = section("*Severities* " + tally(sorted(findingsOf(list)), severity, " · ") + decideBelow)
	m.Blocks[0] = header(fmt.Sprintf("%d plans wait for approval in %s", len(list), accounts(findingsOf(list))))
	for _, t := range list {
		m.Thread = append(m.Thread, telling([]told{t}, o))
	}
	return m
}

// allButton approves all plans of a batch, each alone.
func allButton(b approval.Batch) slack.Block {
	n := len(b.Plans)
	text := fmt.Sprintf("All %d plans of this thread, hash %s. Each is decided alone: whoever caused one of them, or may not decide it, does not decide that one.", n, core.ShortHash(b.ID.Hash))
	return slack.NewActionBlock(slackapp.Block, button(slackapp.All, slackapp.AllValue(b.ID), fmt.Sprintf("Approve all %d", n)).
		WithStyle(slack.StylePrimary).WithConfirm(confirm(fmt.Sprintf("Approve %d plans?", n), text, "Approve all")))
}
