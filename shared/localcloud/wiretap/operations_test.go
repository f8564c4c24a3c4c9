package wiretap_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/localcloud/iamsim"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// ours are operations of functions and of the doctor, which no control declares.
var ours = []string{
	"s3:GetObject", "s3:PutObject", "s3:HeadObject", "s3:ListObjectsV2", "s3:HeadBucket", "s3:CreateBucket", "s3:DeleteObject", "s3:DeleteObjects",
	"s3:GetBucketVersioning", "s3:GetObjectLockConfiguration", "s3:ListObjectVersions", "s3:CopyObject", "s3:GetObjectRetention",
	"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:TransactWriteItems", "dynamodb:BatchGetItem",
	"dynamodb:DescribeContinuousBackups", "sqs:SendMessage", "sqs:SendMessageBatch", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueUrl",
	"sts:AssumeRole", "sts:GetCallerIdentity", "secretsmanager:GetSecretValue",
	"securityhub:BatchUpdateFindings", "securityhub:GetFindings", "securityhub:BatchImportFindings", "configservice:PutEvaluations", "configservice:StartConfigRulesEvaluation",
	"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "eventbridge:ListRules", "eventbridge:ListTargetsByRule",
	"lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:ListEventSourceMappings", "lambda:Invoke", "lambda:UpdateEventSourceMapping",
	"s3control:CreateAccessPoint", "s3control:DeleteAccessPoint",
}

// setUp are operations of tests alone, which no policy of ours grants.
var setUp = []string{
	"s3:CopyObject", "s3:DeleteObjects", "s3control:CreateAccessPoint", "s3control:DeleteAccessPoint", "securityhub:BatchImportFindings",
	"lambda:UpdateEventSourceMapping",
}

// unnamed are operations whose requests do not name what IAM judges: the user of
// an access key, the id of a Config rule, and tables in a map that is empty here.
var unnamed = []string{"iam:GetAccessKeyLastUsed", "configservice:StartConfigRulesEvaluation", "dynamodb:BatchGetItem"}

// declared is every operation that a control, a list or a resolver makes.
func declared() []string {
	names := slices.Clone(ours)
	for _, c := range catalog.Controls() {
		for _, op := range slices.Concat(c.Reads, c.Writes, c.Undoes, c.Type.ListOps, c.Type.ResolveOps) {
			names = append(names, op.Name)
		}
		for _, via := range c.Type.Via {
			for _, op := range via.Ops {
				names = append(names, op.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestEveryOperationIsTold makes each declared operation with the SDK, its input
// filled with anything that passes, and compares what the tap calls it.
func TestEveryOperationIsTold(t *testing.T) {
	t.Parallel()
	tap := start(t, answers(t, nil), wiretap.Options{Keys: map[string]string{"K": fixer}})
	cfg := config(tap, "K")
	clients := map[string]any{
		"cloudfront": cloudfront.NewFromConfig(cfg), "cloudtrail": cloudtrail.NewFromConfig(cfg), "configservice": configservice.NewFromConfig(cfg), "dynamodb": dynamodb.NewFromConfig(cfg),
		"ec2": ec2.NewFromConfig(cfg), "eventbridge": eventbridge.NewFromConfig(cfg), "iam": iam.NewFromConfig(cfg), "kms": kms.NewFromConfig(cfg),
		"lambda": lambda.NewFromConfig(cfg), "rds": rds.NewFromConfig(cfg), "s3": pathStyle(cfg), "s3control": s3control.NewFromConfig(cfg),
		"secretsmanager": secretsmanager.NewFromConfig(cfg), "securityhub": securityhub.NewFromConfig(cfg), "sns": sns.NewFromConfig(cfg),
		"sqs": sqs.NewFromConfig(cfg), "sts": sts.NewFromConfig(cfg),
	}
	signing := map[string]string{"configservice": "config", "eventbridge": "events", "s3control": "s3"}
	names := declared()
	if len(names) < 100 {
		t.Fatalf("%d operations, want a hundred and more", len(names))
	}
	for _, name := range names {
		service, operation, _ := strings.Cut(name, ":")
		client, ok := clients[service]
		if !ok {
			t.Errorf("%s: the test has no client for it", name)
			continue
		}
		tap.Forget()
		if err := invoke(t, client, service, operation); err != nil && len(tap.Calls()) == 0 {
			t.Errorf("%s was not sent: %v", name, err)
			continue
		}
		calls := tap.Calls()
		want := service
		if s, ok := signing[service]; ok {
			want = s
		}
		if len(calls) != 1 || calls[0].Operation != operation || calls[0].Service != want || calls[0].Control != (service == "s3control") {
			t.Errorf("%s is taken for %+v", name, calls)
			continue
		}
		requests, err := iamsim.Map(calls[0])
		if err != nil && !slices.Contains(setUp, name) {
			t.Error(err)
		}
		for _, r := range requests {
			if strings.Contains(r.Resource, "any-at-all") && !slices.Contains(unnamed, name) {
				t.Errorf("%s: the tap does not see what %s is about", name, r.Action)
			}
		}
	}
}

func invoke(t *testing.T, client any, service, operation string) error {
	t.Helper()
	method := reflect.ValueOf(client).MethodByName(operation)
	if !method.IsValid() {
		t.Fatalf("the client has no %s", operation)
	}
	in := reflect.New(method.Type().In(1).Elem())
	fill(in.Elem(), 6, map[string]string{
		"PolicyArn":   "arn:aws:iam::444455556666:policy/p",
		"RoleArn":     fixer,
		"ResourceArn": "arn:aws:" + service + ":eu-west-1:444455556666:table/t",
		"QueueUrl":    "http://localhost/444455556666/q",
	})
	out := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
	err, _ := out[1].Interface().(error)
	return err
}

// fill sets what the SDK may require, down to a depth; named are the texts of
// fields that take ARNs and the like.
func fill(v reflect.Value, depth int, named map[string]string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("444455556666")
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth, named)
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Struct && depth == 0 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth-1, named)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			// A checksum is of a known kind, and the length that of the body.
			if !f.IsExported() || f.Name == "ChecksumAlgorithm" || f.Name == "ContentLength" {
				continue
			}
			fill(v.Field(i), depth, named)
			if text, ok := named[f.Name]; ok && f.Type == reflect.TypeFor[*string]() {
				v.Field(i).Elem().SetString(text)
			}
		}
	}
}
