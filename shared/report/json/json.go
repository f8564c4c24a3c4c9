// Package json writes a report as JSON, for programs.
//
// The document is one object with the keys of [report.Report] in the order of that type: "schema" (1), "generated", "since", "accounts", "regions",
// "rules", "figures", "controls", "waiting", "exceptions", "refused", "fixes" and "plans". Each element of the last five lists stands on a line of
// its own, so that a report can be read and compared line by line. Times are RFC 3339 in UTC and durations seconds; lists are never null; keys that
// are documented as omitted when empty are the only ones that may be missing. The same report gives the same bytes. New keys may come without
// notice; "schema" is raised when one changes its meaning or goes.
package json

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/shoreup/shoreup/shared/report"
)

// Write writes the report element by element, so that no second copy of it is ever held.
func Write(w io.Writer, r report.Report) error { return write(w, r, false) }

// WriteEscaped is [Write] with <, >, &, U+2028 and U+2029 as escapes: nothing in it can close the HTML element that holds it or begin a comment
// (HTML standard, 4.12.1.3 "Restrictions for contents of script elements").
func WriteEscaped(w io.Writer, r report.Report) error { return write(w, r, true) }

func write(w io.Writer, r report.Report, escape bool) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	s := stream{w: buffered, enc: json.NewEncoder(buffered)}
	s.enc.SetEscapeHTML(escape)
	s.raw("{")
	s.value("schema", r.Schema, "")
	if r.Only != "" {
		s.value("only", r.Only, ",")
	}
	s.value("generated", r.Generated, ",")
	if !r.Since.IsZero() {
		s.value("since", r.Since, ",")
	}
	s.value("accounts", some(r.Accounts), ",")
	s.value("regions", some(r.Regions), ",")
	s.value("rules", r.Rules, ",")
	s.value("figures", r.Figures, ",")
	list(&s, "controls", r.Controls)
	list(&s, "waiting", r.Waiting)
	list(&s, "exceptions", r.Exceptions)
	list(&s, "refused", r.Refused)
	list(&s, "fixes", r.Fixes)
	list(&s, "plans", r.Plans)
	s.raw("}\n")
	if s.err == nil {
		s.err = buffered.Flush()
	}
	if s.err != nil {
		return fmt.Errorf("writing the report as JSON: %w", s.err)
	}
	return nil
}

type stream struct {
	w   *bufio.Writer
	enc *json.Encoder
	err error
}

func (s *stream) raw(text string) {
	if s.err == nil {
		_, s.err = s.w.WriteString(text)
	}
}

func (s *stream) encode(v any) { // with a line break behind it, which JSON allows
	if s.err == nil {
		s.err = s.enc.Encode(v)
	}
}

func (s *stream) value(key string, v any, lead string) {
	s.raw(lead + `"` + key + `":`)
	s.encode(v)
}

func list[T any](s *stream, key string, items []T) {
	s.raw(`,"` + key + `":[`)
	for i, item := range items {
		if i > 0 {
			s.raw(",")
		}
		s.encode(item)
	}
	s.raw("]\n")
}

func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
