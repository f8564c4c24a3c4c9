package stack

import (
	"encoding/json"
	"fmt"
	"strings"
)

func (s *scope) fnRef(arg any, at string) (any, error) {
	name, ok := arg.(string)
	if !ok {
		return nil, fmt.Errorf("resolving %s: want a name", at)
	}
	if v, ok := s.pseudo(name); ok {
		return v, nil
	}
	if v, ok := s.parameters[name]; ok {
		return v, nil
	}
	return s.attribute(name, "", at)
}

func (s *scope) fnGetAtt(arg any, at string) (any, error) {
	switch v := arg.(type) {
	case string:
		if name, attribute, ok := strings.Cut(v, "."); ok {
			return s.attribute(name, attribute, at)
		}
	case []any:
		if len(v) == 2 {
			name, isName := v[0].(string)
			attribute, isAttribute := v[1].(string)
			if isName && isAttribute && attribute != "" {
				return s.attribute(name, attribute, at)
			}
		}
	}
	return nil, fmt.Errorf("resolving %s: want a resource and an attribute, got %v", at, arg)
}

func (s *scope) fnSub(arg any, at string) (any, error) {
	text, isText := arg.(string)
	own := map[string]any{}
	if list, ok := arg.([]any); ok && len(list) == 2 {
		text, isText = list[0].(string)
		own, _ = list[1].(map[string]any)
	}
	if !isText {
		return nil, fmt.Errorf("resolving %s: want a text, or a text and its variables", at)
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("resolving %s: ${ without }", at)
		}
		text = after
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			out.WriteString("${" + literal + "}")
			continue
		}
		value, err := s.variable(name, own, at)
		if err != nil {
			return nil, err
		}
		out.WriteString(value)
	}
}

// variable is the value of ${name} in Fn::Sub.
func (s *scope) variable(name string, own map[string]any, at string) (string, error) {
	if v, ok := own[name]; ok {
		return s.text(v, at+"."+name)
	}
	var v any
	var err error
	if resource, attribute, ok := strings.Cut(name, "."); ok {
		v, err = s.attribute(resource, attribute, at)
	} else {
		v, err = s.fnRef(name, at)
	}
	if err != nil {
		return "", err
	}
	return asText(v, at)
}

func (s *scope) fnJoin(arg any, at string) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 2 {
		return nil, fmt.Errorf("resolving %s: want a delimiter and a list", at)
	}
	delimiter, err := s.text(args[0], at)
	if err != nil {
		return nil, err
	}
	list, err := s.list(args[1], at)
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(list))
	for i, v := range list {
		if parts[i], err = asText(v, at); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, delimiter), nil
}

func (s *scope) fnSplit(arg any, at string) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 2 {
		return nil, fmt.Errorf("resolving %s: want a delimiter and a text", at)
	}
	delimiter, err := s.text(args[0], at)
	if err != nil {
		return nil, err
	}
	text, err := s.text(args[1], at)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for part := range strings.SplitSeq(text, delimiter) {
		out = append(out, part)
	}
	return out, nil
}

func (s *scope) fnSelect(arg any, at string) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 2 {
		return nil, fmt.Errorf("resolving %s: want an index and a list", at)
	}
	index, err := s.text(args[0], at)
	if err != nil {
		return nil, err
	}
	list, err := s.list(args[1], at)
	if err != nil {
		return nil, err
	}
	i, err := json.Number(index).Int64()
	if err != nil || i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("resolving %s: no element %s in a list of %d", at, index, len(list))
	}
	return list[i], nil
}

func (s *scope) fnIf(arg any, at string) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 3 {
		return nil, fmt.Errorf("resolving %s: want a condition and two values", at)
	}
	name, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("resolving %s: want a condition's name", at)
	}
	holds, err := s.condition(name, at)
	if err != nil {
		return nil, err
	}
	if holds {
		return s.resolve(args[1], at+"[1]")
	}
	return s.resolve(args[2], at+"[2]")
}

func (s *scope) fnFindInMap(arg any, at string) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 3 {
		return nil, fmt.Errorf("resolving %s: want a mapping and two keys", at)
	}
	var keys [3]string
	for i := range keys {
		var err error
		if keys[i], err = s.text(args[i], at); err != nil {
			return nil, err
		}
	}
	v, ok := s.Mappings[keys[0]][keys[1]][keys[2]]
	if !ok {
		return nil, fmt.Errorf("resolving %s: no value for %s, %s, %s", at, keys[0], keys[1], keys[2])
	}
	return v, nil
}

func (s *scope) list(v any, at string) ([]any, error) {
	v, err := s.resolve(v, at)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("resolving %s: want a list, got %v", at, v)
	}
	return list, nil
}

func (s *scope) text(v any, at string) (string, error) {
	v, err := s.resolve(v, at)
	if err != nil {
		return "", err
	}
	return asText(v, at)
}

func asText(v any, at string) (string, error) {
	switch v := v.(type) {
	case string, json.Number, bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("resolving %s: want a text, got %v", at, v)
}
