package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// EventBridge's own limits to trying again. Source: EventBridge user guide, "How EventBridge retries delivering events".
const (
	retryAttempts = 185
	retryFor      = day
)

// rules adds the rules of the default bus. Events of global services are among them wherever the stack is: elsewhere than in the home Region
// they come from its stack, with the source they had.
func (s stack) rules() {
	for _, p := range s.patterns() {
		s.queueRule(p, firstHearing())
	}
	s.queueRule(ownCalls(ownRoles(s.props.Controls)), reconciliation)
	s.schedule()
}

// patterns returns all rules whose events lead to evaluation.
func (s stack) patterns() []pattern {
	out := cloudTrail(s.props.Controls, ownRoles(s.props.Controls))
	if s.props.Sources.Config {
		out = append(out, config(s.props.Controls)...)
	}
	if s.props.Sources.SecurityHub {
		out = append(out, securityHub()...)
	}
	if s.props.Sources.GuardDuty {
		out = append(out, guardDuty()...)
	}
	return out
}

// firstHearing is the queue that events go to.
func firstHearing() string {
	return functions[slices.IndexFunc(functions, func(f function) bool { return f.hears })].name
}

func (s stack) queueRule(p pattern, queue string) {
	s.rule(p, &awsevents.CfnRule_TargetProperty{
		Id: jsii.String(queue), Arn: text(att(queueID(queue), "Arn")), RetryPolicy: retries(),
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(undelivered), "Arn"))},
	})
}

func (s stack) rule(p pattern, target *awsevents.CfnRule_TargetProperty) {
	awsevents.NewCfnRule(s.in, jsii.String(id(p.name, "rule")), &awsevents.CfnRuleProps{
		Name: jsii.String(name(p.name)), Description: &p.does, EventPattern: p.match, State: jsii.String("ENABLED"), Targets: []any{target},
	})
}

func retries() *awsevents.CfnRule_RetryPolicyProperty {
	return &awsevents.CfnRule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(retryAttempts), MaximumEventAgeInSeconds: jsii.Number(retryFor)}
}

// schedule starts the sweep.
func (s stack) schedule() {
	const sweep = "sweep"
	rule := awsevents.NewCfnRule(s.in, jsii.String(id(sweep, "rule")), &awsevents.CfnRuleProps{
		Name: jsii.String(name(sweep)), Description: jsii.String("Starts the sweep"), State: jsii.String("ENABLED"),
		ScheduleExpression: text(ref(paramSchedule)),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String(sweep), Arn: text(att(functionID(sweep), "Arn")), RetryPolicy: retries(),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(undelivered), "Arn"))},
		}},
	})
	awslambda.NewCfnPermission(s.in, jsii.String(id(sweep, "permission")), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("events.amazonaws.com"),
		FunctionName: text(ref(functionID(sweep))), SourceArn: rule.AttrArn(), SourceAccount: awscdk.Aws_ACCOUNT_ID(),
	})
}
