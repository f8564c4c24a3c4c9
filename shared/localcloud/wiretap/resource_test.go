package wiretap_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

func TestResources(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call func(ctx context.Context, cfg aws.Config) error
		want []wiretap.Resource
		in   map[string]string
	}{
		"object": {func(ctx context.Context, cfg aws.Config) error {
			_, err := pathStyle(cfg).PutObject(ctx, &s3.PutObjectInput{
				Bucket: aws.String("b"), Key: aws.String("a/x y"), Body: strings.NewReader("text"), ObjectLockMode: "COMPLIANCE",
				ObjectLockRetainUntilDate: aws.Time(time.Unix(4e9, 0)),
			})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:s3:::b/a/x y"}}, map[string]string{"s3:object-lock-mode": "COMPLIANCE"}},
		"access point": {func(ctx context.Context, cfg aws.Config) error {
			_, err := s3control.NewFromConfig(cfg).DeleteAccessPointPolicy(ctx, &s3control.DeleteAccessPointPolicyInput{AccountId: aws.String(member), Name: aws.String("ap")})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:s3:eu-west-1:444455556666:accesspoint/ap"}}, nil},
		"transaction": {func(ctx context.Context, cfg aws.Config) error {
			key := map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: "x"}}
			_, err := dynamodb.NewFromConfig(cfg).TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []dynamodbtypes.TransactWriteItem{
				{Put: &dynamodbtypes.Put{TableName: aws.String("t"), Item: key}}, {Put: &dynamodbtypes.Put{TableName: aws.String("t"), Item: key}},
				{ConditionCheck: &dynamodbtypes.ConditionCheck{TableName: aws.String("u"), Key: key, ConditionExpression: aws.String("c")}},
			}})
			return err
		}, []wiretap.Resource{
			{ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/t", Part: "Put", Key: "x"},
			{ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/u", Part: "ConditionCheck", Key: "x"},
		}, nil},
		"item": {func(ctx context.Context, cfg aws.Config) error {
			key := map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: "heard#1"}, "sk": &dynamodbtypes.AttributeValueMemberS{Value: "y"}}
			_, err := dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("t"), Item: key})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/t", Key: "heard#1"}}, nil},
		"index": {func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).Query(ctx, &dynamodb.QueryInput{TableName: aws.String("t"), IndexName: aws.String("i")})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/t/index/i"}}, nil},
		"a rule with a tag": {func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.NewFromConfig(cfg).AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
				GroupId: aws.String("sg-1"), TagSpecifications: []ec2types.TagSpecification{{
					ResourceType: "security-group-rule", Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}},
				}},
			})
			return err
		}, []wiretap.Resource{
			{ARN: "arn:aws:ec2:eu-west-1:444455556666:security-group-rule/*", Part: "Tag"}, {ARN: "arn:aws:ec2:eu-west-1:444455556666:security-group/sg-1"},
		}, map[string]string{"aws:RequestTag/Name": "x"}},
		"a customer's key": {func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).UpdateTable(ctx, &dynamodb.UpdateTableInput{
				TableName: aws.String("t"), SSESpecification: &dynamodbtypes.SSESpecification{KMSMasterKeyId: aws.String("k")},
			})
			return err
		}, []wiretap.Resource{
			{ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/t"}, {ARN: "arn:aws:kms:eu-west-1:444455556666:key/k", Part: "Key"},
		}, nil},
		"snapshot, without an account": {func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.NewFromConfig(cfg).ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: aws.String("snap-1")})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:ec2:eu-west-1::snapshot/snap-1"}}, nil},
		"a role of unknown path": {func(ctx context.Context, cfg aws.Config) error {
			_, err := iam.NewFromConfig(cfg).AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::aws:policy/P")})
			return err
		}, []wiretap.Resource{{ARN: "arn:aws:iam::444455556666:role/r"}}, map[string]string{"iam:PolicyARN": "arn:aws:iam::aws:policy/P"}},
	} {
		tap := start(t, answers(t, nil), wiretap.Options{Keys: map[string]string{"K": fixer}})
		if err := c.call(t.Context(), config(tap, "K")); err != nil && !strings.Contains(err.Error(), "deserialization") {
			t.Errorf("%s: %v", name, err)
		}
		calls := tap.Calls()
		if len(calls) != 1 {
			t.Fatalf("%s: %d calls", name, len(calls))
		}
		if diff := cmp.Diff(c.want, calls[0].Resources); diff != "" {
			t.Errorf("%s: resources (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.in, calls[0].Context, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: context (-want +got):\n%s", name, diff)
		}
	}
}

func TestPathsOfRolesAreLearned(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::" + member + ":role/team/a/r"
	tap := start(t, answers(t, map[string]string{
		"GetRole": `<GetRoleResponse><GetRoleResult><Role><Arn>` + arn + `</Arn></Role></GetRoleResult></GetRoleResponse>`,
	}), wiretap.Options{Keys: map[string]string{"K": fixer}})
	c := iam.NewFromConfig(config(tap, "K"))
	if _, err := c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("r")}); err != nil {
		t.Fatal(err)
	}
	_, _ = c.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p")}) // the stand-in's answer is not XML
	if calls := tap.Calls(); len(calls) != 2 || calls[0].Resources[0].ARN != arn || calls[1].Resources[0].ARN != arn {
		t.Errorf("%+v", calls)
	}
}
