package engine_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/rules"
)

// noACLs refuses to write ACLs, and passes on all else.
type noACLs struct{ to aws.HTTPClient }

func (n noACLs) Do(req *http.Request) (*http.Response, error) {
	if _, acl := req.URL.Query()["acl"]; !acl || req.Method != http.MethodPut {
		return n.to.Do(req)
	}
	body := io.NopCloser(strings.NewReader("<Error><Code>AccessDenied</Code><Message>no</Message></Error>"))
	return &http.Response{StatusCode: 403, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{"Content-Type": {"application/xml"}}, Body: body}, nil
}

// Of two calls the second fails: what the first did can be taken back, because the record says what is really there and not what the short look supposes.
func TestWhatAFailedFixDidCanBeTakenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n")
	r.setup(`
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"},{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}
s3:PutBucketWebsite {"Bucket":"${bucket}","WebsiteConfiguration":{"IndexDocument":{"Suffix":"index.html"}}}
`)
	cfg := emulatortest.ForTest(t).Config(r.cloud.Session.Account, "eu-west-1")
	cfg.HTTPClient = noACLs{cfg.HTTPClient}
	r.Write = func(_ context.Context, w engine.WriteRequest) (awsapi.Session, error) {
		if w.Undo {
			return r.cloud.Session, nil
		}
		return awsapi.NewSession(cfg, r.cloud.Session.Account, "eu-west-1"), nil
	}
	c := r.Controls[0]
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: r.bucket(), Account: r.cloud.Session.Account, Region: "eu-west-1", Partition: "aws"}
	before := r.Find(t.Context(), c, where, core.Cause{Origin: rules.OriginCLI})
	if len(before.Plan.Changes) != 2 {
		t.Fatalf("%d changes: %s", len(before.Plan.Changes), before.Reason)
	}
	f, err := r.ApplyApproved(t.Context(), c, where, before.Hash, "local:test")
	if err != nil || f.Outcome != core.Failed {
		t.Fatalf("%s (%s), %v", f.Outcome, f.Reason, err)
	}
	u, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := r.Undo(t.Context(), u, "local:test"); err != nil || done.Outcome != core.Undone {
		t.Fatalf("%s (%s), %v", done.Outcome, done.Reason, err)
	}
	if after := r.Find(t.Context(), c, where, core.Cause{Origin: rules.OriginCLI}); after.Plan.Before != before.Plan.Before {
		t.Error("the bucket is not as it was")
	}
}
