package rules

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

const maxProblems = 50

// decoder turns a tree into a File and collects every problem on the way, so that people see all of them at once.
type decoder struct {
	file     *File
	problems []Problem
	later    []func() // checks that need the whole file, such as names of groups
}

func (d *decoder) fail(n *node, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: n.line, Column: n.col, Path: path, Text: fmt.Sprintf(format, args...)})
}

func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	sort.SliceStable(d.problems, func(i, j int) bool {
		a, b := d.problems[i], d.problems[j]
		return a.Line < b.Line || (a.Line == b.Line && a.Column < b.Column)
	})
	return &LoadError{Problems: d.problems[:min(len(d.problems), maxProblems)]}
}

// field reads one field of a mapping into its place.
type field func(n *node, path string)

// object reads a mapping of known fields; the needed ones must be there.
func (d *decoder) object(n *node, path string, fields map[string]field, needed ...string) bool {
	if n.kind != kindMap {
		d.fail(n, path, "here stands %s; write fields: %s", kindNames[n.kind], strings.Join(names(fields), ", "))
		return false
	}
	for _, p := range n.pairs {
		at := p.key
		if path != "" {
			at = path + "." + p.key
		}
		read, known := fields[p.key]
		if !known {
			d.fail(&node{line: p.line, col: p.col}, at, "unknown field; %s", unknownHint(p.key, names(fields)))
			continue
		}
		if p.value.kind == kindNull {
			d.fail(&node{line: p.line, col: p.col}, at, "has no value; give one (in quotes if it begins with #) or remove the field")
			continue
		}
		read(p.value, at)
	}
	complete := true
	for _, name := range needed {
		if !slices.ContainsFunc(n.pairs, func(p pair) bool { return p.key == name }) {
			d.fail(n, path, "field %s is missing", name)
			complete = false
		}
	}
	return complete
}

// text reads a string of 1 to limit characters that prints as it is.
func (d *decoder) text(n *node, path string, limit int) string {
	if n.kind != kindString {
		d.fail(n, path, "must be a text, not %s; put it in quotes", kindNames[n.kind])
		return ""
	}
	s := strings.TrimSpace(strings.ReplaceAll(n.text, "\n", " ")) // decisions and messages are single lines
	switch {
	case s == "":
		d.fail(n, path, "is empty; write something or remove the field")
	case len([]rune(n.text)) > limit:
		d.fail(n, path, "is too long (%d characters); write at most %d", len([]rune(n.text)), limit)
	case strings.ContainsFunc(s, unprintable):
		d.fail(n, path, "holds control or invisible characters; write it in plain characters")
	default:
		return s
	}
	return ""
}

// unprintable characters could make a line look like what it is not.
func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

func (d *decoder) flag(n *node, path string) bool {
	if n.kind != kindBool {
		d.fail(n, path, "must be true or false, without quotes")
		return false
	}
	return strings.EqualFold(n.text, "true")
}

func (d *decoder) number(n *node, path string, low, high int) int {
	value, err := strconv.Atoi(n.text)
	if n.kind != kindNumber || err != nil || value < low || value > high {
		d.fail(n, path, "must be a whole number from %d to %d, in plain digits without quotes", low, high)
		return low
	}
	return value
}

// list reads 1 to limit items.
func (d *decoder) list(n *node, path string, limit int, read field) {
	switch {
	case n.kind != kindList:
		d.fail(n, path, "must be a list, not %s; write [a, b], or one \"- item\" per line", kindNames[n.kind])
	case len(n.items) == 0:
		d.fail(n, path, "is an empty list, which could mean all or nothing; name something or remove the field")
	case len(n.items) > limit:
		d.fail(n, path, "has %d items; the limit is %d", len(n.items), limit)
	default:
		for i, item := range n.items {
			read(item, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// check says what is wrong with a text and what to write instead, or "".
type check func(string) string

// texts reads a list of different texts that all pass the check.
func (d *decoder) texts(n *node, path string, limit int, ok check) []string {
	var out []string
	d.list(n, path, limit, func(item *node, at string) {
		s := d.checked(item, at, ok)
		if s != "" && slices.Contains(out, s) {
			d.fail(item, at, "%q is there twice; keep one", s)
		}
		out = append(out, s)
	})
	return out
}

func (d *decoder) checked(n *node, path string, ok check) string {
	s := d.text(n, path, 512)
	if s == "" {
		return ""
	}
	if s != n.text {
		d.fail(n, path, "has line breaks, or blanks around it; write %q", s)
		return ""
	}
	if complaint := ok(s); complaint != "" {
		d.fail(n, path, "%s", complaint)
		return ""
	}
	return s
}

func names(fields map[string]field) []string {
	out := make([]string, 0, len(fields))
	for name := range fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unknownHint helps with the mistakes that are likely: a wrong number or separator, or a letter.
func unknownHint(key string, known []string) string {
	plain := func(s string) string {
		return strings.TrimSuffix(strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)), "s")
	}
	for _, name := range known {
		if plain(name) == plain(key) {
			return "write " + name
		}
	}
	return "known here: " + strings.Join(known, ", ")
}
