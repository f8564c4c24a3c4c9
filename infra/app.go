package infra

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
)

// Props say what to deploy.
type Props struct {
	Controls    []core.Control
	Functions   string   // folder of built functions, made CDK assets; empty: code comes from the parameters CodeBucket and CodeKeyPrefix
	Sources     Sources  // optional sources of events
	Protected   []string // ARN patterns that nothing may change, besides those that never may; the rules file's protected_principals
	ConfigRules bool     // deploy the AWS Config rules behind the controls; an account and Region without a recorder refuses them
	SlackAPI    bool     // Slack tells of clicks at an HTTP API instead of a function URL
	HubActions  bool     // make Security Hub's custom actions; an account and Region without Security Hub refuses them
}

// Shapes are what can be deployed, by name.
func Shapes() []string { return []string{"single", "hub", "member"} }

// Add adds a shape to the app.
func Add(app awscdk.App, shape string, p Props) error {
	switch shape {
	case "single":
		SingleAccount(app, p)
	case "hub":
		Hub(app, p)
	case "member":
		Member(app, p)
	default:
		return fmt.Errorf("there is no shape %q: use one of %v", shape, Shapes())
	}
	return nil
}

// layout says where the two sides of an installation are: the functions, and the roles that they take.
type layout struct {
	fleet    fleet  // the functions
	hub      string // their account
	members  string // account of the roles that they take; "*": any account whose roles trust them
	bus      string // event bus that the rules are on; empty: the account's default one
	boundary string // name of the permissions boundary, and how that of the roles that write begins

	boundaryIsElsewhere bool // in another stack of the account
}

// stack is one stack under construction.
type stack struct {
	in    awscdk.Stack
	props Props
	layout
}

// NewApp makes a CDK app whose templates hold no metadata of the CDK, so that the same controls give the same bytes however it is started.
// Out is the folder of the cloud assembly; empty: what the CDK command line says, else the CDK's own choice.
func NewApp(out string) awscdk.App {
	props := &awscdk.AppProps{
		AnalyticsReporting: jsii.Bool(false), TreeMetadata: jsii.Bool(false),
		PostCliContext: &map[string]any{
			"aws:cdk:enable-path-metadata": false, "aws:cdk:enable-asset-metadata": false,
			"@aws-cdk/core:validateAgainstDefaultRules": true, // what the CDK finds wrong with a template is an error
		},
	}
	if out != "" {
		props.Outdir = &out
	}
	return awscdk.NewApp(props)
}

func newStack(app awscdk.App, name, does string, p Props, l layout) stack {
	return stack{awscdk.NewStack(app, &name, &awscdk.StackProps{
		Description: &does, AnalyticsReporting: jsii.Bool(false),
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{GenerateBootstrapVersionRule: jsii.Bool(false)}),
	}), p, l}
}

// condition adds a condition that the stack's resources can be made to depend on.
func (s stack) condition(name string, is awscdk.ICfnConditionExpression) {
	awscdk.NewCfnCondition(s.in, &name, &awscdk.CfnConditionProps{Expression: is})
}

// given is the condition that a text parameter is not empty.
func given(parameter string) awscdk.ICfnRuleConditionExpression {
	return awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(parameter), ""))
}

// only makes a resource exist only where the condition holds; empty: everywhere.
func only(r awscdk.CfnResource, s stack, condition string) {
	if condition != "" {
		r.CfnOptions().SetCondition(s.in.Node().FindChild(&condition).(awscdk.CfnCondition))
	}
}

// keep makes a resource outlive the stack.
func keep(r awscdk.CfnResource) { r.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil) }
