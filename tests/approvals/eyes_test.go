package approvals

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/rules"
)

// TestWhoMayHaveCausedIt: whoever AWS names and no entry of the rules file has may be any of the people by another identity, so that two have to agree; who is
// known to have caused it cannot decide at all.
func TestWhoMayHaveCausedIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cause string
		words       []string // yeses, in order
		want        []approval.State
	}{
		{"somebody of the list", eve, []string{"U0EVE00001", "U0BO000001"}, []approval.State{"pending", "approved"}},
		{"somebody of the list, in capitals", strings.Replace(eve, "eve", "EVE", 1), []string{"U0EVE00001", "U0BO000001", "U0ADA00001"}, []approval.State{"pending", "pending", "approved"}},
		{"bo, whose AWS identity nobody listed", "arn:aws:iam::111122223333:user/bo", []string{"U0BO000001", "U0ADA00001"}, []approval.State{"pending", "approved"}},
		{"a user that eve made for it", "arn:aws:iam::111122223333:user/backup", []string{"U0EVE00001", "U0BO000001"}, []approval.State{"pending", "approved"}},
		{"a source identity that nobody has", "source:x", []string{"U0EVE00001", "U0BO000001"}, []approval.State{"pending", "approved"}},
		{"a user of the same name in another account", strings.Replace(eve, "1111", "4444", 1), []string{"U0BO000001", "U0ADA00001"}, []approval.State{"pending", "approved"}},
		{"a session with a person's name", "arn:aws:sts::111122223333:assumed-role/admin/eve", []string{"U0BO000001", "U0ADA00001"}, []approval.State{"pending", "approved"}},
		{"root", "arn:aws:iam::111122223333:root", []string{"U0BO000001", "U0ADA00001"}, []approval.State{"pending", "approved"}},
		{"nobody", "", []string{"U0BO000001", "U0BO000001", "U0ADA00001"}, []approval.State{"pending", "pending", "approved"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := &history{world: newWorld(t), tally: map[string]int{}}
			h.rules(files[0])
			h.queue = append(h.queue, h.change("open", c.cause))
			h.drain()
			r := h.newest(approval.Fix)
			for i, who := range c.words {
				if h.says(who, approval.Yes, r); h.state(r) != c.want[i] {
					t.Fatalf("after the yes of %s it is %s, want %s\n%s", who, h.state(r), c.want[i], h)
				}
			}
		})
	}
}

// agree has two of the old people agree to a change of the rules file.
func (h *history) agree() {
	h.t.Helper()
	if err := h.tick(nil); err != nil {
		h.t.Fatal(err)
	}
	r := h.newest(approval.People)
	for _, who := range []string{"U0ADA00001", "U0CY000001"} {
		h.says(who, approval.Yes, r)
	}
	if h.state(r) != approval.Applied {
		h.t.Fatalf("the change of people is %s\n%s", h.state(r), h)
	}
}

// TestSomebodyLeavesBetweenTwoYeses: the yes of who is no longer listed does not count, and neither is there a later one of theirs.
func TestSomebodyLeavesBetweenTwoYeses(t *testing.T) {
	t.Parallel()
	h := &history{world: newWorld(t), tally: map[string]int{}}
	h.rules(files[0])
	h.queue = append(h.queue, h.change("open", "")) // nobody knows who: two are needed
	h.drain()
	r := h.newest(approval.Fix)
	h.says("U0BO000001", approval.Yes, r)
	h.rules(files[2]) // without bo
	h.agree()
	for _, c := range []struct {
		who  string
		want approval.State
	}{{"U0BO000001", "pending"}, {"U0ADA00001", "pending"}, {"U0CY000001", "approved"}} {
		if h.says(c.who, approval.Yes, r); h.state(r) != c.want {
			t.Errorf("after the yes of %s it is %s, want %s\n%s", c.who, h.state(r), c.want, h)
		}
	}
	h.fine()
}

const listed = `version: 1
slack: { team: T0TEAM0001 }
rules:
  - { name: all, match: { families: [storage] }, mode: approve }
people:
  - { name: ada, slack: U0ADA00001, groups: [security] }
  - { name: bo, slack: U0BO000001, groups: [security] }
  - { name: eve, slack: U0EVE00001, aws: ["arn:aws:iam::111122223333:user/eve"] }
approvals:
  - { name: all, by: ["@security"], needed: 2, within_hours: 10, escalate: "#leads" }
`

