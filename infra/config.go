package infra

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsconfig"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/annotate"
	"github.com/shoreup/shoreup/shared/awsapi/configapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

// What AWS Config's documentation says of managed rules beyond their identifier, where there is something to say.
// Source: AWS Config developer guide, "List of AWS Config managed rules", the page of each rule.
var managed = map[string]struct {
	called string            // its name there, where that is not the identifier in lower case
	inputs map[string]string // parameters that are not optional, with the documented default
	only   string            // condition under which the rule can be had
}{
	"IAM_USER_UNUSED_CREDENTIALS_CHECK": {inputs: map[string]string{"maxCredentialUsageAge": "90"}},
	"INCOMING_SSH_DISABLED":             {called: "restricted-ssh"},
	"RDS_CLUSTER_ENCRYPTED_AT_REST":     {only: ifCommercial}, // neither in the China (Beijing) nor in the GovCloud Regions
	"RESTRICTED_INCOMING_TRAFFIC":       {called: "restricted-common-ports"},
}

// ifCommercial is the condition that this is the partition aws.
const ifCommercial = "IsCommercialPartition"

// configStack adds a stack of the AWS Config rules behind the controls: rules grow with the catalogue, and beside all else they would not fit into one
// template. A Region without a configuration recorder refuses it. In shape single each control without a managed rule gets one of our own, for which
// the installation must be there already.
func (s stack) configStack(app awscdk.App, part string, own bool) {
	c := newStack(app, name(part), "shoreup: AWS Config rules for what it looks after. Deploy where AWS Config records, after the stack "+prefix, s.props, s.layout)
	if own {
		c.in.AddStackDependency(s.in, jsii.String("its rules ask the function there"))
		c.customConfigRules()
	}
	c.managedConfigRules()
}

// managedConfigRules adds AWS's own rules behind the controls, each once. Those that judge only global resources are for the home Region, so that they
// are judged once in an account. Source: AWS Config developer guide, the note on global IAM resource types on the pages of such rules.
func (s stack) managedConfigRules() {
	judges := map[string][]core.Control{}
	var identifiers []string
	for _, c := range s.props.Controls {
		for _, i := range c.ConfigRules {
			judges[i] = append(judges[i], c)
			identifiers = append(identifiers, i)
		}
	}
	conditions := map[string]string{}
	for _, i := range distinct(identifiers) {
		conditions[i] = managed[i].only
		if len(regional(judges[i])) == 0 {
			conditions[i] = ifHome
		}
	}
	used := slices.Collect(maps.Values(conditions))
	if slices.Contains(used, ifHome) {
		s.homeMapping()
	}
	if slices.Contains(used, ifCommercial) {
		s.condition(ifCommercial, awscdk.Fn_ConditionEquals(ref("AWS::Partition"), "aws"))
	}
	for _, i := range distinct(identifiers) {
		s.managedConfigRule(i, conditions[i])
	}
}

func (s stack) managedConfigRule(identifier, condition string) {
	says := managed[identifier]
	called := annotate.RuleNames("", []string{identifier})[1]
	does := "AWS Config's " + called[len(prefix)+1:]
	if says.called != "" {
		does = "AWS Config's " + says.called
	}
	props := &awsconfig.CfnConfigRuleProps{
		ConfigRuleName: &called, Description: &does,
		Source: &awsconfig.CfnConfigRule_SourceProperty{Owner: jsii.String("AWS"), SourceIdentifier: &identifier},
	}
	if says.inputs != nil {
		props.InputParameters = says.inputs
	}
	only(awsconfig.NewCfnConfigRule(s.in, jsii.String(id(called, "config")), props), s, condition)
}

// configRuleFunction is the function behind our own rules.
func configRuleFunction() function {
	return function{
		name: "configrule", does: "Answers AWS Config with what a control finds", timeout: 900, memory: 512, caller: "config.amazonaws.com",
		takes: []string{hub.ReadRole}, rules: true,
		// An answer carries the token of the question, which names the rule; the action has no resource type.
		more: []statement{{actions: configapi.PutEvaluations.Op.Actions, resources: []string{"*"}}},
	}
}

// customConfigRules adds a rule of our own for each control that has none of AWS's: it judges with the control itself.
func (s stack) customConfigRules() {
	function := sub("arn:" + partition + ":lambda:" + region + ":" + account + ":function:" + name(configRuleFunction().name))
	for _, c := range s.props.Controls {
		if len(c.ConfigRules) > 0 {
			continue
		}
		called := annotate.RuleNames(c.ID, nil)[0]
		awsconfig.NewCfnConfigRule(s.in, jsii.String(id(called, "config")), &awsconfig.CfnConfigRuleProps{
			ConfigRuleName: &called, Description: jsii.String("shoreup: " + c.Title), InputParameters: map[string]string{"control": c.ID},
			Scope:  configScope(c),
			Source: &awsconfig.CfnConfigRule_SourceProperty{Owner: jsii.String("CUSTOM_LAMBDA"), SourceIdentifier: text(function), SourceDetails: configTriggers(c)},
		})
	}
}

// recorded returns the name by which AWS Config records a control's type of resource; nothing if it does not.
func recorded(c core.Control) string {
	for _, name := range []string{c.Type.Alias, c.Type.Name} {
		if slices.Contains(types.ResourceType("").Values(), types.ResourceType(name)) {
			return name
		}
	}
	return ""
}

// configScope is what a rule is asked about when it changes: nothing for a type that is not recorded.
func configScope(c core.Control) any {
	if recorded(c) == "" {
		return nil
	}
	return &awsconfig.CfnConfigRule_ScopeProperty{ComplianceResourceTypes: texts(recorded(c))}
}

// configTriggers has a rule asked about each change of a recorded resource, and once a day about all of a type that is not recorded.
func configTriggers(c core.Control) []any {
	trigger := func(message string) *awsconfig.CfnConfigRule_SourceDetailProperty {
		return &awsconfig.CfnConfigRule_SourceDetailProperty{EventSource: jsii.String("aws.config"), MessageType: &message}
	}
	if recorded(c) != "" {
		return []any{trigger("ConfigurationItemChangeNotification"), trigger("OversizedConfigurationItemChangeNotification")}
	}
	daily := trigger("ScheduledNotification")
	daily.MaximumExecutionFrequency = jsii.String("TwentyFour_Hours")
	return []any{daily}
}
