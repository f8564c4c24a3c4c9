package iampolicy

import (
	"bytes"
	"slices"
	"strings"
)

// Document is one parsed policy. The zero value is a policy without statements; only Parse makes one that can be edited.
type Document struct {
	Version    string // "2012-10-17", "2008-10-17" or "" where the document has none
	ID         string
	Statements []Statement

	src    []byte
	isList bool // Statement is a list, not one object
	start  int  // src[start:end] is the value of Statement
	end    int
}

// Source gives the bytes that were parsed (decoded, for ParseURLEncoded).
func (d Document) Source() []byte { return bytes.Clone(d.src) }

// Statement is one statement of a policy. A nil list means that the element is absent.
type Statement struct {
	Index         int // position in the document, from 0
	Sid           string
	Allow         bool // Effect: true for Allow, false for Deny
	Principals    []Principal
	NotPrincipals []Principal
	Actions       []string
	NotActions    []string
	Resources     []string
	NotResources  []string
	Conditions    []Condition // all of them must hold

	actions, notActions []string // in lower case: they are compared without case, often

	start, end int
	raw        []byte
}

// Raw gives the bytes of the statement as they stand in the source.
func (s Statement) Raw() []byte { return bytes.Clone(s.raw) }

// The types of principals, as IAM's grammar names them. Anyone is the bare string "*".
const (
	Anyone        = "*"
	AWS           = "AWS"
	Service       = "Service"
	Federated     = "Federated"
	CanonicalUser = "CanonicalUser"
)

// Principal is one principal of a statement.
type Principal struct {
	Type string // Anyone, AWS, Service, Federated or CanonicalUser
	ID   string
}

// String shows the principal as it is written in a policy.
func (p Principal) String() string {
	if p.Type == Anyone {
		return `"` + p.ID + `"`
	}
	return `{"` + p.Type + `":"` + p.ID + `"}`
}

// Quantifier is the set operator in front of a condition operator.
type Quantifier byte

// The set operators. ForAllValues is true, ForAnyValue false for a request without the key
// (IAM user guide, "Set operators for multivalued context keys").
const (
	NoQuantifier Quantifier = iota
	ForAnyValue
	ForAllValues
)

// Condition is one key of one operator: it holds if the key's value matches any of Values.
type Condition struct {
	Operator   string // lower case, without set operator and IfExists: "stringequals"
	Quantifier Quantifier
	IfExists   bool
	Key        string // lower case: condition keys are case-insensitive
	Values     []string

	label string // operator and key as written
}

// String shows operator, key and values as they are written in the policy.
func (c Condition) String() string {
	values := make([]string, len(c.Values))
	for i, v := range c.Values {
		values[i] = `"` + v + `"`
	}
	return c.label + " " + strings.Join(values, ", ")
}

// newCondition takes an operator apart; operators and keys are case-insensitive.
func newCondition(operator, key string, values []string) Condition {
	c := Condition{Key: strings.ToLower(key), Values: values, label: operator + " " + key}
	op := strings.ToLower(operator)
	if rest, ok := strings.CutPrefix(op, "foranyvalue:"); ok {
		c.Quantifier, op = ForAnyValue, rest
	} else if rest, ok := strings.CutPrefix(op, "forallvalues:"); ok {
		c.Quantifier, op = ForAllValues, rest
	}
	c.Operator, c.IfExists = strings.CutSuffix(op, "ifexists")
	return c
}

// passesWithoutKey: the condition holds for a request that lacks the key, so on an Allow it fixes nothing.
func (c Condition) passesWithoutKey() bool {
	return c.IfExists || c.Quantifier == ForAllValues
}

// requiresKey: the statement asks that the key be present, by `Null: false` or by another condition that fails without it.
func (s Statement) requiresKey(key string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		switch {
		case c.Key != key:
			return false
		case c.Operator == "null":
			return len(c.Values) == 1 && strings.EqualFold(c.Values[0], "false")
		}
		return !c.passesWithoutKey() && (c.Quantifier == ForAnyValue || !slices.Contains(negatedOps, c.Operator))
	})
}
