package approvals

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
)

// TestAnExemptionInTheMiddleOfApplying: the yes to an exemption may come at any request of the process that applies; either it comes after the intent, or nothing is written.
func TestAnExemptionInTheMiddleOfApplying(t *testing.T) {
	t.Parallel()
	for n := range 24 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.says("U0ADA00001", approval.Yes, r)
			until := h.now.Add(24 * time.Hour)
			h.model.until[r.Key.ID+"bo"] = until
			h.word(approval.Said{Exempt: &approval.Exempting{Key: r.Key, Identity: "U0BO000001", Exemption: approval.Exemption{Owner: "web", Reason: "x", Until: until}}}, deed{})
			x := h.newest(approval.Exempt)
			order := h.queue[0]
			h.queue = h.queue[1:]
			_ = h.deliver(order, func(i int, _ string) act {
				if i == n {
					h.says("U0ADA00001", approval.Yes, x)
				}
				return pass
			})
			h.fine()
		})
	}
}

// TestOneYesIsOneWrite: whoever dies after the write, and whatever is opened again in the meantime, a yes is good for one.
func TestOneYesIsOneWrite(t *testing.T) {
	t.Parallel()
	for n := range 24 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.says("U0ADA00001", approval.Yes, r)
			order := h.queue[0]
			h.queue = h.queue[1:]
			_ = h.deliver(order, func(i int, _ string) act {
				if i == n {
					return die
				}
				return pass
			})
			if h.dial.value == "open" {
				return // it died before
			}
			h.now = h.now.Add(longTime)
			e := h.change("open", eve) // again, in the same way
			for range 3 {
				_ = h.deliver(e, nil)
				_ = h.deliver(order, nil)
				h.now = h.now.Add(longTime)
			}
			h.fine()
			// Somebody asks again, and it is shut in the end.
			for range 4 {
				if err := h.tick(nil); err != nil {
					t.Fatal(err)
				}
				h.give(h.sweep(), deed{})
				h.drain()
				q := h.newest(approval.Fix)
				if q.State == approval.Pending {
					h.says("U0ADA00001", approval.Yes, q)
					h.says("U0BO000001", approval.Yes, q)
				}
				h.drain()
				h.now = h.now.Add(longTime)
			}
			h.fine()
			if h.dial.value == "open" {
				t.Errorf("open in the end\n%s", h)
			}
		})
	}
}

// TestWhoMadeItWorseMayNotDecide: ada opened it, eve opened it wider: eve alone cannot agree to what she caused.
func TestWhoMadeItWorseMayNotDecide(t *testing.T) {
	t.Parallel()
	h := &history{world: newWorld(t), tally: map[string]int{}}
	h.rules(files[0])
	h.queue = append(h.queue, h.change("open", "arn:aws:iam::111122223333:user/ada"))
	h.drain()
	h.queue = append(h.queue, h.change("open-wide", eve))
	h.drain()
	r := h.newest(approval.Fix)
	for _, q := range h.kept() {
		if q.State == approval.Pending {
			r = q
		}
	}
	h.says("U0EVE00001", approval.Yes, r)
	if got := h.state(r); got != approval.Pending {
		t.Errorf("eve alone decides what she caused: %s (cause %q)\n%s", got, r.Cause, h)
	}
}
