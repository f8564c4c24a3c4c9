package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"
)

// Limits of a message. Source: Slack's Block Kit reference for each; the total is not documented: Slack answers msg_blocks_too_long from
// some 13,200 characters on although every single limit is kept (slackapi/bolt-js issue 2509), so we stop well before.
const (
	maxTotal   = 10_000 // of the blocks' JSON
	maxSection = 2_900  // 3,000 with the title
	maxHeader  = 150
	maxLine    = 700 // of one line among others, so that one cannot crowd out the rest
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
	lines []string // safe already
	code  bool     // set as a code block
	most  int      // units for all lines
	more  string   // where to read the rest
}

// least is what a part needs at least, to say how much of it is left out.
const least = 360

// block returns the part in at most room units of JSON. Whatever does not fit is counted.
func (p part) block(room int) slack.Block {
	const overhead = 90 // of the block's JSON
	title := bold(p.title, 150)
	room = min(room-overhead, p.most, maxSection) - weigh(title) - least/3
	shown := 0
	for _, line := range p.lines {
		if room -= weigh(line) + 2; room < 0 {
			break
		}
		shown++
	}
	var b strings.Builder
	b.WriteString(title)
	if body := strings.Join(p.lines[:shown], "\n"); p.code && shown > 0 {
		b.WriteString("\n```\n" + body + "\n```")
	} else if shown > 0 {
		b.WriteString("\n" + body)
	}
	if left := len(p.lines) - shown; left > 0 {
		fmt.Fprintf(&b, "\nand %d more: %s", left, p.more)
	}
	return section(b.String())
}
