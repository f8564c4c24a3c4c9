package blueprint

import (
	"fmt"
	"strconv"
	"strings"
)

// object is a part of a template, read without fear of other shapes than expected.
type object map[string]any

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

// number reads what CloudFormation lets be a number or a text. What is neither is none.
func (o object) number(key string) (int, bool) {
	switch v := o[key].(type) {
	case float64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) list(key string) []object {
	var out []object
	list, ok := o[key].([]any)
	if !ok {
		list = []any{o[key]} // IAM lets one statement stand for a list of one
	}
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Texts reads what IAM lets be one text or a list of them.
func Texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, fmt.Sprint(x))
		}
		return out
	}
	return nil
}

// lastPart is the name at the end of an ARN or path.
func lastPart(arn string) string {
	return arn[strings.LastIndexAny(arn, ":/")+1:]
}
