package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// scope gives the names of one template their values. Nothing in it needs a resource to exist: physical names follow from the template.
type scope struct {
	*template
	stack      string
	account    string
	region     string
	partition  string
	suffix     string
	parameters map[string]any
	conditions map[string]bool
	under      []string // what is being resolved, to find circles
}

// noValue is what AWS::NoValue stands for: the property or list element is not there at all.
type noValue struct{}

func (s *scope) pseudo(name string) (any, bool) {
	v, ok := map[string]any{
		"AWS::AccountId": s.account, "AWS::Region": s.region, "AWS::Partition": s.partition, "AWS::URLSuffix": s.suffix, "AWS::StackName": s.stack,
		"AWS::StackId":          fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/%s", s.partition, s.region, s.account, s.stack, short(s.stack)),
		"AWS::NotificationARNs": []any{}, "AWS::NoValue": noValue{},
	}[name]
	return v, ok
}

// resolve replaces every intrinsic function in v. at says where v stands, for errors.
func (s *scope) resolve(v any, at string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := intrinsic(v); ok {
			return s.call(name, arg, at)
		}
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value, err := s.resolve(v[key], at+"."+key)
			if err != nil {
				return nil, err
			}
			if value != (noValue{}) {
				out[key] = value
			}
		}
		return out, nil
	case []any:
		out := []any{}
		for i, element := range v {
			value, err := s.resolve(element, fmt.Sprintf("%s[%d]", at, i))
			if err != nil {
				return nil, err
			}
			if value != (noValue{}) {
				out = append(out, value)
			}
		}
		return out, nil
	case string:
		if strings.Contains(v, "{{resolve:") {
			return nil, fmt.Errorf("resolving %s: dynamic references are not known here: %s", at, v)
		}
	}
	return v, nil
}

// intrinsic tells a function call from data: one member, named Ref or Fn::Something.
func intrinsic(m map[string]any) (name string, arg any, ok bool) {
	for name, arg := range m {
		if len(m) == 1 && (name == "Ref" || strings.HasPrefix(name, "Fn::")) {
			return name, arg, true
		}
	}
	return "", nil, false
}

func (s *scope) call(name string, arg any, at string) (any, error) {
	functions := map[string]func(any, string) (any, error){
		"Ref": s.fnRef, "Fn::GetAtt": s.fnGetAtt, "Fn::Sub": s.fnSub, "Fn::Join": s.fnJoin, "Fn::If": s.fnIf, "Fn::FindInMap": s.fnFindInMap,
		"Fn::Select": s.fnSelect, "Fn::Split": s.fnSplit,
		"Fn::Equals": s.truth("Fn::Equals"), "Fn::Not": s.truth("Fn::Not"), "Fn::And": s.truth("Fn::And"), "Fn::Or": s.truth("Fn::Or"), "Fn::Contains": s.truth("Fn::Contains"),
	}
	f, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("resolving %s: %s is not known here", at, name)
	}
	v, err := f(arg, at+"."+name)
	if err != nil {
		return nil, err
	}
	return v, nil
}
