package notify

import (
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/shoreup/shoreup/shared/notify/show"
)

// mention is what Slack could take for one even without angle brackets.
var mention = regexp.MustCompile(`(?i)@(here|channel|everyone|group)`)

// clean makes outside text visible, and its mentions words like others. Of a text that is far longer than the limit the rest is not even looked at.
func clean(s string, limit int) string {
	return mention.ReplaceAllString(show.Visible(cut(s, 8*limit)), "＠$1")
}

// clock is a time of day, the one word with colons that needs no code.
var clock = regexp.MustCompile(`^\d\d:\d\d:\d\d$`)

// escapes are the three characters that Slack reads as markup wherever they stand (Slack, "Formatting text for app surfaces: escaping text").
var escapes = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;"}

// weigh returns how much a text adds to a message's JSON, in UTF-16 units: the strictest of the ways in which Slack might count, so that
// whoever counts otherwise counts less.
func weigh(s string) int {
	n := 0
	for _, r := range s {
		switch r {
		case '&', '<', '>':
			n += 6 // \u0026
		case '"', '\\', '\n':
			n += 2
		default:
			n += max(utf16.RuneLen(r), 1)
		}
	}
	return n
}

const ellipsis = "…"

// escape returns clean text escaped, in at most limit units; what is cut ends in an ellipsis. It cuts between characters, never inside an escape.
func escape(s string, limit int) string {
	var b strings.Builder
	used, end := 0, 0 // end is where the text has to end if it turns out too long
	for _, r := range s {
		piece, ok := escapes[r]
		if !ok {
			piece = string(r)
		}
		if used += weigh(piece); used > limit {
			return b.String()[:end] + ellipsis
		}
		b.WriteString(piece)
		if used <= limit-1 {
			end = b.Len()
		}
	}
	return b.String()
}

// noTicks takes the one character out that ends code.
var noTicks = strings.NewReplacer("`", "'")

// code returns outside text as inline code, in which Slack formats nothing. The limit holds for the text between the ticks.
func code(s string, limit int) string {
	s = strings.TrimSpace(noTicks.Replace(clean(s, limit)))
	if s == "" {
		return "unknown"
	}
	return "`" + escape(s, limit) + "`"
}

// spelledTicks writes a backtick as JSON may: three of them would end the block, and another character in its place would be another call.
var spelledTicks = strings.NewReplacer("`", `\u0060`)

// codeLine returns outside text as one line of a code block.
func codeLine(s string, limit int) string {
	return escape(spelledTicks.Replace(clean(s, limit)), limit)
}

// plain returns outside text for a plain_text object.
func plain(s string, limit int) string { return escape(strings.TrimSpace(clean(s, limit)), limit) }

// lookalikes keep bold text bold: code cannot stand inside it.
var lookalikes = strings.NewReplacer("*", "∗", "`", "'", "~", "∼", "_", "＿")

// bold returns outside text as bold text.
func bold(s string, limit int) string {
	s = strings.TrimSpace(lookalikes.Replace(clean(s, limit)))
	if s == "" {
		return "*unknown*"
	}
	return "*" + escape(s, limit) + "*"
}

// formatting are the characters with which a word could format itself or its neighbours, become an emoji, a link or a quote.
const formatting = "*_~`@#<>&|:\\"

// prose returns outside text as running text. Slack's markup has no way to escape *, _, ~ or :, so each word with one of them is
// set as code, where they mean nothing and the word can be copied as it is.
func prose(s string, limit int) string {
	var out []string
	left := limit - 2
	for _, word := range strings.Fields(clean(s, limit)) {
		safe := proseWord(word, left-2)
		if left -= weigh(safe) + 1; left < 0 || strings.HasSuffix(safe, ellipsis+"`") {
			if left >= 0 {
				out = append(out, safe)
			} else {
				out = append(out, ellipsis)
			}
			break
		}
		out = append(out, safe)
	}
	return strings.Join(out, " ")
}

func proseWord(word string, limit int) string {
	core := strings.TrimRight(word, `.,;:!?)"`)
	tail := word[len(core):]
	start := len(core) - len(strings.TrimLeft(core, `("`))
	head := core[:start]
	core = core[start:]
	if !strings.ContainsAny(core, formatting) || clock.MatchString(core) {
		return word
	}
	return head + "`" + escape(noTicks.Replace(core), max(limit-len(head)-len(tail)*2, 1)) + "`" + tail
}
