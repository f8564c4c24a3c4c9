package invocation

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// read is an invocation as far as the table says it: the signal shows as the primary identifier and its Region.
type read struct{ rule, control, at, resource, primary, region string }

const (
	atChange   = "2026-03-01T09:59:50Z"
	atSchedule = "2026-03-01T12:00:00.373Z"
	bucket     = "AWS::S3::Bucket example-reports"
)

var samples = map[string]read{
	"bucket_changed":              {"shoreup-s3-bucket-public", "s3-bucket-public", atChange, bucket, "example-reports", "eu-west-1"},
	"bucket_discovered":           {"shoreup-s3-bucket-public", "s3-bucket-public", atChange, bucket, "example-reports", "eu-west-1"},
	"bucket_deleted":              {"shoreup-s3-bucket-public", "s3-bucket-public", atChange, bucket + " gone", "example-reports", "eu-west-1"},
	"bucket_deleted_not_recorded": {"shoreup-s3-bucket-public", "s3-bucket-public", atChange, bucket + " gone", "example-reports", "eu-west-1"},
	"bucket_left_scope":           {"shoreup-s3-bucket-public", "s3-bucket-public", atChange, bucket + " gone", "example-reports", "eu-west-1"},
	"group_oversized": {"shoreup-ec2-security-group-open", "ec2-security-group-open", atChange,
		"AWS::EC2::SecurityGroup sg-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718", "eu-west-1"},
	"role_by_unique_id": {"shoreup-iam-role-trust", "iam-role-trust", atChange, "AWS::IAM::Role AROAEXAMPLEROLEID0001", "app", "us-east-1"},
	"database_by_resource_id": {"shoreup-rds-instance-encryption", "rds-instance-encryption", atChange,
		"AWS::RDS::DBInstance db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "orders-db", "eu-west-1"},
	"scheduled": {"shoreup-s3-bucket-public", "s3-bucket-public", atSchedule, "", "", ""},
}

func sample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(samples) {
		t.Fatalf("%d samples for %d cases (%v): every sample needs a case", len(files), len(samples), err)
	}
	for name, want := range samples {
		inv, err := Parse([]byte(sample(t, name)), "eu-west-1")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := read{rule: inv.Rule, control: inv.Control, at: inv.At.UTC().Format(time.RFC3339Nano)}
		if it := inv.Item; it != nil {
			got.resource, got.primary, got.region = it.Type+" "+it.ID, it.Where.ResourceID, it.Where.Region
			if it.Gone {
				got.resource += " gone"
			}
		}
		if got != want || inv.Account != "111122223333" || inv.Token != "example-result-token" {
			t.Errorf("%s: %+v of account %s with token %s, want %+v", name, got, inv.Account, inv.Token, want)
		}
	}
}

