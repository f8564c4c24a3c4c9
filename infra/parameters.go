package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The logical ids of parameters and conditions that several files use.
const (
	paramCodeBucket  = "CodeBucket"
	paramCodePrefix  = "CodeKeyPrefix"
	paramSecret      = "SlackCredential"
	paramSigning     = "SlackSigning"
	paramChannel     = "SlackChannel"
	paramRegions     = "SweepRegions"
	paramSchedule    = "SweepSchedule"
	paramReports     = "ReportSchedule"
	paramConcurrency = "SlackConcurrency"
	paramEnableIAM   = "EnableIAM"
	paramAlarmEmail  = "AlarmEmail"
	paramDeployRole  = "DeployRole"
	paramOperator    = "OperatorRole"
	paramLockDays    = "AuditRetentionDays"
	paramLockMode    = "AuditLockMode"
	ifIAM            = "FixesIAM"
	ifAlarmEmail     = "HasAlarmEmail"
	ifSlack          = "HasSlack"
	ifClicks         = "HearsSlack" // both secrets are named: one to post with, one to know clicks by
	ifConcurrency    = "ReservesSlackConcurrency"
	ifRegions        = "HasSweepRegions"
	ifOperator       = "HasOperatorRole"
	ifHome           = "IsHomeRegion"
	homeRegions      = "HomeRegions" // mapping: partition to the Region of its global services
	homeRegionsField = "Region"
)

// principalARN is the form of an IAM role or user, in any partition; with an empty one allowed where the parameter can be left out.
const principalARN = "arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+"

// installationParameters adds what the shapes single and hub ask for.
func (s stack) installationParameters() {
	if s.props.Functions == "" {
		s.parameter(paramCodeBucket, "Bucket that holds the functions' zip files, in this Region", nil)
		s.parameter(paramCodePrefix, "What stands before NAME.zip in the keys of the functions' zip files, for example v1.0.0/", "")
	}
	s.parameter(paramSecret, "Name of the secret in AWS Secrets Manager that holds Slack's bot token, or an incoming webhook; empty: no Slack", prefix+"/slack")
	s.parameter(paramSigning, "Name of the secret in AWS Secrets Manager that holds the signing secret of the Slack app, and nothing else; empty: messages in Slack have no buttons", prefix+"/slack-signing")
	s.parameter(paramChannel, "Slack channel for findings that the rules file sends nowhere else", "")
	s.parameter(paramRegions, "Regions to sweep in accounts for which the rules file lists none, separated by commas; empty: this one, and the one of IAM", "")
	s.parameter(paramSchedule, "How often everything is looked at", "rate(6 hours)")
	s.parameter(paramReports, "When the report is written, in UTC", "cron(0 6 * * ? *)")
	awscdk.NewCfnParameter(s.in, jsii.String(paramConcurrency), &awscdk.CfnParameterProps{
		Type: jsii.String("Number"), Default: 5, MinValue: jsii.Number(0), MaxValue: jsii.Number(100),
		Description: jsii.String("How many of Slack's requests are answered at the same time, reserved of the account's concurrency; 0: none, for an account whose quota is too low to reserve any"),
	})
	s.parameter(paramAlarmEmail, "Address that alarms are sent to; empty: subscribe to the topic "+name("alarms")+" as you like", "")
	awscdk.NewCfnParameter(s.in, jsii.String(paramDeployRole), &awscdk.CfnParameterProps{
		Description:    jsii.String("ARN of the one role or user that may write the rules file; it decides what is fixed, so treat it as an administrator"),
		AllowedPattern: jsii.String("^" + principalARN + "$"),
	})
	awscdk.NewCfnParameter(s.in, jsii.String(paramOperator), &awscdk.CfnParameterProps{
		Description: jsii.String("ARN of the role that may send commands, such as looking at a resource now; empty: nobody may"),
		Default:     "", AllowedPattern: jsii.String("^(" + principalARN + ")?$"),
	})
	awscdk.NewCfnParameter(s.in, jsii.String(paramLockDays), &awscdk.CfnParameterProps{
		Type: jsii.String("Number"), Default: 365, MinValue: jsii.Number(1), MaxValue: jsii.Number(36500),
		Description: jsii.String("Days for which a sealed part of the audit log cannot be deleted"),
	})
	awscdk.NewCfnParameter(s.in, jsii.String(paramLockMode), &awscdk.CfnParameterProps{
		Default: "COMPLIANCE", AllowedValues: texts("COMPLIANCE", "GOVERNANCE"),
		Description: jsii.String("COMPLIANCE: nobody can delete sealed parts earlier, root included; GOVERNANCE, for trials: whoever has the permission for it can"),
	})
	s.enableIAM()
	s.condition(ifAlarmEmail, given(paramAlarmEmail))
	s.condition(ifSlack, given(paramSecret))
	s.condition(ifClicks, awscdk.Fn_ConditionAnd(given(paramSecret), given(paramSigning)))
	s.condition(ifConcurrency, awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(ref(paramConcurrency), "0")))
	s.condition(ifRegions, given(paramRegions))
	s.condition(ifOperator, given(paramOperator))
}

// enableIAM adds the parameter that makes fixes of IAM possible. Functions and roles of an installation must agree on it.
func (s stack) enableIAM() {
	awscdk.NewCfnParameter(s.in, jsii.String(paramEnableIAM), &awscdk.CfnParameterProps{
		Description: jsii.String("Whether there is a role that can fix IAM; every such fix still needs a person's approval"),
		Default:     "false", AllowedValues: texts("true", "false"),
	})
	s.condition(ifIAM, awscdk.Fn_ConditionEquals(ref(paramEnableIAM), "true"))
}

// homeMapping adds the Region of each partition's global services, and whether this is it.
func (s stack) homeMapping() {
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
