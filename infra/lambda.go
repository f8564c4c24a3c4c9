package infra

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/hub"
)

// logYear is how long logs are kept, in days.
const logYear = 365

func (s stack) functions() {
	for _, f := range s.fleet {
		s.function(f)
		s.address(f)
		for _, from := range f.feeds {
			s.feed(f, from)
		}
	}
}

// function adds a function with its log group. Logs outlive the stack: they say why something was not recorded. The group is there without the function, too:
// else it would stay when the function goes, and be in the way when it comes back.
func (s stack) function(f function) {
	logs := awslogs.NewCfnLogGroup(s.in, jsii.String(id(f.name, "logs")), &awslogs.CfnLogGroupProps{
		LogGroupName: jsii.String(logGroup(f)), RetentionInDays: jsii.Number(logYear),
	})
	keep(logs)
	props := &awslambda.CfnFunctionProps{
		FunctionName: jsii.String(name(f.name)), Description: jsii.String(f.does), Role: text(att(id(f.name, "role"), "Arn")),
		Runtime: jsii.String("provided.al2023"), Architectures: texts("arm64"), Handler: jsii.String("bootstrap"),
		Timeout: jsii.Number(f.timeout), MemorySize: jsii.Number(f.memory),
		LoggingConfig:    &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: logs.Ref()},
		DeadLetterConfig: s.asyncDeadLetters(f),
	}
	if f.reserved {
		props.ReservedConcurrentExecutions = awscdk.Token_AsNumber(choose(ifConcurrency, ref(paramConcurrency), ref("AWS::NoValue")))
	}
	if f.inline != "" {
		props.Runtime, props.Handler, props.Code = jsii.String("python3.14"), jsii.String("index.handler"), &awslambda.CfnFunction_CodeProperty{ZipFile: &f.inline}
	} else {
		props.Code, props.Environment = s.code(f.name), &awslambda.CfnFunction_EnvironmentProperty{Variables: s.environment(f)}
	}
	only(awslambda.NewCfnFunction(s.in, jsii.String(functionID(f.name)), props), s, f.condition)
}

func (s stack) feed(f function, from feed) {
	source := &awslambda.CfnEventSourceMappingProps{
		FunctionName: text(ref(functionID(f.name))), EventSourceArn: text(att(queueID(from.queue), "Arn")), BatchSize: jsii.Number(from.batch),
		FunctionResponseTypes: texts("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(from.atOnce)},
	}
	if from.window > 0 {
		source.MaximumBatchingWindowInSeconds = jsii.Number(from.window)
	}
	awslambda.NewCfnEventSourceMapping(s.in, jsii.String(id(from.queue, "source")), source)
}

// code says where a function's code is: a CDK asset, or an object that the parameters name.
func (s stack) code(function string) *awslambda.CfnFunction_CodeProperty {
	if s.props.Functions == "" {
		return &awslambda.CfnFunction_CodeProperty{
			S3Bucket: text(ref(paramCodeBucket)), S3Key: text(sub("${" + paramCodePrefix + "}" + function + ".zip")),
		}
	}
	asset := awss3assets.NewAsset(s.in, jsii.String(id(function, "code")), &awss3assets.AssetProps{
		Path: jsii.String(filepath.Join(s.props.Functions, function)),
	})
	return &awslambda.CfnFunction_CodeProperty{S3Bucket: asset.S3BucketName(), S3Key: asset.S3ObjectKey()}
}

// asyncDeadLetters is for a function that is started without a queue.
func (s stack) asyncDeadLetters(f function) any {
	if !f.async() {
		return nil
	}
	return &awslambda.CfnFunction_DeadLetterConfigProperty{TargetArn: text(att(queueID(dlq(f.name)), "Arn"))}
}

// environment is what package hub reads. AWS sets the Region and the function's name.
func (s stack) environment(f function) map[string]*string {
	env := map[string]*string{
		"SHOREUP_ACCOUNT": text(ref("AWS::AccountId")),
		"SHOREUP_TABLES":  jsii.String(prefix),
		"SHOREUP_RULES":   rulesFile(),
	}
	for _, queue := range f.sends {
		key := "SHOREUP_" + strings.ToUpper(queue) + "_QUEUE"
		switch queue {
		case deadLetters:
			key = "SHOREUP_DEAD_LETTERS"
		case approvedQueue, againQueue:
			key = "SHOREUP_APPLY_QUEUE" // each who orders has one queue to do so
		case wordsQueue:
			key += "_URL" // without it is the ARN, for who takes messages from it
		}
		env[key] = text(ref(queueID(queue)))
	}
	for _, queue := range []string{eventsQueue, wordsQueue, approvedQueue} { // messages name the queue that they came from by its ARN
		if slices.ContainsFunc(f.feeds, func(from feed) bool { return from.queue == queue }) {
			env["SHOREUP_"+strings.ToUpper(queue)+"_QUEUE"] = text(att(queueID(queue), "Arn"))
		}
	}
	if slices.Contains(f.takes, hub.ReadRole) {
		env["SHOREUP_READ_ROLE"] = jsii.String(hub.ReadRole)
	}
	if slices.Contains(f.takes, annotateRole) {
		env["SHOREUP_ANNOTATE_ROLE"] = jsii.String(annotateRole)
	}
	if f.writes {
		env["SHOREUP_WRITE_ROLE"] = jsii.String(hub.WriteRole)
	}
	if f.slack {
		env["SHOREUP_SLACK_SECRET"] = text(ref(paramSecret))
		env["SHOREUP_SLACK_SIGNING"] = text(ref(paramSigning)) // its name: messages have buttons if there is one
		env["SHOREUP_SLACK_CHANNEL"] = text(ref(paramChannel))
	}
	if f.seals {
		env["SHOREUP_AUDIT_BUCKET"] = text(ref(auditBucket))
	}
	if f.reports {
		env["SHOREUP_REPORT_BUCKET"] = text(ref(reportsBucket))
	}
	if f.sendsTo("evaluate") {
		here := choose(ifHome, ref("AWS::Region"), object{"Fn::Join": []any{",", []any{ref("AWS::Region"), *s.homeRegion()}}})
		env["SHOREUP_REGIONS"] = text(choose(ifRegions, ref(paramRegions), here))
	}
	return env
}

// schedules starts the functions that look by themselves. Schedules are rules of the default bus, whatever bus events come over.
func (s stack) schedules() {
	for _, f := range s.fleet {
		if f.every == "" {
			continue
		}
		rule := awsevents.NewCfnRule(s.in, jsii.String(id(f.name, "rule")), &awsevents.CfnRuleProps{
			Name: jsii.String(name(f.name)), Description: jsii.String("Starts the function " + f.name), State: jsii.String("ENABLED"), ScheduleExpression: text(sub(f.every)),
			Targets: []any{&awsevents.CfnRule_TargetProperty{
				Id: jsii.String(f.name), Arn: text(att(functionID(f.name), "Arn")), RetryPolicy: retries(),
				DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: text(att(queueID(undelivered), "Arn"))},
			}},
		})
		s.permission(f.name, "events.amazonaws.com", rule.AttrArn())
	}
}

// permission lets a service start a function, for this account and, if given, for one source.
func (s stack) permission(function, service string, source *string) awslambda.CfnPermission {
	return awslambda.NewCfnPermission(s.in, jsii.String(id(function, "permission")), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), Principal: &service,
		FunctionName: text(ref(functionID(function))), SourceArn: source, SourceAccount: awscdk.Aws_ACCOUNT_ID(),
	})
}
