package infra

import (
	"encoding/json"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// narrowed returns the condition under which an operation's action is allowed, as the operation declares it; nil where the resources say all there is to say.
func narrowed(op awsapi.Op, action string) object {
	var out object
	for _, c := range op.Conditions {
		if c.Action != "" && c.Action != action {
			continue
		}
		value := sub(c.Value)
		if c.Value == awsapi.RoleAccount {
			value = sub(account)
		}
		if out == nil {
			out = object{}
		}
		if out[c.Operator] == nil {
			out[c.Operator] = object{}
		}
		out[c.Operator].(object)[c.Key] = value
	}
	return out
}

// sameCondition reports whether two conditions are one.
func sameCondition(a, b object) bool { return conditionKey(a) == conditionKey(b) }

// conditionKey is a condition as text, to compare and sort by.
func conditionKey(c object) string {
	if c == nil {
		return ""
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // it is made of texts
	}
	return string(raw)
}
