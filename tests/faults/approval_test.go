package faults

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

func TestApprovedBySeveralAtOnceIsOneWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, askAll, bucketpublic.Control())
	bucket := w.bucket(edited, "b")
	p := w.process()
	fs, err := p.Evaluate(t.Context(), w.event(bucket).signal)
	if err != nil || len(fs) != 1 || fs[0].Outcome != core.AwaitingApproval {
		t.Fatalf("%+v, %v", fs, err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[core.Outcome]int{}
	for i := range 6 {
		q := w.process()
		wg.Go(func() {
			c, _ := q.Control("s3-bucket-public")
			f, err := q.ApplyApproved(t.Context(), c, w.resource(bucket), fs[0].Hash, fmt.Sprintf("approver-%d", i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				outcomes[f.Outcome]++
			case !errors.Is(err, engine.ErrBusy):
				t.Errorf("applying: %v", err)
			}
		})
	}
	wg.Wait()
	if len(w.s3.writes) != 1 || outcomes[core.Fixed] != 1 {
		t.Errorf("%d writes, outcomes %v", len(w.s3.writes), outcomes)
	}
	w.mended(t, edited, bucket)
	// The approval is spent: the same thing once more needs another one.
	w.owner(bucket, edited.reopen)
	w.push(w.event(bucket))
	w.settle()
	if n := len(w.s3.writes); n != 1 {
		t.Errorf("%d writes after one approval", n)
	}
	w.report(t)
}

// TestAnApprovalIsOfOneHash: what was approved is not what is there any more, so that nothing is written; nor is it by an order without an approver.
func TestAnApprovalIsOfOneHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, askAll, bucketpublic.Control())
	bucket := w.bucket(edited, "b")
	w.push(w.event(bucket))
	w.deliverAll()
	open, err := w.book.ListOpen(t.Context(), w.account)
	if err != nil || len(open) != 1 {
		t.Fatalf("open: %+v, %v", open, err)
	}
	order := engine.Order{Occurrence: open[0].ID, Control: open[0].Control, Resource: w.resource(bucket), Hash: open[0].PlanHash}
	if f, err := w.process().Apply(t.Context(), order, ""); err != nil || f.Outcome != core.AwaitingApproval {
		t.Errorf("without an approver: %s (%s), %v", f.Outcome, f.Reason, err)
	}
	w.owner(bucket, publicACL)
	for range 2 { // the second time the order is of an occurrence that is over
		if f, err := w.process().Apply(t.Context(), order, "dana"); err != nil || f.Outcome == core.Fixed {
			t.Errorf("after the bucket changed: %s (%s), %v", f.Outcome, f.Reason, err)
		}
	}
	if len(w.s3.writes) > 0 {
		t.Errorf("wrote %v, which nobody approved", w.s3.writes)
	}
	w.report(t)
}
