package core

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// DiffOfCalls is the difference that a call makes as far as it and the calls that take it back tell: those hold what is there, the call what will be. It is
// for where a plan is known and the states are not. Fields have the names of the call's input. Empty: the calls do not tell.
func DiffOfCalls(do awsapi.Call, undo []awsapi.Call) []DiffLine {
	if len(undo) == 0 {
		return nil
	}
	after, isObject := tree(do.Input).(map[string]any)
	before := map[string]any{}
	for _, u := range undo {
		fields, ok := tree(u.Input).(map[string]any)
		isObject = isObject && ok
		for name, value := range fields {
			if _, known := before[name]; !known {
				before[name] = value
			}
		}
	}
	if !isObject {
		return nil
	}
	verb, noun := cutVerb(do.Op)
	if do.Op != undo[0].Op {
		if lines := otherCall(verb, noun, before, after); lines != nil {
			return lines
		}
	}
	before, after = turned(before, after)
	var out differ
	out.fields(before, after)
	return out.lines
}

// otherCall is for calls that are taken back by another one, whose common fields only name what both act on.
func otherCall(verb, noun string, before, after map[string]any) []DiffLine {
	was, is := maps.Clone(before), maps.Clone(after)
	for name, value := range before {
		if reflect.DeepEqual(after[name], value) {
			delete(was, name)
			delete(is, name)
		}
	}
	takes := slices.Contains([]string{"Delete", "Detach", "Revoke", "Remove", "Disassociate"}, verb)
	switch {
	case verb == "Enable" && len(was)+len(is) == 0:
		return []DiffLine{{noun, plain("disabled"), plain("enabled")}}
	case verb == "Disable" && len(was)+len(is) == 0:
		return []DiffLine{{noun, plain("enabled"), plain("disabled")}}
	case takes && len(was) == 0:
		return []DiffLine{{Path: noun, Before: plain(before)}}
	case takes: // the call's own fields name what is taken away
		is = nil
	case len(was)+len(is) == 0:
		return []DiffLine{{Path: noun, After: plain(after)}}
	}
	var out differ
	out.fields(was, is)
	return out.lines
}

// cutVerb splits an operation's name: "ec2:RevokeSecurityGroupIngress" is Revoke and SecurityGroupIngress.
func cutVerb(op string) (verb, noun string) {
	_, name, _ := strings.Cut(op, ":")
	next := strings.IndexFunc(name[min(1, len(name)):], func(r rune) bool { return 'A' <= r && r <= 'Z' })
	if next < 0 {
		return name, name
	}
	return name[:next+1], name[next+1:]
}

// turned makes fields of what calls put in other words: members that are added to a list or removed from it, and attributes that are named by a field.
func turned(before, after map[string]any) (was, is map[string]any) {
	was, is = map[string]any{}, map[string]any{}
	place(before, is, was)
	place(after, was, is)
	return was, is
}

// place puts a call's fields where they take effect: what it removes is there without it, all else with it.
func place(fields, without, with map[string]any) {
	attribute, _ := fields["AttributeName"].(string)
	for name, value := range fields {
		inner, _ := value.(map[string]any)
		switch {
		case attribute != "" && name == "ValuesToRemove":
			without[attribute] = value
		case attribute != "" && (name == "ValuesToAdd" || name == "AttributeValue"):
			with[attribute] = value
		case len(inner) == 1 && inner["Remove"] != nil:
			without[name] = inner["Remove"]
		case len(inner) == 1 && inner["Add"] != nil:
			with[name] = inner["Add"]
		default:
			with[name] = value
		}
	}
}

// fields compares fields; of a list that only one side has each element is a line.
func (d *differ) fields(before, after map[string]any) {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		was, had := before[name].([]any)
		is, has := after[name].([]any)
		switch {
		case had && after[name] == nil:
			d.lists(name, was, nil)
		case has && before[name] == nil:
			d.lists(name, nil, is)
		default:
			d.compare(name, before[name], after[name])
		}
	}
}
