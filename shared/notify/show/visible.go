// Package show puts what is known of a finding into plain words that every place where people read it shares: messages, terminals and reports
// say the same. It hides secrets and what the eye cannot see; quoting for a medium (Slack's markup, a terminal) is the medium's own matter.
package show

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible returns the text on one line, valid UTF-8, with nothing in it that prints as something else: line breaks, tabs and other blanks
// become spaces; control, bidirectional, zero-width and blank-looking characters are spelled out ("\u202e"), so that a name cannot look
// like another one and cannot steer a terminal.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == ' ' || r == '\n' || r == '\r' || r == '\t' || unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case r == utf8.RuneError, unicode.IsPrint(r) && !blank(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// blank characters count as letters or symbols and show nothing: fillers, Braille's empty pattern, and the variation selectors.
func blank(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef
}
