package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// keyOr is the one key of a pattern that is not a field.
const keyOr = "$or"

// reserved are the keys that Event Ruler keeps out of "$or", for operators that
// it has or may get.
var reserved = []string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
	"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
	"ip-address-in-range", "ip-address-not-in-range",
}

// compiler reads a pattern token by token, since the order of keys counts where
// "$or" names a field that stands outside it, too.
type compiler struct {
	dec          *json.Decoder
	alternatives []alternative // what was read so far
}

func (c *compiler) document() error {
	first, err := c.dec.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New("it is not a JSON object")
	}
	return c.object("", false)
}

// object reads what stands between { and }.
func (c *compiler) object(path string, inOr bool) error {
	empty := true
	for c.dec.More() {
		empty = false
		key, err := c.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string) // keys are strings in valid JSON
		if err := c.entry(path, name, inOr); err != nil {
			return err
		}
	}
	if empty {
		return fmt.Errorf("%s is an empty object", show(path))
	}
	_, err := c.dec.Token()
	return err
}

func (c *compiler) entry(path, name string, inOr bool) error {
	if name == keyOr {
		return c.or(path)
	}
	if inOr && slices.Contains(reserved, name) {
		return fmt.Errorf("%s holds the reserved key %s in %s", show(path), name, keyOr)
	}
	path = extend(path, name)
	token, err := c.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return c.object(path, inOr)
	case json.Delim('['):
		return c.leaf(path)
	}
	return fmt.Errorf("%s must be an object or an array", show(path))
}

// or multiplies what was read so far by the alternatives of one "$or".
func (c *compiler) or(path string) error {
	token, err := c.dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("%s in %s must be an array", keyOr, show(path))
	}
	before, all := c.alternatives, []alternative(nil)
	n := 0
	for ; c.dec.More(); n++ {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		if token != json.Delim('{') {
			return fmt.Errorf("%s in %s must hold objects alone", keyOr, show(path))
		}
		c.alternatives = before
		if err := c.object(path, true); err != nil {
			return err
		}
		if all = append(all, c.alternatives...); len(all) > maxAlternatives {
			return fmt.Errorf("%s makes more than %d combinations", keyOr, maxAlternatives)
		}
	}
	if n < 2 {
		return fmt.Errorf("%s in %s must hold two objects at least", keyOr, show(path))
	}
	c.alternatives = all
	_, err = c.dec.Token()
	return err
}

// leaf reads the array of values and operators of one field.
func (c *compiler) leaf(path string) error {
	f := field{path: path}
	empty := true
	for c.dec.More() {
		empty = false
		var raw json.RawMessage
		if err := c.dec.Decode(&raw); err != nil {
			return err
		}
		if err := f.add(raw); err != nil {
			return fmt.Errorf("%s: %w", show(path), err)
		}
	}
	if empty {
		return fmt.Errorf("%s is an empty array", show(path))
	}
	if _, err := c.dec.Token(); err != nil {
		return err
	}
	with := make([]alternative, len(c.alternatives)) // anew: the ones before may stand in other branches of "$or"
	for i, a := range c.alternatives {
		with[i] = a.with(f)
	}
	c.alternatives = with
	return nil
}

// with returns a copy that has f, in the order of paths.
func (a alternative) with(f field) alternative {
	i, found := slices.BinarySearchFunc(a, f, func(x, y field) int { return strings.Compare(x.path, y.path) })
	a = slices.Clone(a)
	if found {
		a[i] = f
		return a
	}
	return slices.Insert(a, i, f)
}

// add adds one element of the field's array.
func (f *field) add(raw json.RawMessage) error {
	switch raw[0] {
	case '[':
		return errors.New("an array stands in an array")
	case '{':
		return f.operator(raw)
	}
	v, err := scalar(raw)
	if err != nil {
		return err
	}
	f.tests = append(f.tests, equal(v))
	return nil
}

func (f *field) operator(raw json.RawMessage) error {
	name, operand, err := only(raw)
	if err != nil {
		return err
	}
	if name == "exists" {
		switch string(operand) {
		case "true":
			f.tests = append(f.tests, func(value) bool { return true })
		case "false":
			f.absent = true
		default:
			return errors.New("exists takes true or false")
		}
		return nil
	}
	make, known := operators[name]
	if !known {
		return fmt.Errorf("%s is not an operator", name)
	}
	t, err := make(operand)
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	f.tests = append(f.tests, t)
	return nil
}

// only returns the one key of an object and its value.
func only(raw json.RawMessage) (string, json.RawMessage, error) {
	dec := newDecoder(raw)
	if _, err := dec.Token(); err != nil {
		return "", nil, err
	}
	if !dec.More() {
		return "", nil, errors.New("an operator is missing in {}")
	}
	key, err := dec.Token()
	if err != nil {
		return "", nil, err
	}
	var operand json.RawMessage
	if err := dec.Decode(&operand); err != nil {
		return "", nil, err
	}
	if dec.More() {
		return "", nil, fmt.Errorf("%v stands beside another operator", key)
	}
	name, _ := key.(string)
	return name, operand, nil
}

func scalar(raw json.RawMessage) (value, error) {
	token, err := newDecoder(raw).Token()
	if err != nil {
		return value{}, err
	}
	if _, holds := token.(json.Delim); holds {
		return value{}, fmt.Errorf("%.40s is neither text nor number", raw)
	}
	return valueOf(token), nil
}

func show(path string) string {
	if path == "" {
		return "the pattern"
	}
	return path
}
