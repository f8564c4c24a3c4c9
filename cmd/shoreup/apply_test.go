package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// What was done and could not be recorded must read otherwise than what was not done.
func TestWhatWasDoneButNotRecorded(t *testing.T) {
	t.Parallel()
	said := func(err error) (core.Finding, string) {
		f := notApplied(core.Finding{Control: "s3-bucket-public", Resource: "b", Severity: core.High}, err)
		var b strings.Builder
		if err := text.Result(&b, f, text.Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		if code(applied([]core.Finding{f})) != exitError {
			t.Errorf("%v ends with another code than %d", err, exitError)
		}
		return f, strings.Join(strings.Fields(b.String()), " ")
	}
	denied := errors.New("AccessDeniedException")
	f, done := said(fmt.Errorf("x: %w", &engine.UnrecordedError{Outcome: core.Fixed, Reason: "read back: clean", Made: 1, Intent: core.Record{Chain: "111122223333", Seq: 7}, Ends: time.Now(), What: "apply again", Err: denied}))
	if f.Outcome != core.Unverified || !strings.Contains(done, "1 call was made") || !strings.Contains(done, "fixed (read back: clean)") || !strings.Contains(done, "111122223333/7") || strings.Contains(done, "Could not judge") {
		t.Errorf("%s, %s", f.Outcome, done)
	}
	if f, not := said(denied); f.Outcome != core.Errored || strings.Contains(not, "was made") {
		t.Errorf("%s, %s", f.Outcome, not)
	}
}

func TestWhatIsNotEnrolledIsNotAsked(t *testing.T) {
	t.Parallel()
	file, err := rules.Load([]byte("version: 1\naccounts: [{ id: \"111122223333\", regions: [eu-west-1] }]\n"))
	if err != nil {
		t.Fatal(err)
	}
	good := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Region: "eu-west-1"}
	with := func(change func(*awsapi.Resource)) awsapi.Resource {
		r := good
		change(&r)
		return r
	}
	for want, r := range map[string]awsapi.Resource{
		"":                             good,
		"account 444455556666, Region": with(func(r *awsapi.Resource) { r.Account = "444455556666" }),
		"Region eu-west-2":             with(func(r *awsapi.Resource) { r.Region = "eu-west-2" }),
		"AWS::EC2::Volume":             with(func(r *awsapi.Resource) { r.Type = "AWS::EC2::Volume" }),
		`account "../1"`:               with(func(r *awsapi.Resource) { r.Account = "../1" }),
		`Region "mars"`:                with(func(r *awsapi.Resource) { r.Region = "mars" }),
	} {
		if why := notEnrolled(file, bucketpublic.Control(), r); (why == "") != (want == "") || !strings.Contains(why, want) {
			t.Errorf("%+v: %q, want %q", r, why, want)
		}
	}
	if notEnrolled(nil, bucketpublic.Control(), good) == "" {
		t.Error("without rules that can be read everything passes")
	}
}
