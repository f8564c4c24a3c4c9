package faults

import (
	"fmt"
	"os"
	"testing"

	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
)

// happy counts the requests of a fix in which nothing goes wrong.
func happy(t *testing.T, k kind, queued bool) *script {
	t.Helper()
	w := newWorld(t, autoAll, bucketpublic.Control())
	w.queued = queued
	bucket := w.bucket(k, "happy")
	s := &script{}
	w.play(s)
	w.push(w.event(bucket))
	for range 2 {
		if failed := w.deliverAll(); len(failed) > 0 {
			t.Fatal(failed)
		}
	}
	w.mended(t, k, bucket)
	w.report(t)
	return s
}

// suffer lets one thing go wrong, then lets everything that was not done be done again, and checks what must hold in the end.
func suffer(t *testing.T, k kind, queued bool, s *script) {
	t.Helper()
	w := newWorld(t, autoAll, bucketpublic.Control())
	w.queued = queued
	bucket := w.bucket(k, "b")
	w.play(s)
	w.push(w.event(bucket))
	w.deliverAll()
	if queued {
		w.deliverAll()
	}
	w.settle()
	w.mended(t, k, bucket)
	w.report(t)
	if t.Failed() {
		t.Logf("while it happened: %s", s)
	}
}

// thorough reports whether everything is tried with everything, which takes some minutes: set SHOREUP_FAULTS=all.
func thorough() bool { return os.Getenv("SHOREUP_FAULTS") == "all" }

// some reports whether a case of a large table has its turn: each n with one of several variants unless all are wanted.
func some(n, variant, of int) bool { return thorough() || n%of == variant%of }

func TestEveryRequestToTheTablesMayFail(t *testing.T) {
	t.Parallel()
	requests := happy(t, blocked, false).count("table")
	for i, c := range []struct {
		what  act
		times int // five in a row are more than the SDK tries
		each  int
	}{{answerLost, 5, 1}, {lost, 5, 2}, {broken, 5, 2}, {throttle, 5, 3}, {answerLost, 1, 3}} {
		for n := range requests {
			if !some(n, i, c.each) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/%d", c.what, n, c.times), func(t *testing.T) {
				t.Parallel()
				suffer(t, blocked, false, during("table", n, c.times, c.what))
			})
		}
	}
}

func TestAProcessMayDieAtAnyRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   kind
		queued bool
		each   int
	}{{twice, true, 1}, {twice, false, 4}, {blocked, false, 2}, {beside, true, 4}} {
		requests := happy(t, c.kind, c.queued).count("")
		for n := range requests {
			if !some(n, 0, c.each) {
				continue
			}
			t.Run(fmt.Sprintf("%s/queued=%v/%d", c.kind.name, c.queued, n), func(t *testing.T) {
				t.Parallel()
				suffer(t, c.kind, c.queued, at("", n, die))
			})
		}
	}
}
