package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// A type that may not be listed is recorded and told once a day, by type, Region and account; what fails otherwise is tried again.
func TestWhatMayNotBeListedIsToldOnceADay(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	var fails error = &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized to perform s3:ListAllMyBuckets"}
	bucket := r.Controls[0]
	bucket.Type.List = func(context.Context, awsapi.Session) ([]string, error) { return nil, fails }
	other := bucket
	other.ID, other.Type.Name = "sqs-other", "AWS::SQS::Queue"
	r.Controls = []core.Control{bucket, other}
	sweep := signal.Signal{Class: signal.ClassSweep, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: signal.AllIDs, Account: r.cloud.Session.Account, Region: "eu-west-1", Partition: "aws"}
	evaluate := func(change func(*signal.Signal)) {
		t.Helper()
		s := sweep
		if change != nil {
			change(&s)
		}
		fs, err := r.Evaluate(t.Context(), s)
		if err != nil || len(fs) != 1 || fs[0].Outcome != core.Blind {
			t.Fatalf("%+v, %v; want one blind finding", fs, err)
		}
	}
	evaluate(nil)
	evaluate(nil)
	if len(*r.told) != 1 {
		t.Fatalf("told %d times after two sweeps", len(*r.told))
	}
	got := (*r.told)[0]
	if got.Resource != "*" || got.Control != bucket.ID || !strings.Contains(got.Reason, "AWS::S3::Bucket") || !strings.Contains(got.Reason, "ListAllMyBuckets") || got.Record.Seq != 1 {
		t.Errorf("told %+v", got)
	}
	evaluate(func(s *signal.Signal) { s.Region = "eu-central-1" })
	evaluate(func(s *signal.Signal) { s.ResourceType = "AWS::SQS::Queue" })
	evaluate(func(s *signal.Signal) { s.Account = emulatortest.Account(t) })
	r.State = occurrence.New(r.cloud.Store(), tabletest.Prefix+"-"+occurrence.StateTable, func() time.Time { return time.Now().Add(24 * time.Hour) })
	evaluate(nil)
	if len(*r.told) != 5 {
		t.Errorf("told %d times of two types, Regions, accounts and days; want 5", len(*r.told))
	}
	entries, err := r.Log.List(t.Context(), sweep.Account, 0, 0)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d records, %v; want 4", len(entries), err)
	}
	for _, e := range entries {
		if e.Kind != audit.Error || e.Outcome != string(core.Blind) {
			t.Errorf("record %+v", e)
		}
	}
	if n := r.openOccurrences(); n != 0 {
		t.Errorf("%d occurrences are open: nobody would ever close them", n)
	}
	fails = errors.New("odd")
	if _, err := r.Evaluate(t.Context(), sweep); err == nil {
		t.Error("a listing that failed for another reason is not tried again")
	}
}
