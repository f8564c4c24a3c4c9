package text

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// wrap breaks a line at blanks into lines of at most first columns, then rest. A word that is longer than a line (a policy, a call's input) is broken
// behind a comma or slash if there is one in its second half.
func wrap(s string, first, rest int) []string {
	var out []string
	var line strings.Builder
	room := max(first, 1)
	used := 0
	next := func() {
		out = append(out, line.String())
		line.Reset()
		used, room = 0, max(rest, 1)
	}
	for _, word := range strings.Fields(s) {
		width := text.StringWidth(word)
		if used > 0 && used+1+width > room && (width <= max(rest, 1) || used > room/2) {
			next()
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		for width > room-used {
			head, tail := split(word, room-used)
			line.WriteString(head)
			next()
			word, width = tail, width-text.StringWidth(head)
		}
		line.WriteString(word)
		used += width
	}
	if used > 0 || len(out) == 0 {
		next()
	}
	return out
}

// split cuts a word so that its head has at most that many columns, but at least one character.
func split(word string, columns int) (head, tail string) {
	end, good, used := 0, 0, 0
	for i, r := range word {
		if used += text.RuneWidth(r); used > columns && i > 0 {
			break
		}
		end = i + len(string(r))
		if strings.ContainsRune(",/", r) {
			good = end
		}
	}
	if good > end/2 && end < len(word) {
		end = good
	}
	return word[:end], word[end:]
}