// TestTheFileAloneMakesNoApprovers: whoever can write the rules file cannot, with any edit of who decides, get a yes that the people before would not have given;
// only once two of these have agreed does the edit count.
func TestTheFileAloneMakesNoApprovers(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string][2]string{
		"a friend":                  {"approvals:", "  - { name: mal, slack: U0MAL00001, groups: [security] }\napprovals:"},
		"a friend in ada's place":   {"name: ada, slack: U0ADA00001", "name: ada, slack: U0MAL00001"},
		"a friend as bo, too":       {"bo, slack: U0BO000001", `bo, slack: U0BO000001, aws: ["arn:aws:iam::111122223333:user/mal"]`},
		"eve's identity forgotten":  {`, aws: ["arn:aws:iam::111122223333:user/eve"]`, ""},
		"a group for eve":           {"name: eve, slack: U0EVE00001", "name: eve, slack: U0EVE00001, groups: [security]"},
		"one is enough":             {"needed: 2", "needed: 1"},
		"anybody will do":           {`by: ["@security"], needed: 2, `, ""},
		"eve by name":               {`"@security"`, `"@security", eve`},
		"only for others":           {"name: all, by", "name: all, match: { severities: [low] }, by"},
		"only for what disrupts":    {"name: all, by", "name: all, disruption: [high], by"},
		"only for another account":  {"name: all, by", `name: all, match: { accounts: ["111122223333"] }, by`},
		"nobody has to be asked":    {"approvals:\n  - { name: all, by: [\"@security\"], needed: 2, within_hours: 10, escalate: \"#leads\" }\n", ""},
		"another Slack":             {"T0TEAM0001", "T0EVIL0001"},
		"a longer time":             {"within_hours: 10", "within_hours: 1000"},
		"another channel":           {"#leads", "#elsewhere"},
		"everybody else is thrown":  {"  - { name: ada, slack: U0ADA00001, groups: [security] }\n", "  - { name: mal, slack: U0MAL00001, groups: [security] }\n"},
		"a rule that says the same": {"approvals:", "approvals:\n  - { name: also, needed: 1 }"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &history{world: newWorld(t), tally: map[string]int{}}
			load := func(text string) {
				file, err := rules.Load([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				h.file = file
			}
			load(listed)
			h.queue = append(h.queue, h.change("open", eve))
			h.drain()
			edited := strings.Replace(listed, edit[0], edit[1], 1)
			if edited == listed {
				t.Fatal("nothing was edited")
			}
			load(edited)
			if err := h.tick(nil); err != nil {
				t.Fatal(err)
			}
			h.queue = append(h.queue, h.change("open-wide", eve)) // asked under the new file
			h.drain()
			var r approval.Request
			for _, each := range h.kept() {
				if each.Key.Kind == approval.Fix && each.State == approval.Pending {
					r = each
				}
			}
			change := h.newest(approval.People)
			for _, who := range []string{"U0MAL00001", "arn:aws:iam::111122223333:user/mal", "U0EVE00001", "U0ADA00001"} {
				h.says(who, approval.Yes, r)
			}
			if h.state(r) != approval.Pending {
				t.Errorf("with ada's yes alone it is %s\n%s", h.state(r), h)
			}
			for _, who := range []string{"U0MAL00001", "U0EVE00001", "U0EVE00001"} {
				h.says(who, approval.Yes, change)
			}
			if h.state(change) != approval.Pending {
				t.Errorf("the change of people is %s\n%s", h.state(change), h)
			}
			if h.says("U0BO000001", approval.Yes, r); h.state(r) != approval.Approved {
				t.Errorf("with the old people's yeses it is %s\n%s", h.state(r), h)
			}
		})
	}
}

// TestClocksDiffer: whoever applies may be an hour early or late. What the desk has ended stays ended, and what is over by either clock is not written by the
// clock that says so.
func TestClocksDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		skew  time.Duration // of whoever applies
		after time.Duration
		tick  bool
		want  string
	}{
		{"the same, in time", 0, within - time.Minute, false, "shut"}, {"the same, too late", 0, within, false, "open"},
		{"ahead: it is over there", time.Hour, within - time.Minute, false, "open"}, {"behind, and the desk has ended it", -time.Hour, within, true, "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, r := one(t, files[0])
			h.says("U0ADA00001", approval.Yes, r)
			h.now = h.now.Add(c.after)
			if c.tick {
				if err := h.tick(nil); err != nil {
					t.Fatal(err)
				}
			}
			h.skew = c.skew
			h.drain()
			if h.dial.value != c.want {
				t.Errorf("the dial is %s, want %s\n%s", h.dial.value, c.want, h)
			}
		})
	}
}

// TestTheSwitchThatWasMeantIsLifted: engaged anew while people agree to lift it, it stays engaged.
func TestTheSwitchThatWasMeantIsLifted(t *testing.T) {
	t.Parallel()
	for n := range 12 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			h, _ := one(t, files[0])
			kill := func() { h.do(deed{what: "kill"}) }
			kill()
			h.word(approval.Said{Lift: &approval.Lifting{Why: h.tag(), Identity: "U0BO000001"}}, deed{})
			r := h.newest(approval.Lift)
			m := message{word: encode(approval.Said{Answer: &approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.Yes, Identity: "U0ADA00001", Why: "word-x"}}), tag: "word-x"}
			again, before := false, false
			err := h.deliver(m, func(i int, _ string) act {
				if i == n {
					before = h.state(r) == approval.Applied
					kill()
					again = true
				}
				return pass
			})
			s, readErr := h.book.Engaged(t.Context())
			if err != nil || readErr != nil || s.Engaged != again || again && !before && h.state(r) == approval.Applied {
				t.Errorf("engaged %v, and anew %v, the request is %s; %v %v\n%s", s.Engaged, again, h.state(r), err, readErr, h)
			}
			h.fine()
		})
	}
}

// TestANoComesInTimeOrNotAtAll: a no at any request of the process that applies is heeded, or refused since it is being applied; never is it said to be
// rejected and written all the same.
func TestANoComesInTimeOrNotAtAll(t *testing.T) {
	t.Parallel()
	outcomes := map[string]int{}
	for n := range 24 {
		h, r := one(t, files[0])
		h.says("U0ADA00001", approval.Yes, r)
		order := h.queue[0]
		h.queue = h.queue[1:]
		if err := h.deliver(order, func(i int, _ string) act {
			if i == n {
				h.says("U0BO000001", approval.No, r)
			}
			return pass
		}); err != nil {
			t.Errorf("at %d: %v", n, err)
		}
		h.fine()
		outcomes[fmt.Sprint(h.state(r), " ", h.dial.value)]++
		if h.state(r) == approval.Rejected && h.dial.value != "open" {
			t.Errorf("at %d: rejected and written\n%s", n, h)
		}
	}
	if outcomes["rejected open"] == 0 || outcomes["approved shut"] == 0 {
		t.Errorf("a no came never in time, or always: %v", outcomes)
	}
}
