package infra

import (
	"slices"

	wireconfigitem "github.com/shoreup/shoreup/events/configitem"
	wireconfigrule "github.com/shoreup/shoreup/events/configrule"
	wireguardduty "github.com/shoreup/shoreup/events/guardduty"
	wiresecurityhub "github.com/shoreup/shoreup/events/securityhub"
	"github.com/shoreup/shoreup/shared/core"
)

// Sources are the optional sources of events. Their rules cost nothing where the service is not in use.
type Sources struct{ Config, SecurityHub, GuardDuty bool }

// findings returns the rules for the findings of services that judge themselves.
func (on Sources) findings() []pattern {
	var out []pattern
	if on.SecurityHub {
		out = append(out, securityHub()...)
	}
	if on.GuardDuty {
		out = append(out, guardDuty()...)
	}
	return out
}

// config returns the rules for AWS Config, where it is a source: failed compliance, and changed items, of these types.
func (on Sources) config(types []string) []pattern {
	if !on.Config {
		return nil
	}
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

// securityHub returns the rules for findings that failed and for those that a person picked. What is in work is NOTIFIED and does not come back. Our note is
// no condition: it stays on a finding for good, also when its control finds the resource wrong again; the parser tells the two by their times.
func securityHub() []pattern {
	return []pattern{
		{name: "securityhub-imported", does: "Security Hub has a failed finding", match: object{
			"source": []any{wiresecurityhub.Source}, "detail-type": []any{wiresecurityhub.DetailTypeImported}, "detail": object{"findings": object{
				"RecordState": []any{"ACTIVE"}, "Workflow": object{"Status": []any{"NEW"}}, "Compliance": object{"Status": []any{"FAILED"}},
			}}}},
		hubActionPattern(),
	}
}

// guardDuty returns the rule for findings on buckets, principals and instances.
func guardDuty() []pattern {
	return []pattern{{name: "guardduty", does: "GuardDuty has a finding on a bucket, a principal or an instance", match: object{
		"source": []any{wireguardduty.Source}, "detail-type": []any{wireguardduty.DetailType},
		"detail": object{"resource": object{"resourceType": []any{"S3Bucket", "AccessKey", "Instance"}}, "service": object{"archived": []any{false}}},
	}}}
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
