package iampolicy

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Parse reads a policy document in any form that IAM's grammar allows (IAM user guide, "Grammar of the IAM JSON
// policy language"): one statement or a list, one value or a list of values, booleans and numbers as condition values.
// Element names are case-sensitive, condition operators and keys are not. What IAM would refuse is refused here too:
// unknown or repeated elements, an element beside its Not form, a statement without Effect or Action.
func Parse(doc []byte) (Document, error) {
	src := bytes.Clone(doc)
	root, err := parseJSON(src)
	if err != nil {
		return Document{}, fmt.Errorf("parsing policy: %w", err)
	}
	d := Document{src: src}
	if err := d.read(root); err != nil {
		return Document{}, fmt.Errorf("parsing policy: %w", err)
	}
	return d, nil
}

// ParseURLEncoded reads a document as IAM's API answers it: percent-encoded (RFC 3986) by AWS, plain by some emulators.
// A text that is a policy as it stands is never decoded, so a literal "%2F" in a plain document survives.
func ParseURLEncoded(text string) (Document, error) {
	d, plainErr := Parse([]byte(text))
	if plainErr == nil {
		return d, nil
	}
	// A plus sign stays one in AWS's encoding; form encoding ("+" for a space) is the last resort.
	for _, unescape := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
		plain, err := unescape(text)
		if err != nil || plain == text {
			continue
		}
		if d, err = Parse([]byte(plain)); err == nil {
			return d, nil
		}
		plainErr = err
	}
	return Document{}, plainErr
}

func (d *Document) read(root node) error {
	if root.kind != kindObject {
		return errors.New("a policy is a JSON object")
	}
	found := false
	for _, m := range root.members {
		var err error
		switch m.name {
		case "Version":
			d.Version, err = text(m.value)
		case "Id":
			d.ID, err = text(m.value)
		case "Statement":
			found = true
			err = d.readStatements(m.value)
		default:
			err = unknown(m.name, "Version", "Id", "Statement")
		}
		if err != nil {
			return fmt.Errorf("element %s: %w", m.name, err)
		}
	}
	if !found {
		return errors.New("the policy has no Statement element")
	}
	if d.Version != "" && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
		return fmt.Errorf("element Version: %q is neither 2012-10-17 nor 2008-10-17", d.Version)
	}
	return nil
}

func (d *Document) readStatements(n node) error {
	d.start, d.end = n.start, n.end
	elems := []node{n}
	if n.kind == kindList {
		d.isList, elems = true, n.elems
	}
	d.Statements = make([]Statement, 0, len(elems))
	for i, e := range elems {
		s, err := readStatement(e)
		if err != nil {
			return fmt.Errorf("statement %d: %w", i, err)
		}
		s.Index, s.start, s.end, s.raw = i, e.start, e.end, d.src[e.start:e.end]
		d.Statements = append(d.Statements, s)
	}
	return nil
}

func readStatement(n node) (Statement, error) {
	if n.kind != kindObject {
		return Statement{}, errors.New("a statement is a JSON object")
	}
	var s Statement
	var effect string
	for _, m := range n.members {
		if err := s.readElement(m, &effect); err != nil {
			return Statement{}, fmt.Errorf("element %s: %w", m.name, err)
		}
	}
	s.Allow = effect == "Allow"
	s.actions, s.notActions = lowered(s.Actions), lowered(s.NotActions)
	switch {
	case effect == "":
		return Statement{}, errors.New("no Effect element")
	case s.Actions == nil && s.NotActions == nil:
		return Statement{}, errors.New("neither Action nor NotAction")
	case s.Actions != nil && s.NotActions != nil:
		return Statement{}, errors.New("both Action and NotAction")
	case s.Resources != nil && s.NotResources != nil:
		return Statement{}, errors.New("both Resource and NotResource")
	case s.Principals != nil && s.NotPrincipals != nil:
		return Statement{}, errors.New("both Principal and NotPrincipal")
	}
	return s, nil
}

func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = strings.ToLower(v)
	}
	return out
}

func (s *Statement) readElement(m member, effect *string) (err error) {
	switch m.name {
	case "Sid":
		s.Sid, err = text(m.value)
	case "Effect":
		*effect, err = text(m.value)
		if err == nil && *effect != "Allow" && *effect != "Deny" {
			err = fmt.Errorf("%q is neither Allow nor Deny", *effect)
		}
	case "Principal":
		s.Principals, err = principals(m.value)
	case "NotPrincipal":
		s.NotPrincipals, err = principals(m.value)
	case "Action":
		s.Actions, err = texts(m.value, false)
	case "NotAction":
		s.NotActions, err = texts(m.value, false)
	case "Resource":
		s.Resources, err = texts(m.value, false)
	case "NotResource":
		s.NotResources, err = texts(m.value, false)
	case "Condition":
		s.Conditions, err = conditions(m.value)
	default:
		err = unknown(m.name, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
	}
	return err
}

// principals reads "*" or a map of type to one or several ids. Other bare strings, which some services
// accepted in old policies, are taken as AWS principals.
func principals(n node) ([]Principal, error) {
	out := []Principal{}
	switch n.kind {
	case kindString, kindList:
		ids, err := texts(n, false)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			kind := AWS
			if id == "*" {
				kind = Anyone
			}
			out = append(out, Principal{kind, id})
		}
	case kindObject:
		for _, m := range n.members {
			if err := unknown(m.name, AWS, Service, Federated, CanonicalUser); err != nil {
				return nil, err
			}
			ids, err := texts(m.value, false)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			for _, id := range ids {
				out = append(out, Principal{m.name, id})
			}
		}
	default:
		return nil, errors.New("want a string, a list or an object")
	}
	return out, nil
}

func conditions(n node) ([]Condition, error) {
	if n.kind != kindObject {
		return nil, errors.New("want an object of operators")
	}
	var out []Condition
	for _, op := range n.members {
		if op.value.kind != kindObject {
			return nil, fmt.Errorf("operator %s: want an object of keys", op.name)
		}
		for _, key := range op.value.members {
			values, err := texts(key.value, true)
			if err != nil {
				return nil, fmt.Errorf("operator %s, key %s: %w", op.name, key.name, err)
			}
			c := newCondition(op.name, key.name, values)
			if slices.ContainsFunc(out, c.sameTest) {
				return nil, fmt.Errorf("operator %s, key %s stands twice (case does not count)", op.name, key.name)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func (c Condition) sameTest(o Condition) bool {
	return c.Operator == o.Operator && c.Key == o.Key && c.Quantifier == o.Quantifier && c.IfExists == o.IfExists
}

// text reads one string.
func text(n node) (string, error) {
	if n.kind != kindString {
		return "", errors.New("want a string")
	}
	return n.text, nil
}

// texts reads one string or a list of strings; with scalars also booleans and numbers, as their literals.
func texts(n node, scalars bool) ([]string, error) {
	elems := []node{n}
	if n.kind == kindList {
		elems = n.elems
	}
	out := make([]string, 0, len(elems))
	for _, e := range elems {
		if e.kind != kindString && (e.kind != kindScalar || !scalars) {
			return nil, errors.New("want a string or a list of strings")
		}
		out = append(out, e.text)
	}
	return out, nil
}

// unknown refuses a name outside known, and says which one was probably meant.
func unknown(name string, known ...string) error {
	if slices.Contains(known, name) {
		return nil
	}
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return fmt.Errorf("unknown name %q: names are case-sensitive, write %q", name, k)
		}
	}
	return fmt.Errorf("unknown name %q, want one of %s", name, strings.Join(known, ", "))
}
