package events

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
)

// bucketPaths watches enough to see that options reach the parser; the full table is tested beside it.
func bucketPaths() IDPaths {
	bucket := []IDPath{{ResourceType: "AWS::S3::Bucket", Paths: []string{"requestParameters.bucketName"}}}
	return IDPaths{"s3.amazonaws.com": {"PutBucketPolicy": bucket, "CreateBucket": bucket}}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(name) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParsePicksTheParser(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"cloudtrail/testdata/s3_put_bucket_policy":                  "cloudtrail AWS::S3::Bucket example-reports",
		"configrule/testdata/bucket_first_evaluation":               "config_compliance AWS::S3::Bucket example-reports",
		"configitem/testdata/bucket":                                "config_item AWS::S3::Bucket example-reports",
		"securityhub/testdata/bucket":                               "securityhub_imported AWS::S3::Bucket example-reports",
		"securityhub/testdata/custom_action_resolved_with_our_note": "securityhub_custom_action AWS::S3::Bucket example-reports",
		"guardduty/testdata/bucket_public":                          "guardduty AWS::S3::Bucket example-reports",
		"sweep/testdata/all":                                        "sweep AWS::S3::Bucket *",
	} {
		out, err := Parse(sample(t, name), Options{IDs: bucketPaths()})
		if err != nil || len(out) != 1 || !out[0].Relevant {
			t.Errorf("%s: got %+v, %v", name, out, err)
			continue
		}
		if got := fmt.Sprintf("%s %s %s", out[0].Class, out[0].ResourceType, out[0].ResourceID); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestUnknownEventsAreOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ version, source, detailType, reason string }{
		{"0", "aws.ec2", "EC2 Instance State-change Notification", `no parser for "EC2 Instance State-change Notification" from "aws.ec2"`},
		{"0", "aws.signin", "AWS Console Sign In via CloudTrail", `no parser for "AWS Console Sign In via CloudTrail" from "aws.signin"`},
		{"0", "aws.kms", "AWS Service Event via CloudTrail", `no parser for "AWS Service Event via CloudTrail" from "aws.kms"`},
		{"0", "aws.securityhub", "Findings Imported V2", `no parser for "Findings Imported V2" from "aws.securityhub"`},
		{"0", "aws.securityhub", "Security Hub Insight Results", `no parser for "Security Hub Insight Results" from "aws.securityhub"`},
		{"0", "aws.config", "Config Snapshot Delivery Status", `no parser for "Config Snapshot Delivery Status" from "aws.config"`},
		// Anybody may send with a source of their own; only AWS with "aws.".
		{"0", "acme.tool", "AWS API Call via CloudTrail", `no parser for "AWS API Call via CloudTrail" from "acme.tool"`},
		{"0", "acme.tool", "GuardDuty Finding", `no parser for "GuardDuty Finding" from "acme.tool"`},
		{"0", "acme.tool", "shoreup sweep", `no parser for "shoreup sweep" from "acme.tool"`},
		{"0", "aws.guardduty", "Config Rules Compliance Change", `no parser for "Config Rules Compliance Change" from "aws.guardduty"`},
		{"1", "aws.s3", "AWS API Call via CloudTrail", `unknown envelope version "1"`},
	} {
		raw := fmt.Sprintf(`{"version":%q,"id":"i","source":%q,"detail-type":%q,"account":"111122223333","region":"us-east-1","time":"2026-03-01T10:00:07Z","detail":{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","requestParameters":{"bucketName":"b"}}}`,
			c.version, c.source, c.detailType)
		out, err := Parse([]byte(raw), Options{IDs: bucketPaths(), Enrolled: func(signal.Signal) bool { return false }})
		if err != nil {
			t.Errorf("%s: %v", c.detailType, err)
			continue
		}
		want := []signal.Signal{{Class: "other", Reason: c.reason, Account: "111122223333", Region: "us-east-1", Partition: "aws", EventID: "i",
			Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.detailType, diff)
		}
	}
}

func TestMalformedIsAnErrorAndCanBeShown(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "null", "{}", `[{"source":"aws.s3"}]`, "\xff\xfe", `{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail"}`,
		`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":[]}`, `{"source":"aws.securityhub","detail-type":"Security Hub Findings - Imported","detail":{}}`,
		strings.Repeat("{", MaxBytes+1),
	} {
		out, err := Parse([]byte(raw), Options{})
		if !errors.Is(err, ErrMalformed) || out != nil {
			t.Errorf("%.60q: got %v, %v", raw, out, err)
			continue
		}
		if s := Unparseable(err); s.Class != "invalid" || s.Relevant || s.Reason != err.Error() {
			t.Errorf("%.60q: shown as %+v", raw, s)
		}
	}
}

