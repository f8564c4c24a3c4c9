package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	prettytext "github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/report/text"
)

// shown is how statuses are written for people.
var shown = map[doctor.Status]struct {
	name   string
	colors prettytext.Colors
}{
	doctor.OK:         {"ok", prettytext.Colors{prettytext.FgGreen}},
	doctor.Warning:    {"warning", prettytext.Colors{prettytext.FgYellow}},
	doctor.Problem:    {"problem", prettytext.Colors{prettytext.FgRed, prettytext.Bold}},
	doctor.NotChecked: {"not checked", prettytext.Colors{prettytext.FgCyan}},
}

// doctorText writes a line for each check, and below it what is not in order and what to do.
func doctorText(w io.Writer, r doctor.Report, o text.Options) error {
	fmt.Fprintf(w, "The installation in account %s, %s\n\n", text.Safe(r.Account), text.Safe(r.Region))
	for _, c := range r.Checks {
		if err := checkText(w, r, c, o); err != nil {
			return err
		}
	}
	var parts []string
	for _, s := range []doctor.Status{doctor.OK, doctor.Warning, doctor.Problem, doctor.NotChecked} {
		if n := r.Counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, shown[s].name))
		}
	}
	_, err := fmt.Fprintf(w, "\n%d checks: %s.\n", len(r.Checks), strings.Join(parts, ", "))
	return err
}

const (
	statusColumn = 13
	idColumn     = 14
)

func checkText(w io.Writer, r doctor.Report, c doctor.Result, o text.Options) error {
	rest := strings.Repeat(" ", statusColumn+idColumn)
	first := label(c.Status, o) + fmt.Sprintf("%-*s", idColumn, c.ID)
	if c.Status != doctor.OK {
		if err := wrapped(w, first, rest, c.Title, o); err != nil {
			return err
		}
		first = rest
	}
	for _, g := range grouped(r, c) {
		if err := groupText(w, g, c.Status, first, rest, o); err != nil {
			return err
		}
		first = rest
	}
	return nil
}

// group is what was seen in the same way of several things.
type group struct {
	status   doctor.Status
	seen, do string
	places   []string            // accounts and Regions, if there are several
	subjects map[string][]string // by place
}

// grouped puts findings together that say the same. What is in order is left out where something is not: the title and what is wrong say enough.
func grouped(r doctor.Report, c doctor.Result) []group {
	var out []group
	many := slices.ContainsFunc(c.Findings, func(f doctor.Finding) bool { return f.Status != doctor.OK && elsewhere(r, f) })
	for _, f := range c.Findings {
		if f.Status == doctor.OK && c.Status != doctor.OK {
			continue
		}
		i := slices.IndexFunc(out, func(g group) bool { return g.status == f.Status && g.seen == f.Seen && g.do == f.Do })
		if i < 0 {
			out = append(out, group{f.Status, f.Seen, f.Do, nil, map[string][]string{}})
			i = len(out) - 1
		}
		out[i].add(place(r, f, many), f)
	}
	return out
}

func (g *group) add(where string, f doctor.Finding) {
	if _, ok := g.subjects[where]; !ok {
		g.places = append(g.places, where)
		g.subjects[where] = nil
	}
	if f.Subject != "" && f.Status != doctor.OK {
		g.subjects[where] = append(g.subjects[where], f.Subject)
	}
}

// mostShown is how many things, or places, of a group are named.
const mostShown = 12

// first names the first of many.
func first(list []string) string {
	if n := len(list); n > mostShown {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:mostShown], ", "), n-mostShown)
	}
	return strings.Join(list, ", ")
}

func groupText(w io.Writer, g group, of doctor.Status, indent, rest string, o text.Options) error {
	seen := g.seen
	var below []string
	switch {
	case len(g.places) == 1:
		where := strings.TrimSpace(g.places[0] + " " + first(g.subjects[g.places[0]]))
		if where != "" {
			seen = where + ": " + seen
		}
	default:
		for _, p := range g.places {
			below = append(below, strings.TrimSuffix(p+": "+first(g.subjects[p]), ": "))
		}
		if n := len(below); n > mostShown {
			below = append(below[:mostShown], fmt.Sprintf("and %d more places", n-mostShown))
		}
	}
	if g.status != of {
		seen = shown[g.status].name + ": " + seen
	}
	if of != doctor.OK {
		indent, rest = indent+"- ", rest+"  "
	}
	if err := wrapped(w, indent, rest, seen, o); err != nil {
		return err
	}
	for _, line := range below {
		if err := wrapped(w, rest+"  ", rest+"    ", line, o); err != nil {
			return err
		}
	}
	if g.do == "" {
		return nil
	}
	return wrapped(w, rest+"> ", rest+"  ", g.do, o)
}

func elsewhere(r doctor.Report, f doctor.Finding) bool {
	return f.Account != r.Account || f.Region != r.Region && f.Region != ""
}

// place says in which account and Region a thing is, where findings are of several.
func place(r doctor.Report, f doctor.Finding, many bool) string {
	if f.Status == doctor.OK || !many {
		return ""
	}
	if f.Account == r.Account {
		return f.Region
	}
	return strings.TrimSpace(f.Account + " " + f.Region)
}

func label(s doctor.Status, o text.Options) string {
	name := shown[s].name
	pad := strings.Repeat(" ", statusColumn-len(name))
	if o.Color {
		return shown[s].colors.Sprint(name) + pad
	}
	return name + pad
}
