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
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Options say where messages go and how accounts are called.
type Options struct {
	Channel     string                    // for what has no route
	Route       func(core.Finding) string // the finding's own channel; empty: Channel. May be nil
	AccountName func(id string) string    // "prod" for "111122223333", or empty. May be nil
	Buttons     bool                      // people can answer in the message itself
	Follow      bool                      // a message about what waits is kept up to date, so that it has to be of its own; Buttons implies it
	PlanURL     string                    // of a page that shows the newest report; empty: there is none
	Now         time.Time                 // for how long something is open so far; zero: that is not said
}

// Message is one message to one channel.
type Message struct {
	Channel  string
	Text     string // the fallback that notifications and screen readers show
	Blocks   []slack.Block
	Findings []int // which of the findings given to Build it tells of

	Ask    *approval.Key    // what its buttons decide about; nil: it has none
	Where  approval.Pointer // where that is
	Thread []Message        // messages that stand below it; each has an Ask
}

// mostAsked is how many plans are shown together. Each is a message of its own, and Slack takes one a second in a channel.
const mostAsked = 40

// Build makes the messages about the findings: one for each channel, in the order of the channels' first findings. One finding fills its message
// with all that is known; several share one that counts them and gives each a line. What people can decide about in the message has one of its own; several
// of these stand below one message. What needs no people and what is told twice is left out.
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
		var asked, rest []told
		for _, t := range once(findings, byChannel[c]) {
			if _, alone := notice(t.finding); alone {
				out = append(out, telling([]told{t}, o))
			} else if o.value(t.finding) != "" && len(asked) < mostAsked {
				asked = append(asked, t)
			} else {
				rest = append(rest, t)
			}
		}
		if len(asked) > 0 {
			out = append(out, together(asked, o))
		}
		if len(rest) > 0 {
			out = append(out, telling(rest, o))
		}
		for i := range out {
			if out[i].Channel == "" {
				out[i].Channel = c
			}
		}
	}
	return out
}

// telling makes one message about findings that share it.
func telling(list []told, o Options) Message {
	var m Message
	if len(list) == 1 {
		m = single(list[0].finding, o)
	} else {
		m = batch(findingsOf(list), o, 0)
	}
	for _, t := range list {
		m.Findings = append(m.Findings, t.at...)
	}
	slices.Sort(m.Findings)
	return m
}

func findingsOf(list []told) []core.Finding {
	var out []core.Finding
	for _, t := range list {
		out = append(out, t.finding)
	}
	return out
}

func (o Options) channel(f core.Finding) string {
	if o.Route != nil {
		return cmp.Or(o.Route(f), o.Channel)
	}
	return o.Channel
}

// told is a finding with the places that it was given at.
type told struct {
	finding core.Finding
	at      []int
}

// once returns the findings at these places without duplicates, secrets hidden: a queue may deliver a finding twice.
func once(findings []core.Finding, at []int) []told {
	var out []told
	seen := map[string]int{}
	for _, i := range at {
		f := findings[i]
		key := fmt.Sprintf("%q %d", f.Record.Chain, f.Record.Seq)
		if f.Record.Seq == 0 {
			key = fmt.Sprintf("%q %q %q %q %q %q %q", f.ID, f.Control, f.Resource, f.Account, f.Region, f.Outcome, f.Reason)
		}
		if k, ok := seen[key]; ok {
			out[k].at = append(out[k].at, i)
			continue
		}
		seen[key] = len(out)
		out = append(out, told{show.Hide(f), []int{i}})
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