func TestEnrolled(t *testing.T) {
	t.Parallel()
	enrolled := func(s signal.Signal) bool { return s.Account == "111122223333" && s.Region == "us-east-1" }
	for name, reasons := range map[string][]string{
		"cloudtrail/testdata/s3_put_bucket_policy":    {""},
		"cloudtrail/testdata/s3_create_bucket":        {"account 111122223333 is not enrolled in Region eu-central-1"},
		"cloudtrail/testdata/s3_malformed_account":    {`malformed account id "12345"`},
		"configrule/testdata/account_cn":              {"account 444455556666 is not enrolled in Region cn-north-1"},
		"guardduty/testdata/cn":                       {"account 444455556666 is not enrolled in Region cn-north-1"},
		"sweep/testdata/all":                          {"account 111122223333 is not enrolled in Region eu-west-1"},
		"securityhub/testdata/administrator_envelope": {"account 444455556666 is not enrolled in Region eu-west-1"},
		"securityhub/testdata/several_findings_several_resources": {"", "", "account 444455556666 is not enrolled in Region us-east-1",
			`compliance is "PASSED", not FAILED`},
	} {
		out, err := Parse(sample(t, name), Options{IDs: bucketPaths(), Enrolled: enrolled})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range out {
			got = append(got, s.Reason)
			if s.Relevant != (s.Reason == "") || strings.Contains(s.Reason, "enrolled") != (s.Class == "invalid" && s.Account != "12345") {
				t.Errorf("%s: bad signal %+v", name, s)
			}
		}
		if diff := cmp.Diff(reasons, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOwnRolesReachTheParser(t *testing.T) {
	t.Parallel()
	raw := sample(t, "cloudtrail/testdata/s3_put_bucket_policy_own_role")
	for role, relevant := range map[string]bool{"shoreup-remediate-storage": false, "another": true} {
		out, err := Parse(raw, Options{IDs: bucketPaths(), OwnRoles: []string{role}})
		if err != nil || len(out) != 1 || out[0].Relevant != relevant {
			t.Errorf("own role %s: got %+v, %v", role, out, err)
		}
	}
}

func samples(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("*/testdata/*.json")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	var out [][]byte
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, raw := range samples(f) {
		f.Add(raw)
		f.Add(bytes.ReplaceAll(raw, []byte("example-reports"), []byte("*")))
	}
	ids := bucketPaths()
	f.Fuzz(func(t *testing.T, raw []byte) {
		enrolled := func(s signal.Signal) bool { return s.Account != "444455556666" }
		out, err := Parse(raw, Options{IDs: ids, OwnRoles: []string{"shoreup-apply"}, Enrolled: enrolled})
		if err != nil {
			if !errors.Is(err, ErrMalformed) || out != nil {
				t.Fatalf("%d signals with error %v", len(out), err)
			}
			return
		}
		if len(out) == 0 {
			t.Fatal("neither signal nor error")
		}
		for _, s := range out {
			checkSignal(t, s)
		}
	})
}

// checkSignal holds what must be true of every signal, whatever the input.
func checkSignal(t *testing.T, s signal.Signal) {
	t.Helper()
	if s.Class == "" || s.Relevant != (s.Reason == "") {
		t.Fatalf("class %q, relevant %v, reason %q", s.Class, s.Relevant, s.Reason)
	}
	if !s.Relevant {
		return
	}
	if s.Class == "invalid" || s.Class == "other" || s.Deleted || s.Account == "444455556666" || s.ResourceType == "" || s.ResourceID == "" {
		t.Fatalf("must not be relevant: %+v", s)
	}
	if !signal.IsAccountID(s.Account) || s.Partition == "" || signal.PartitionOf(s.Region) != s.Partition || !signal.IsPlainText(s.ResourceID) {
		t.Fatalf("not to be trusted: %+v", s)
	}
	if signal.IsWild(s.ResourceType, s.ResourceID) && !s.Everything() {
		t.Fatalf("an outside event means more than one resource: %+v", s)
	}
	if a, err := signal.ParseARN(s.ResourceID); err == nil && (a.Account != "" && a.Account != s.Account || a.Partition != s.Partition) {
		t.Fatalf("ARN and place disagree: %+v", s)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := sample(b, "cloudtrail/testdata/s3_put_bucket_policy")
	o := Options{IDs: bucketPaths()}
	for b.Loop() {
		if _, err := Parse(raw, o); err != nil {
			b.Fatal(err)
		}
	}
}
