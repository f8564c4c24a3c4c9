package buckettls

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

func TestRequests(t *testing.T) {
	controltest.Budget(t, Control(), "two-statements", 1, 0)
	controltest.Budget(t, Control(), "partner-kept", 5, 1)
	controltest.Budget(t, Control(), "website", 4, 1) // which asks for a person already
}

// TestTooLarge proves that a policy is never grown beyond what S3 takes, and is still completed up to the last byte.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	const bucket = "example-reports"
	r := awsapi.Resource{Type: s3api.Bucket.Name, ID: bucket, Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	added := len(`,{"Sid":"DenyPlainHTTP","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::example-reports","arn:aws:s3:::example-reports/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)
	for _, c := range []struct {
		size  int // of the policy, in bytes
		wants string
	}{
		{20480 - added, ""},
		{20480 - added + 1, "20481 bytes, more than the 20480"},
		{20480, "more than the 20480"},
	} {
		text := policyOf(t, c.size)
		state, err := json.Marshal(map[string]any{"arn": "arn:aws:s3:::" + bucket, "policy": json.RawMessage(text), "policyText": text})
		if err != nil {
			t.Fatal(err)
		}
		sight, err := Control().JudgeState(state, core.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Control().Propose(sight, r, core.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p.Refused, c.wants) || (p.Refused == "") != (c.wants == "") {
			t.Errorf("%d bytes: refused %q, want %q", c.size, p.Refused, c.wants)
		}
		if (len(p.Plan.Changes) == 0) != (c.wants != "") {
			t.Errorf("%d bytes: %d changes", c.size, len(p.Plan.Changes))
		}
	}
}

// policyOf makes a policy of exactly so many bytes.
func policyOf(t *testing.T, size int) string {
	t.Helper()
	const head, tail = `{"Version":"2012-10-17","Statement":[{"Sid":"`, `","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::example-reports/*"}]}`
	return head + strings.Repeat("a", size-len(head)-len(tail)) + tail
}
