package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

const (
	paramHub     = "HubRegion"
	deliveryRole = "EventDeliveryRole"
)

// homeStack adds the stack for the partition's home Region: it forwards what happens to global services, and what AWS Config and our own roles do
// there, to the bus that the installation listens to. Where the installation is in that Region itself, the stack is not deployed.
func (s stack) homeStack(app awscdk.App) {
	h := newStack(app, name("home"), "shoreup: forwards events of IAM and other global services to the Region of the installation", s.props)
	h.parameter(paramHub, "Region that the stack "+prefix+" is in", nil)
	awscdk.NewCfnRule(h.in, jsii.String("NotTheHub"), &awscdk.CfnRuleProps{Assertions: &[]*awscdk.CfnRuleAssertion{{
		Assert:            awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(paramHub), ref("AWS::Region"))),
		AssertDescription: jsii.String("The installation is in the home Region itself: this stack is not needed, and would send events in a circle"),
	}}})
	bus := "arn:" + partition + ":events:${" + paramHub + "}:" + account + ":event-bus/default"
	h.delivery(bus)
	h.queue(undelivered, queueProps())
	h.queuePolicy(undelivered, fromRules(undelivered))
	own := ownRoles(s.props.Controls)
	patterns := append(cloudTrail(global(s.props.Controls), own), ownCalls(own))
	if s.props.Sources.Config {
		patterns = append(patterns, config(global(s.props.Controls))...)
	}
	for _, p := range patterns {
		h.rule(p, &awsevents.CfnRule_TargetProperty{
			Id: jsii.String("hub"), Arn: text(sub(bus)), RoleArn: text(att(deliveryRole, "Arn")), RetryPolicy: retries(),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(undelivered), "Arn"))},
		})
	}
}

// delivery adds the role with which EventBridge puts events on the other Region's bus.
func (s stack) delivery(bus string) {
	arns := []any{*text(ref(deliveryRole + "Policy"))}
	awsiam.NewCfnManagedPolicy(s.in, jsii.String(deliveryRole+"Policy"), &awsiam.CfnManagedPolicyProps{
		Path: jsii.String(path), Description: jsii.String("Forwards events to the installation"), PolicyDocument: document(forward(bus)),
	})
	awsiam.NewCfnRole(s.in, jsii.String(deliveryRole), &awsiam.CfnRoleProps{
		RoleName: jsii.String(name("event-delivery")), Path: jsii.String(path), Description: jsii.String("Forwards events to the installation"),
		ManagedPolicyArns: &arns, PermissionsBoundary: text(sub("arn:" + partition + ":iam::" + account + ":policy" + path + name("boundary"))),
		AssumeRolePolicyDocument: object{"Version": "2012-10-17", "Statement": []any{object{
			"Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
			"Condition": object{
				"ArnLike":      object{"aws:SourceArn": sub("arn:" + partition + ":events:" + region + ":" + account + ":rule/" + prefix + "-*")},
				"StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
			},
		}}},
	})
}
