package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

// muted lets the tables answer until there is a session to write with, and then no more: what was done cannot be recorded.
func (r rig) muted() {
	write := r.Write
	r.Write = func(ctx context.Context, w engine.WriteRequest) (awsapi.Session, error) {
		r.cloud.Fail(func(op string) tabletest.Fault {
			if op == "TransactWriteItems" {
				return tabletest.Denied
			}
			return tabletest.None
		})
		return write(ctx, w)
	}
}

// after is a process that runs when the claim of the dead has ended.
func (r rig) after(file string, later time.Duration) rig {
	r.t.Helper()
	loaded, err := rules.Load([]byte(file))
	if err != nil {
		r.t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(later) }
	p := r
	p.Engine = r.process(loaded, "heir")
	p.Now = now
	p.State = occurrence.New(r.cloud.Store(), tabletest.Prefix+"-"+occurrence.StateTable, now)
	p.Log = audit.New(r.cloud.Store(), tabletest.Prefix+"-"+occurrence.AuditTable, now, "heir")
	return p
}

func (r rig) resource() awsapi.Resource {
	return awsapi.Resource{Type: "AWS::S3::Bucket", ID: r.bucket(), Account: r.cloud.Session.Account, Region: "eu-west-1", Partition: "aws"}
}

// unrecorded makes a fix whose result could not be recorded, and returns the plan and the number of its intent.
func unrecorded(t *testing.T) (rig, core.Finding, int64) {
	t.Helper()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	r.muted()
	plan := r.Find(t.Context(), bucketpublic.Control(), r.resource(), core.Cause{Origin: rules.OriginCLI})
	want(t, plan, core.Planned)
	_, err := r.ApplyApproved(t.Context(), bucketpublic.Control(), r.resource(), plan.Hash, "")
	var lost *engine.UnrecordedError
	if !errors.As(err, &lost) {
		t.Fatalf("got %v, want that what was done could not be recorded", err)
	}
	if lost.Outcome != core.Fixed || lost.Made != 1 || lost.Intent.Seq == 0 || !strings.Contains(err.Error(), "1 call was made") || !strings.Contains(err.Error(), "shoreup apply") {
		t.Errorf("%+v says %v", lost, err)
	}
	r.cloud.Fail(nil)
	return r, plan, lost.Intent.Seq
}

func TestAnIntentThatCannotBeRecordedSaysThatNothingWasChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	plan := r.Find(t.Context(), bucketpublic.Control(), r.resource(), core.Cause{Origin: rules.OriginCLI})
	var transactions int
	r.cloud.Fail(func(op string) tabletest.Fault {
		if op == "TransactWriteItems" {
			if transactions++; transactions > 1 {
				return tabletest.Denied
			}
		}
		return tabletest.None
	})
	_, err := r.ApplyApproved(t.Context(), bucketpublic.Control(), r.resource(), plan.Hash, "")
	r.cloud.Fail(nil)
	var lost *engine.UnrecordedError
	if err == nil || errors.As(err, &lost) || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v, want that nothing was changed", err)
	}
}

func TestAFixWithoutAResultIsSettledByApplying(t *testing.T) {
	t.Parallel()
	r, plan, intent := unrecorded(t)
	c := bucketpublic.Control()
	if _, err := r.after(autoAll, 0).ApplyApproved(t.Context(), c, r.resource(), plan.Hash, ""); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("while the claim lasts: %v, want that somebody is at it", err)
	}
	late := r.after(autoAll, 17*time.Minute)
	f, err := late.ApplyApproved(t.Context(), c, r.resource(), plan.Hash, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Fixed)
	if n, m := r.count("intent/planned"), r.count("result/fixed"); n != 1 || m != 1 {
		t.Errorf("%d intents and %d results, want one of each: %v", n, m, r.kinds())
	}
	again, err := late.ApplyApproved(t.Context(), c, r.resource(), plan.Hash, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, again, core.Compliant)
	late.takeBack(intent)
}

func TestAFixWithoutAResultIsSettledByTakingItBack(t *testing.T) {
	t.Parallel()
	r, _, intent := unrecorded(t)
	_, err := r.after(autoAll, 0).PlanUndo(t.Context(), r.cloud.Session.Account, intent)
	if !errors.Is(err, engine.ErrCannotUndo) || !strings.Contains(err.Error(), "until") {
		t.Errorf("while the claim lasts: %v, want until when", err)
	}
	r.after(autoAll, 17*time.Minute).takeBack(intent)
	if n := r.count("result/fixed"); n != 1 {
		t.Errorf("%d results of the fix: %v", n, r.kinds())
	}
}

// An attempt that died and left something else than it wanted is no fix that can be taken back.
func TestAnAttemptThatDiedHalfwayIsNotTakenBack(t *testing.T) {
	t.Parallel()
	r, _, intent := unrecorded(t)
	r.setup(`s3:PutPublicAccessBlock {"Bucket":"${bucket}","PublicAccessBlockConfiguration":{"BlockPublicAcls":false,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}`)
	for range 2 {
		if _, err := r.after(autoAll, 17*time.Minute).PlanUndo(t.Context(), r.cloud.Session.Account, intent); !errors.Is(err, engine.ErrCannotUndo) {
			t.Errorf("got %v", err)
		}
	}
	if n := r.count("result/fixed"); n != 0 {
		t.Errorf("recorded as fixed: %v", r.kinds())
	}
}

