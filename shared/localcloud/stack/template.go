package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// template is a CloudFormation template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
// Numbers are kept as they are written.
type template struct {
	Version     string `json:"AWSTemplateFormatVersion"`
	Description string
	Metadata    map[string]any
	Parameters  map[string]parameter
	Mappings    map[string]map[string]map[string]any
	Conditions  map[string]any
	Rules       map[string]rule
	Resources   map[string]declared
	Outputs     map[string]output
}

type parameter struct {
	Type           string
	Default        any
	AllowedValues  []any
	AllowedPattern string
}

// rule is checked before anything is made.
type rule struct {
	RuleCondition any
	Assertions    []struct {
		Assert            any
		AssertDescription string
	}
}

type declared struct {
	Type       string
	Condition  string
	Properties map[string]any
}

type output struct {
	Value     any
	Condition string
}

func parseTemplate(text []byte) (*template, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	t := &template{}
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the template: data after the object")
	}
	if len(t.Resources) == 0 {
		return nil, errors.New("reading the template: it has no resources")
	}
	return t, nil
}

// values gives each parameter its value, given or default. A given one that the template does not know is an error, as a missing one is.
func (t *template) values(given map[string]string) (map[string]any, error) {
	for name := range given {
		if _, ok := t.Parameters[name]; !ok {
			return nil, fmt.Errorf("the template has no parameter %s: it has %s", name, strings.Join(slices.Sorted(maps.Keys(t.Parameters)), ", "))
		}
	}
	out := map[string]any{}
	for name, p := range t.Parameters {
		text, ok := given[name]
		if !ok {
			if p.Default == nil {
				return nil, fmt.Errorf("parameter %s has neither a value nor a default", name)
			}
			text = fmt.Sprint(p.Default)
		}
		value, err := p.value(text)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}

func (p parameter) value(text string) (any, error) {
	isText := func(v any) bool { return fmt.Sprint(v) == text }
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, isText) {
		return nil, fmt.Errorf("%q is none of the allowed values", text)
	}
	switch {
	case p.Type == "String" || p.Type == "Number":
	case p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<"):
		list := []any{}
		for part := range strings.SplitSeq(text, ",") {
			if text != "" {
				list = append(list, strings.TrimSpace(part))
			}
		}
		return list, nil
	default:
		return nil, fmt.Errorf("type %s is not known here", p.Type)
	}
	if p.AllowedPattern == "" {
		return text, nil
	}
	pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("reading its AllowedPattern: %w", err)
	}
	if !pattern.MatchString(text) {
		return nil, fmt.Errorf("%q does not match %s", text, p.AllowedPattern)
	}
	return text, nil
}
