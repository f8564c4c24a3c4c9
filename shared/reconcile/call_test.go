package reconcile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../events/cloudtrail/testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseSample(t *testing.T) {
	t.Parallel()
	c, err := Parse(sample(t, "s3_put_bucket_policy_own_role"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Params["bucketName"] != "example-reports" {
		t.Errorf("parameters %v", c.Params)
	}
	c.Params = nil
	want := Call{
		EventID: "f4603b88-4cf8-63ac-975a-8c897804ad70", Time: time.Date(2026, 3, 1, 10, 0, 5, 0, time.UTC), Account: "111122223333", Region: "us-east-1", Partition: "aws",
		Source: "s3.amazonaws.com", Name: "PutBucketPolicy", RoleARN: "arn:aws:iam::111122223333:role/shoreup/shoreup-remediate-storage",
		Role: "shoreup/shoreup-remediate-storage", Owner: "111122223333", Session: "plan-01JNEXAMPLE", From: "198.51.100.7",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseSaysWhatACallIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		event event
		check func(Call) bool
	}{
		"a read":                     {made().with(func(e *event) { e.more = map[string]any{"readOnly": true} }), func(c Call) bool { return c.ReadOnly }},
		"a read, as text":            {made().with(func(e *event) { e.more = map[string]any{"readOnly": "true"} }), func(c Call) bool { return c.ReadOnly }},
		"not said to be a read":      {made().with(func(e *event) { e.more = map[string]any{"readOnly": nil} }), func(c Call) bool { return !c.ReadOnly }},
		"refused":                    {made().with(func(e *event) { e.more = map[string]any{"errorCode": "AccessDenied"} }), func(c Call) bool { return c.Failed == "AccessDenied" }},
		"failed with a message only": {made().with(func(e *event) { e.more = map[string]any{"errorMessage": "no"} }), func(c Call) bool { return c.Failed == "no error code" }},
		"on behalf":                  {made().with(func(e *event) { e.service = "dynamodb.amazonaws.com" }), func(c Call) bool { return c.Service == "dynamodb.amazonaws.com" }},
		"without parameters":         {made().with(func(e *event) { e.params = nil }), func(c Call) bool { return len(c.Params) == 0 }},
		"on another's resource":      {made().with(func(e *event) { e.account = "444455556666" }), func(c Call) bool { return c.Account == "444455556666" && c.Owner == member }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c := tc.event.call(t); !tc.check(c) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ body, want string }{
		"no JSON":               {"x", "malformed event"},
		"another's role":        {string(sample(t, "s3_put_bucket_policy_role_with_session_named_like_ours")), "is no role of shoreup"},
		"root":                  {string(sample(t, "who_root")), "is no role of shoreup"},
		"nobody":                {string(sample(t, "who_nobody")), "cannot be read"},
		"not of AWS":            {strings.Replace(made().envelope(t), `"aws.s3"`, `"my.s3"`, 1), "no API call"},
		"not an API call":       {strings.Replace(made().envelope(t), "AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail", 1), "no API call"},
		"envelope of another":   {string(sample(t, "s3_envelope_of_other_account")), "cannot be trusted"},
		"without a time":        {strings.ReplaceAll(made().envelope(t), noon.Add(2*time.Second).Format(time.RFC3339), "yesterday"), "without a time"},
		"a role in our path of": {strings.Replace(made().envelope(t), "arn:aws:iam::111122223333:role/shoreup/", "arn:aws:iam::111122223333:role/x/shoreup/", 1), "is no role of shoreup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(tc.body)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(made().envelope(f)))
	f.Add([]byte(made().with(func(e *event) { e.service, e.params = "kms.amazonaws.com", nil }).envelope(f)))
	f.Add(sample(f, "s3_put_bucket_policy_own_role"))
	f.Add(sample(f, "s3_put_bucket_policy_own_role_without_session_context"))
	f.Add([]byte(`{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":1}}`))
	judge := &Judge{}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		if err != nil {
			return
		}
		if !strings.HasPrefix(c.Role, "shoreup/") || len(c.Owner) != 12 || c.RoleARN != "arn:"+strings.Split(c.RoleARN, ":")[1]+":iam::"+c.Owner+":role/"+c.Role {
			t.Fatalf("role %q of %q from %q", c.Role, c.Owner, c.RoleARN)
		}
		if c.Time.IsZero() || c.EventID == "" || c.Source == "" || c.Name == "" {
			t.Fatalf("incomplete: %+v", c)
		}
		// An empty audit log explains no call that may change something.
		if why := judge.Unexplained(c, Log{}); (why == "") != c.ReadOnly {
			t.Fatalf("%q of %+v", why, c)
		}
	})
}