func (r rig) takeBack(intent int64) {
	r.t.Helper()
	u, err := r.PlanUndo(r.t.Context(), r.cloud.Session.Account, intent)
	if err != nil {
		r.t.Fatal(err)
	}
	f, err := r.Undo(r.t.Context(), u, "dana")
	if err != nil {
		r.t.Fatal(err)
	}
	want(r.t, f, core.Undone)
}

func TestAnUndoThatCannotBeRecordedSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.Fixed)
	u, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	r.muted()
	_, err = r.Undo(t.Context(), u, "dana")
	r.cloud.Fail(nil)
	var lost *engine.UnrecordedError
	if !errors.As(err, &lost) || lost.Outcome != core.Undone {
		t.Errorf("got %v, want that it was taken back and not recorded", err)
	}
	for results, later := range []time.Duration{time.Minute, 17 * time.Minute} {
		p := r.after(autoAll, later)
		if _, err := p.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq); !errors.Is(err, engine.ErrCannotUndo) || !strings.Contains(err.Error(), "taken back already") {
			t.Errorf("after %s: %v", later, err)
		}
		if n := r.count("result/undone"); n != results {
			t.Errorf("after %s: %d results, want %d: %v", later, n, results, r.kinds())
		}
	}
}

// That a lease is not given back, after what was done is on record, is no failure of it.
func TestALeaseThatIsNotGivenBackIsNoFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	c := bucketpublic.Control()
	plan := r.Find(t.Context(), c, r.resource(), core.Cause{Origin: rules.OriginCLI})
	transactions := 0
	r.cloud.Fail(func(op string) tabletest.Fault {
		if op == "TransactWriteItems" {
			transactions++
		} else if transactions >= 3 && (op == "UpdateItem" || op == "PutItem" || op == "DeleteItem") {
			return tabletest.Denied
		}
		return tabletest.None
	})
	f, err := r.ApplyApproved(t.Context(), c, r.resource(), plan.Hash, "")
	r.cloud.Fail(nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Fixed)
	if n := r.count("result/fixed"); n != 1 || len(f.Notes) == 0 || !strings.Contains(f.Notes[len(f.Notes)-1], "ends by itself") {
		t.Errorf("%d results, notes %v", n, f.Notes)
	}
}

const listed = `
version: 1
people: [{ name: dana, aws: ["arn:aws:iam::111122223333:user/dana"] }]
rules: [{ name: ask, match: { families: [storage] }, mode: approve }]
`

func TestWherePeopleAreListedNobodyElseApproves(t *testing.T) {
	t.Parallel()
	r := newRig(t, listed)
	r.setup(publicBucket)
	c := bucketpublic.Control()
	plan := r.Find(t.Context(), c, r.resource(), core.Cause{Origin: rules.OriginCLI})
	want(t, plan, core.AwaitingApproval)
	f, err := r.ApplyApproved(t.Context(), c, r.resource(), plan.Hash, "arn:aws:iam::111122223333:user/dana")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Refused)
	if n, m := r.count("intent/awaiting_approval"), r.count("refusal/refused"); n != 0 || m != 1 || !strings.Contains(f.Reason, "shoreup approve") {
		t.Errorf("%d intents, %d refusals, because %q", n, m, f.Reason)
	}
}

// A rules file without people that somebody brings does not make them the one who decides.
func TestPeopleOfTheInstallationDecideWhateverFileIsBrought(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, approver string
		inForce        bool
		outcome        core.Outcome
	}{
		"without its people":            {noPeople, "arn:aws:iam::111122223333:user/dana", true, core.Refused},
		"automatic, where people wait":  {autoAll, "", true, core.Refused},
		"there are none":                {noPeople, "arn:aws:iam::111122223333:user/dana", false, core.Fixed},
		"automatic, and there are none": {autoAll, "", false, core.Fixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, listed)
			r.setup(publicBucket)
			want(t, r.evaluate(), core.AwaitingApproval)
			brought := r.after(c.file, 0)
			brought.InForce = func(_ context.Context, file *rules.File) (*rules.File, error) {
				if c.inForce {
					return rules.Load([]byte(listed))
				}
				return file, nil
			}
			plan := brought.Find(t.Context(), bucketpublic.Control(), r.resource(), core.Cause{Origin: rules.OriginCLI})
			f, err := brought.ApplyApproved(t.Context(), bucketpublic.Control(), r.resource(), plan.Hash, c.approver)
			if err != nil {
				t.Fatal(err)
			}
			want(t, f, c.outcome)
		})
	}
}

const noPeople = `
version: 1
rules: [{ name: ask, match: { families: [storage] }, mode: approve }]
`

func TestAnUndoThatIsRefusedIsOnRecord(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.Fixed)
	frozen := r.after(autoAll+"freezes:\n  - { name: holidays, from: '2020-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' }\n", 0)
	if _, err := frozen.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq); !errors.Is(err, engine.ErrCannotUndo) {
		t.Errorf("in a freeze: %v", err)
	}
	if n := r.count("refusal/refused"); n != 1 {
		t.Errorf("%d refusals on record, want 1: %v", n, r.kinds())
	}
	u, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.State.Engage(t.Context(), "ops", "incident"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Undo(t.Context(), u, "dana"); !errors.Is(err, engine.ErrCannotUndo) || !strings.Contains(err.Error(), "kill switch") {
		t.Errorf("the kill switch: %v", err)
	}
	if n := r.count("refusal/refused"); n != 2 {
		t.Errorf("%d refusals on record, want 2: %v", n, r.kinds())
	}
}
