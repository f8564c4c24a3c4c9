package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"
)

// homeStack adds the stack for the partition's home Region: it forwards what happens to global services, and what AWS Config and our own roles do
// there, to the bus that the installation listens to. Where the installation is in that Region itself, the stack is not deployed.
func (s stack) homeStack(app awscdk.App) {
	l := s.layout
	l.boundaryIsElsewhere = true
	h := newStack(app, name("home"), "shoreup: forwards events of IAM and other global services to the Region of the installation", s.props, l)
	h.parameter(paramHubRegion, "Region that the stack "+prefix+" is in", nil)
	awscdk.NewCfnRule(h.in, jsii.String("NotTheHub"), &awscdk.CfnRuleProps{Assertions: &[]*awscdk.CfnRuleAssertion{{
		Assert:            awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(paramHubRegion), ref("AWS::Region"))),
		AssertDescription: jsii.String("The installation is in the home Region itself: this stack is not needed, and would send events in a circle"),
	}}})
	bus := "arn:" + partition + ":events:${" + paramHubRegion + "}:" + account + ":event-bus/default"
	delivery := h.delivery(bus)
	h.role(delivery)
	h.queue(undelivered, queueProps())
	h.queuePolicy(undelivered, h.fromRules(undelivered)...)
	h.forwardingAlarm(undelivered, "Events that the installation's bus did not take")
	own := h.own()
	for _, p := range append(append(cloudTrail(global(s.props.Controls), own), ownCalls(own)), s.props.Sources.config(resourceTypes(global(s.props.Controls)))...) {
		h.rule(p, "", h.toBus(bus, att(roleID(delivery.name), "Arn"), undelivered))
	}
}

// toBus is a rule's target: another bus, and the queue for what it does not take.
func (s stack) toBus(bus string, role any, dead string) *awsevents.CfnRule_TargetProperty {
	return &awsevents.CfnRule_TargetProperty{
		Id: jsii.String("hub"), Arn: text(sub(bus)), RoleArn: text(role), RetryPolicy: retries(),
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(dead), "Arn"))},
	}
}

// delivery is the role with which EventBridge puts events on another bus, for rules of ours in this account.
func (s stack) delivery(bus string) role {
	return role{
		name: roleName(deliveryRole), does: "Forwards events to the installation", grants: []grant{{statements: []statement{forward(bus)}}},
		trust: object{"Version": "2012-10-17", "Statement": []any{object{
			"Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
			"Condition": object{
				"ArnLike":      object{"aws:SourceArn": sub("arn:" + partition + ":events:*:" + account + ":rule/" + prefix + "-*")},
				"StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
			},
		}}},
	}
}

// forward allows events to be put on a bus.
func forward(bus string) statement {
	return statement{actions: []string{"events:PutEvents"}, resources: []string{bus}}
}
