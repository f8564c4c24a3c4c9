package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/shared/core"
)

// maxPattern is the most characters that EventBridge takes as a pattern. Source: EventBridge quotas, "Event pattern size".
const maxPattern = 2048

// pattern is one EventBridge rule: its name, what it is for, and which events it matches.
type pattern struct {
	name, does string
	match      map[string]any
	home       bool // only global services are the source: they send their events to the home Region alone
}

type object = map[string]any

// issuers says how an event pattern names our own roles: those that are one of them, and those that are none.
type issuers struct {
	is    []any
	isNot any
}

// cloudTrail returns the rules for the API calls that the controls watch: one for each service, more where a pattern grows too long.
// Calls made with our own roles are left out in the only form that keeps root and IAM users, whose events have no session issuer.
func cloudTrail(controls []core.Control, ours issuers) []pattern {
	build := func(source string, names []string) object {
		return object{
			"source": []any{eventBridgeSource(source)}, "detail-type": []any{wirecloudtrail.DetailType},
			"detail": object{
				"eventSource": []any{source}, "eventName": anys(names), "errorCode": []any{object{"exists": false}},
				"userIdentity": object{"sessionContext": object{"sessionIssuer": object{"arn": []any{
					object{"exists": false}, object{"anything-but": ours.isNot},
				}}}},
			},
		}
	}
	var out []pattern
	events := watched(controls)
	everywhere := slices.Collect(maps.Keys(watched(regional(controls))))
	for _, source := range slices.Sorted(maps.Keys(events)) {
		service, _, _ := strings.Cut(source, ".")
		for _, p := range fitting("calls-"+service, "API calls of "+service+" that a control watches", events[source], func(names []string) object { return build(source, names) }) {
			p.home = !slices.Contains(everywhere, source)
			out = append(out, p)
		}
	}
	return out
}

// watched returns the names of the events that the controls declare by their CloudTrail source, each once, sorted.
func watched(controls []core.Control) map[string][]string {
	out := map[string][]string{}
	for _, c := range controls {
		for _, e := range slices.Concat(c.Events, slices.Collect(maps.Keys(c.Type.Tagging))) {
			source, event := c.SplitEvent(e)
			if !slices.Contains(out[source], event) {
				out[source] = append(out[source], event)
			}
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// eventBridgeSource is what EventBridge calls the service that CloudTrail calls s3.amazonaws.com: aws.s3.
func eventBridgeSource(source string) string {
	service, _, _ := strings.Cut(source, ".")
	return "aws." + service
}

// ownCalls is the rule for what our own roles do, failed calls included: each must be in the journal.
func ownCalls(ours issuers) pattern {
	return pattern{name: reconciliation, does: "API calls made with shoreup's own roles", match: object{
		"source": []any{object{"prefix": "aws."}}, "detail-type": []any{wirecloudtrail.DetailType},
		"detail": object{"userIdentity": object{"sessionContext": object{"sessionIssuer": object{"arn": ours.is}}}},
	}}
}

// global returns the controls whose resources live in the partition's home Region.
func global(controls []core.Control) []core.Control {
	return slices.DeleteFunc(slices.Clone(controls), func(c core.Control) bool { return !c.Type.Global })
}

// regional returns the others. A service is taken for a global one if no such control watches it.
func regional(controls []core.Control) []core.Control {
	return slices.DeleteFunc(slices.Clone(controls), func(c core.Control) bool { return c.Type.Global })
}

// fitting builds as few patterns as hold all values within EventBridge's limit, numbered from the second on.
func fitting(rule, does string, values []string, build func([]string) object) []pattern {
	var out []pattern
	for len(values) > 0 {
		n := len(values)
		for n > 1 && patternSize(build(values[:n])) > maxPattern {
			n--
		}
		named := rule
		if len(out) > 0 {
			named = fmt.Sprintf("%s-%d", rule, len(out)+1)
		}
		out = append(out, pattern{name: named, does: does, match: build(values[:n])})
		values = values[n:]
	}
	return out
}

// patternSize is a pattern's length once CloudFormation has filled it in.
func patternSize(p object) int {
	raw, err := json.Marshal(filled(p))
	if err != nil {
		return maxPattern + 1
	}
	return len(raw)
}

// filled resolves Fn::Sub in a document as CloudFormation would, with the longest names there are.
func filled(v any) any {
	switch v := v.(type) {
	case object:
		if s, ok := v["Fn::Sub"].(string); ok && len(v) == 1 {
			return strings.NewReplacer(partition, "aws-us-gov", account, "111122223333", region, "ap-southeast-99").Replace(s)
		}
		out := object{}
		for k, x := range v {
			out[k] = filled(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = filled(x)
		}
		return out
	}
	return v
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
