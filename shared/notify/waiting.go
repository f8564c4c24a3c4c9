package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// waiting says what is missing until people have decided.
func (n news) waiting() []string {
	r := *n.Request
	var out []string
	if a := r.Again; a != nil {
		who := "by " + code(a.By, 70) + because(a.Why)
		if a.By == "" {
			who = "from Security Hub"
		}
		out = append(out, "*Asked again* "+who+"; before that: "+prose(cmp.Or(a.Ended, strings.ToLower(stateWords[a.State])), 300))
	}
	if r.Reminded || n.News == approval.Reminder {
		out = append(out, "*Half of the time is over*: it was asked at "+show.Time(r.Asked))
	}
	if !r.Since.IsZero() && r.Since.Before(n.now) {
		out = append(out, "*Exposure so far* "+show.Duration(n.now.Sub(r.Since).Seconds())+", since "+show.Time(r.Since))
	}
	return append(out, fmt.Sprintf("*Waits* for %d of %d until %s, and then expires without any change", r.Wants()-len(r.Votes), r.Wants(), show.Time(r.Expires)), "*May decide* "+mayDecide(r))
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + prose(why, 400)
}

// mayDecide names those whose yes would still count, and says why others of the list cannot give one.
func mayDecide(r approval.Request) string {
	var left, others []string
	for _, name := range r.By {
		switch {
		case slices.Contains(r.Caused, name):
			others = append(others, name+" caused it")
		case name == r.Requester:
			others = append(others, name+" asked for it")
		case !slices.ContainsFunc(r.Votes, func(v approval.Vote) bool { return v.Person == name }):
			left = append(left, name)
		}
	}
	out := people(left)
	if len(others) > 0 {
		out += " (" + people(others) + ")"
	}
	return prose(out, 500)
}

// replaced says of a plan that took the place of another one what is otherwise.
func (n news) replaced() []slack.Block {
	w := n.Request.Was
	if w == nil {
		return nil
	}
	p := part{title: "Replaces", lead: "plan " + code(core.ShortHash(w.Hash), 20) + because(strings.Join(w.Why, "; ")), code: true, most: 1200, more: code("shoreup approve "+core.ShortHash(n.Request.Key.Hash), 40) + " shows all that is planned now"}
	for _, l := range w.Changed {
		p.lines = append(p.lines, codeLine(l, 220))
	}
	return []slack.Block{p.block(1300)}
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
