package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/controls/s3/buckettls"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// crowd delivers messages from several processes at once, in any order, until each was dealt with.
func (w *world) crowd(processes int, ms ...message) {
	rand.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
	var wg sync.WaitGroup
	for i := range processes {
		p := w.process()
		wg.Go(func() {
			for k := i; k < len(ms); k += processes {
				if err := p.deliver(ms[k]); err != nil {
					if !errors.Is(err, engine.ErrBusy) {
						w.problem("delivering: %v", err)
					}
					w.push(ms[k])
				}
			}
		})
	}
	wg.Wait()
}

func TestDuplicatesFromManyProcessesAreOneWrite(t *testing.T) {
	t.Parallel()
	for _, queued := range []bool{false, true} {
		w := newWorld(t, autoAll, bucketpublic.Control())
		w.queued = queued
		bucket := w.bucket(edited, "b")
		ms := slices.Repeat([]message{w.event(bucket)}, 12)
		w.crowd(4, ms...)
		if orders := w.pull(); queued { // orders come twice, and late, and among other deliveries of the event
			w.crowd(4, slices.Concat(orders, orders, ms[:2])...)
		} else {
			w.push(orders...)
		}
		w.settle()
		if n := len(w.s3.writes); n != 1 {
			t.Errorf("queued %v: %d writes: %v", queued, n, w.s3.writes)
		}
		w.mended(t, edited, bucket)
		w.report(t)
	}
}

func TestOpenedAgainIdenticallyIsFixedAgain(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{blocked, edited} {
		w := newWorld(t, autoAll, bucketpublic.Control())
		w.queued = true
		bucket := w.bucket(k, "b")
		for range 2 {
			w.owner(bucket, k.reopen)
			w.push(w.event(bucket), w.event(bucket))
			w.deliverAll()
			w.deliverAll()
			w.mended(t, k, bucket)
		}
		if n := strings.Count(w.kinds(), "result/fixed"); n != 2 || len(w.s3.writes) != 2 {
			t.Errorf("%s: %d fixes, wrote %v", k.name, n, w.s3.writes)
		}
		w.report(t)
	}
}

// both is what two controls make of one policy: the public statement is gone, the denial is there, the partner has lost nothing.
const both = `{ "Version" : "2012-10-17",
  "Statement": [
    {"Sid":"Partner", "Principal":{"AWS":"arn:aws:iam::210987654321:role/reader"},"Effect":"Allow",   "Action" : [ "s3:GetObject" ],"Resource":"arn:aws:s3:::${bucket}/*"}`

// TestTwoControlsOnOnePolicy: neither loses the other's change, whoever comes first, and both at once from two processes.
func TestTwoControlsOnOnePolicy(t *testing.T) {
	t.Parallel()
	public, tls := "s3-bucket-public", "s3-bucket-tls-only"
	for name, c := range map[string]struct {
		order  []string
		middle bool // the second comes just before the first one's write
	}{
		"public first": {[]string{public, tls}, false}, "tls first": {[]string{tls, public}, false}, "at once": {nil, false},
		"tls amid public": {[]string{public, tls}, true}, "public amid tls": {[]string{tls, public}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, askAll, bucketpublic.Control(), buckettls.Control())
			bucket := w.bucket(edited, "b")
			if c.middle {
				w.s3.before = func(string) {
					w.s3.before = nil
					if done := w.tryApprove(t, c.order[1], bucket); done != "" && !strings.Contains(done, engine.ErrBusy.Error()) {
						t.Errorf("while %s was about to write, %s came to %s", c.order[0], c.order[1], done)
					}
				}
			}
			for _, control := range c.order {
				w.approve(t, control, bucket, 1)
			}
			if c.order == nil {
				var wg sync.WaitGroup
				for _, control := range []string{public, tls} {
					wg.Go(func() { w.approve(t, control, bucket, 10) })
				}
				wg.Wait()
			}
			now := w.see(bucket)
			kept, added := w.filled(both, bucket), statements(now.Policy, "Deny")
			if !strings.HasPrefix(now.Policy, kept) || len(statements(now.Policy, "Allow")) != 1 || len(added) != 1 || !strings.Contains(added[0], "aws:SecureTransport") || now.Block != (s3api.Block{}) {
				t.Errorf("the policy is %s (block %+v)", now.Policy, now.Block)
			}
			if n := len(w.s3.writes); n != 2 {
				t.Errorf("%d writes, want one of each control", n)
			}
			w.checkEnds()
			w.report(t)
		})
	}
}

