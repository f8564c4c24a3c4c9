package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Limits of a message. Source: Slack's Block Kit reference for each; the total is not documented: Slack answers msg_blocks_too_long from
// some 13,200 characters on although every single limit is kept (slackapi/bolt-js issue 2509), so we stop well before.
const (
	maxTotal   = 10_000 // of the blocks' JSON
	maxSection = 2_900  // 3,000 with the title
	maxHeader  = 150
	maxLine    = 700   // of one line among others, so that one cannot crowd out the rest
	maxCalls   = 2_200 // of the calls of a plan, or of one of them: a policy that is put is most of what there is to see
)

// mrkdwn is a text object whose outside parts are escaped already. Verbatim keeps Slack from making links and mentions of what looks like them.
func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func header(s string) slack.Block {
	return slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, plain(s, maxHeader-2), false, false))
}

func section(s string) slack.Block { return slack.NewSectionBlock(mrkdwn(s), nil, nil) }

func fields(texts ...string) slack.Block {
	objects := make([]*slack.TextBlockObject, len(texts))
	for i, t := range texts {
		objects[i] = mrkdwn(t)
	}
	return slack.NewSectionBlock(nil, objects, nil)
}

// footer is a context block of at most ten texts.
func footer(texts ...string) slack.Block {
	var elements []slack.MixedElement
	for _, t := range texts[:min(len(texts), 10)] {
		elements = append(elements, mrkdwn(t))
	}
	return slack.NewContextBlock("", elements...)
}

// cost is what the blocks add to the message's JSON.
func cost(blocks ...slack.Block) int {
	n := 0
	for _, b := range blocks {
		raw, err := json.Marshal(b)
		if err != nil {
			return maxTotal // cannot happen: blocks hold only texts
		}
		n += len([]rune(string(raw))) + 1 + astral(string(raw))
	}
	return n
}

// astral counts the characters that take two UTF-16 units.
func astral(s string) int {
	n := 0
	for _, r := range s {
		if r > 0xffff {
			n++
		}
	}
	return n
}

// part is a titled list of lines of which as many are shown as fit.
type part struct {
	title string   // may hold outside text
	lead  string   // what follows the title in its line, safe already
	lines []string // safe already
	code  bool     // set as a code block
	each  bool     // the beginning of each line says more than the whole of the first: long ones are cut so that each has its share
	most  int      // units for all lines
	keep  int      // units that no other part takes, at least [least]
	more  string   // where to read the rest
}

// least is what a part needs at least, to say how much of it is left out.
const least = 360

// block returns the part in at most room units of JSON. Whatever does not fit is counted.
func (p part) block(room int) slack.Block {
	const overhead = 90 // of the block's JSON
	title := strings.TrimSpace(bold(p.title, 150) + " " + p.lead)
	room = min(room-overhead, p.most, maxSection) - weigh(title) - least/3
	lines := p.lines
	if p.each && len(lines) > 0 {
		lines = shares(lines, room)
	}
	shown := fit(lines, room)
	if shown == 0 && len(lines) > 0 && p.code && room > 40 { // half a line is more than none; in code it is as safe
		lines, shown = []string{shorten(lines[0], room-2)}, 1
	}
	var b strings.Builder
	b.WriteString(title)
	if body := strings.Join(lines[:shown], "\n"); p.code && shown > 0 {
		b.WriteString("\n```\n" + body + "\n```")
	} else if shown > 0 {
		b.WriteString("\n" + body)
	}
	if left := len(p.lines) - shown; left > 0 {
		fmt.Fprintf(&b, "\nand %d more: %s", left, p.more)
	} else if p.each && slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, ellipsis) }) {
		b.WriteString("\nlong lines are cut: " + p.more)
	}
	return section(b.String())
}

// leastShare is how much of a line is worth showing.
const leastShare = 80

// shares cuts the longest lines so that all fit the room, as long as something is left of each.
func shares(lines []string, room int) []string {
	limit := room/len(lines) - 2
	for range lines { // what is shorter than its share leaves the rest to the others
		left, long := room, 0
		for _, l := range lines {
			if w := weigh(l); w <= limit {
				left -= w + 2
			} else {
				long++
			}
		}
		if long == 0 || left/long-2 <= limit {
			break
		}
		limit = left/long - 2
	}
	limit = max(limit, leastShare)
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = shorten(l, limit)
	}
	return out
}

// shorten cuts a line that is escaped already, between characters and never inside an escape.
func shorten(s string, limit int) string {
	if weigh(s) <= limit {
		return s
	}
	used, end := 0, 0
	for end < len(s) {
		next := end + 1
		for next < len(s) && !utf8.RuneStart(s[next]) {
			next++
		}
		if semicolon := strings.IndexByte(s[end:], ';'); s[end] == '&' && semicolon > 0 {
			next = end + semicolon + 1
		}
		if used += weigh(s[end:next]); used > limit-1 {
			break
		}
		end = next
	}
	return s[:end] + ellipsis
}
