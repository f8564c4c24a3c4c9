package events

import (
	"errors"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/events/signal"
)

// Only our own sweep may mean every resource: an outside event whose id is a wildcard, or holds one, is not to be trusted.
func TestOutsideEventsNeverMeanEverything(t *testing.T) {
	t.Parallel()
	role := []IDPath{{ResourceType: "AWS::IAM::Role", Paths: []string{"requestParameters.roleName"}}}
	group := []IDPath{{ResourceType: "AWS::EC2::SecurityGroup", Paths: []string{"requestParameters.groupId"}}}
	policy := []IDPath{{ResourceType: "AWS::IAM::ManagedPolicy", Paths: []string{"requestParameters.policyArn"}, Normalize: "id-from-arn"}}
	queue := []IDPath{{ResourceType: "AWS::SQS::Queue", Paths: []string{"requestParameters.queueUrl"}, Normalize: "queue-url"}}
	paths := IDPaths{
		"s3.amazonaws.com": bucketPaths()["s3.amazonaws.com"], "ec2.amazonaws.com": {"AuthorizeSecurityGroupIngress": group},
		"iam.amazonaws.com": {"AttachRolePolicy": role, "SetDefaultPolicyVersion": policy}, "sqs.amazonaws.com": {"SetQueueAttributes": queue},
	}
	for _, c := range []struct{ sample, old, new string }{
		{"cloudtrail/testdata/s3_put_bucket_policy", "example-reports", "*"},
		{"cloudtrail/testdata/s3_put_bucket_policy", "example-reports", "example-*"},
		{"cloudtrail/testdata/ec2_authorize_ingress_nested", "sg-0a1b2c3d4e5f60718", "*"},
		{"cloudtrail/testdata/ec2_authorize_ingress_nested", "sg-0a1b2c3d4e5f60718", "sg-?"},
		{"cloudtrail/testdata/iam_attach_role_policy", `"roleName": "app"`, `"roleName": "*"`},
		{"cloudtrail/testdata/iam_set_default_policy_version", "policy/teams/data-admin", "policy/*"},
		{"cloudtrail/testdata/iam_set_default_policy_version", "arn:aws:iam::111122223333:policy/teams/data-admin", "*"},
		{"cloudtrail/testdata/sqs_set_queue_attributes_old_host", "/orders\"", "/*\""},
		{"configrule/testdata/bucket_first_evaluation", "example-reports", "*"},
		{"configrule/testdata/group_changed", "sg-0a1b2c3d4e5f60718", "*"},
		{"configitem/testdata/bucket", `"resourceId": "example-reports"`, `"resourceId": "*"`},
		{"securityhub/testdata/bucket", "arn:aws:s3:::example-reports", "arn:aws:s3:::*"},
		{"securityhub/testdata/bucket", "arn:aws:s3:::example-reports", "*"},
		{"securityhub/testdata/bucket", "arn:aws:s3:::example-reports", "arn:aws:s3:::example-report?"},
		{"securityhub/testdata/custom_action_plan", "arn:aws:s3:::example-reports", "arn:aws:s3:::*"},
		{"guardduty/testdata/bucket_public", `"name": "example-reports"`, `"name": "*"`},
	} {
		out, err := Parse(changed(t, c.sample, c.old, c.new), Options{IDs: paths})
		if err != nil || len(out) == 0 {
			t.Errorf("%s with %s: %d signals, %v", c.sample, c.new, len(out), err)
		}
		for _, s := range out {
			if s.Class != signal.ClassInvalid || s.Relevant || !strings.Contains(s.Reason, "wildcard") || s.Everything() {
				t.Errorf("%s with %s: %+v", c.sample, c.new, s)
			}
		}
	}
}

// The account itself has an id like everything else.
func TestAWildcardIsNoAccount(t *testing.T) {
	t.Parallel()
	const finding = `{"source":"aws.securityhub","detail-type":"Security Hub Findings - Imported","detail":{"findings":[{"RecordState":"ACTIVE","Workflow":{"Status":"NEW"},` +
		`"AwsAccountId":"111122223333","Region":"eu-west-1","Resources":[{"Type":"AwsAccount","Id":"ID"}]}]}}`
	for _, id := range []string{"*", "x:*", "AWS::::Account:*", "?", ""} {
		out, err := Parse([]byte(strings.Replace(finding, "ID", id, 1)), Options{})
		if err != nil || len(out) != 1 || out[0].Class != signal.ClassInvalid {
			t.Errorf("%q: %+v, %v", id, out, err)
		}
	}
}

// A number that Go cannot hold is nothing to us: events only say where to look, and no number does.
func TestNumbersDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sample, old string }{
		{"cloudtrail/testdata/s3_put_bucket_policy", `"requestParameters": {`},
		{"configrule/testdata/bucket_first_evaluation", `"newEvaluationResult": {`},
		{"configitem/testdata/bucket", `"configurationItem": {`},
		{"securityhub/testdata/bucket", `"ProductFields": {`},
		{"guardduty/testdata/bucket_public", `"allowsPublicReadAccess": true,`},
		{"guardduty/testdata/bucket_public", `"service": {`},
	} {
		for _, number := range []string{"1e400", "-1e400", "1e-400", "123456789012345678901234567890", "0.1e99999999"} {
			raw := changed(t, c.sample, c.old, c.old+`"odd": [`+number+`, {"odder": `+number+`}],`)
			want, err := Parse(sample(t, c.sample), Options{IDs: bucketPaths()})
			if err != nil || !want[0].Relevant {
				t.Fatalf("%s: %+v, %v", c.sample, want, err)
			}
			if out, err := Parse(raw, Options{IDs: bucketPaths()}); err != nil || len(out) != 1 || out[0] != want[0] {
				t.Errorf("%s with %s: %+v, %v", c.sample, number, out, err)
			}
		}
	}
}

// A number where a text is expected is still no text, however large.
func TestANumberIsNoID(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"7", "1e400"} {
		out, err := Parse(changed(t, "cloudtrail/testdata/s3_put_bucket_policy", `"bucketName": "example-reports"`, `"bucketName": `+number), Options{IDs: bucketPaths()})
		if err != nil || len(out) != 1 || out[0].Relevant {
			t.Errorf("bucket %s: %+v, %v", number, out, err)
		}
		out, err = Parse(changed(t, "guardduty/testdata/bucket_public", `"name": "example-reports"`, `"name": `+number), Options{})
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("bucket %s of GuardDuty: %+v, %v", number, out, err)
		}
	}
}

func changed(t *testing.T, name, old, with string) []byte {
	t.Helper()
	raw := string(sample(t, name))
	if !strings.Contains(raw, old) {
		t.Fatalf("%s does not hold %s", name, old)
	}
	return []byte(strings.ReplaceAll(raw, old, with))
}
