package blueprint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// Role is a role with all policies that it holds.
type Role struct {
	Name, ARN, Does string
	Condition       string // it exists only where this holds; empty: always
	Trust           map[string]any
	Statements      []Statement
	Boundary        string      // name of its permissions boundary; empty: it has none, or one that another template makes
	Bounds          []Statement // of the boundary

	policies []string
}

// Statement is one statement of a role's policies.
type Statement struct {
	Effect             string
	Actions, Resources []string
	Conditions         map[string]any
	Optional           string         // the condition under which the role holds it; empty: always
	Document           map[string]any // the statement itself
	Exact              any            // the statement with what parameters decide left open, for [Fits]
}

// Allows reports whether the statement lets something be done.
func (s Statement) Allows() bool { return s.Effect == "Allow" }

// Grants reports whether the statement allows the action on something.
func (s Statement) Grants(action string) bool {
	return s.Allows() && slices.ContainsFunc(s.Actions, func(a string) bool { return wildcard.Match(a, action) })
}

type policy struct {
	condition  string
	statements []Statement
}

func policyOf(res resource, p, open object) policy {
	return policy{res.Condition, statements(p.object("PolicyDocument"), open.object("PolicyDocument"), res.Condition)}
}

func statements(document, open object, optional string) []Statement {
	var out []Statement
	exact := list(open["Statement"])
	for i, s := range document.list("Statement") {
		st := Statement{
			Effect: s.text("Effect"), Actions: Texts(s["Action"]), Resources: Texts(s["Resource"]), Conditions: s.object("Condition"), Optional: optional, Document: s, Exact: map[string]any(s),
		}
		if i < len(exact) {
			st.Exact = exact[i]
		}
		out = append(out, st)
	}
	return out
}

func roleOf(r resolver, res resource, name string, p object) Role {
	out := Role{Name: name, ARN: r.arn(res, name), Does: p.text("Description"), Condition: res.Condition, Trust: p.object("AssumeRolePolicyDocument")}
	out.policies, out.Boundary = Texts(p["ManagedPolicyArns"]), lastPart(p.text("PermissionsBoundary"))
	for _, inline := range p.list("Policies") {
		document := inline.object("PolicyDocument")
		out.Statements = append(out.Statements, statements(document, document, "")...)
	}
	return out
}

// take gives the role the statements of the managed policies that it names.
func (r *Role) take(policies map[string]policy) {
	for _, name := range r.policies {
		r.Statements = append(r.Statements, policies[name].statements...)
	}
	r.Bounds = policies[r.Boundary].statements
}

// Takes returns the ARNs of the roles that this one may take.
func (r Role) Takes() []string {
	var out []string
	for _, s := range r.Statements {
		if s.Allows() && slices.Contains(s.Actions, "sts:AssumeRole") {
			out = append(out, s.Resources...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Trusted returns the principals that the trust policy lets in: those that a condition on aws:PrincipalArn names, else the principals themselves.
func (r Role) Trusted() []string { return Trusted(r.Trust) }

// Trusted returns the principals that a trust policy lets in.
func Trusted(trust map[string]any) []string {
	var out []string
	for _, s := range object(trust).list("Statement") {
		if s.text("Effect") != "Allow" {
			continue
		}
		named := byCondition(s.object("Condition"), "aws:PrincipalArn")
		if len(named) == 0 {
			named = principals(s["Principal"])
		}
		out = append(out, named...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// AsksForIdentity reports whether every way into the role wants a source identity and allows setting one.
func AsksForIdentity(trust map[string]any) bool {
	asks := false
	for _, s := range object(trust).list("Statement") {
		actions := Texts(s["Action"])
		if s.text("Effect") != "Allow" || !slices.Contains(actions, "sts:AssumeRole") {
			continue
		}
		if !slices.Contains(actions, "sts:SetSourceIdentity") || len(byCondition(s.object("Condition"), "sts:SourceIdentity")) == 0 {
			return false
		}
		asks = true
	}
	return asks
}

// byCondition returns the values that conditions of any test that asks for a match give for a key.
func byCondition(conditions object, key string) []string {
	var out []string
	for test, keys := range conditions {
		if strings.Contains(test, "Not") || test == "Null" {
			continue
		}
		m, _ := keys.(map[string]any)
		for k, v := range m {
			if strings.EqualFold(k, key) {
				out = append(out, Texts(v)...)
			}
		}
	}
	return out
}

func principals(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		var out []string
		for _, x := range v {
			out = append(out, Texts(x)...)
		}
		return out
	}
	return nil
}

// Scope returns the resources on which the role may do the action; nothing if it may not.
func (r Role) Scope(action string) []string {
	var out []string
	for _, s := range r.Statements {
		if s.Grants(action) {
			out = append(out, s.Resources...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Policy returns the role's policies as one document.
func (r Role) Policy() map[string]any {
	list := []any{}
	for _, s := range r.Statements {
		list = append(list, s.Document)
	}
	return map[string]any{"Version": "2012-10-17", "Statement": list}
}

// Role returns the role of this name, with or without its path.
func (b *Blueprint) Role(name string) (Role, error) {
	for _, r := range b.Roles {
		if r.Name == lastPart(name) {
			return r, nil
		}
	}
	var have []string
	for _, r := range b.Roles {
		have = append(have, r.Name)
	}
	return Role{}, fmt.Errorf("there is no role %s: there are %s", name, strings.Join(have, ", "))
}
