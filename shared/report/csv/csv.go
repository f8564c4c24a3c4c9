// Package csv writes the lists of a report as tables that spreadsheets and databases read: RFC 4180, UTF-8, the first line names the columns, times are
// RFC 3339 in UTC and durations whole seconds.
//
// A spreadsheet runs what begins like a formula, and names, tags and reasons come from whoever made a resource. Such a cell gets an apostrophe in
// front ("CSV Injection", OWASP). Account ids are digits as they are: a spreadsheet that drops leading zeros has to be told that the column is text.
package csv

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/report"
)

// column is one column of a table of Ts.
type column[T any] struct {
	name string
	cell func(T) string
}

// Tables returns the names of the tables that [Write] knows, the main one first.
func Tables() []string { return []string{"plans", "waiting", "exceptions", "refused", "fixes"} }

// Write writes one table of the report.
func Write(w io.Writer, r report.Report, table string) error {
	var err error
	switch table {
	case "plans":
		err = write(w, planColumns(), r.Plans)
	case "waiting":
		err = write(w, waitingColumns(), r.Waiting)
	case "exceptions":
		err = write(w, exceptionColumns(), r.Exceptions)
	case "refused":
		err = write(w, refusalColumns(), r.Refused)
	case "fixes":
		err = write(w, fixColumns(), r.Fixes)
	default:
		return fmt.Errorf("writing the report as CSV: there is no table %q; there are %s", table, strings.Join(Tables(), ", "))
	}
	if err != nil {
		return fmt.Errorf("writing the table %s as CSV: %w", table, err)
	}
	return nil
}

func write[T any](w io.Writer, columns []column[T], rows []T) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180, 2.1
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.name
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	for _, row := range rows {
		for i, c := range columns {
			cells[i] = safe(c.cell(row))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// starts are what makes a cell a formula or a command, in their full-width forms, too. Blanks before them are skipped by some programs.
const starts = "=+-@\t\r\n＝＋－＠"

func safe(s string) string {
	if trimmed := strings.TrimLeft(s, " \u00a0\u3000"); trimmed != "" && strings.ContainsRune(starts, []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func whole(seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return strconv.FormatFloat(seconds, 'f', 0, 64)
}

func joined(list []string) string { return strings.Join(list, "; ") }

func about[T any](of func(T) report.Subject) []column[T] {
	text := func(name string, get func(report.Subject) string) column[T] {
		return column[T]{name, func(row T) string { return get(of(row)) }}
	}
	return []column[T]{
		text("severity", func(s report.Subject) string { return string(s.Severity) }), text("control", func(s report.Subject) string { return s.Control }),
		text("title", func(s report.Subject) string { return s.Title }), text("account", func(s report.Subject) string { return s.Account }),
		text("region", func(s report.Subject) string { return s.Region }), text("service", func(s report.Subject) string { return s.Service }),
		text("resource_type", func(s report.Subject) string { return s.Type }), text("resource", func(s report.Subject) string { return s.Resource }),
		text("arn", func(s report.Subject) string { return s.ARN }), text("owner", func(s report.Subject) string { return s.Owner }),
	}
}

func with[T any](first []column[T], more ...column[T]) []column[T] { return slices.Concat(first, more) }
