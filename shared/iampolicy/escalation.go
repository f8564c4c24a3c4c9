package iampolicy

import (
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// found sorts actions into those granted for certain and those that a condition narrows.
type found struct{ certain, unsettled []string }

func (f *found) add(action string, narrowed bool) {
	if narrowed {
		f.unsettled = append(f.unsettled, action)
	} else {
		f.certain = append(f.certain, action)
	}
}

func (f found) findings(rung Rung, ref Ref, reason string) []Finding {
	var out []Finding
	if len(f.certain) > 0 {
		out = append(out, Finding{Rung: rung, Statements: []Ref{ref}, Actions: f.certain, Reason: strings.Join(f.certain, ", ") + reason})
	}
	if len(f.unsettled) > 0 {
		out = append(out, Finding{Rung: rung, Unsettled: true, Statements: []Ref{ref}, Actions: f.unsettled,
			Reason: strings.Join(f.unsettled, ", ") + reason + ", narrowed by a condition or a Deny"})
	}
	return out
}

func (h holdings) escalations() []Finding {
	var out []Finding
	for _, g := range h.grants {
		var f found
		for _, p := range escalationPaths() {
			if !g.appliesTo(p.action) || h.denied(p.action, p.on) {
				continue
			}
			if g.unrestricted(p.on) || g.onSelf() && changesOwnRights(p.action) {
				f.add(p.action, narrowsTarget(g.Statement) || h.limited(p.action, p.on))
			}
		}
		out = append(out, f.findings(Escalation, g.ref, " makes its holder an administrator")...)
	}
	return out
}

// changesOwnRights: with ${aws:username} as resource, keys and passwords of one's own are self service, while
// attaching a policy to oneself is still a way to become an administrator.
func changesOwnRights(action string) bool {
	return action == "iam:AttachUserPolicy" || action == "iam:PutUserPolicy"
}

// narrowsTarget: a condition limits what may be granted (a boundary, the policy) or on which tagged resources. How much
// remains cannot be weighed here.
func narrowsTarget(s Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		if c.Key == "iam:permissionsboundary" || c.Key == "iam:policyarn" {
			return true
		}
		positive := slices.Contains(wildcardOps, c.Operator) || slices.Contains(exactOps, c.Operator)
		_, tag, _ := strings.Cut(c.Key, ":")
		return positive && !c.passesWithoutKey() && strings.HasPrefix(tag, "resourcetag/") &&
			!slices.ContainsFunc(c.Values, func(v string) bool { return strings.Trim(v, "*") == "" })
	})
}

// combinations looks for iam:PassRole on any role together with a service that runs code, over all documents.
// The finding names the PassRole statements; without them it is gone.
func (h holdings) combinations() []Finding {
	var certain, narrowed Finding
	ready := h.readyCombinations()
	for _, g := range h.grants {
		if !h.passesAnyRole(g) {
			continue
		}
		f := &certain
		if narrowsTarget(g.Statement) || h.limited("iam:PassRole", anyRole) || slices.ContainsFunc(g.Conditions, func(c Condition) bool { return c.Key == "iam:associatedresourcearn" }) {
			f = &narrowed
		}
		for _, r := range ready {
			if slices.ContainsFunc(r.services, func(s string) bool { return passedTo(g.Statement, s) }) {
				f.Statements = append(f.Statements, g.ref)
				f.With = append(f.With, r.with...)
				f.Actions = append(f.Actions, r.actions...)
			}
		}
	}
	var out []Finding
	for _, f := range []*Finding{&certain, &narrowed} {
		if len(f.Statements) == 0 {
			continue
		}
		f.Rung, f.Unsettled = Combination, f == &narrowed
		f.Statements, f.With = uniqueRefs(f.Statements), uniqueRefs(f.With)
		f.Actions = append([]string{"iam:PassRole"}, unique(f.Actions)...)
		f.Reason = "iam:PassRole on any role with " + strings.Join(f.Actions[1:], ", ") + " runs code as an administrator"
		out = append(out, *f)
	}
	return out
}

// readyCombination is a combination of which every step is granted: by these actions and statements.
type readyCombination struct {
	combination
	actions []string
	with    []Ref
}

func (h holdings) readyCombinations() []readyCombination {
	var out []readyCombination
	for _, combo := range combinations() {
		r := readyCombination{combination: combo}
		complete := true
		for _, step := range combo.steps {
			before := len(r.actions)
			for _, action := range step {
				if refs := h.grantedBy(action); len(refs) > 0 {
					r.actions, r.with = append(r.actions, action), append(r.with, refs...)
				}
			}
			complete = complete && len(r.actions) > before
		}
		if complete {
			out = append(out, r)
		}
	}
	return out
}

