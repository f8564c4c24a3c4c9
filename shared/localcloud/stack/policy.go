package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// document is a policy as far as deliveries need it. It is no judge of policies for anything else: what it does not know is an error.
type document struct {
	Raw        json.RawMessage
	Statements []statement
}

type statement struct {
	Sid                                                 string
	Effect                                              string
	Principal, NotPrincipal                             any
	Action, NotAction, Resource, NotResource, Condition any
}

func parseDocument(v any) (document, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return document{}, err
	}
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal(raw, &doc); err != nil {
		return document{}, fmt.Errorf("reading a policy document: %w", err)
	}
	if len(doc.Statement) == 0 {
		return document{}, fmt.Errorf("reading a policy document: no statements in %.200s", raw)
	}
	out := document{Raw: raw}
	if doc.Statement[0] == '{' {
		doc.Statement = json.RawMessage("[" + string(doc.Statement) + "]")
	}
	if err := json.Unmarshal(doc.Statement, &out.Statements); err != nil {
		return document{}, fmt.Errorf("reading a policy document: %w", err)
	}
	return out, nil
}

// request is what somebody wants to do.
type request struct {
	action, resource string
	service          string // the principal, if it is a service: events.amazonaws.com
	principal        string // else its ARN
	account          string // the principal's
	context          map[string]string
}

// decision of some policies. Without allow and deny they say nothing.
type decision struct{ allow, deny bool }

// decide looks at resource policies (with principals) or, if identity, at a principal's own.
func decide(docs []document, q request, identity bool) (decision, error) {
	var d decision
	for _, doc := range docs {
		for i, s := range doc.Statements {
			fits, err := s.fits(q, identity)
			if err != nil {
				return d, fmt.Errorf("looking at statement %d %s: %w", i, s.Sid, err)
			}
			if fits {
				d.allow = d.allow || s.Effect == "Allow"
				d.deny = d.deny || s.Effect == "Deny"
			}
		}
	}
	return d, nil
}

func (s statement) fits(q request, identity bool) (bool, error) {
	if s.NotPrincipal != nil {
		return false, errors.New("NotPrincipal is not known here")
	}
	if !identity && !principalFits(s.Principal, q) {
		return false, nil
	}
	action := func(pattern string) bool {
		return wildcard.Match(strings.ToLower(pattern), strings.ToLower(q.action))
	}
	resource := func(pattern string) bool { return wildcard.Match(pattern, q.resource) }
	if s.NotAction != nil == slices.ContainsFunc(texts(either(s.Action, s.NotAction)), action) {
		return false, nil
	}
	if r := either(s.Resource, s.NotResource); r != nil && s.NotResource != nil == slices.ContainsFunc(texts(r), resource) {
		return false, nil // a trust policy has no resource
	}
	return conditionsHold(s.Condition, q.context)
}

func either(a, b any) any {
	if a != nil {
		return a
	}
	return b
}

// texts makes a list of a text or a list of texts.
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		out := make([]string, len(v))
		for i, e := range v {
			out[i] = fmt.Sprint(e)
		}
		return out
	}
	return []string{fmt.Sprint(v)}
}

func principalFits(v any, q request) bool {
	if v == "*" {
		return true
	}
	kinds, _ := v.(map[string]any)
	if q.service != "" {
		return slices.Contains(texts(kinds["Service"]), q.service) || slices.Contains(texts(kinds["AWS"]), "*")
	}
	for _, p := range texts(kinds["AWS"]) {
		if p == "*" || p == q.principal || p == q.account || strings.HasSuffix(p, ":iam::"+q.account+":root") {
			return true
		}
	}
	return false
}

// conditionsHold tells whether all operators hold for all their keys.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func conditionsHold(v any, context map[string]string) (bool, error) {
	operators, _ := v.(map[string]any)
	for operator, keys := range operators {
		members, _ := keys.(map[string]any)
		for key, want := range members {
			have, present := lookup(context, key)
			holds, err := holds(operator, have, present, texts(want))
			if err != nil || !holds {
				return false, err
			}
		}
	}
	return true, nil
}

// lookup finds a condition key, whose case does not matter.
func lookup(context map[string]string, key string) (string, bool) {
	for k, v := range context {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

func holds(operator, have string, present bool, want []string) (bool, error) {
	base, ifExists := strings.CutSuffix(operator, "IfExists")
	is, negated := base, false
	for plain, not := range map[string]string{"StringEquals": "StringNotEquals", "StringLike": "StringNotLike", "ArnEquals": "ArnNotEquals", "ArnLike": "ArnNotLike", "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase"} {
		if base == not {
			is, negated = plain, true
		}
	}
	var test func(string) bool
	switch is {
	case "Null":
		return slices.Contains(want, "true") != present, nil
	case "StringEquals":
		test = func(w string) bool { return w == have }
	case "StringEqualsIgnoreCase", "Bool":
		test = func(w string) bool { return strings.EqualFold(w, have) }
	case "StringLike", "ArnEquals", "ArnLike": // the two of ARNs are the same
		test = func(w string) bool { return wildcard.Match(w, have) }
	default:
		return false, fmt.Errorf("condition operator %s is not known here", operator)
	}
	if !present {
		return negated || ifExists, nil
	}
	return slices.ContainsFunc(want, test) != negated, nil
}
