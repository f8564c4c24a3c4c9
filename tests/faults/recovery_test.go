package faults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/controls/s3/buckettls"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// dead makes a world in which this happened to the processes that dealt with a wrong bucket.
func dead(t *testing.T, k kind, queued bool, s *script) (*world, string) {
	t.Helper()
	w := newWorld(t, autoAll, bucketpublic.Control())
	w.queued = queued
	bucket := w.bucket(k, "b")
	w.play(s)
	w.push(w.event(bucket))
	for range 2 {
		w.deliverAll()
	}
	w.play(&script{})
	return w, bucket
}

// undo takes back the only fix on record, which may be named by its intent or by its result.
func (w *world) undo(t *testing.T, k kind, bucket string) {
	t.Helper()
	before, e := w.owners[bucket], w.process()
	for _, entry := range w.entries() {
		if entry.Kind != audit.Intent && entry.Kind != audit.Result {
			continue
		}
		u, err := e.PlanUndo(t.Context(), w.account, entry.Seq)
		if err != nil {
			t.Errorf("planning to undo record %d (%s): %v\nrecords: %s", entry.Seq, entry.Kind, err, w.kinds())
			continue
		}
		if entry.Kind == audit.Intent {
			continue // shown only
		}
		f, err := e.Undo(t.Context(), u, "dana")
		if err != nil || f.Outcome != core.Undone {
			t.Errorf("undoing: %s (%s), %v", f.Outcome, f.Reason, err)
		}
	}
	if now := w.see(bucket); now != before {
		t.Errorf("after undo: %+v, was %+v", now, before)
	}
	w.report(t)
}

func TestAFixWhoseAnswerWasLostCanBeUndone(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{blocked, edited} {
		w, bucket := dead(t, k, false, at("write", 0, answerLost))
		w.mended(t, k, bucket)
		w.undo(t, k, bucket)
	}
}

func TestAFixOfADeadProcessCanBeUndone(t *testing.T) {
	t.Parallel()
	for _, queued := range []bool{false, true} {
		reads := happy(t, edited, queued).count("read")
		w, bucket := dead(t, edited, queued, at("read", reads-1, die)) // while reading back
		w.clock.advance(afterClaims)
		w.deliverAll()
		w.mended(t, edited, bucket)
		w.undo(t, edited, bucket)
	}
}

// TestWhatIsLeftOfTheDeadIsRefusedToo: the kill switch is engaged between a death and the next delivery. The refusal is recorded, and once the switch
// is lifted the fix is made.
func TestWhatIsLeftOfTheDeadIsRefusedToo(t *testing.T) {
	t.Parallel()
	w, bucket := dead(t, blocked, true, at("write", 0, die))
	if err := w.book.Engage(t.Context(), "test", "drill"); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(afterClaims)
	if failed := w.deliverAll(); len(failed) > 0 {
		t.Errorf("the order was not dealt with: %v", failed)
	}
	if records := w.kinds(); !strings.HasSuffix(records, "intent/planned refusal/refused") {
		t.Errorf("recorded %s, want a refusal in the end", records)
	}
	if err := w.book.Lift(t.Context(), "test", "over"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.mended(t, blocked, bucket)
	w.report(t)
}

// TestTheRulesChangedSinceTheDeath: what a process left halfway is not carried on if the rules want a person now.
func TestTheRulesChangedSinceTheDeath(t *testing.T) {
	t.Parallel()
	for _, queued := range []bool{false, true} {
		w, bucket := dead(t, blocked, queued, at("write", 0, die))
		w.rules = load(t, askAll)
		w.settle()
		open, err := w.book.ListOpen(t.Context(), w.account)
		if err != nil || len(open) != 1 || open[0].Decision != "approve" || open[0].State != "waiting" {
			t.Errorf("open are %+v, %v; want one that waits for approval", open, err)
		}
		if n := len(w.s3.writes); n != 0 {
			t.Errorf("%d writes without approval", n)
		}
		p := w.process()
		c, _ := p.Control("s3-bucket-public")
		f, err := p.ApplyApproved(t.Context(), c, w.resource(bucket), open[0].PlanHash, "dana")
		if err != nil || f.Outcome != core.Fixed {
			t.Errorf("approved: %s (%s), %v", f.Outcome, f.Reason, err)
		}
		w.mended(t, blocked, bucket)
		w.report(t)
	}
}

// TestTheDeadDidItAllAndSomethingStaysReported: what a dead process mended is recorded as fixed, although something unsettled stays.
func TestTheDeadDidItAllAndSomethingStaysReported(t *testing.T) {
	t.Parallel()
	reads := happy(t, beside, true).count("read")
	w, bucket := dead(t, beside, true, at("read", reads-1, die))
	w.settle()
	if records := w.kinds(); !strings.Contains(records, "result/fixed") || strings.Contains(records, "refusal/stale") {
		t.Errorf("recorded %s", records)
	}
	w.mended(t, beside, bucket)
	w.report(t)
}

// TestOpenedAgainWhileItIsBeingFixed: the news of it arrives while the fix is being read back. It must not pass for a duplicate of the first.
func TestOpenedAgainWhileItIsBeingFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoAll, bucketpublic.Control())
	bucket := w.bucket(blocked, "b")
	first, once := w.event(bucket), true
	w.clock.advance(5 * time.Second)
	p := w.process()
	p.Sleep = func(ctx context.Context, _ time.Duration) error {
		if once {
			once = false
			w.owner(bucket, blocked.reopen)
			w.push(w.event(bucket))
			w.deliverAll()
		}
		return ctx.Err()
	}
	if err := p.deliver(first); err != nil {
		t.Error(err)
	}
	for range 3 { // no sweep: just what SQS still has
		w.clock.advance(afterClaims)
		w.deliverAll()
	}
	w.mended(t, blocked, bucket)
	w.report(t)
}

// TestABusyControlDoesNotStopTheOthers: a process died while one control was mending; the next event is handled for the other one at once.
func TestABusyControlDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoAll, bucketpublic.Control(), buckettls.Control())
	w.queued = true
	bucket := w.bucket(blocked, "b")
	w.controls = w.controls[:1]
	w.push(w.event(bucket))
	w.play(at("write", 0, die))
	for range 2 {
		w.deliverAll()
	}
	w.play(&script{})
	w.controls = w.controls[:2]
	w.owner(bucket, put(partnerOnly)+publicACL)
	if err := w.process().deliver(w.event(bucket)); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("the event was answered with %v, want busy", err)
	}
	if records := w.kinds(); strings.Count(records, "plan/planned") != 2 {
		t.Errorf("the other control did not plan: %s", records)
	}
	w.report(t)
}

// TestSomebodyElseMendedWhatTheDeadLeft: it is in order, and not as planned; nobody may take the credit.
func TestSomebodyElseMendedWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	for _, queued := range []bool{false, true} {
		w, bucket := dead(t, blocked, queued, at("write", 0, die))
		w.owner(bucket, `s3:DeleteBucketPolicy {"Bucket":"${bucket}"}`)
		w.settle()
		if records := w.kinds(); !strings.HasSuffix(records, "intent/planned result/unverified") {
			t.Errorf("recorded %s", records)
		}
		w.report(t)
	}
}