// approve plans one control's fix and approves it, again from the start whenever something else came first. To find the bucket busy is no try, and goes
// on for as long as somebody else is at work, but not for ever.
func (w *world) approve(t *testing.T, control, bucket string, tries int) {
	var last string
	busy := time.Now().Add(time.Minute)
	for n := 0; n < tries; {
		if last = w.tryApprove(t, control, bucket); last == "" {
			return
		}
		if tries == 1 || !strings.Contains(last, engine.ErrBusy.Error()) || time.Now().After(busy) {
			n++
			continue
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s was not fixed in %d tries: %s", control, tries, last)
}

// tryApprove is one try; it returns what was in the way.
func (w *world) tryApprove(t *testing.T, control, bucket string) string {
	p := w.process()
	c, _ := p.Control(control)
	f := p.Find(t.Context(), c, w.resource(bucket), core.Cause{Origin: "cli", Time: w.clock.now()})
	if f.Outcome == core.Compliant {
		return ""
	}
	done, err := p.ApplyApproved(t.Context(), c, w.resource(bucket), f.Hash, "dana")
	w.believe(done, err)
	if err == nil && done.Outcome == core.Fixed {
		return ""
	}
	return fmt.Sprintf("%s (%s), %v", done.Outcome, done.Reason, err)
}

func TestALimitIsExact(t *testing.T) {
	t.Parallel()
	const n, allowed = 8, 3
	w := newWorld(t, strings.Replace(autoAll, "max: 1000", fmt.Sprintf("max: %d", allowed), 1), bucketpublic.Control())
	var ms []message
	for i := range n {
		ms = append(ms, w.event(w.bucket(blocked, fmt.Sprintf("b%d", i))))
	}
	w.crowd(4, ms...)
	if got := w.kinds(); strings.Count(got, "result/fixed") != allowed || strings.Count(got, "refusal/refused") != n-allowed || len(w.s3.writes) != allowed {
		t.Errorf("want %d fixes and %d refusals: %s; wrote %v", allowed, n-allowed, got, w.s3.writes)
	}
	w.report(t)
}

// TestTheKillSwitchIsEngagedMidway: what was begun is ended, and nothing more is begun.
func TestTheKillSwitchIsEngagedMidway(t *testing.T) {
	t.Parallel()
	const n = 4
	w := newWorld(t, autoAll, bucketpublic.Control())
	var ms []message
	for i := range n {
		ms = append(ms, w.event(w.bucket(blocked, fmt.Sprintf("b%d", i))))
	}
	w.s3.before = func(string) { // when the first write is under way
		if err := w.book.Engage(t.Context(), "test", "drill"); err != nil {
			t.Error(err)
		}
	}
	w.push(ms...)
	w.deliverAll()
	if got := w.kinds(); strings.Count(got, "result/fixed") != 1 || strings.Count(got, "refusal/refused") != n-1 || len(w.s3.writes) != 1 {
		t.Errorf("want 1 fix and %d refusals: %s; wrote %v", n-1, got, w.s3.writes)
	}
	w.s3.before = nil
	if err := w.book.Lift(t.Context(), "test", "over"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	for _, bucket := range w.buckets {
		w.mended(t, blocked, bucket)
	}
	w.report(t)
}
