package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/hub"
)

// What an operation is needed for.
const (
	kindRead    = "read"    // to judge
	kindList    = "list"    // to sweep
	kindResolve = "resolve" // to know what an event is about
	kindWrite   = "write"
	kindUndo    = "undo"
)

// need is one operation that a control needs; the keys are stable and documented in the README.
type need struct {
	Kind      string   `json:"kind"`
	Operation string   `json:"operation"`
	Action    string   `json:"action"`    // the operation's own IAM action
	Dependent []string `json:"dependent"` // IAM actions that AWS asks for with it
	Role      string   `json:"role"`
	Resources []string `json:"resources"` // that the role may do it on
	Only      []any    `json:"only"`      // the conditions under which the role may do it, as IAM has them
	Condition string   `json:"condition"` // of the role in the template; empty: the role is always there
	Why       string   `json:"why"`
}

// controlNeeds is all that a control needs. SessionScope is what a write session is cut down to, with the resource's own id for *.
type controlNeeds struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Family       string   `json:"family"`
	ResourceType string   `json:"resource_type"`
	SessionScope []string `json:"session_scope"`
	Needs        []need   `json:"permissions"`
}

// needsOf derives what a control needs from its declaration, and where it may do it from the roles of the template.
func needsOf(m core.Meta, b *blueprint.Blueprint, v blueprint.Values) controlNeeds {
	out := controlNeeds{ID: m.ID, Title: m.Title, Family: m.Family, ResourceType: m.Type.Name, SessionScope: []string{}}
	add := func(kind, role, why string, ops []awsapi.Op) {
		for _, op := range ops {
			out.Needs = append(out.Needs, needOf(b, op, kind, role, why))
		}
	}
	add(kindRead, hub.ReadRole, "to judge an "+m.Type.Name+", and to read back that a fix took", m.Reads)
	add(kindList, hub.ReadRole, "a sweep looks at every "+m.Type.Name, without(m.Type.ListOps, m.Reads))
	add(kindResolve, hub.ReadRole, "events name an "+m.Type.Name+" by another id, too", without(m.Type.ResolveOps, m.Reads, m.Type.ListOps))
	for _, event := range slices.Sorted(maps.Keys(m.Type.Via)) {
		if via := m.Type.Via[event]; slices.Contains(m.Events, event) {
			add(kindResolve, hub.ReadRole, fmt.Sprintf("%s names the %s and not this", event, via.Type), without(via.Ops, m.Reads, m.Type.ListOps, m.Type.ResolveOps))
		}
	}
	add(kindWrite, hub.RoleFor(hub.WriteRole, m, false), "the fix: "+m.Title, m.Writes)
	add(kindUndo, hub.RoleFor(hub.WriteRole, m, true), "takes the fix back", m.Undoes)
	if len(m.Writes) > 0 {
		out.SessionScope = m.Type.WriteScope(awsapi.Resource{Type: m.Type.Name, ID: "*", Account: v.Account, Region: regionOf(m), Partition: v.Partition})
	}
	return out
}

func regionOf(m core.Meta) string {
	if m.Type.Global {
		return ""
	}
	return "*"
}

// without leaves out operations that are listed already, so that each is said once.
func without(ops []awsapi.Op, listed ...[]awsapi.Op) []awsapi.Op {
	var have []string
	for _, list := range listed {
		have = append(have, names(list)...)
	}
	var out []awsapi.Op
	for _, op := range ops {
		if !slices.Contains(have, op.Name) {
			out, have = append(out, op), append(have, op.Name)
		}
	}
	return out
}

func needOf(b *blueprint.Blueprint, op awsapi.Op, kind, role, why string) need {
	n := need{Kind: kind, Operation: op.Name, Role: role[strings.LastIndex(role, "/")+1:], Why: why, Resources: []string{}, Dependent: []string{}, Only: []any{}}
	if len(op.Actions) > 0 {
		n.Action, n.Dependent = op.Actions[0], list(op.Actions[1:])
	}
	if r, err := b.Role(role); err == nil {
		n.Resources, n.Condition = list(r.Scope(n.Action)), conditionOf(r, n.Action)
		for _, s := range r.Statements {
			if len(s.Conditions) > 0 && s.Grants(n.Action) {
				n.Only = append(n.Only, s.Conditions)
			}
		}
	}
	return n
}

// conditionOf returns the condition under which a role holds an action: the role's own, or that of every statement which allows it.
func conditionOf(r blueprint.Role, action string) string {
	if r.Condition != "" {
		return r.Condition
	}
	condition := ""
	for _, s := range r.Statements {
		if s.Grants(action) {
			if s.Optional == "" {
				return ""
			}
			condition = s.Optional
		}
	}
	return condition
}

// policyOf makes one IAM policy of what controls need: of each role's statements the actions that they need, with their resources and conditions.
func policyOf(b *blueprint.Blueprint, all []controlNeeds, kinds ...string) map[string]any {
	needed := map[string][]string{} // by role
	for _, c := range all {
		for _, n := range c.Needs {
			if slices.Contains(kinds, n.Kind) {
				needed[n.Role] = append(append(needed[n.Role], n.Action), n.Dependent...)
			}
		}
	}
	statements := []any{}
	for _, role := range slices.Sorted(maps.Keys(needed)) {
		r, err := b.Role(role)
		if err != nil {
			continue
		}
		for _, s := range r.Statements {
			if part := partOf(s, needed[role]); part != nil && !slices.ContainsFunc(statements, func(have any) bool { return reflect.DeepEqual(have, part) }) {
				statements = append(statements, part)
			}
		}
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

// partOf is the part of a statement that allows what is needed; nil if it allows none of it.
func partOf(s blueprint.Statement, needed []string) any {
	var actions []string
	for _, a := range needed {
		if s.Grants(a) && !slices.Contains(actions, a) {
			actions = append(actions, a)
		}
	}
	if len(actions) == 0 {
		return nil
	}
	slices.Sort(actions)
	out := map[string]any{"Effect": s.Effect, "Action": actions, "Resource": s.Resources}
	if len(s.Conditions) > 0 {
		out["Condition"] = s.Conditions
	}
	return out
}