// altered is a sample with one text replaced by another.
func altered(t testing.TB, name, from, to string) string {
	t.Helper()
	raw := sample(t, name)
	if !strings.Contains(raw, from) {
		t.Fatalf("sample %s holds no %s", name, from)
	}
	return strings.ReplaceAll(raw, from, to)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, want string }{
		"nothing":            {"", "not a JSON object"},
		"a list":             {"[]", "not a JSON object"},
		"two":                {sample(t, "scheduled") + "{}", "something follows"},
		"an EventBridge one": {`{"version":"0","source":"aws.config","detail-type":"x","detail":{}}`, "version"},
		"another version":    {altered(t, "scheduled", `"version": "1.0"`, `"version": "2.0"`), `version "2.0"`},
		"no account":         {altered(t, "scheduled", `"accountId": "111122223333"`, `"accountId": "1111-2222"`), "not 12 digits"},
		"no token":           {altered(t, "scheduled", `"resultToken": "example-result-token"`, `"resultToken": ""`), "no result token"},
		"no parameters":      {altered(t, "scheduled", `"ruleParameters": "{\"control\":\"s3-bucket-public\"}"`, `"ruleParameters": ""`), `{"control": "..."}`},
		"empty parameters":   {altered(t, "scheduled", `\"control\":\"s3-bucket-public\"`, ``), "names no control"},
		"more parameters":    {altered(t, "scheduled", `\"s3-bucket-public\"`, `\"s3-bucket-public\",\"mode\":\"auto\"`), "unknown field"},
		"a number":           {altered(t, "scheduled", `\"s3-bucket-public\"`, `7`), "reading its parameters"},
		"an object inside":   {`{"version":"1.0","accountId":"111122223333","configRuleName":"r","resultToken":"t","ruleParameters":"{\"control\":\"c\"}","invokingEvent":{}}`, "invokingEvent"},
		"broken inside":      {altered(t, "scheduled", `{\"awsAccountId\"`, `{{\"awsAccountId\"`), "reading the invoking event"},
		"another message":    {altered(t, "scheduled", `ScheduledNotification`, `ConfigurationSnapshotDeliveryCompleted`), "neither a change of an item nor a schedule"},
		"another account":    {altered(t, "scheduled", `\"awsAccountId\":\"111122223333\"`, `\"awsAccountId\":\"444455556666\"`), "account"},
		"no time":            {altered(t, "scheduled", `\"notificationCreationTime\":\"2026-03-01T12:00:00.373Z\",`, ``), "without a time"},
		"a bad time":         {altered(t, "scheduled", `2026-03-01T12:00:00.373Z`, `noon`), "reading the invoking event"},
		"no item":            {altered(t, "bucket_changed", `\"configurationItem\"`, `\"other\"`), "without its item"},
		"item elsewhere":     {altered(t, "bucket_changed", `\"awsRegion\":\"eu-west-1\"`, `\"awsRegion\":\"eu-west-2\"`), `Region "eu-west-2" does not agree`},
		"item of another":    {altered(t, "bucket_changed", `\"awsAccountId\":\"111122223333\"`, `\"awsAccountId\":\"444455556666\"`), `account "444455556666" does not agree`},
		"ARN of another":     {altered(t, "group_oversized", `arn:aws:ec2:eu-west-1:111122223333`, `arn:aws:ec2:eu-west-1:444455556666`), "does not agree"},
		"no resource":        {altered(t, "bucket_changed", `\"resourceId\":\"example-reports\"`, `\"resourceId\":\"\"`), "names no resource"},
		"too large":          {`{"x":"` + strings.Repeat("x", 6<<20) + `"}`, "bytes"},
	} {
		inv, err := Parse([]byte(c.raw), "eu-west-1")
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want it refused for %q", name, inv, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "example-result-token") {
			t.Errorf("%s: the error tells the token: %v", name, err)
		}
	}
}

// FuzzParse: whatever is taken for an invocation names a rule, a control, an account, a time and a token, and a resource of that account or none; and reads
// the same once more.
func FuzzParse(f *testing.F) {
	for name := range samples {
		f.Add([]byte(sample(f, name)))
	}
	f.Add([]byte(`{"version":"1.0","accountId":"111122223333","configRuleName":"r","resultToken":"t","ruleParameters":"{}","invokingEvent":"{}"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		inv, err := Parse(raw, "eu-west-1")
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		if inv.Rule == "" || inv.Control == "" || len(inv.Account) != 12 || inv.Token == "" || inv.At.IsZero() {
			t.Fatalf("accepted without what an answer needs: %+v", inv)
		}
		if it := inv.Item; it != nil && (it.Type == "" || it.ID == "" || it.Where.Account != inv.Account || it.Where.Partition == "" || !it.Gone && it.Where.ResourceID == "") {
			t.Fatalf("accepted with a resource that is not to be trusted: %+v", *it)
		}
		again, err := Parse(raw, "eu-west-1")
		a, errA := json.Marshal(inv)
		b, errB := json.Marshal(again)
		if err != nil || errA != nil || errB != nil || string(a) != string(b) {
			t.Fatalf("reads differently the second time: %v", cmp.Diff(inv, again))
		}
	})
}
