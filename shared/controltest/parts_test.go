package controltest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// unsorted returns a bucket's grants in the order of the answer.
func unsorted(ctx context.Context, s awsapi.Session, bucket string) []s3api.Grant {
	out, err := s3api.GetBucketACL.Do(ctx, s, &s3.GetBucketAclInput{Bucket: &bucket})
	if err != nil {
		return nil
	}
	var grants []s3api.Grant
	for _, g := range out.Grants {
		grants = append(grants, s3api.Grant{Permission: string(g.Permission)})
	}
	return grants
}

func TestParseCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"live", "About.\n-- setup --\n-- resource --\nx\n-- outcome --\ncompliant\n", ""},
		{"judged", "About.\n-- state --\n{}\n-- outcome --\ncompliant\n", ""},
		{"no sentence", "-- state --\n{}\n-- outcome --\ncompliant\n", "does not say what it is about"},
		{"misspelt", "About.\n-- state --\n{}\n-- outcom --\ncompliant\n", `unknown section "outcom"`},
		{"twice", "About.\n-- state --\n{}\n-- state --\n{}\n-- outcome --\ncompliant\n", "stands twice"},
		{"both", "About.\n-- setup --\n-- state --\n{}\n-- outcome --\ncompliant\n", "want a section setup or a section state"},
		{"no resource", "About.\n-- setup --\n-- outcome --\ncompliant\n", "no section resource"},
		{"no outcome", "About.\n-- state --\n{}\n", `outcome "" is none of`},
		{"settings", "About.\n-- state --\n{}\n-- outcome --\ncompliant\n-- settings --\n{\"KeepPort\":[1]}\n", "unknown field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseCase(c.name, []byte(c.text))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	got := []shownCall{{Op: "s3:Put", Input: map[string]any{"Bucket": "b", "Policy": `{ "a": [1] }`, "List": []any{"x"}}, Bind: []awsapi.Bind{{Field: "Id", Call: 1, From: "Group.Id"}}}}
	want, err := wanted("s3:Put {\"Policy\":{ \"a\": [1] },\"List\":[\"${x}\"],\"Bucket\":\"b\"} -> Id=1.Group.Id\n", map[string]string{"x": "x"}, got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the calls are the same\n%s", diff)
	}
	want, err = wanted(`s3:Put {"Policy":{"a": [1] },"List":["x"],"Bucket":"b"} -> Id=1.Group.Id`, nil, got)
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(want, got) {
		t.Error("a policy that differs in a space is another text")
	}
}

// TestDenials proves that the SDK reads each service's denial as one.
func TestDenials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op   string
		call func(context.Context, aws.Config) error
	}{
		{"s3:GetBucketPolicy", func(ctx context.Context, cfg aws.Config) error {
			_, err := s3.NewFromConfig(cfg).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("b")})
			return err
		}},
		{"s3control:GetPublicAccessBlock", func(ctx context.Context, cfg aws.Config) error {
			_, err := s3control.NewFromConfig(cfg).GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String("123456789012")})
			return err
		}},
		{"ec2:DescribeVolumes", func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.NewFromConfig(cfg).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
			return err
		}},
		{"iam:ListUsers", func(ctx context.Context, cfg aws.Config) error {
			_, err := iam.NewFromConfig(cfg).ListUsers(ctx, &iam.ListUsersInput{})
			return err
		}},
		{"rds:DescribeDBInstances", func(ctx context.Context, cfg aws.Config) error {
			_, err := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
			return err
		}},
		{"dynamodb:ListTables", func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{})
			return err
		}},
		{"sqs:ListQueues", func(ctx context.Context, cfg aws.Config) error {
			_, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
			return err
		}},
		{"sns:ListTopics", func(ctx context.Context, cfg aws.Config) error {
			_, err := sns.NewFromConfig(cfg).ListTopics(ctx, &sns.ListTopicsInput{})
			return err
		}},
		{"kms:ListKeys", func(ctx context.Context, cfg aws.Config) error {
			_, err := kms.NewFromConfig(cfg).ListKeys(ctx, &kms.ListKeysInput{})
			return err
		}},
		{"cloudfront:ListDistributions", func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudfront.NewFromConfig(cfg).ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
			return err
		}},
	} {
		t.Run(c.op, func(t *testing.T) {
			t.Parallel()
			cfg := emulatortest.ForTest(t).Config(emulatortest.Account(t), "eu-west-1")
			cfg.HTTPClient = &wire{next: cfg.HTTPClient, deny: c.op}
			err := c.call(t.Context(), cfg)
			if !awsapi.IsAccessDenied(err) {
				t.Errorf("got class %q: %v", awsapi.Classify(err), err)
			}
		})
	}
}

func TestShuffle(t *testing.T) {
	t.Parallel()
	type elem struct{ Names []string }
	fresh := func() *dynamodb.DescribeTableOutput {
		return &dynamodb.DescribeTableOutput{Table: &dynamotypes.TableDescription{
			KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("1")}, {AttributeName: aws.String("2")}, {AttributeName: aws.String("3")}},
			AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("a")}, {AttributeName: aws.String("b")}, {AttributeName: aws.String("c")}},
		}}
	}
	moved, ordered := false, true
	for seed := range uint64(10) {
		out := fresh()
		shuffle(reflect.ValueOf(out), rand.New(rand.NewPCG(seed, seed)))
		moved = moved || *out.Table.AttributeDefinitions[0].AttributeName != "a"
		ordered = ordered && *out.Table.KeySchema[0].AttributeName == "1" && *out.Table.KeySchema[2].AttributeName == "3"
	}
	if !moved || !ordered {
		t.Errorf("definitions moved %v, want true; key schema in order %v, want true", moved, ordered)
	}
	list := []elem{{[]string{"a", "b", "c"}}, {[]string{"d"}}}
	shuffle(reflect.ValueOf(&list), rand.New(rand.NewPCG(1, 1)))
	slices.SortFunc(list, func(a, b elem) int { return len(b.Names) - len(a.Names) })
	slices.Sort(list[0].Names)
	if diff := cmp.Diff([]elem{{[]string{"a", "b", "c"}}, {[]string{"d"}}}, list); diff != "" {
		t.Errorf("something was lost\n%s", diff)
	}
}

func TestDiffLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ want, got, diff string }{
		{"a b c", "a b c", ""},
		{"a b c", "a c", "    a\n  - b\n    c\n"},
		{"a c", "a b c", "    a\n  + b\n    c\n"},
		{"a", "b", "  - a\n  + b\n"},
		{"", "a", "  + a\n"},
	} {
		if diff := diffLines(strings.Fields(c.want), strings.Fields(c.got)); diff != c.diff {
			t.Errorf("%q and %q: got\n%swant\n%s", c.want, c.got, diff, c.diff)
		}
	}
}

// FuzzAlign: listing a call's own input is always a match, however it is indented.
func FuzzAlign(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,"x",null,{"b":true}]}`, `[]`, `"{\"a\":1}"`, `1e3`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		got, err := tree(json.RawMessage(text))
		if err != nil {
			return
		}
		want, err := align(json.RawMessage(" "+text+" "), got)
		if err != nil {
			t.Fatalf("refused what is valid: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("differs from itself\n%s", diff)
		}
	})
}
