package infra

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"
)

const (
	paramHubAccount = "HubAccount"
	paramHubRegion  = "HubRegion"
	paramAlarmTopic = "AlarmTopic"
	ifAlarmTopic    = "HasAlarmTopic"
	// unforwarded is the queue of events that the hub's bus did not take. Its name differs from the hub's queues, beside which it may stand.
	unforwarded = "unforwarded"
)

// management is what the descriptions of the member's templates say of the one account that service-managed StackSets leave out.
const management = "StackSets leave out the organisation's management account: deploy this file there as a stack of its own if it is to be looked after"

// Member adds to the app the two stacks of an account that a hub looks after: one with its roles, for one Region of the account, and one with the
// rules that forward events, for each of its Regions. Both are plain files without assets, which StackSets deploy without anything in the account.
func Member(app awscdk.App, p Props) {
	l := layout{fleet: functions, hub: "${" + paramHubAccount + "}", members: account, boundary: name("member-boundary")}
	bus := "arn:" + partition + ":events:${" + paramHubRegion + "}:" + l.hub + ":event-bus/" + prefix

	g := newStack(app, name("member-global"), "shoreup, roles of an account that a hub looks after: deploy in one Region per account. "+management, p, l)
	g.hubParameters()
	g.organizationParameter()
	g.enableIAM()
	g.roles(append(g.taken(), g.delivery(bus)))
	g.protect()

	r := newStack(app, name("member-regional"), "shoreup, event rules of an account that a hub looks after: deploy in each Region, after the roles. "+management, p, l)
	r.hubParameters()
	r.homeMapping()
	r.forwarding(bus)
	r.forwardingAlarm(unforwarded, "Events that the hub's bus did not take")
	if p.ConfigRules {
		r.configStack(app, "member-config", false)
	}
}

func (s stack) hubParameters() {
	awscdk.NewCfnParameter(s.in, jsii.String(paramHubAccount), &awscdk.CfnParameterProps{
		Description: jsii.String("Account that the stack " + name("hub") + " is in"), AllowedPattern: jsii.String("^[0-9]{12}$"),
	})
	awscdk.NewCfnParameter(s.in, jsii.String(paramHubRegion), &awscdk.CfnParameterProps{
		Description: jsii.String("Region that the stack " + name("hub") + " is in"), AllowedPattern: jsii.String("^[a-z]{2}(-[a-z]+)+-[0-9]+$"),
	})
}

// forwarding adds the rules that put events on the hub's bus. What our own roles did is left out by their exact ARNs here, where the account is
// known, and forwarded by a rule of its own. The delivery role is the other template's, so its ARN is built of its name.
func (s stack) forwarding(bus string) {
	s.queue(unforwarded, queueProps())
	s.queuePolicy(unforwarded, s.fromRules(unforwarded)...)
	target := func() *awsevents.CfnRule_TargetProperty {
		return s.toBus(bus, sub(roleARN(account, deliveryRole)), unforwarded)
	}
	for _, p := range s.memberPatterns() {
		condition := ""
		if p.home {
			condition = ifHome
		}
		s.rule(p, condition, target())
	}
	s.rule(ownCalls(s.own()), "", target())
}

// memberPatterns are all that a member forwards. What AWS Config says of global resources is heard in the home Region only, like their events; a type that both
// kinds of controls judge, such as the account itself, is heard everywhere, and not a second time there.
func (s stack) memberPatterns() []pattern {
	controls, sources := s.props.Controls, s.props.Sources
	everywhere := resourceTypes(regional(controls))
	out := append(cloudTrail(controls, s.own()), sources.config(everywhere)...)
	for _, p := range sources.config(without(resourceTypes(global(controls)), everywhere)) {
		p.name, p.does, p.home = "global-"+p.name, strings.Replace(p.does, "a resource", "a global resource", 1), true
		out = append(out, p)
	}
	return append(out, sources.findings()...)
}

// forwardingAlarm tells of events that the installation never saw. Without a topic there is none: the next sweep finds what was missed.
func (s stack) forwardingAlarm(queue, does string) {
	s.parameter(paramAlarmTopic, "ARN of an SNS topic in this Region that the alarm on undelivered events goes to; empty: nowhere", "")
	s.condition(ifAlarmTopic, given(paramAlarmTopic))
	only(s.alarm(depth(queue, does), paramAlarmTopic), s, ifAlarmTopic)
}
