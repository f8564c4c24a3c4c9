package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// operators maps each operator but exists to what makes its test of an operand.
var operators = map[string]func(json.RawMessage) (test, error){
	"exactly":            ofText(equalText),
	"equals-ignore-case": ofText(equalFold),
	"prefix":             orIgnoringCase(prefix, prefixFold),
	"suffix":             orIgnoringCase(suffix, suffixFold),
	"wildcard":           ofText(wildcard),
	"cidr":               ofText(cidr),
	"numeric":            numeric,
	"anything-but":       anythingBut,
}

var errText = errors.New("takes text")

// ofText makes an operator of a test of text.
func ofText(make func(string) (test, error)) func(json.RawMessage) (test, error) {
	return func(operand json.RawMessage) (test, error) {
		v, err := scalar(operand)
		if err != nil || v.kind != text {
			return nil, errText
		}
		return make(v.text)
	}
}

// orIgnoringCase lets an operator take {"equals-ignore-case": text}, too.
func orIgnoringCase(exact, fold func(string) (test, error)) func(json.RawMessage) (test, error) {
	return func(operand json.RawMessage) (test, error) {
		if operand[0] != '{' {
			return ofText(exact)(operand)
		}
		name, inner, err := only(operand)
		if err != nil {
			return nil, err
		}
		if name != "equals-ignore-case" {
			return nil, fmt.Errorf("takes no %s", name)
		}
		return ofText(fold)(inner)
	}
}

// equal is a plain value in a field's array.
func equal(v value) test {
	switch v.kind {
	case text:
		if want, ok := address(v.text); ok {
			return onText(func(s string) bool {
				got, ok := address(s)
				return ok && got == want
			})
		}
	case number:
		if want, ok := comparable64(v.text); ok {
			return func(got value) bool {
				n, ok := got.number()
				return ok && n == want
			}
		}
	}
	return func(got value) bool { return got == v }
}

// onText is a test that no number and no literal passes.
func onText(match func(string) bool) test {
	return func(v value) bool { return v.kind == text && match(v.text) }
}

func equalText(s string) (test, error) {
	return onText(func(got string) bool { return got == s }), nil
}

func prefix(s string) (test, error) {
	return onText(func(got string) bool { return strings.HasPrefix(got, s) }), nil
}

func suffix(s string) (test, error) {
	return onText(func(got string) bool { return strings.HasSuffix(got, s) }), nil
}

// notEmpty is for anything-but, where nothing could pass an empty one.
func notEmpty(make func(string) (test, error)) func(string) (test, error) {
	return func(s string) (test, error) {
		if s == "" {
			return nil, errors.New("takes no empty text")
		}
		return make(s)
	}
}

// refinements are the operators that anything-but takes, with one text or a list.
var refinements = map[string]func(string) (test, error){
	"equals-ignore-case": equalFold,
	"prefix":             notEmpty(prefix),
	"suffix":             notEmpty(suffix),
	"wildcard":           wildcard,
}

func anythingBut(operand json.RawMessage) (test, error) {
	if operand[0] != '{' {
		return butValues(operand)
	}
	name, inner, err := only(operand)
	if err != nil {
		return nil, err
	}
	make, known := refinements[name]
	if !known {
		return nil, fmt.Errorf("takes no %s", name)
	}
	values, err := list(inner)
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, v := range values {
		if v.kind != text {
			return nil, fmt.Errorf("%s %w", name, errText)
		}
		t, err := make(v.text)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		tests = append(tests, t)
	}
	return none(tests), nil
}

// butValues is anything-but with texts or numbers. They are never mixed, and a
// value of the other type passes.
func butValues(operand json.RawMessage) (test, error) {
	values, err := list(operand)
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, v := range values {
		if v.kind == literal || v.kind != values[0].kind {
			return nil, errors.New("takes text alone or numbers alone")
		}
		if v.kind == text {
			tests = append(tests, func(got value) bool { return got == v }) // by spelling, also of an address
			continue
		}
		if _, ok := comparable64(v.text); !ok {
			return nil, fmt.Errorf("takes no number like %s", v.text)
		}
		tests = append(tests, equal(v))
	}
	return none(tests), nil
}

// none passes what no test does.
func none(tests []test) test {
	f := field{tests: tests}
	return func(v value) bool { return !f.accepts(v) }
}

// list reads a scalar, or an array of one and more.
func list(raw json.RawMessage) ([]value, error) {
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		return nil, errors.New("takes no empty list")
	}
	values := make([]value, len(items))
	for i, item := range items {
		v, err := scalar(item)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}
