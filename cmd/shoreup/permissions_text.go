package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/report/text"
)

// needsSummary writes a line for each control and role: how much of which kind.
func needsSummary(w io.Writer, all []controlNeeds, o text.Options) error {
	var rows [][]string
	for _, c := range all {
		id := c.ID
		for _, role := range rolesOf(c) {
			rows = append(rows, []string{id, role, strings.Join(shortened(actionsOf(c, role)), " ")})
			id = ""
		}
	}
	if err := columns(w, []string{"control", "role", "IAM actions"}, rows, o); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\nWhy, and on which resources: shoreup permissions --control ID. Each role as a whole: --role NAME. Who can do what at worst: --worst-case.")
	return err
}

func rolesOf(c controlNeeds) []string {
	var out []string
	for _, n := range c.Needs {
		if !slices.Contains(out, n.Role) {
			out = append(out, n.Role)
		}
	}
	return out
}

func actionsOf(c controlNeeds, role string) []string {
	var out []string
	for _, n := range c.Needs {
		if n.Role == role {
			out = append(append(out, n.Action), n.Dependent...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// shortened leaves the service out where it is the one before: "s3:GetBucketAcl GetBucketPolicy".
func shortened(actions []string) []string {
	out := slices.Clone(actions)
	for i := 1; i < len(actions); i++ {
		service, name, _ := strings.Cut(actions[i], ":")
		if before, _, _ := strings.Cut(actions[i-1], ":"); before == service {
			out[i] = name
		}
	}
	return out
}

// needsText writes each control's actions with why and where, those of one purpose together.
func needsText(w io.Writer, all []controlNeeds, o text.Options) error {
	for i, c := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s\n", c.ID, c.Title)
		for rest := c.Needs; len(rest) > 0; {
			n := 1
			for n < len(rest) && samePurpose(rest[0], rest[n]) {
				n++
			}
			if err := purposeText(w, rest[:n], o); err != nil {
				return err
			}
			rest = rest[n:]
		}
		if len(c.SessionScope) > 0 {
			const first = "\n  Each write has a session of its own, cut down to "
			if err := wrapped(w, first, "  ", "the resource that is fixed: one of "+strings.Join(c.SessionScope, ", "), o); err != nil {
				return err
			}
		}
	}
	return nil
}

func samePurpose(a, b need) bool {
	return a.Kind == b.Kind && a.Role == b.Role && a.Why == b.Why && a.Condition == b.Condition && slices.Equal(a.Resources, b.Resources)
}

func purposeText(w io.Writer, needs []need, o text.Options) error {
	var actions []string
	for _, n := range needs {
		action := n.Action
		if len(n.Dependent) > 0 {
			action += " with " + strings.Join(n.Dependent, " and ")
		}
		if !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	const indent = "           "
	first := needs[0]
	if err := wrapped(w, fmt.Sprintf("\n  %-8s ", first.Kind), indent, first.Why+off(first.Condition), o); err != nil {
		return err
	}
	if err := wrapped(w, indent, indent, strings.Join(actions, ", "), o); err != nil {
		return err
	}
	return wrapped(w, indent, indent, "as "+first.Role+" on "+strings.Join(first.Resources, ", "), o)
}

// off says that something is there only under a condition of the template.
func off(condition string) string {
	if condition == "" {
		return ""
	}
	return " (only with " + condition + ")"
}
