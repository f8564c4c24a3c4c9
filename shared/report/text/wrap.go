package text

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// wrap breaks a line into lines of at most first columns, then rest: at blanks, and within JSON (a policy, a call's input) behind a comma or an opening
// bracket. A name, an ARN or a value stays whole where it fits on a line of its own.
func wrap(s string, first, rest int) []string {
	l := layout{room: max(first, 1), rest: max(rest, 1)}
	for _, word := range strings.Fields(s) {
		gap := min(l.used, 1)
		for i, piece := range pieces(word, l.rest) {
			if i > 0 {
				gap = 0
			}
			l.put(piece, gap)
		}
	}
	if l.used > 0 || len(l.done) == 0 {
		l.next()
	}
	return l.done
}

// layout is the lines so far and the one that is being filled.
type layout struct {
	done             []string
	line             strings.Builder
	used, room, rest int
}

func (l *layout) next() {
	l.done = append(l.done, l.line.String())
	l.line.Reset()
	l.used, l.room = 0, l.rest
}

// put writes a piece behind a gap of 0 or 1 blanks. What is longer than a whole line begins where at least half of one is left.
func (l *layout) put(piece string, gap int) {
	width := text.StringWidth(piece)
	if l.used > 0 && l.used+gap+width > l.room && (width <= l.rest || l.used > l.room/2) {
		l.next()
		gap = 0
	}
	if gap > 0 {
		l.line.WriteByte(' ')
		l.used++
	}
	for width > l.room-l.used {
		if l.used > 0 && l.room-l.used < 2 { // no room for a wide character
			l.next()
			continue
		}
		head, tail := split(piece, l.room-l.used)
		l.line.WriteString(head)
		l.next()
		piece, width = tail, width-text.StringWidth(head)
	}
	l.line.WriteString(piece)
	l.used += width
}

// pieces cuts a word where JSON may be broken; a member that is longer than that many columns also between its name and its value.
func pieces(word string, columns int) []string {
	var out []string
	for _, piece := range cut(word, func(before, after byte) bool {
		return before == ',' || (before == '{' || before == '[') && strings.IndexByte(`"\{[`, after) >= 0
	}) {
		if text.StringWidth(piece) <= columns {
			out = append(out, piece)
			continue
		}
		quoted := false
		out = append(out, cut(piece, func(before, _ byte) bool {
			ends := quoted && before == ':'
			quoted = before == '"'
			return ends
		})...)
	}
	return out
}

// cut cuts a text wherever at says so of the bytes around.
func cut(s string, at func(before, after byte) bool) []string {
	var out []string
	from := 0
	for i := 1; i < len(s); i++ {
		if at(s[i-1], s[i]) {
			out = append(out, s[from:i])
			from = i
		}
	}
	return append(out, s[from:])
}

// split cuts a piece so that its head has at most that many columns, but at least one character: behind a slash or colon if there is one in the second half.
func split(piece string, columns int) (head, tail string) {
	end, good, used := 0, 0, 0
	for i, r := range piece {
		if used += text.RuneWidth(r); used > columns && i > 0 {
			break
		}
		end = i + len(string(r))
		if r == '/' || r == ':' {
			good = end
		}
	}
	if good > end/2 && end < len(piece) {
		end = good
	}
	return piece[:end], piece[end:]
}
