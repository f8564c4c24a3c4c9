package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
)

// roleLine is a role as it is printed for programs; the keys are stable.
type roleLine struct {
	Role       string          `json:"role"`
	ARN        string          `json:"arn"`
	Does       string          `json:"does"`
	Condition  string          `json:"condition"`
	Trusted    []string        `json:"trusted"`
	Identity   bool            `json:"source_identity_required"`
	Statements []statementLine `json:"statements"`
}

type statementLine struct {
	Effect    string         `json:"effect"`
	Actions   []string       `json:"actions"`
	Resources []string       `json:"resources"`
	Condition map[string]any `json:"condition"`
	Optional  string         `json:"optional"`
	Controls  []string       `json:"controls"` // that need one of the actions of this role
}

func (o *permissionsFlags) oneRole(w io.Writer, b *blueprint.Blueprint) error {
	r, err := b.Role(o.role)
	if err != nil {
		return err
	}
	if o.format == "policy" {
		return printJSON(w, r.Policy())
	}
	line := roleLine{Role: r.Name, ARN: r.ARN, Does: r.Does, Condition: r.Condition, Trusted: list(r.Trusted()), Identity: blueprint.AsksForIdentity(r.Trust)}
	needs := neededOf(b, r.Name, o.values)
	for _, s := range r.Statements {
		l := statementLine{Effect: s.Effect, Actions: list(s.Actions), Resources: list(s.Resources), Condition: s.Conditions, Optional: s.Optional, Controls: []string{}}
		for _, a := range s.Actions {
			l.Controls = append(l.Controls, needs[a]...)
		}
		slices.Sort(l.Controls)
		l.Controls = slices.Compact(l.Controls)
		line.Statements = append(line.Statements, l)
	}
	if o.format == "json" {
		return printJSON(w, line)
	}
	return roleText(w, line, style(w))
}

// neededOf says which controls need each action of a role.
func neededOf(b *blueprint.Blueprint, role string, v blueprint.Values) map[string][]string {
	out := map[string][]string{}
	for _, c := range catalog.Controls() {
		for _, n := range needsOf(c.Meta, b, v).Needs {
			if n.Role != role {
				continue
			}
			for _, a := range append([]string{n.Action}, n.Dependent...) {
				if !slices.Contains(out[a], c.ID) {
					out[a] = append(out[a], c.ID)
				}
			}
		}
	}
	return out
}

func roleText(w io.Writer, r roleLine, o text.Options) error {
	identity := ""
	if r.Identity {
		identity = ", with a source identity"
	}
	fmt.Fprintf(w, "%s: %s%s\n%s\nTaken by %s%s\n\n", r.Role, r.Does, off(r.Condition), r.ARN, strings.Join(r.Trusted, ", "), identity)
	for _, s := range r.Statements {
		effect := strings.ToLower(s.Effect)
		if err := wrapped(w, fmt.Sprintf("  %-6s ", effect), "         ", strings.Join(shortened(s.Actions), " "), o); err != nil {
			return err
		}
		on := "on " + strings.Join(s.Resources, ", ")
		if len(s.Controls) > 0 {
			on += fmt.Sprintf(", for %s", counted(s.Controls))
		}
		if err := wrapped(w, "         ", "         ", on+off(s.Optional), o); err != nil {
			return err
		}
	}
	return nil
}

func counted(controls []string) string {
	if len(controls) == 1 {
		return controls[0]
	}
	return fmt.Sprintf("%d controls", len(controls))
}

// readRoleName is the read role without its path.
func readRoleName() string { return strings.TrimPrefix(hub.ReadRole, hub.RolePath) }

// writeRoleName is what the names of the roles begin with that fix, without their path.
func writeRoleName() string { return strings.TrimPrefix(hub.WriteRole, hub.RolePath) }

func controlsNeeding(role string) (n int) {
	for _, c := range catalog.Controls() {
		if role == readRoleName() || slices.Contains(rolesFor(c.Meta), role) {
			n++
		}
	}
	return n
}

func rolesFor(m core.Meta) []string {
	var out []string
	if len(m.Writes) > 0 {
		out = append(out, strings.TrimPrefix(hub.RoleFor(hub.WriteRole, m, false), hub.RolePath))
	}
	if len(m.Undoes) > 0 {
		out = append(out, strings.TrimPrefix(hub.RoleFor(hub.WriteRole, m, true), hub.RolePath))
	}
	return out
}
