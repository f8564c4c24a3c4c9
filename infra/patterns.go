package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	wireconfigitem "github.com/shoreup/shoreup/events/configitem"
	wireconfigrule "github.com/shoreup/shoreup/events/configrule"
	wireguardduty "github.com/shoreup/shoreup/events/guardduty"
	wiresecurityhub "github.com/shoreup/shoreup/events/securityhub"
	"github.com/shoreup/shoreup/shared/core"
)

// maxPattern is the most characters that EventBridge takes as a pattern. Source: EventBridge quotas, "Event pattern size".
const maxPattern = 2048

// Sources are the optional sources of events. Their rules cost nothing where the service is not in use.
type Sources struct{ Config, SecurityHub, GuardDuty bool }

// pattern is one EventBridge rule: its name, what it is for, and which events it matches.
type pattern struct {
	name, does string
	match      map[string]any
}

type object = map[string]any

// cloudTrail returns the rules for the API calls that the controls watch: one for each service, more where a pattern grows too long.
// Calls made with our own roles are left out in the only form that keeps root and IAM users, whose events have no session issuer.
func cloudTrail(controls []core.Control, ownRoles []string) []pattern {
	own := subs(ownRoles)
	build := func(source string, names []string) object {
		return object{
			"source": []any{eventBridgeSource(source)}, "detail-type": []any{wirecloudtrail.DetailType},
			"detail": object{
				"eventSource": []any{source}, "eventName": anys(names), "errorCode": []any{object{"exists": false}},
				"userIdentity": object{"sessionContext": object{"sessionIssuer": object{"arn": []any{
					object{"exists": false}, object{"anything-but": own},
				}}}},
			},
		}
	}
	var out []pattern
	events := watched(controls)
	for _, source := range slices.Sorted(maps.Keys(events)) {
		service, _, _ := strings.Cut(source, ".")
		out = append(out, fitting("calls-"+service, "API calls of "+service+" that a control watches", events[source], func(names []string) object { return build(source, names) })...)
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
func ownCalls(ownRoles []string) pattern {
	return pattern{reconciliation, "API calls made with shoreup's own roles", object{
		"source": []any{object{"prefix": "aws."}}, "detail-type": []any{wirecloudtrail.DetailType},
		"detail": object{"userIdentity": object{"sessionContext": object{"sessionIssuer": object{"arn": subs(ownRoles)}}}},
	}}
}

// config returns the rules for AWS Config: failed compliance, and changed items, of the types that the controls judge.
func config(controls []core.Control) []pattern {
	types := resourceTypes(controls)
	out := fitting("config-compliance", "AWS Config found a resource non-compliant", types, func(types []string) object {
		return object{"source": []any{wireconfigrule.Source}, "detail-type": []any{wireconfigrule.DetailType}, "detail": object{
			"messageType": []any{"ComplianceChangeNotification"}, "resourceType": anys(types), "newEvaluationResult": object{"complianceType": []any{"NON_COMPLIANT"}},
		}}
	})
	// The item of a change that is too large for an event comes as a summary.
	for _, kind := range []struct{ name, field string }{{"config-item", "configurationItem"}, {"config-summary", "configurationItemSummary"}} {
		out = append(out, fitting(kind.name, "AWS Config recorded a change of a resource", types, func(types []string) object {
			return object{"source": []any{wireconfigitem.Source}, "detail-type": []any{wireconfigitem.DetailType}, "detail": object{
				"messageType": []any{"ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"},
				kind.field:    object{"resourceType": anys(types), "configurationItemStatus": []any{"OK", "ResourceDiscovered"}},
			}}
		})...)
	}
	return out
}

// securityHub returns the rules for findings that failed and for those that a person picked. Updates that we made ourselves carry our note.
func securityHub() []pattern {
	return []pattern{
		{"securityhub-imported", "Security Hub has a failed finding", object{
			"source": []any{wiresecurityhub.Source}, "detail-type": []any{wiresecurityhub.DetailTypeImported}, "detail": object{"findings": object{
				"RecordState": []any{"ACTIVE"}, "Workflow": object{"Status": []any{"NEW", "NOTIFIED"}}, "Compliance": object{"Status": []any{"FAILED"}},
				"Note": object{"UpdatedBy": []any{object{"exists": false}, object{"anything-but": []any{wiresecurityhub.NoteAuthor}}}},
			}}}},
		{"securityhub-action", "A person picked findings in Security Hub", object{
			"source": []any{wiresecurityhub.Source}, "detail-type": []any{wiresecurityhub.DetailTypeAction},
		}},
	}
}

// guardDuty returns the rule for findings on buckets, principals and instances.
func guardDuty() []pattern {
	return []pattern{{"guardduty", "GuardDuty has a finding on a bucket, a principal or an instance", object{
		"source": []any{wireguardduty.Source}, "detail-type": []any{wireguardduty.DetailType},
		"detail": object{"resource": object{"resourceType": []any{"S3Bucket", "AccessKey", "Instance"}}, "service": object{"archived": []any{false}}},
	}}}
}

// global returns the controls whose resources live in the partition's home Region.
func global(controls []core.Control) []core.Control {
	return slices.DeleteFunc(slices.Clone(controls), func(c core.Control) bool { return !c.Type.Global })
}

// resourceTypes returns the types that the controls judge, by CloudFormation's and by AWS Config's name.
func resourceTypes(controls []core.Control) []string {
	var out []string
	for _, c := range controls {
		out = append(out, c.Type.Name)
		if c.Type.Alias != "" {
			out = append(out, c.Type.Alias)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
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
		out = append(out, pattern{named, does, build(values[:n])})
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
