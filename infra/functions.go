package infra

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/hub"
)

// function is one Lambda function: what it is for, its measures, and all that it may do. Roles, queues and environment follow from it.
type function struct {
	name, does      string
	timeout, memory float64 // s, MB
	batch, window   float64 // messages from its queue at a time, and s to wait for them; no batch: it has no queue
	atOnce          float64 // how many run at the same time
	hears           bool    // its queue takes the events of the rules
	sends           []string
	reads, writes   bool // takes the read role; the remediation and restore roles
	state, audit    []string
	rules, slack    bool
}

// The DynamoDB actions that functions need; a transaction needs those of its items (DynamoDB developer guide, "Transactions and IAM").
const (
	query = "dynamodb:Query"

	getItem, putItem, updateItem, deleteItem, checkItem = "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"
)

var functions = []function{
	{
		name: "evaluate", does: "Looks at the resources that events point to, and decides", timeout: 120, memory: 512, batch: 10, atOnce: 10, hears: true,
		sends: []string{"apply", "notify", deadLetters}, reads: true, rules: true,
		state: []string{getItem, putItem, deleteItem, query}, audit: []string{getItem, putItem},
	},
	{
		name: "apply", does: "Plans again, journals, writes, reads back and records", timeout: 180, memory: 512, batch: 5, atOnce: 5,
		sends: []string{"notify", deadLetters}, reads: true, writes: true, rules: true,
		state: []string{getItem, putItem, updateItem, deleteItem, checkItem, query}, audit: []string{getItem, putItem},
	},
	{
		name: "notify", does: "Tells people in Slack", timeout: 60, memory: 256, batch: 100, window: 5, atOnce: 2, rules: true, slack: true,
	},
	{
		name: "sweep", does: "Lists everything that a control judges and has it evaluated", timeout: 900, memory: 256,
		sends: []string{"evaluate"}, reads: true, rules: true,
	},
}

// Functions returns the names of the functions, which are those of their folders.
func Functions() []string {
	var out []string
	for _, f := range functions {
		out = append(out, f.name)
	}
	return out
}

func (f function) sendsTo(queue string) bool { return slices.Contains(f.sends, queue) }

func functionID(name string) string { return id(name, "function") }

func logGroup(f function) string { return "/aws/lambda/" + name(f.name) }

func (s stack) functions() {
	for _, f := range functions {
		logs := awslogs.NewCfnLogGroup(s.in, jsii.String(id(f.name, "logs")), &awslogs.CfnLogGroupProps{
			LogGroupName: jsii.String(logGroup(f)), RetentionInDays: jsii.Number(365),
		})
		l := awslambda.NewCfnFunction(s.in, jsii.String(functionID(f.name)), &awslambda.CfnFunctionProps{
			FunctionName: jsii.String(name(f.name)), Description: jsii.String(f.does), Role: text(att(id(f.name, "role"), "Arn")),
			Runtime: jsii.String("provided.al2023"), Architectures: texts("arm64"), Handler: jsii.String("bootstrap"), Code: s.code(f.name),
			Timeout: jsii.Number(f.timeout), MemorySize: jsii.Number(f.memory),
			Environment:      &awslambda.CfnFunction_EnvironmentProperty{Variables: s.environment(f)},
			LoggingConfig:    &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: logs.Ref()},
			DeadLetterConfig: s.asyncDeadLetters(f),
		})
		if f.batch == 0 {
			continue
		}
		source := &awslambda.CfnEventSourceMappingProps{
			FunctionName: l.Ref(), EventSourceArn: text(att(queueID(f.name), "Arn")), BatchSize: jsii.Number(f.batch),
			FunctionResponseTypes: texts("ReportBatchItemFailures"),
			ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(f.atOnce)},
		}
		if f.window > 0 {
			source.MaximumBatchingWindowInSeconds = jsii.Number(f.window)
		}
		awslambda.NewCfnEventSourceMapping(s.in, jsii.String(id(f.name, "source")), source)
	}
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

// asyncDeadLetters is for a function without a queue: it is invoked asynchronously, and an invocation that failed for good must not be lost.
func (s stack) asyncDeadLetters(f function) any {
	if f.batch > 0 {
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
		if queue == deadLetters {
			key = "SHOREUP_DEAD_LETTERS"
		}
		env[key] = text(ref(queueID(queue)))
	}
	if f.reads {
		env["SHOREUP_READ_ROLE"] = jsii.String(hub.ReadRole)
	}
	if f.writes {
		env["SHOREUP_WRITE_ROLE"] = jsii.String(hub.WriteRole)
		env["SHOREUP_APPLY_QUEUE"] = text(ref(queueID(f.name)))
	}
	if f.slack {
		env["SHOREUP_SLACK_SECRET"] = text(ref(paramSecret))
		env["SHOREUP_SLACK_CHANNEL"] = text(ref(paramChannel))
	}
	if f.sendsTo("evaluate") {
		here := choose(ifHome, ref("AWS::Region"), object{"Fn::Join": []any{",", []any{ref("AWS::Region"), *s.homeRegion()}}})
		env["SHOREUP_REGIONS"] = text(choose(ifRegions, ref(paramRegions), here))
	}
	return env
}
