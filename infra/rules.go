package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
)

// EventBridge's own limits to trying again. Source: EventBridge user guide, "How EventBridge retries delivering events".
const (
	retryAttempts = 185
	retryFor      = day
)

// hearing adds the rules that lead events to evaluation, and the one for what our own roles do. In shape single they are rules of the default bus:
// events of global services are among them wherever the stack is, because elsewhere than in the home Region they come from its stack, with the
// source they had. In shape hub they are rules of the bus that members deliver to.
func (s stack) hearing() {
	for _, p := range s.patterns(s.props.Controls) {
		s.rule(p, "", s.toQueue(eventsQueue))
	}
	s.rule(ownCalls(s.own()), "", s.toQueue(reconciliation))
}

// patterns returns all rules whose events lead to evaluation.
func (s stack) patterns(controls []core.Control) []pattern {
	return slices.Concat(cloudTrail(controls, s.own()), s.props.Sources.config(resourceTypes(controls)), s.props.Sources.findings())
}

// own says how patterns name our own roles: by their ARNs where they are in this account, and in a hub, whose members may be a thousand, by how
// their ARNs end.
func (s stack) own() issuers {
	roles := ownRoles(s.props.Controls)
	var out issuers
	for _, role := range roles {
		if s.members == account {
			out.is = append(out.is, sub(roleARN(account, role)))
			continue
		}
		out.is = append(out.is, object{"suffix": ":role/" + role})
	}
	if s.members == account {
		out.isNot = out.is
		return out
	}
	ends := make([]any, len(roles))
	for i, role := range roles {
		ends[i] = ":role/" + role
	}
	out.isNot = object{"suffix": ends}
	return out
}

func (s stack) toQueue(queue string) *awsevents.CfnRule_TargetProperty {
	return &awsevents.CfnRule_TargetProperty{
		Id: jsii.String(queue), Arn: text(att(queueID(queue), "Arn")), RetryPolicy: retries(),
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(undelivered), "Arn"))},
	}
}

// rule adds a rule of the stack's bus, where the condition holds.
func (s stack) rule(p pattern, condition string, target *awsevents.CfnRule_TargetProperty) {
	props := &awsevents.CfnRuleProps{
		Name: jsii.String(name(p.name)), Description: &p.does, EventPattern: p.match, State: jsii.String("ENABLED"), Targets: []any{target},
	}
	if s.bus != "" {
		props.EventBusName = text(ref(busID))
	}
	only(awsevents.NewCfnRule(s.in, jsii.String(id(p.name, "rule")), props), s, condition)
}

func retries() *awsevents.CfnRule_RetryPolicyProperty {
	return &awsevents.CfnRule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(retryAttempts), MaximumEventAgeInSeconds: jsii.Number(retryFor)}
}
