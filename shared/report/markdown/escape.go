package markdown

import "strings"

// special are the characters that Markdown, its GitHub flavour and the HTML in it give a meaning. As a character reference each is just itself
// (CommonMark 0.31, 2.5: a reference cannot stand for a symbol of the structure).
const special = "&<>\\`*_{}[]()#+.!|~=:$\"'"

// prose makes outside text say just what it says, on one line: no markup, no HTML, no link, no table cell's end. Addresses are not turned
// into links because their colon and dots are references; a hyphen has a meaning only where a line begins, and stays what people can copy elsewhere. A comment behind @ and # keeps people and issues from being mentioned, which GitHub does with text
// after it has resolved references.
func prose(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '-' && strings.TrimLeft(s[:i], " \r\n") == "": // a list, a line or a heading
			b.WriteString(reference(r))
		case r == '\n' || r == '\r':
			b.WriteByte(' ')
		case r == '@' || r == '#':
			b.WriteString(reference(r) + "<!-- -->")
		case strings.ContainsRune(special, r):
			b.WriteString(reference(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var references = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;"}

func reference(r rune) string {
	if named, ok := references[r]; ok {
		return named
	}
	const digits = "0123456789"
	n := int(r) // ASCII, at most three digits
	out := string(digits[n%10])
	if n >= 10 {
		out = string(digits[n/10%10]) + out
	}
	if n >= 100 {
		out = string(digits[n/100]) + out
	}
	return "&#" + out + ";"
}

// code makes a code span as HTML: within the element every character can be escaped, which backticks do not allow, and a table's cell is not ended.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + prose(s) + "</code>"
}

// block makes a fenced block whose fence is longer than any run of its own character in the text.
func block(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}
