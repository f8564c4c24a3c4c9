package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// Two controls of one bucket are often ordered at the same moment: the second waits for the first instead of giving its message back for minutes.
func TestApplyWaitsForWhoMendsTheResource(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	key := strings.Join([]string{r.cloud.Session.Account, "eu-west-1", "AWS::S3::Bucket", r.bucket()}, "|")
	lease, err := r.State.Acquire(t.Context(), key, "another", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	r.Sleep = func(ctx context.Context, _ time.Duration) error {
		if waits++; waits == 3 {
			return r.State.ReleaseLease(ctx, lease)
		}
		return ctx.Err()
	}
	want(t, r.evaluate(), core.Fixed)
	if waits < 3 {
		t.Errorf("it was fixed after %d waits, while another held the lease", waits)
	}
}

func TestApplyGivesUpOnWhoHoldsTheResourceForLong(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	key := strings.Join([]string{r.cloud.Session.Account, "eu-west-1", "AWS::S3::Bucket", r.bucket()}, "|")
	if _, err := r.State.Acquire(t.Context(), key, "another", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Evaluate(t.Context(), r.signal()); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("got %v, want that the resource is busy", err)
	}
}

// What is global is enrolled with its account, whatever Regions that lists: also what is only watched for its tags, and leads to no control.
func TestGlobalResourcesAreEnrolledWithTheirAccount(t *testing.T) {
	t.Parallel()
	file, err := rules.Load([]byte("version: 1\naccounts:\n  - { id: \"111122223333\", regions: [eu-west-1] }\n"))
	if err != nil {
		t.Fatal(err)
	}
	enrolled := engine.Enrolled(catalog.Controls(), file)
	for _, c := range []struct {
		event, kind, region string
		want                bool
	}{
		{"PutUserPolicy", "AWS::IAM::User", "us-east-1", true},
		{"CreateUser", "AWS::IAM::User", "us-east-1", true},
		{"TagUser", "AWS::IAM::User", "us-east-1", true},
		{"TagUser", "AWS::IAM::User", "us-west-2", false},
		{"PutBucketPolicy", "AWS::S3::Bucket", "us-east-1", false},
		{"PutBucketPolicy", "AWS::S3::Bucket", "eu-west-1", true},
	} {
		s := signal.Signal{Class: signal.ClassCloudTrail, Relevant: true, ResourceType: c.kind, ResourceID: "x", Account: "111122223333", Region: c.region, Partition: "aws",
			EventSource: strings.ToLower(strings.Split(c.kind, "::")[1]) + ".amazonaws.com", EventName: c.event}
		if got := enrolled(s); got != c.want {
			t.Errorf("%s of %s in %s: enrolled %v, want %v", c.event, c.kind, c.region, got, c.want)
		}
	}
}

// There is no plan without the decision about it, and no moment in which one could be seen without the other.
func TestPlanAndDecisionAreOneWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n")
	r.setup(publicBucket)
	f := r.evaluate()
	occ, found, err := r.State.Get(t.Context(), f.Control, f.Plan.Resource)
	if err != nil || !found || occ.Decision != "approve" || occ.PlanHash != f.Hash {
		t.Errorf("%+v, %v, %v", occ, found, err)
	}
	if got := strings.Join(r.kinds(), " "); got != "plan/awaiting_approval decision/awaiting_approval" {
		t.Errorf("recorded %s", got)
	}
}

// Whoever evaluates holds no lease and may bring the occurrence up to date while a plan is being applied: the order is gone through again, not given back for minutes.
func TestApplyIsOvertakenByWhoEvaluates(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	var order engine.Order
	r.Enqueue = func(_ context.Context, o engine.Order) error { order = o; return nil }
	want(t, r.evaluate(), core.Planned)
	overtaken := 0
	inner := r.NotExempted
	r.NotExempted = func(control string, res awsapi.Resource) dynamodbapi.Item { // called after the occurrence was read, and before the intent
		if overtaken++; overtaken == 1 {
			r.move(t, order)
			if err := r.State.Engage(t.Context(), "ops", "incident"); err != nil {
				t.Error(err)
			}
		}
		if inner != nil {
			return inner(control, res)
		}
		return approval.NotExempted(r.cloud.Table(occurrence.ApprovalTable), control, res, r.Now())
	}
	f, err := r.Apply(t.Context(), order, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Refused)
	if n := r.count("refusal/refused"); n != 1 || overtaken < 2 {
		t.Errorf("%d refusals on record after %d attempts, want 1 after 2: %v", n, overtaken, r.kinds())
	}
}

// move writes the occurrence anew, as if it had been refused meanwhile, so that whoever read it before is too late.
func (r *rig) move(t *testing.T, o engine.Order) {
	t.Helper()
	occ, _, err := r.State.Get(t.Context(), o.Control, o.Resource)
	if err != nil {
		t.Fatal(err)
	}
	step, err := r.State.Replan(occ, occurrence.Waiting, occ.PlanID, occ.PlanHash, occ.Decision, occ.Plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.State.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
}
