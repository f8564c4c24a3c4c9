package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/jsii-runtime-go"
)

const (
	busID             = "Bus"
	paramOrganization = "OrganizationId"
)

// Hub adds to the app an installation that looks after other accounts: their events come over a bus of its own, and it takes their roles. It holds
// no role that reads or fixes anything; where its own account is looked after too, the member's templates are deployed there as well.
func Hub(app awscdk.App, p Props) {
	l := layout{fleet: functions, hub: account, members: "*", bus: prefix, boundary: name("boundary")}
	if p.HubActions {
		l.fleet = append(slices.Clone(l.fleet), actionsFunction())
	}
	s := newStack(app, name("hub"), "shoreup for an organisation: the security account's part, deployed once in the Region that events are sent to", p, l)
	s.installationParameters()
	s.organizationParameter()
	s.homeMapping()
	s.eventBus()
	s.installation()
	s.roles(s.functionRoles())
	s.hearing()
	if p.HubActions {
		s.hubActions()
	}
}

// eventBus adds the bus that members deliver to. Its policy lets in the delivery roles of the organisation's accounts and keeps everybody else
// out, the hub's own administrators included. What events on it say is AWS's word: nobody but AWS can make an event whose source begins with
// "aws.", and no rule on the bus matches another. Source: EventBridge API reference, PutEvents.
func (s stack) eventBus() {
	bus := awsevents.NewCfnEventBus(s.in, jsii.String(busID), &awsevents.CfnEventBusProps{
		Name: jsii.String(s.bus), Description: jsii.String("Events of the accounts that shoreup looks after"),
	})
	from := sub("arn:" + partition + ":iam::*:role/" + deliveryRole)
	for _, p := range []struct {
		sid, effect string
		condition   object
	}{
		{"FromMembers", "Allow", object{"StringEquals": object{"aws:PrincipalOrgID": ref(paramOrganization)}, "ArnLike": object{"aws:PrincipalArn": from}}},
		{"OnlyFromMembers", "Deny", object{"ArnNotLike": object{"aws:PrincipalArn": from}}},
	} {
		awsevents.NewCfnEventBusPolicy(s.in, jsii.String(busID+p.sid), &awsevents.CfnEventBusPolicyProps{
			EventBusName: bus.Ref(), StatementId: &p.sid, Statement: object{
				"Sid": p.sid, "Effect": p.effect, "Principal": "*", "Action": forward("").actions[0], "Resource": att(busID, "Arn"), "Condition": p.condition,
			},
		})
	}
}

func (s stack) organizationParameter() {
	awscdk.NewCfnParameter(s.in, jsii.String(paramOrganization), &awscdk.CfnParameterProps{
		Description:    jsii.String("Id of the organisation whose accounts are looked after, for example o-exampleorgid"),
		AllowedPattern: jsii.String("^o-[a-z0-9]{10,32}$"),
	})
}
