package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/controls/s3/buckettls"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// changes are what a bucket's owner does to it.
var changes = map[string]string{
	"everyone": put(everyone), "partner": put(withPartner), "private": put(partnerOnly), "none": `s3:DeleteBucketPolicy {"Bucket":"${bucket}"}`,
	"unblocked": `s3:DeletePublicAccessBlock {"Bucket":"${bucket}"}`, "acl": publicACL,
}

// TestAnyHistory lets anything happen in any order to two buckets under two controls, looks at the invariants after each step, and in the end at what has
// become of the buckets. Histories know nothing of each other, so some are lived at the same time.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	for i := range lanes {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) { live(t, rt) })
		})
	}
}

func live(t *testing.T, rt *rapid.T) {
	w := newWorld(t, autoAll, bucketpublic.Control(), buckettls.Control())
	w.queued = rapid.Bool().Draw(rt, "queued")
	h := &history{world: w, rt: rt}
	for _, name := range []string{"one", "two"} {
		w.owner(name+"-"+w.account, create)
		h.change(name + "-" + w.account)
	}
	for range rapid.IntRange(6, 14).Draw(rt, "steps") {
		h.step()
		h.check()
	}
	h.end()
}

type history struct {
	world *world
	rt    *rapid.T
	past  []message // delivered already, and perhaps again
	told  []string
}

func (h *history) note(what string) { h.told = append(h.told, what) }

func (h *history) bucket() string { return rapid.SampledFrom(h.world.buckets).Draw(h.rt, "bucket") }

func (h *history) change(bucket string) {
	what := rapid.SampledFrom([]string{"everyone", "partner", "everyone", "partner", "private", "none", "unblocked", "acl"}).Draw(h.rt, "change")
	h.world.owner(bucket, changes[what])
	h.world.push(h.world.event(bucket))
	h.note("owner: " + what + " " + bucket[:3])
}

func (h *history) step() {
	w := h.world
	switch rapid.SampledFrom([]string{"deliver", "deliver", "deliver", "deliver", "again", "sweep", "change", "switch", "wait", "wait"}).Draw(h.rt, "step") {
	case "deliver":
		if len(w.queue) == 0 {
			return
		}
		i := rapid.IntRange(0, len(w.queue)-1).Draw(h.rt, "message") // in any order
		m := w.queue[i]
		w.queue = append(w.queue[:i:i], w.queue[i+1:]...)
		h.deliver(m)
	case "again":
		if len(h.past) > 0 {
			h.deliver(rapid.SampledFrom(h.past).Draw(h.rt, "duplicate"))
		}
	case "sweep":
		h.deliver(w.sweep(h.bucket()))
	case "change":
		h.change(h.bucket())
	case "switch":
		s, err := w.book.Engaged(w.t.Context())
		if err == nil && s.Engaged {
			err = w.book.Lift(w.t.Context(), "test", "over")
		} else if err == nil {
			err = w.book.Engage(w.t.Context(), "test", "drill")
		}
		if err != nil {
			h.rt.Fatal(err)
		}
		h.note("kill switch")
	case "wait":
		d := rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Minute, afterClaims}).Draw(h.rt, "time")
		w.clock.advance(d)
		h.note(d.String())
	}
}

// deliver hands a message to a new process, with which something may go wrong.
func (h *history) deliver(m message) {
	w, s := h.world, &script{}
	kind := rapid.SampledFrom([]string{"", "", "table", "write", "write", "die", "die"}).Draw(h.rt, "trouble")
	switch kind {
	case "table":
		what := rapid.SampledFrom([]act{lost, answerLost, throttle, broken}).Draw(h.rt, "fault")
		s = during("table", rapid.IntRange(0, 17).Draw(h.rt, "at"), rapid.SampledFrom([]int{1, 5}).Draw(h.rt, "times"), what)
	case "write":
		s = at("write", rapid.IntRange(0, 1).Draw(h.rt, "at"), rapid.SampledFrom([]act{lost, answerLost, broken, denied, ignored, die}).Draw(h.rt, "fault"))
	case "die":
		s = at("", rapid.IntRange(0, 32).Draw(h.rt, "at"), die)
	}
	w.play(s)
	err := w.process().deliver(m)
	w.play(&script{})
	h.past = append(h.past, m)
	if err != nil {
		w.push(m)
		h.note("delivered, " + kind + ": " + err.Error())
		return
	}
	h.note("delivered, " + kind)
}

func (h *history) check() {
	if found := h.world.check(); len(found) > 0 {
		h.rt.Fatalf("%s\nhistory: %s\nrecords: %s", strings.Join(found, "\n"), strings.Join(h.told, "\n  "), h.world.kinds())
	}
}

// end lets the faults stop. A day later, so that what is counted by day begins anew, everything comes to its end.
func (h *history) end() {
	w := h.world
	if err := w.book.Lift(w.t.Context(), "test", "over"); err != nil {
		h.rt.Fatal(err)
	}
	w.clock.advance(25 * time.Hour)
	for range 2 { // the second control may have to wait for what the first does
		w.settle()
	}
	h.check()
	open, err := w.book.ListOpen(w.t.Context(), w.account)
	if err != nil {
		h.rt.Fatal(err)
	}
	asked := map[string]bool{} // a blocked bucket whose policy names everybody: adding to that policy needs a person
	for _, o := range open {
		asked[o.Resource.ID+o.Control] = o.State == occurrence.Waiting && o.Decision == "approve"
	}
	for _, bucket := range w.buckets {
		for _, c := range w.controls {
			sight, err := c.Look(w.t.Context(), w.plain(w.account), w.resource(bucket), core.Settings{})
			mayWait := c.ID == "s3-bucket-tls-only" && asked[bucket+c.ID]
			if err != nil || sight.Wrong() && !mayWait {
				h.rt.Fatalf("%s is wrong for %s in the end: %+v, %v\nhistory: %s\nrecords: %s", bucket, c.ID, sight.Violations, err, strings.Join(h.told, "\n  "), w.kinds())
			}
		}
	}
}
