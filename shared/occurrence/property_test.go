package occurrence_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// world is what must be true: which occurrence is open, and who holds a claim until when.
type world struct {
	f      fixture
	t      *testing.T
	id     string // of the open occurrence, empty if none is
	holder int    // actor, -1 if nobody
	fence  int64
	ends   time.Time
	views  []occurrence.Occurrence // what each actor knows, read or made at any time before
}

// TestRandomInterleavings has three actors open, read, claim, release, replan and close one occurrence in any order, each with what it knew
// when it last looked, while answers get lost. There are never two live claims, and what is open stays until it is closed.
func TestRandomInterleavings(t *testing.T) {
	t.Parallel()
	f := setup(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		w := &world{f: f, t: t, holder: -1, views: make([]occurrence.Occurrence, 3)}
		o := wrong(fmt.Sprint("bucket-", n))
		for i := range w.views {
			w.views[i] = o
		}
		for range rapid.IntRange(4, 12).Draw(rt, "steps") {
			w.step(rt, o)
			w.check(rt, o)
		}
	})
}

func (w *world) step(rt *rapid.T, o occurrence.Occurrence) {
	a := rapid.IntRange(0, len(w.views)-1).Draw(rt, "actor")
	fault := rapid.SampledFrom([]tabletest.Fault{0, 0, 0, 0, 0, 0, tabletest.AnswerLost, tabletest.Throttle}).Draw(rt, "fault")
	w.f.Fail(func(string) tabletest.Fault { now := fault; fault = tabletest.None; return now })
	defer w.f.Fail(nil)
	switch rapid.SampledFrom([]string{"open", "read", "claim", "claim", "release", "replan", "close", "close", "wait"}).Draw(rt, "what") {
	case "open":
		got, created, err := w.f.Open(w.t.Context(), o)
		if err != nil || created != (w.id == "") || !created && got.ID != w.id {
			rt.Fatalf("opened %s, created %v, %v; open was %q", got.ID, created, err, w.id)
		}
		if created {
			w.id, w.holder, w.fence = got.ID, -1, 0
		}
		w.views[a] = got
	case "read":
		if got, ok, err := w.f.Get(w.t.Context(), o.Control, o.Resource); err != nil {
			rt.Fatal(err)
		} else if ok {
			w.views[a] = got
		}
	case "claim":
		s, err := w.f.Claim(w.views[a], fmt.Sprint("actor ", a), time.Minute)
		w.do(rt, a, s, err, func(after occurrence.Occurrence) {
			if w.live() || after.Fence != w.fence+1 {
				rt.Fatalf("actor %d claimed with fence %d after %d, while %d holds it until %s", a, after.Fence, w.fence, w.holder, w.ends)
			}
			w.holder, w.fence, w.ends = a, after.Fence, after.ClaimEnds
		})
	case "release":
		s, err := w.f.Release(w.views[a], occurrence.Open)
		w.do(rt, a, s, err, func(occurrence.Occurrence) {
			if w.holder != a {
				rt.Fatalf("actor %d released what %d holds", a, w.holder)
			}
			w.holder = -1
		})
	case "replan":
		hash := rapid.SampledFrom([]string{"h1", "h2"}).Draw(rt, "hash")
		s, err := w.f.Replan(w.views[a], occurrence.Waiting, "p", hash, "approve", nil)
		w.do(rt, a, s, err, func(occurrence.Occurrence) {
			if w.holder != -1 {
				rt.Fatalf("actor %d replanned what %d holds", a, w.holder)
			}
		})
	case "close":
		s, err := w.f.Close(w.views[a], "fixed")
		w.do(rt, a, s, err, func(after occurrence.Occurrence) {
			if w.holder != -1 && w.holder != a || after.ID != w.id {
				rt.Fatalf("actor %d closed %s, while %s is open and %d holds it", a, after.ID, w.id, w.holder)
			}
			w.id, w.holder = "", -1
		})
	case "wait":
		w.f.clock.advance(40 * time.Second)
	}
}

func (w *world) live() bool { return w.holder >= 0 && w.f.clock.now().Before(w.ends) }

// do writes a step. It may be refused, by the book or by the table, but only as having moved.
func (w *world) do(rt *rapid.T, a int, s occurrence.Step, err error, happened func(occurrence.Occurrence)) {
	if err != nil {
		return
	}
	after, err := w.f.Do(w.t.Context(), s)
	switch {
	case errors.Is(err, occurrence.ErrMoved):
	case err != nil:
		rt.Fatal(err)
	default:
		happened(after)
		w.views[a] = after
	}
}

func (w *world) check(rt *rapid.T, o occurrence.Occurrence) {
	got, ok, err := w.f.Get(w.t.Context(), o.Control, o.Resource)
	if err != nil || ok != (w.id != "") || ok && (got.ID != w.id || got.Fence != w.fence || (got.State == occurrence.Applying) != (w.holder >= 0)) {
		rt.Fatalf("found %v %+v, %v; want %q, fence %d, holder %d", ok, got, err, w.id, w.fence, w.holder)
	}
}
