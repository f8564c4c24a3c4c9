package slacksink

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// link is one <...> of mrkdwn: an address or mention, and what to show for it.
var link = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// unescape undoes the three escapes that mrkdwn has.
var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// Render prints a message as plain text for a terminal. A message without
// blocks shows its text. Control characters are dropped: a message may quote
// names that somebody else chose.
func Render(m Message) string {
	var out strings.Builder
	where := m.Channel
	if m.Webhook {
		where = "webhook"
	}
	out.WriteString(where)
	if m.Thread != "" {
		out.WriteString(" (in thread)")
	}
	if m.Updates > 0 {
		out.WriteString(" (updated)")
	}
	out.WriteString("\n")
	blocks, err := parseBlocks(m.Blocks)
	if err != nil || len(blocks) == 0 {
		blocks = []block{{Type: "section", Text: &textObject{Type: "mrkdwn", Text: m.Text}}}
	}
	for _, b := range blocks {
		for line := range strings.Lines(b.render()) {
			out.WriteString("  | " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	return out.String()
}

func (b block) render() string {
	switch b.Type {
	case "header":
		title := b.Text.render()
		return title + "\n" + strings.Repeat("=", len([]rune(title)))
	case "divider":
		return strings.Repeat("-", 40)
	case "image":
		return "[image: " + printable(b.AltText) + "]"
	case "context", "actions":
		parts := make([]string, len(b.Elements))
		for i, e := range b.Elements {
			parts[i] = e.render()
		}
		return strings.Join(parts, "  ")
	default:
		return b.renderSection()
	}
}

func (b block) renderSection() string {
	var lines []string
	if b.Text != nil {
		lines = append(lines, b.Text.render())
	}
	for i := range b.Fields {
		// A field is usually a title and a value on two lines.
		lines = append(lines, strings.ReplaceAll(b.Fields[i].render(), "\n", "  "))
	}
	if b.Accessory != nil {
		lines = append(lines, b.Accessory.render())
	}
	return strings.Join(lines, "\n")
}

func (e element) render() string {
	switch e.Type {
	case "image":
		return "[image: " + printable(e.AltText) + "]"
	case "button":
		text := fmt.Sprintf("[ %s ]", e.label().render())
		if e.URL != "" {
			text += " " + printable(e.URL)
		}
		return text
	default:
		return e.plain().render()
	}
}

func (t *textObject) render() string {
	if t.Type != "mrkdwn" {
		return printable(t.Text)
	}
	shown := link.ReplaceAllStringFunc(t.Text, func(whole string) string {
		parts := link.FindStringSubmatch(whole)
		target, label := parts[1], parts[2]
		switch {
		case strings.HasPrefix(target, "!") || strings.HasPrefix(target, "@") || strings.HasPrefix(target, "#"):
			if label != "" {
				return label
			}
			return strings.Replace(target, "!", "@", 1)
		case label != "":
			return label + " (" + target + ")"
		default:
			return target
		}
	})
	return printable(unescape.Replace(shown))
}

// printable drops what could move the cursor or reorder the text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		if r == '\t' {
			return ' '
		}
		return -1
	}, text)
}
