// Package notify tells people in Slack what was found, decided and done. Building messages is pure ([Build]); sending them is apart ([Sender]);
// between functions a finding travels as JSON on a queue ([Encode], [Sender.Deliver]).
//
// Everything in a finding comes from outside: names, policies, tags and actors are written by whoever made the resource. All of it is
// escaped, cannot mention or format anything, and values that look like secrets are hidden. Messages keep within Slack's limits whatever
// they are made of; what does not fit is counted and the message says where to read it.
package notify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Options say where messages go and how accounts are called.
type Options struct {
	Channel     string                    // for what has no route
	Route       func(core.Finding) string // the finding's own channel; empty: Channel. May be nil
	AccountName func(id string) string    // "prod" for "111122223333", or empty. May be nil
}

// Message is one message to one channel.
type Message struct {
	Channel  string
	Text     string // the fallback that notifications and screen readers show
	Blocks   []slack.Block
	Findings []int // which of the findings given to Build it tells of
}

// Build makes the messages about the findings: one for each channel, in the order of the channels' first findings. One finding fills its message
// with all that is known; several share one that counts them and gives each a line. What needs no people and what is told twice is left out.
func Build(findings []core.Finding, o Options) []Message {
	var order []string
	byChannel := map[string][]int{}
	for i, f := range findings {
		if show.NeedsNobody(f) {
			continue
		}
		c := o.channel(f)
		if byChannel[c] == nil {
			order = append(order, c)
		}
		byChannel[c] = append(byChannel[c], i)
	}
	var out []Message
	for _, c := range order {
		told := once(findings, byChannel[c])
		m := batch(told, o)
		if len(told) == 1 {
			m = single(told[0], o)
		}
		m.Channel, m.Findings = c, byChannel[c]
		out = append(out, m)
	}
	return out
}

func (o Options) channel(f core.Finding) string {
	if o.Route != nil {
		return cmp.Or(o.Route(f), o.Channel)
	}
	return o.Channel
}

// once returns the findings at these places without duplicates, secrets hidden: a queue may deliver a finding twice.
func once(findings []core.Finding, at []int) []core.Finding {
	var out []core.Finding
	seen := map[string]bool{}
	for _, i := range at {
		f := findings[i]
		key := fmt.Sprintf("%q %d", f.Record.Chain, f.Record.Seq)
		if f.Record.Seq == 0 {
			key = fmt.Sprintf("%q %q %q %q %q %q %q", f.ID, f.Control, f.Resource, f.Account, f.Region, f.Outcome, f.Reason)
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, show.Hide(f))
		}
	}
	return out
}

// sorted puts what needs people first.
func sorted(findings []core.Finding) []core.Finding {
	return slices.SortedStableFunc(slices.Values(findings), func(a, b core.Finding) int {
		return cmp.Or(
			cmp.Compare(show.Urgency(a.Outcome), show.Urgency(b.Outcome)), cmp.Compare(show.Worst(a.Severity), show.Worst(b.Severity)),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Control, b.Control),
		)
	})
}

// account names the finding's account: "prod (111122223333)".
func (o Options) account(f core.Finding) string {
	if o.AccountName != nil {
		if name := o.AccountName(f.Account); name != "" {
			return name + " (" + f.Account + ")"
		}
	}
	return f.Account
}
