package infra

import (
	_ "embed"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	wiresecurityhub "github.com/shoreup/shoreup/events/securityhub"
)

// The custom actions that people can pick for findings in Security Hub. Who picked is not known, so the second opens a request and approves nothing.
// Source: Security Hub user guide, "Creating custom actions": the id has letters and digits only, the name at most 20 characters.
var hubActions = []struct{ id, name, does string }{
	{"ShoreupPlan", wiresecurityhub.ActionPlan, "Shows how shoreup would fix the resource, and changes nothing"},
	{"ShoreupRequestFix", wiresecurityhub.ActionFix, "Asks for a fix by shoreup, which then needs its usual approval"},
}

//go:embed actions.py
var actionsCode string

// hubActionPattern matches what people picked with one of our actions, whoever made the action.
func hubActionPattern() pattern {
	var names []any
	for _, a := range hubActions {
		names = append(names, a.name)
	}
	return pattern{name: "securityhub-action", does: "A person picked findings in Security Hub", match: object{
		"source": []any{wiresecurityhub.Source}, "detail-type": []any{wiresecurityhub.DetailTypeAction}, "detail": object{"actionName": names},
	}}
}

// actionsFunction is the function that makes the actions when the stack is deployed. CloudFormation has no type for them.
func actionsFunction() function {
	return function{
		name: "actions", does: "Makes Security Hub's custom actions when the stack is deployed", timeout: 60, memory: 128, caller: "cloudformation.amazonaws.com", inline: actionsCode,
		more: []statement{{
			actions:   []string{"securityhub:CreateActionTarget", "securityhub:DeleteActionTarget", "securityhub:UpdateActionTarget"},
			resources: []string{"arn:" + partition + ":securityhub:" + region + ":" + account + ":hub/default"},
		}},
	}
}

// hubActions adds the actions. What people pick comes over the account's default bus, so an installation with a bus of its own gets a rule there.
func (s stack) hubActions() {
	for _, a := range hubActions {
		awscdk.NewCfnCustomResource(s.in, jsii.String(a.id), &awscdk.CfnCustomResourceProps{ServiceToken: text(att(functionID(actionsFunction().name), "Arn"))}).
			AddPropertyOverride(jsii.String("Id"), a.id)
		action := s.in.Node().FindChild(jsii.String(a.id)).(awscdk.CfnCustomResource)
		action.AddPropertyOverride(jsii.String("Name"), a.name)
		action.AddPropertyOverride(jsii.String("Description"), a.does)
		action.AddPropertyOverride(jsii.String("Arn"), sub("arn:"+partition+":securityhub:"+region+":"+account+":action/custom/"+a.id))
	}
	if s.bus == "" && s.props.Sources.SecurityHub {
		return // the rule is there already
	}
	here := s
	here.bus = ""
	p := hubActionPattern()
	p.name += "-here"
	here.rule(p, "", here.toQueue(eventsQueue))
}
