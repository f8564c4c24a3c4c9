package text

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// narrow is the width from which on there is room for who acted and the entry's hash.
const narrow = 140

// AuditTable writes audit entries as a table, oldest first as they come. ARNs are shortened to the resource, times are UTC.
func AuditTable(w io.Writer, lines []audit.Line, o Options) error {
	head := []string{"record", "time (UTC)", "kind", "outcome", "control", "resource"}
	wide := o.width() >= narrow
	if wide {
		head = append(head, "actor", "hash")
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{
			fmt.Sprintf("%s/%d", l.Chain, l.Seq), strings.TrimSuffix(show.Time(l.Time), " UTC"), string(l.Kind), l.Outcome, l.Control, resourceOf(l.Resource),
		}
		if wide {
			rows[i] = append(rows[i], show.Actor(l.Actor, l.Chain), core.RecordHash(l.Hash))
		}
	}
	return write(w, head, rows, 5, o)
}

// resourceOf is the last part of an ARN: "security-group/sg-1".
func resourceOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[5] != "" {
		return parts[5]
	}
	return arn
}

// ControlsTable writes the controls as a table. Modes gives each control's default mode by id; nil leaves the column out.
func ControlsTable(w io.Writer, controls []core.Meta, modes map[string]string, o Options) error {
	head := []string{"control", "severity", "undo", "disrupts", "security hub"}
	if modes != nil {
		head = append(head, "mode")
	}
	head = append(head, "what it does")
	rows := make([][]string, len(controls))
	for i, c := range controls {
		rows[i] = []string{c.ID, string(c.Severity), string(c.Reversible), string(c.Disruption), strings.Join(c.SecurityHub, " ")}
		if modes != nil {
			rows[i] = append(rows[i], modes[c.ID])
		}
		rows[i] = append(rows[i], c.Title)
	}
	return write(w, head, rows, len(head)-1, o)
}

// write lays the table out; the elastic column takes what the others leave, and wraps.
func write(w io.Writer, head []string, rows [][]string, elastic int, o Options) error {
	const gap, least = 2, 16
	room := o.width()
	for i := range head {
		widest := text.StringWidth(head[i])
		for _, r := range rows {
			r[i] = show.Visible(r[i])
			widest = max(widest, text.StringWidth(r[i]))
		}
		if i != elastic {
			room -= widest + gap
		}
	}
	t := table.NewWriter()
	t.SetStyle(style(o))
	t.SuppressTrailingSpaces()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: elastic + 1, WidthMax: max(room, least), WidthMaxEnforcer: breakAt}})
	t.AppendHeader(rowOf(head))
	for _, r := range rows {
		t.AppendRow(rowOf(r))
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func breakAt(s string, width int) string { return strings.Join(wrap(s, width, width), "\n") }

func rowOf(cells []string) table.Row {
	row := make(table.Row, len(cells))
	for i, c := range slices.All(cells) {
		row[i] = c
	}
	return row
}

// style is columns and nothing else, so that a table can be cut and pasted.
func style(o Options) table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	s.Format.Header = text.FormatUpper
	s.Color = table.ColorOptions{}
	if o.Color {
		s.Color.Header = text.Colors{text.Bold}
	}
	return s
}
