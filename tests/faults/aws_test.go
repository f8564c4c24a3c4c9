package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
)

func TestEveryReadMayFail(t *testing.T) {
	t.Parallel()
	requests := happy(t, edited, false).count("read")
	for i, c := range []struct {
		what  act
		times int // five are more than are tried
	}{{throttle, 2}, {lost, 1}, {broken, 5}, {denied, 1}} {
		for n := range requests {
			if !some(n, i, 4) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/%d", c.what, n, c.times), func(t *testing.T) {
				t.Parallel()
				suffer(t, edited, i%2 == 0, during("read", n, c.times, c.what))
			})
		}
	}
}

// TestEveryWriteMayFail says for each what is recorded at once; in the end, the bucket is as planned.
func TestEveryWriteMayFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      kind
		write     int // which of the plan's writes
		what      act
		times     int
		lookAfter int // looks that still see the old state
		want      string
	}{
		{edited, 0, pass, 0, 0, "fixed"},
		{edited, 0, pass, 0, 1, "fixed"},
		{edited, 0, pass, 0, 6, "fixed"},
		{edited, 0, pass, 0, 7, "unverified"},
		{edited, 0, lost, 1, 0, "failed"},
		{edited, 0, answerLost, 1, 0, "fixed"},
		{edited, 0, answerLost, 1, 3, "fixed"},
		{edited, 0, answerLost, 1, 7, "failed"},
		{edited, 0, throttle, 2, 0, "fixed"},
		{edited, 0, throttle, 5, 0, "failed"},
		{edited, 0, broken, 1, 0, "failed"},
		{edited, 0, denied, 1, 0, "failed"},
		{edited, 0, ignored, 1, 0, "unverified"},
		{blocked, 0, ignored, 1, 0, "unverified"},
		{blocked, 0, answerLost, 1, 6, "fixed"},
		{twice, 0, denied, 1, 0, "failed"},
		{twice, 0, ignored, 1, 0, "unverified"},
		{twice, 1, answerLost, 1, 2, "fixed"},
		{twice, 1, broken, 1, 0, "failed"},
		{twice, 1, denied, 1, 0, "failed"},
		{twice, 1, ignored, 1, 0, "unverified"},
	} {
		t.Run(fmt.Sprintf("%s/%d/%s/%d/%d", c.kind.name, c.write, c.what, c.times, c.lookAfter), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, autoAll, bucketpublic.Control())
			bucket := w.bucket(c.kind, "b")
			w.s3.lookAfter = c.lookAfter
			w.play(during("write", c.write, c.times, c.what))
			w.push(w.event(bucket))
			w.deliverAll()
			if records := w.kinds(); !strings.HasSuffix(records, "result/"+c.want) {
				t.Errorf("recorded %s, want %s", records, c.want)
			}
			w.report(t)
			w.settle()
			w.mended(t, c.kind, bucket)
			w.report(t)
		})
	}
}

// TestNobodyLetsUsIn: without a session nothing is written, and the next time it works.
func TestNobodyLetsUsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoAll, bucketpublic.Control())
	bucket := w.bucket(blocked, "b")
	w.play(at("session", 0, lost))
	w.push(w.event(bucket))
	w.deliverAll()
	if records := w.kinds(); !strings.HasSuffix(records, "result/failed") || len(w.s3.writes) > 0 {
		t.Errorf("recorded %s, wrote %v", records, w.s3.writes)
	}
	w.settle()
	w.mended(t, blocked, bucket)
	w.report(t)
}
