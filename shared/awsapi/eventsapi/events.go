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
	DescribeEventBus  = awsapi.NewRead(eventbridge.NewFromConfig, (*eventbridge.Client).DescribeEventBus, "events:DescribeEventBus")
	ListEventBuses    = awsapi.NewRead(eventbridge.NewFromConfig, (*eventbridge.Client).ListEventBuses, "events:ListEventBuses")
	ListTargetsByRule = awsapi.NewRead(eventbridge.NewFromConfig, (*eventbridge.Client).ListTargetsByRule, "events:ListTargetsByRule")
)

// Rule is what is known of a rule.
type Rule struct {
	Name     string
	Enabled  bool
	Pattern  string // empty for a schedule
	Schedule string // empty for a pattern
}

// ReadRules returns the rules of a bus whose names begin with the prefix, all if that is empty. An empty bus is the default one.
func ReadRules(ctx context.Context, s awsapi.Session, bus, prefix string) ([]Rule, error) {
	var out []Rule
	in := &eventbridge.ListRulesInput{NamePrefix: given(prefix), EventBusName: given(bus)}
	for {
		page, err := ListRules.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			// ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is enabled too.
			out = append(out, Rule{aws.ToString(r.Name), r.State != "DISABLED", aws.ToString(r.EventPattern), aws.ToString(r.ScheduleExpression)})
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// Target is what is known of one of a rule's targets. Reworded: it does not get the event as it is, but an input that the rule makes.
type Target struct {
	ARN      string
	Reworded bool
}

// ReadTargets returns a rule's targets.
func ReadTargets(ctx context.Context, s awsapi.Session, bus, rule string) ([]Target, error) {
	var out []Target
	in := &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: given(bus)}
	for {
		page, err := ListTargetsByRule.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			out = append(out, Target{aws.ToString(t.Arn), t.Input != nil || t.InputPath != nil || t.InputTransformer != nil})
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// ReadBuses returns the names of the event buses whose names begin with the prefix.
func ReadBuses(ctx context.Context, s awsapi.Session, prefix string) ([]string, error) {
	var out []string
	in := &eventbridge.ListEventBusesInput{NamePrefix: &prefix}
	for {
		page, err := ListEventBuses.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, b := range page.EventBuses {
			out = append(out, aws.ToString(b.Name))
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

// ReadBusPolicy returns a bus's resource policy in JSON; empty: it has none.
func ReadBusPolicy(ctx context.Context, s awsapi.Session, bus string) (string, error) {
	out, err := DescribeEventBus.Do(ctx, s, &eventbridge.DescribeEventBusInput{Name: &bus})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

// given is a text, or nothing: AWS takes no empty one.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