// grantedBy: any resource of the service will do, since what is created there runs under the passed role.
func (h holdings) grantedBy(action string) []Ref {
	action = strings.ToLower(action) // once, not for each statement
	service, _, _ := strings.Cut(action, ":")
	if h.denied(action, everyResourceOf(service)) {
		return nil
	}
	var out []Ref
	for _, g := range h.grants {
		if g.appliesTo(action) && g.touches(service) {
			out = append(out, g.ref)
		}
	}
	return out
}

func (h holdings) passesAnyRole(g grant) bool {
	return g.appliesTo("iam:PassRole") && g.unrestricted(anyRole) && !h.denied("iam:PassRole", anyRole)
}

// anyOtherService is of no known name: a role passes to it only where iam:PassedToService does not choose services.
const anyOtherService = "any-other-service"

func (h holdings) anyPassRole() []Finding {
	var out []Finding
	for _, g := range h.grants {
		chosen := !passedTo(g.Statement, anyOtherService)
		if h.passesAnyRole(g) && (!chosen || passedTo(g.withoutForAllValues(), anyOtherService)) {
			var f found
			f.add("iam:PassRole", chosen || narrowsTarget(g.Statement) || h.limited("iam:PassRole", anyRole))
			out = append(out, f.findings(PassRoleAny, g.ref, " on any role, for any service")...)
		}
	}
	return out
}

// namedPassRole: whether PassRole on named roles is too much depends on what those may do, so it is never settled. With
// the service named beside the role it is how AWS says to grant it (IAM user guide, "Grant a user permissions to pass a
// role to an AWS service").
func (h holdings) namedPassRole() []Finding {
	const action = "iam:PassRole"
	var out []Finding
	for _, g := range h.grants {
		if !g.appliesTo(action) || g.unrestricted(anyRole) || !passedTo(g.Statement, anyOtherService) {
			continue
		}
		roles := slices.DeleteFunc(slices.Clone(g.Resources), func(r string) bool {
			return !namesRoles(r) || slices.ContainsFunc(h.denies, func(d Statement) bool { return d.appliesTo(action) && d.coversResource(r) })
		})
		if len(roles) > 0 {
			out = append(out, Finding{Rung: PassRoleNamed, Unsettled: true, Statements: []Ref{g.ref}, Actions: []string{action},
				Reason: action + " on " + strings.Join(roles, ", ") + ", for any service: it depends on what may be done under that"})
		}
	}
	return out
}

// withoutForAllValues leaves out the conditions on iam:PassedToService that a request without the key passes in letter.
func (s Statement) withoutForAllValues() Statement {
	s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), func(c Condition) bool {
		return c.Key == "iam:passedtoservice" && c.Quantifier == ForAllValues && !s.requiresKey(c.Key)
	})
	return s
}

// passedTo: the conditions on iam:PassedToService let the role go to this service. The services that take roles set the
// key, so IfExists does not weaken them; for ForAllValues see withoutForAllValues.
func passedTo(s Statement, service string) bool {
	name := service + ".amazonaws.com"
	for _, c := range s.Conditions {
		if c.Key != "iam:passedtoservice" || c.Operator == "null" {
			continue
		}
		negated := slices.Contains(negatedOps, c.Operator)
		like := strings.HasSuffix(c.Operator, "like")
		hit := slices.ContainsFunc(c.Values, func(v string) bool {
			v = strings.TrimSuffix(v, ".cn")
			if like {
				return wildcard.Match(v, name)
			}
			return strings.EqualFold(v, name)
		})
		if hit == negated {
			return false
		}
	}
	return true
}

func (h holdings) exfiltrations() []Finding {
	var out []Finding
	for _, g := range h.grants {
		var f found
		for _, p := range exfiltrations() {
			if g.appliesTo(p.action) && g.unrestricted(p.on) && !h.denied(p.action, p.on) {
				f.add(p.action, len(g.Conditions) > 0 || h.limited(p.action, p.on))
			}
		}
		out = append(out, f.findings(DataExfiltration, g.ref, " on every resource")...)
	}
	return out
}

func uniqueRefs(refs []Ref) []Ref {
	slices.SortFunc(refs, func(a, b Ref) int {
		if a.Document != b.Document {
			return a.Document - b.Document
		}
		return a.Statement - b.Statement
	})
	return slices.Compact(refs)
}
