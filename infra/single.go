package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Props say what to deploy.
type Props struct {
	Controls  []core.Control
	Functions string   // folder of built functions, made CDK assets; empty: code comes from the parameters CodeBucket and CodeKeyPrefix
	Sources   Sources  // optional sources of events
	Protected []string // ARN patterns that nothing may change, besides those that never may; the rules file's protected_principals
}

// stack is one stack under construction.
type stack struct {
	in    awscdk.Stack
	props Props
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

func newStack(app awscdk.App, name, does string, p Props) stack {
	return stack{awscdk.NewStack(app, &name, &awscdk.StackProps{
		Description: &does, AnalyticsReporting: jsii.Bool(false),
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{GenerateBootstrapVersionRule: jsii.Bool(false)}),
	}), p}
}

// SingleAccount adds to the app an installation that looks after the account it is in, and the stack for the home Region. Neither depends on where
// the app is synthesised.
func SingleAccount(app awscdk.App, p Props) {
	s := newStack(app, prefix, "shoreup: finds what AWS customers must secure themselves, and fixes it", p)
	s.parameters()
	s.buckets()
	s.tables()
	s.queues()
	s.roles()
	s.functions()
	s.rules()
	s.alarms()
	s.homeStack(app)
}

// The logical ids of parameters and conditions that several files use.
const (
	paramCodeBucket  = "CodeBucket"
	paramCodePrefix  = "CodeKeyPrefix"
	paramSecret      = "SlackCredential"
	paramChannel     = "SlackChannel"
	paramRegions     = "SweepRegions"
	paramSchedule    = "SweepSchedule"
	paramEnableIAM   = "EnableIAM"
	paramAlarmTopic  = "AlarmTopic"
	noTopic          = "none"
	ifIAM            = "FixesIAM"
	ifAlarmTopic     = "HasAlarmTopic"
	ifRegions        = "HasSweepRegions"
	ifHome           = "IsHomeRegion"
	homeRegions      = "HomeRegions" // mapping: partition to the Region of its global services
	homeRegionsField = "Region"
)

func (s stack) parameters() {
	if s.props.Functions == "" {
		s.parameter(paramCodeBucket, "Bucket that holds the functions' zip files, in this Region", nil)
		s.parameter(paramCodePrefix, "What stands before NAME.zip in the keys of the functions' zip files, for example v1.0.0/", "")
	}
	s.parameter(paramSecret, "Name of the secret in AWS Secrets Manager that holds Slack's bot token or incoming webhook", prefix+"/slack")
	s.parameter(paramChannel, "Slack channel for findings that the rules file sends nowhere else", "")
	s.parameter(paramRegions, "Regions to sweep, separated by commas; empty: this one, and the one of IAM", "")
	s.parameter(paramSchedule, "How often everything is looked at", "rate(6 hours)")
	s.parameter(paramAlarmTopic, "ARN of an SNS topic that alarms go to, or none: alarms then only change colour", noTopic)
	awscdk.NewCfnParameter(s.in, jsii.String(paramEnableIAM), &awscdk.CfnParameterProps{
		Description: jsii.String("Whether there is a role that can fix IAM; every such fix still needs a person's approval"),
		Default:     "false", AllowedValues: texts("true", "false"),
	})
	s.condition(ifIAM, awscdk.Fn_ConditionEquals(ref(paramEnableIAM), "true"))
	s.condition(ifAlarmTopic, awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(paramAlarmTopic), noTopic)))
	s.condition(ifRegions, awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(paramRegions), "")))

	mapping := map[string]*map[string]any{}
	for _, p := range []string{"aws", "aws-cn", "aws-us-gov"} {
		mapping[p] = &map[string]any{homeRegionsField: awsapi.HomeRegion(p)}
	}
	awscdk.NewCfnMapping(s.in, jsii.String(homeRegions), &awscdk.CfnMappingProps{Mapping: &mapping})
	s.condition(ifHome, awscdk.Fn_ConditionEquals(ref("AWS::Region"), s.homeRegion()))
}

func (s stack) homeRegion() *string {
	return s.in.Node().FindChild(jsii.String(homeRegions)).(awscdk.CfnMapping).FindInMap(awscdk.Aws_PARTITION(), jsii.String(homeRegionsField), nil)
}

// parameter adds a text parameter; without a default it must be given.
func (s stack) parameter(name, does string, standard any) {
	awscdk.NewCfnParameter(s.in, &name, &awscdk.CfnParameterProps{Description: &does, Default: standard})
}

func (s stack) condition(name string, is awscdk.ICfnConditionExpression) awscdk.CfnCondition {
	return awscdk.NewCfnCondition(s.in, &name, &awscdk.CfnConditionProps{Expression: is})
}

// only makes a resource exist only where the condition holds.
func only(r awscdk.CfnResource, s stack, condition string) {
	r.CfnOptions().SetCondition(s.in.Node().FindChild(&condition).(awscdk.CfnCondition))
}

// keep makes a resource outlive the stack.
func keep(r awscdk.CfnResource) { r.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil) }
