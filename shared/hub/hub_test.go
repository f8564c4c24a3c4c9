package hub

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// sts answers AssumeRole and remembers what was asked.
type sts struct{ asked []url.Values }

func (s *sts) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.asked = append(s.asked, form)
	answer := `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>` +
		`<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func newHub(t *testing.T) (*Hub, *sts) {
	t.Helper()
	fake := &sts{}
	cfg := aws.Config{Region: "eu-west-1", HTTPClient: fake, Credentials: credentials.NewStaticCredentialsProvider("A", "S", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	env := Env{Account: "999988887777", Region: "eu-west-1", Tables: "shoreup", Rules: filepath.Join(t.TempDir(), "shoreup.yaml"), ReadRole: ReadRole, WriteRole: WriteRole}
	return New(cfg, env, []core.Control{bucketpublic.Control()}), fake
}

func TestWriteSessionIsCutDownToOneFix(t *testing.T) {
	t.Parallel()
	h, fake := newHub(t)
	r := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	w := engine.WriteRequest{Control: bucketpublic.Control().Meta, Resource: r, Plan: "p-1", Approver: "dana"}
	if _, err := h.Engine.Write(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	form := fake.asked[0]
	for field, want := range map[string]string{
		"RoleArn": "arn:aws:iam::111122223333:role/shoreup/shoreup-remediate-storage", "RoleSessionName": "p-1", "SourceIdentity": "dana",
	} {
		if got := form.Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	var policy struct {
		Statement []struct {
			Effect           string
			Action, Resource []string
		}
	}
	if err := json.Unmarshal([]byte(form.Get("Policy")), &policy); err != nil {
		t.Fatal(err)
	}
	want := "Allow s3:DeleteBucketPolicy,s3:PutBucketAcl,s3:PutBucketPolicy,s3:PutBucketPublicAccessBlock arn:aws:s3:::b"
	if got := policy.Statement[0]; len(policy.Statement) != 1 || got.Effect+" "+strings.Join(got.Action, ",")+" "+strings.Join(got.Resource, ",") != want {
		t.Errorf("session policy %s, want %s", form.Get("Policy"), want)
	}
}

func TestUndoTakesTheRestoreRole(t *testing.T) {
	t.Parallel()
	h, fake := newHub(t)
	w := engine.WriteRequest{Control: bucketpublic.Control().Meta, Resource: awsapi.Resource{ID: "b", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}, Undo: true, Plan: "p-2"}
	if _, err := h.Engine.Write(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if got := fake.asked[0].Get("RoleArn"); got != "arn:aws:iam::111122223333:role/shoreup/shoreup-restore" {
		t.Errorf("role %s", got)
	}
}

func TestPolicyThatDoesNotFitIsARefusal(t *testing.T) {
	t.Parallel()
	h, fake := newHub(t)
	m := bucketpublic.Control().Meta
	m.Type.Scope = func(awsapi.Resource) []string { return []string{strings.Repeat("x", 2048)} }
	_, err := h.Engine.Write(t.Context(), engine.WriteRequest{Control: m, Resource: awsapi.Resource{ID: "b", Account: "111122223333"}})
	if err == nil || !strings.Contains(err.Error(), "larger than STS accepts") || len(fake.asked) != 0 {
		t.Errorf("%v after %d requests: want a refusal before any", err, len(fake.asked))
	}
}

func TestReadSessionsAreCached(t *testing.T) {
	t.Parallel()
	h, fake := newHub(t)
	for _, region := range []string{"eu-west-1", "us-east-1", "eu-west-1"} {
		s, err := h.Engine.Read(t.Context(), "111122223333", region)
		if err != nil || s.Region != region || s.Account != "111122223333" {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	if len(fake.asked) != 1 {
		t.Errorf("%d requests to STS, want 1", len(fake.asked))
	}
}

func TestRulesFailClosed(t *testing.T) {
	t.Parallel()
	h, _ := newHub(t)
	now := time.Now()
	h.Rules.Now = func() time.Time { return now }
	if f := h.Rules.Get(context.Background()); f != nil {
		t.Error("a missing file is taken for an empty one")
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(h.Env.Rules, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	write("version: 1\n")
	if f := h.Rules.Get(context.Background()); f == nil {
		t.Error("a good file is not read again after a while")
	}
	write("version: 1\nmode: auto\n")
	if f := h.Rules.Get(context.Background()); f != nil {
		t.Error("a file with a mistake is used")
	}
}
