package show

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/core"
)

// Line is one line of a diff. Mark is '+' (only After is set), '-' (only Before) or '~' (both).
type Line struct {
	Mark   byte
	Field  string // "rules", "policy statement 2"
	Before string
	After  string
}

// Diff returns the differences as people read them: policies statement by statement, lists element by element, each value on one line.
func Diff(lines []core.DiffLine) []Line {
	var out []Line
	for _, d := range lines {
		out = append(out, diffLine(d)...)
	}
	return out
}

func diffLine(d core.DiffLine) []Line {
	field, index := splitIndex(Visible(d.Path))
	before, was := present(d.Before)
	after, is := present(d.After)
	old, oldDoc := documentOf(before)
	now, nowDoc := documentOf(after)
	if (was || is) && (oldDoc || !was) && (nowDoc || !is) {
		return statementLines(field, index, old, now)
	}
	line := Line{Mark: '~', Field: field, Before: Value(d.Before), After: Value(d.After)}
	switch {
	case !was && is:
		line.Mark, line.Before = '+', ""
	case was && !is:
		line.Mark, line.After = '-', ""
	}
	return []Line{line}
}

// present reports whether there is a value; core leaves the absent side empty, and its JSON form may say null.
func present(raw json.RawMessage) (any, bool) {
	v, ok := decode(raw)
	if !ok {
		return string(raw), len(raw) > 0
	}
	return v, v != nil
}

// splitIndex takes the place in a list off a path. Lists are compared as sets, so only a statement's place says something to people.
func splitIndex(path string) (string, int) {
	open := strings.LastIndexByte(path, '[')
	if open < 0 || !strings.HasSuffix(path, "]") {
		return path, -1
	}
	n, err := strconv.Atoi(path[open+1 : len(path)-1])
	if err != nil {
		return path, -1
	}
	return path[:open], n
}

// document is a policy, or a part of one, as its statements.
type document struct {
	whole      string // what is said of the document besides its statements; empty: it is no whole document
	statements []statement
}

// documentOf reads a statement, a list of statements or a whole policy.
func documentOf(v any) (document, bool) {
	if s, ok := statementOf(v); ok {
		return document{statements: []statement{s}}, true
	}
	if list, ok := v.([]any); ok {
		var d document
		for _, x := range list {
			s, ok := statementOf(x)
			if !ok {
				return document{}, false
			}
			d.statements = append(d.statements, s)
		}
		return d, len(list) > 0
	}
	m, ok := v.(map[string]any)
	if !ok || m["Statement"] == nil {
		return document{}, false
	}
	d, ok := documentOf(m["Statement"])
	d.whole = "the document"
	for _, k := range []string{"Version", "Id"} {
		if m[k] != nil {
			d.whole += fmt.Sprintf(", %s %s", strings.ToLower(k), inline(m[k]))
		}
	}
	return d, ok
}

// statementLines lists the statements that only one side has.
func statementLines(field string, index int, old, now document) []Line {
	policy := strings.TrimSuffix(field, ".Statement")
	if policy == "Statement" {
		policy = "policy"
	}
	var out []Line
	if old.whole != now.whole {
		if old.whole != "" {
			out = append(out, Line{Mark: '-', Field: policy, Before: old.whole})
		}
		if now.whole != "" {
			out = append(out, Line{Mark: '+', Field: policy, After: now.whole})
		}
	}
	name := func(i int, s statement) string {
		return strings.TrimSpace(fmt.Sprintf("%s statement %d %s", policy, max(index, 0)+i+1, s.sid))
	}
	for i, s := range old.statements {
		if !holds(now.statements, s) {
			out = append(out, Line{Mark: '-', Field: name(i, s), Before: s.text})
		}
	}
	for i, s := range now.statements {
		if !holds(old.statements, s) {
			out = append(out, Line{Mark: '+', Field: name(i, s), After: s.text})
		}
	}
	return out
}

func holds(list []statement, s statement) bool {
	return slices.ContainsFunc(list, func(x statement) bool { return x.key == s.key })
}
