package wireconfigitem

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// look is the signal expected of a resource in the usual account.
func look(resourceType, id string) signal.Signal {
	return signal.Signal{Class: "config_item", Relevant: true, ResourceType: resourceType, ResourceID: id,
		Account: "111122223333", Region: "us-east-1", Partition: "aws", Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}
}

func at(s signal.Signal, account, region, partition string) signal.Signal {
	s.Account, s.Region, s.Partition = account, region, partition
	return s
}

func deleted(s signal.Signal) signal.Signal {
	s.Deleted = true
	return s.Drop("the resource was deleted")
}

func bucket() signal.Signal { return look("AWS::S3::Bucket", "example-reports") }
func group() signal.Signal  { return look("AWS::EC2::SecurityGroup", "sg-0a1b2c3d4e5f60718") }

func cases() map[string]signal.Signal {
	return map[string]signal.Signal{
		"bucket":                bucket(),
		"group_oversized":       group(),
		"deleted":               deleted(bucket()),
		"deleted_not_recorded":  deleted(group()),
		"not_recorded":          group().Drop("the resource is not recorded by AWS Config"),
		"discovered":            look("AWS::EC2::Volume", "vol-0123456789abcdef0"),
		"database_by_name":      look("AWS::RDS::DBInstance", "orders-db"),
		"cluster_name_from_arn": look("AWS::RDS::DBCluster", "ledger"),
		"iam_role_global":       look("AWS::IAM::Role", "app"),
		"iam_policy_global_cn": at(look("AWS::IAM::Policy", "arn:aws-cn:iam::444455556666:policy/teams/data-admin"),
			"444455556666", "cn-north-1", "aws-cn"),
		"iam_user_without_name": look("AWS::IAM::User", "AIDAEXAMPLEUSERID0001"),
		"queue": at(look("AWS::SQS::Queue", "https://sqs.us-gov-west-1.amazonaws.com/123456789012/orders"),
			"123456789012", "us-gov-west-1", "aws-us-gov"),
		"envelope_of_other_account": at(bucket(), "444455556666", "eu-west-1", "aws").
			Invalid(`account "444455556666" does not agree with the envelope's "123456789012"`),
		"envelope_of_other_region": at(bucket(), "444455556666", "eu-west-1", "aws").
			Invalid(`Region "eu-west-1" does not agree with the envelope's "us-east-1"`),
		"arn_of_other_account": group().Invalid(
			"ARN arn:aws:ec2:us-east-1:444455556666:security-group/sg-0a1b2c3d4e5f60718 does not agree with account 111122223333 of the event"),
		"arn_of_other_region": group().Invalid(
			"ARN arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60718 does not agree with Region us-east-1 of the event"),
		"arn_of_other_partition": bucket().Invalid("ARN arn:aws-cn:s3:::example-reports is not in partition aws of the event"),
		"other_message":          look("", "").Drop(`message type "ScheduledNotification" is not a change of an item`),
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(cases()) {
		t.Fatalf("%d samples for %d cases (%v): every sample needs a case", len(files), len(cases()), err)
	}
	for name, want := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want.EventID = "env-" + name
		if diff := cmp.Diff([]signal.Signal{want}, got); diff != "" {
			t.Errorf("%s: signals (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, detail := range []string{``, `null`, `[]`, `{"messageType":[]}`, `{"messageType":"ConfigurationItemChangeNotification"}`} {
		if _, err := Parse(wire.Envelope{Detail: []byte(detail)}); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("detail %q: got error %v, want ErrMalformed", detail, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		env, err := wire.Decode(raw)
		if err != nil {
			return
		}
		out, err := Parse(env)
		if (err == nil) == (len(out) == 0) || err != nil && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("%d signals, error %v", len(out), err)
		}
		for _, s := range out {
			if s.Relevant != (s.Reason == "") {
				t.Fatalf("relevant %v with reason %q", s.Relevant, s.Reason)
			}
			if s.Relevant && (s.ResourceType == "" || s.ResourceID == "" || !signal.IsAccountID(s.Account) || s.Partition == "") {
				t.Fatalf("relevant, but not to be trusted: %+v", s)
			}
		}
	})
}
