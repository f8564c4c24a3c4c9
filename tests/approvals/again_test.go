package approvals

import (
	"fmt"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
)

// asked is a person asking once more about a round.
func asked(r approval.Request, who string) message {
	return message{word: encode(approval.Said{Again: &approval.Againing{Key: r.Key, Round: r.Round, Why: "once more", Identity: who}})}
}

// rejected is a dial that is open in eve's way, about which ada said no.
func rejected(t *testing.T) (*history, approval.Request) {
	t.Helper()
	h, r := one(t, files[0])
	h.says("U0ADA00001", approval.No, r)
	return h, r
}

func (h *history) fresh(r approval.Request) approval.Request {
	h.t.Helper()
	now, _, err := approval.Get(h.t.Context(), h.store, "shoreup-approvals", r.Key)
	if err != nil {
		h.t.Fatal(err)
	}
	return now
}

// TestAskingAgainIsOneRound: whoever dies on the way, and whoever asks at the same moment, there is one more round, and its yes is good for one write.
func TestAskingAgainIsOneRound(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]act{"death": die, "answer lost": answerLost, "lost": lost, "at the same moment": pass} {
		for n := range 16 {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				t.Parallel()
				h, r := rejected(t)
				m, other := asked(r, "U0BO000001"), asked(r, "U0CY000001")
				err := h.deliver(m, func(i int, _ string) act {
					if i == n && trouble == pass {
						if err := h.deliver(other, nil); err != nil {
							t.Error(err)
						}
					}
					if i == n {
						return trouble
					}
					return pass
				})
				for range 2 { // and is delivered again, whether it has to be or not
					if again := h.deliver(m, nil); again != nil {
						t.Errorf("after %v: %v", err, again)
					}
				}
				now := h.fresh(r)
				if now.State != approval.Pending || now.Round != 2 {
					t.Fatalf("it is %s in round %d\n%s", now.State, now.Round, h)
				}
				h.says("U0ADA00001", approval.Yes, r) // of the first round
				if h.state(r) != approval.Pending {
					t.Errorf("a word of the first round made it %s", h.state(r))
				}
				h.says(identities[now.Requester][0], approval.Yes, now)
				h.says("U0EVE00001", approval.Yes, now)
				if h.state(r) != approval.Pending {
					t.Errorf("whoever asked or caused it made it %s", h.state(r))
				}
				h.says("U0ADA00001", approval.Yes, now)
				h.drain()
				h.fine()
				if h.dial.value != "shut" {
					t.Errorf("the dial is %s\n%s", h.dial.value, h)
				}
			})
		}
	}
}

// TestAnOrderOfTheRoundBefore: an order that was given for a yes which was taken back afterwards does nothing until another round has one, and the order of
// that round nothing more.
func TestAnOrderOfTheRoundBefore(t *testing.T) {
	t.Parallel()
	h, r := one(t, files[0])
	h.says("U0ADA00001", approval.Yes, r)
	old := h.queue[0]
	h.queue = nil
	h.says("U0ADA00001", approval.No, r)
	if err := h.deliver(old, nil); err != nil || h.dial.value != "open" {
		t.Fatalf("%v, the dial is %s", err, h.dial.value)
	}
	h.give(asked(r, "U0BO000001"), deed{})
	if err := h.deliver(old, nil); err != nil || h.dial.value != "open" {
		t.Fatalf("nobody has agreed to the second round: %v, the dial is %s", err, h.dial.value)
	}
	h.says("U0ADA00001", approval.Yes, h.fresh(r))
	for range 2 {
		if err := h.deliver(old, nil); err != nil {
			t.Fatal(err)
		}
		h.drain()
	}
	h.fine()
	if h.dial.value != "shut" || len(h.writes) != 1 {
		t.Errorf("the dial is %s after %d writes\n%s", h.dial.value, len(h.writes), h)
	}
}

// TestAClickIsNobodys: whoever clicked in Security Hub could be whoever says yes, so that two have to; the same click that comes again asks nobody.
func TestAClickIsNobodys(t *testing.T) {
	t.Parallel()
	h, r := rejected(t)
	h.now = h.now.Add(time.Minute)
	m := h.click()
	h.queue = append(h.queue, m)
	h.drain()
	now := h.fresh(r)
	if now.State != approval.Pending || now.Round != 2 {
		t.Fatalf("it is %s in round %d\n%s", now.State, now.Round, h)
	}
	h.says("U0ADA00001", approval.Yes, now)
	if h.state(r) != approval.Pending {
		t.Errorf("after one yes it is %s", h.state(r))
	}
	h.now = h.now.Add(time.Minute)
	h.says("U0BO000001", approval.No, now)
	h.queue = append(h.queue, m)
	h.drain()
	if h.state(r) != approval.Rejected {
		t.Errorf("the same click made it %s\n%s", h.state(r), h)
	}
	h.fine()
}

// TestTheWayItWasDecidedStays: opened by a click, about which the rules ask nobody, and found by the sweep, about which they do: what people agree to is made, and
// not decided anew by the rules for clicks.
func TestTheWayItWasDecidedStays(t *testing.T) {
	t.Parallel()
	h := &history{world: newWorld(t), tally: map[string]int{}}
	h.rules(files[0])
	h.dial.value = "open"
	h.queue = append(h.queue, h.click())
	h.drain()
	h.queue = append(h.queue, h.sweep())
	h.drain()
	r := h.newest(approval.Fix)
	for _, who := range []string{"U0ADA00001", "U0BO000001"} {
		h.says(who, approval.Yes, r)
	}
	h.drain()
	h.fine()
	if h.dial.value != "shut" {
		t.Errorf("the dial is %s\n%s", h.dial.value, h)
	}
}

// TestAnotherDecisionEndsIt: whoever finds that the rules ask nobody any more lets the deciding function know, and people with it.
func TestAnotherDecisionEndsIt(t *testing.T) {
	t.Parallel()
	h, r := one(t, files[0])
	h.rules(files[3])
	h.queue = append(h.queue, h.sweep())
	h.drain()
	if h.state(r) != approval.Stale {
		t.Errorf("it is %s\n%s", h.state(r), h)
	}
	h.fine()
}

// TestTheRulesOfTheMomentCount: a yes is judged by what the rules file says then, before anybody has looked at the resource again.
func TestTheRulesOfTheMomentCount(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"report", "auto"} {
		h, r := one(t, files[0])
		c := files[0]
		c.mode = mode
		h.rules(c)
		h.says("U0ADA00001", approval.Yes, r)
		h.drain()
		if h.state(r) != approval.Stale || h.dial.value != "open" {
			t.Errorf("with %s it is %s, and the dial %s\n%s", mode, h.state(r), h.dial.value, h)
		}
		h.fine()
	}
}
