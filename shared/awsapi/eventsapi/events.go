// Package eventsapi declares what shoreup reads of its own rules in Amazon EventBridge, whose IAM prefix is events. Source of actions: Service
// Authorization Reference, "Amazon EventBridge".
package eventsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	ListRules         = awsapi.NewRead(eventbridge.NewFromConfig, (*eventbridge.Client).ListRules, "events:ListRules")
	ListTargetsByRule = awsapi.NewRead(eventbridge.NewFromConfig, (*eventbridge.Client).ListTargetsByRule, "events:ListTargetsByRule")
)

// Rule is what is known of a rule.
type Rule struct {
	Name    string
	Enabled bool
	Pattern string // empty for a schedule
}

// ReadRules returns the rules of a bus whose names begin with the prefix. An empty bus is the default one.
func ReadRules(ctx context.Context, s awsapi.Session, bus, prefix string) ([]Rule, error) {
	var out []Rule
	in := &eventbridge.ListRulesInput{NamePrefix: &prefix, EventBusName: busName(bus)}
	for {
		page, err := ListRules.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			// ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is enabled too.
			out = append(out, Rule{aws.ToString(r.Name), r.State != "DISABLED", aws.ToString(r.EventPattern)})
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// ReadTargets returns the ARNs of a rule's targets.
func ReadTargets(ctx context.Context, s awsapi.Session, bus, rule string) ([]string, error) {
	var out []string
	in := &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: busName(bus)}
	for {
		page, err := ListTargetsByRule.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			out = append(out, aws.ToString(t.Arn))
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

func busName(bus string) *string {
	if bus == "" {
		return nil
	}
	return &bus
}
