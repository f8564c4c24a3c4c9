package wireconfigrule

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

const bucketRule = "s3-bucket-public-read-prohibited"

// look is the signal expected of a non-compliant resource in the usual account.
func look(resourceType, id, rule string) signal.Signal {
	return signal.Signal{Class: "config_compliance", Relevant: true, ResourceType: resourceType, ResourceID: id, ConfigRule: rule,
		Account: "111122223333", Region: "us-east-1", Partition: "aws", Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}
}

func at(s signal.Signal, account, region, partition string) signal.Signal {
	s.Account, s.Region, s.Partition = account, region, partition
	return s
}

func bucket() signal.Signal { return look("AWS::S3::Bucket", "example-reports", bucketRule) }

func cases() map[string]signal.Signal {
	return map[string]signal.Signal{
		"bucket_first_evaluation": bucket(),
		"group_changed":           look("AWS::EC2::SecurityGroup", "sg-0a1b2c3d4e5f60718", "restricted-ssh"),
		"iam_role_by_unique_id_gov": at(look("AWS::IAM::Role", "AROAEXAMPLEROLEID0001", "iam-role-managed-policy-check"),
			"123456789012", "us-gov-west-1", "aws-us-gov"),
		"iam_policy_by_unique_id": look("AWS::IAM::Policy", "ANPAEXAMPLEPOLICY0001", "iam-policy-no-statements-with-admin-access"),
		"iam_user_by_unique_id":   look("AWS::IAM::User", "AIDAEXAMPLEUSERID0001", "iam-user-no-policies-check"),
		"iam_group_by_unique_id":  look("AWS::IAM::Group", "AGPAEXAMPLEGROUPID001", "iam-no-inline-policy-check"),
		"account_cn":              at(look("AWS::::Account", "444455556666", "iam-password-policy"), "444455556666", "cn-north-1", "aws-cn"),
		"envelope_of_other_account": at(bucket(), "444455556666", "eu-west-1", "aws").
			Invalid(`account "444455556666" does not agree with the envelope's "123456789012"`),
		"envelope_of_other_region": at(bucket(), "444455556666", "eu-west-1", "aws").
			Invalid(`Region "eu-west-1" does not agree with the envelope's "us-east-1"`),
		"topic_by_arn":               look("AWS::SNS::Topic", "arn:aws:sns:us-east-1:111122223333:alarms", "sns-encrypted-kms"),
		"resource_only_in_qualifier": bucket(),
		"database_by_resource_id":    look("AWS::RDS::DBInstance", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "rds-storage-encrypted"),
		"compliant":                  bucket().Drop(`evaluated as "COMPLIANT", not NON_COMPLIANT`),
		"not_applicable_deleted":     bucket().Drop(`evaluated as "NOT_APPLICABLE", not NON_COMPLIANT`),
		"insufficient_data":          bucket().Drop(`evaluated as "INSUFFICIENT_DATA", not NON_COMPLIANT`),
		"other_message":              bucket().Drop(`message type "ConfigurationHistoryDeliveryCompleted" is not ComplianceChangeNotification`),
		"no_new_result":              bucket().Drop("no new evaluation result"),
		"topic_of_other_account": look("AWS::SNS::Topic", "arn:aws:sns:us-east-1:444455556666:alarms", "sns-encrypted-kms").
			Invalid("ARN arn:aws:sns:us-east-1:444455556666:alarms does not agree with account 111122223333 of the event"),
		"account_of_another": look("AWS::::Account", "444455556666", "iam-password-policy").
			Invalid(`account "444455556666" named as resource does not agree with account 111122223333`),
		"malformed_account": at(bucket(), "1111-2222-3333", "us-east-1", "").Invalid(`malformed account id "1111-2222-3333"`),
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
	for _, detail := range []string{``, `null`, `[]`, `{"newEvaluationResult":[]}`, `{"resourceId":{}}`} {
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
