package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	prettytext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/report/text"
)

const columnGap = 2

// columns writes a table whose columns share the width: the widest gives way first, and wraps at blanks.
func columns(w io.Writer, head []string, rows [][]string, o text.Options) error {
	if len(rows) == 0 {
		return nil
	}
	widths := make([]int, len(head))
	for i := range head {
		widths[i] = prettytext.StringWidth(head[i])
		for _, r := range rows {
			r[i] = text.Safe(r[i])
			widths[i] = max(widths[i], prettytext.StringWidth(r[i]))
		}
	}
	share(widths, max(o.Width, 60)-columnGap*(len(head)-1))
	t := table.NewWriter()
	t.SetStyle(plain(o))
	t.SuppressTrailingSpaces()
	config := make([]table.ColumnConfig, len(head))
	for i := range head {
		config[i] = table.ColumnConfig{Number: i + 1, WidthMax: widths[i], WidthMaxEnforcer: prettytext.WrapSoft}
	}
	t.SetColumnConfigs(config)
	t.AppendHeader(cells(head))
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// share narrows the widest columns until all fit.
func share(widths []int, room int) {
	for {
		sum := 0
		for _, n := range widths {
			sum += n
		}
		if widest := slices.Index(widths, slices.Max(widths)); sum > room && widths[widest] > 12 {
			widths[widest]--
			continue
		}
		return
	}
}

func cells(list []string) table.Row {
	row := make(table.Row, len(list))
	for i, c := range list {
		row[i] = c
	}
	return row
}

// plain is columns and nothing else, so that a table can be cut and pasted.
func plain(o text.Options) table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", strings.Repeat(" ", columnGap)
	s.Format.Header = prettytext.FormatUpper
	s.Color = table.ColorOptions{}
	if o.Color {
		s.Color.Header = prettytext.Colors{prettytext.Bold}
	}
	return s
}

// wrapped writes text in lines of the width, all but the first indented.
func wrapped(w io.Writer, first, rest, s string, o text.Options) error {
	room := max(max(o.Width, 60)-prettytext.StringWidth(prettytext.StripEscape(rest)), 20)
	for i, line := range strings.Split(prettytext.WrapSoft(text.Safe(s), room), "\n") {
		indent := rest
		if i == 0 {
			indent = first
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(indent+strings.TrimRight(line, " "), " ")); err != nil {
			return err
		}
	}
	return nil
}
