package approvals

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// TestMain keeps the histories few; SHOREUP_APPROVALS is another number of them.
func TestMain(m *testing.M) {
	checks := "250"
	if s := os.Getenv("SHOREUP_APPROVALS"); s != "" {
		checks = s
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what is refused by the thousand
	emulatortest.Main(m)
}

// TestAnyHistory lets anything happen in any order, and holds what is on record and in the tables against the model after each step. In the end, without
// faults, people are asked and what they agree on is done. Waiting takes no time here.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	tally := map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(rt *rapid.T) { // rapid would ask a *testing.T for its deadline, which has none here
			h := &history{world: newWorld(t), tally: tally}
			h.rules(config{mode: "approve", people: files[0].people, needed: 1})
			if rapid.Bool().Draw(rt, "begins with a fix") { // or few histories would come to anything that can be taken back
				h.told = append(h.told, "opened by eve, and shut with the yes of ada")
				h.queue = append(h.queue, h.change("open", causes[0]))
				h.drain()
				h.says("U0ADA00001", approval.Yes, h.newest(approval.Fix))
				h.drain()
			}
			for range rapid.IntRange(8, 40).Draw(rt, "steps") {
				d := draw(rt, true)
				h.told = append(h.told, d.String())
				h.do(d)
				if found := h.model.check(); len(found) > 0 {
					rt.Fatalf("%s\n%s", h, strings.Join(found, "\n"))
				}
			}
			if found := h.end(); len(found) > 0 {
				rt.Fatalf("%s\n%s", h, strings.Join(found, "\n"))
			}
		})
	})
	t.Logf("what happened: %v", tally)
}

type history struct {
	*world
	past  []message
	told  []string
	words int
	tally map[string]int
	stuck string // why what was rejected or has expired cannot be asked again, in the end
}

// deed is a step, drawn in full before it is done, with what else happens in the middle of it.
type deed struct {
	what      string
	a, b, c   int
	trouble   act
	at, times int
	meanwhile *deed
}

func (d deed) String() string {
	s := fmt.Sprintf("%s %d %d %d", d.what, d.a, d.b, d.c)
	if d.trouble != pass {
		s += fmt.Sprintf(", %s at %d", d.trouble, d.at)
	}
	if d.meanwhile != nil {
		s += fmt.Sprintf(", at %d meanwhile: %s", d.at, d.meanwhile)
	}
	return s
}

var (
	deeds = []string{"flow", "flow", "flow", "flow", "deliver", "again", "change", "sweep", "say", "say", "say", "say", "tick", "clock", "rules", "version", "kill", "lift", "exempt", "undo", "take back", "take back", "ask", "ask", "click"}
	// Time stands still in the middle, and so does the rules file, of which each process has read a copy before it begins.
	meanwhiles = []string{"say", "say", "say", "say", "kill", "lift", "exempt", "undo", "change", "flow", "again", "tick", "version", "ask"}

	files = []config{
		{"approve", []string{"ada", "bo", "cy", "eve"}, 1}, {"approve", []string{"ada", "bo", "cy", "eve"}, 2}, {"approve", []string{"ada", "cy", "eve"}, 1},
		{"report", []string{"ada", "bo", "cy", "eve"}, 1}, {"approve", []string{"ada", "bo", "cy", "eve", "mal"}, 1}, {"auto", []string{"ada", "bo", "cy", "eve"}, 1},
	}
	values = []string{"open", "open", "open-wide", "shut"}
	causes = []string{
		"arn:aws:iam::111122223333:user/eve", "arn:aws:iam::111122223333:user/eve", "arn:aws:sts::111122223333:assumed-role/admin/ada", "source:cy", "source:nobody",
		"arn:aws:iam::111122223333:user/bo",
	}
	voices = []string{
		"U0ADA00001", "U0ADA00001", "U0BO000001", "U0BO000001", "U0CY000001", "source:cy", "U0EVE00001", "U0MAL00001", "U0STRANGER", "arn:aws:iam::111122223333:user/ada", "ada", "",
	}
	spans = []time.Duration{time.Second, 10 * time.Minute, longTime, 6 * time.Hour, 11 * time.Hour}
)

func draw(rt *rapid.T, outer bool) deed {
	n := func(name string) int { return rapid.IntRange(0, 999).Draw(rt, name) }
	which := deeds
	if !outer {
		which = meanwhiles
	}
	d := deed{what: rapid.SampledFrom(which).Draw(rt, "deed"), a: n("a"), b: n("b"), c: n("c")}
	switch rapid.SampledFrom([]string{"", "", "fault", "death", "meanwhile", "meanwhile"}).Draw(rt, "trouble") {
	case "fault":
		d.trouble = rapid.SampledFrom([]act{lost, answerLost, answerLost, throttled, broken}).Draw(rt, "fault")
		d.times = rapid.SampledFrom([]int{1, 5}).Draw(rt, "times") // five in a row are more than the SDK tries
	case "death":
		d.trouble, d.times = die, 1
	case "meanwhile":
		if outer {
			other := draw(rt, false)
			d.meanwhile = &other
		}
	}
	d.at = rapid.IntRange(0, 18).Draw(rt, "at")
	return d
}

// script is what becomes of the requests of a deed.
func (h *history) script(d deed) func(int, string) act {
	return func(n int, _ string) act {
		switch {
		case d.meanwhile != nil && n == d.at:
			h.tally["meanwhile"]++
			h.do(*d.meanwhile)
		case d.trouble != pass && n >= d.at && n < d.at+d.times:
			h.tally[string(d.trouble)]++
			return d.trouble
		}
		return pass
	}
}

func (h *history) do(d deed) {
	h.tally[d.what]++
	switch d.what {
	case "flow": // the oldest message, with nothing in the way, or else something wrong
		if len(h.queue) == 0 {
			h.queue = append(h.queue, h.change(values[d.a%len(values)], causes[d.b%len(causes)]))
		}
		h.take(0, d)
	case "deliver":
		if len(h.queue) > 0 {
			h.take(d.a%len(h.queue), d)
		}
	case "again":
		if len(h.past) > 0 {
			h.give(h.past[d.a%len(h.past)], d)
		}
	case "change":
		h.queue = append(h.queue, h.change(values[d.a%len(values)], causes[d.b%len(causes)]))
	case "sweep":
		h.give(h.sweep(), d)
	case "say":
		h.say(d)
	case "tick":
		_ = h.tick(h.script(d)) // what failed is for the next one
	case "clock":
		h.now = h.now.Add(spans[d.a%len(spans)])
	case "rules":
		h.rules(files[d.a%len(files)])
	case "version":
		h.version++
	case "kill":
		h.now = h.now.Add(time.Millisecond) // each time is another
		h.aside(func() error { return h.book.Engage(h.t.Context(), "test", "drill") })
		at := h.now.Format(time.RFC3339Nano)
		h.model.note(func() { h.model.kill, h.model.engaged = true, at })
	case "lift":
		h.word(approval.Said{Lift: &approval.Lifting{Why: h.tag(), Identity: voices[d.b%len(voices)]}}, d)
	case "exempt":
		h.askExempt(d)
	case "undo":
		h.askUndo(d)
	case "take back":
		h.takeBack(d)
	case "ask":
		h.ask(d)
	case "click":
		h.queue = append(h.queue, h.click())
	}
}

func (h *history) take(i int, d deed) {
	m := h.queue[i]
	h.queue = append(h.queue[:i:i], h.queue[i+1:]...)
	h.give(m, d)
}

func (h *history) give(m message, d deed) {
	err := h.deliver(m, h.script(d))
	n := h.model.given[m.tag]
	if err != nil {
		h.queue = append(h.queue, m)
		n[1]++
	} else {
		h.past = append(h.past, m)
		n[0]++
	}
	if m.tag != "" {
		h.model.given[m.tag] = n
	}
}

func (h *history) tag() string {
	h.words++
	return fmt.Sprintf("word-%d", h.words)
}

// requests are those that are kept, the newest last.
func (h *history) kept() []approval.Request {
	var out []approval.Request
	h.aside(func() (err error) {
		out, err = approval.List(h.t.Context(), h.store, "shoreup-approvals", h.account, "", "")
		return err
	})
	return out
}

// say is a person's word: mostly about what was asked, sometimes about something that was not.
func (h *history) say(d deed) {
	kept := h.kept()
	if len(kept) == 0 {
		return
	}
	r := kept[d.a%len(kept)]
	for _, each := range kept { // mostly about what can be decided
		if d.a%3 > 0 && (each.State == approval.Pending || d.a%7 == 1 && each.State == approval.Approved) {
			r = each
		}
	}
	a := approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.Yes, Identity: voices[d.b%len(voices)], Via: "slack", Why: h.tag()}
	switch d.c % 20 {
	case 0, 1:
		a.Verdict = approval.No
	case 2:
		a.Verdict = "Approve"
	case 3:
		a.Key.Hash = strings.Repeat("0", 64)
	case 4:
		a.Round--
	case 5:
		a.Key.ID = kept[d.b%len(kept)].Key.ID
	}
	h.word(approval.Said{Answer: &a}, d)
}

func (h *history) askExempt(d deed) {
	kept := h.kept()
	if len(kept) == 0 {
		return
	}
	r := kept[d.a%len(kept)]
	who := voices[d.b%len(voices)]
	x := approval.Exemption{Owner: "web", Reason: fmt.Sprint("reason ", d.c), Until: h.now.Add(time.Duration(1+d.c%40) * 5 * time.Hour)}
	if name := files[4].person(who); name != "" {
		h.model.until[r.Key.ID+name] = x.Until
	}
	h.word(approval.Said{Exempt: &approval.Exempting{Key: r.Key, Exemption: x, Identity: who}}, d)
}

// ask asks once more: mostly about what was rejected or has expired, sometimes about something that waits, is done, or never was.
func (h *history) ask(d deed) {
	kept := h.kept()
	if len(kept) == 0 {
		return
	}
	r := kept[d.a%len(kept)]
	for _, each := range kept {
		if d.a%4 > 0 && (each.State == approval.Rejected || each.State == approval.Expired) {
			r = each
		}
	}
	a := approval.Againing{Key: r.Key, Round: r.Round, Why: "once more", Identity: voices[d.b%len(voices)]}
	switch d.c % 12 {
	case 0:
		a.Key.Hash = strings.Repeat("0", 64)
	case 1:
		a.Round--
	case 2:
		a.Key.ID = kept[d.b%len(kept)].Key.ID
	}
	h.word(approval.Said{Again: &a}, d)
}

// askAll asks once more about what was rejected or has expired, as anybody for whom it is asked.
func (h *history) askAll() {
	h.stuck = ""
	for _, r := range h.kept() {
		if r.Key.Kind != approval.Fix || r.State != approval.Rejected && r.State != approval.Expired {
			continue
		}
		for _, who := range []string{"U0EVE00001", "U0ADA00001", "U0BO000001", "U0CY000001", "U0MAL00001"} {
			if h.state(r) == r.State {
				h.word(approval.Said{Again: &approval.Againing{Key: r.Key, Round: r.Round, Why: "the end", Identity: who}}, deed{})
			}
		}
		if now := h.state(r); now == r.State {
			h.stuck = h.lastCode()
		}
	}
}

// lastCode is why the last word was refused.
func (h *history) lastCode() string {
	var d entry
	h.aside(func() error {
		all, err := h.log.List(h.t.Context(), h.account, h.model.length()-1, 0)
		if err == nil && len(all) == 1 {
			err = json.Unmarshal(all[0].Detail, &d)
		}
		return err
	})
	return d.Code
}

// askUndo asks about a record: mostly about the last fix that changed something.
func (h *history) askUndo(d deed) {
	h.model.replay()
	all := h.model.records
	if len(all) == 0 {
		return
	}
	seq := all[d.a%len(all)]
	for _, each := range all {
		if _, changed := h.model.was[h.model.fixOf[fmt.Sprint(each)].plan]; changed && d.a%4 > 0 {
			seq = each
		}
	}
	h.word(approval.Said{Undo: &approval.Undoing{Account: h.account, Seq: seq, Why: h.tag(), Identity: voices[d.b%len(voices)]}}, d)
}

// takeBack has the last fix asked about and agreed to, with nothing in the way, and then carried out with whatever is.
func (h *history) takeBack(d deed) {
	h.askUndo(deed{a: 1, b: 2}) // by bo
	for _, r := range h.kept() {
		for _, who := range []string{"U0ADA00001", "U0CY000001"} {
			if r.Key.Kind == approval.Undo && r.State == approval.Pending {
				h.word(approval.Said{Answer: &approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.Yes, Identity: who, Via: "slack", Why: h.tag()}}, deed{})
			}
		}
	}
	for i, m := range h.queue {
		if m.order != nil && m.order.Undo > 0 {
			h.take(i, d)
			if d.c%2 == 0 { // shut by hand, exactly as the fix had left it, and the order comes once more
				h.dial.value = "shut"
				h.give(m, deed{})
			}
			return
		}
	}
}

func (h *history) word(s approval.Said, d deed) {
	m := message{word: encode(s)}
	if s.Answer != nil {
		m.tag = s.Answer.Why
	}
	h.give(m, d)
}

func (h *history) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "history:\n  %s\nrecords:\n", strings.Join(h.told, "\n  "))
	h.aside(func() error {
		all, err := h.log.List(h.t.Context(), h.account, 0, 0)
		for _, e := range all {
			var d entry
			err = errors.Join(err, json.Unmarshal(e.Detail, &d))
			fmt.Fprintf(&b, "  %d %s %s %s by %s; %s %s %.6s round %d %s, %s%s%s\n", e.Seq, e.Time.Format("02 15:04:05"), e.Kind, e.Outcome, e.Actor,
				d.Request.Key.Kind, e.Occurrence, d.Request.Key.Hash+d.Hash, d.Request.Round, d.Request.State, d.News, d.Code, d.Cause.Person)
		}
		return err
	})
	return b.String()
}

// end lets the faults stop and everything come to its end: whatever is still open is asked about, agreed to and shut.
func (h *history) end() []string {
	h.told = append(h.told, "the end")
	h.rules(config{"approve", h.model.force0().people, h.model.force0().needed})
	h.aside(func() error { return h.book.Lift(h.t.Context(), "test", "over") })
	h.model.note(func() { h.model.kill = false })
	h.now = h.now.Add(25 * time.Hour) // what is counted by day begins anew
	none := deed{}
	for range 6 {
		for range 8 {
			h.now = h.now.Add(longTime)
			for range len(h.queue) {
				h.take(0, none)
			}
		}
		h.give(h.sweep(), none)
		if err := h.tick(nil); err != nil {
			h.problem("the schedule fails without faults: %v", err)
		}
		h.askAll()
		for _, r := range h.kept() {
			for _, who := range []string{"U0ADA00001", "U0BO000001", "U0CY000001", "U0EVE00001", "U0MAL00001"} {
				if r.Open() && r.Key.Kind == approval.Undo { // or it would be opened again for ever
					h.word(approval.Said{Answer: &approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.No, Identity: who, Via: "cli", Why: h.tag()}}, none)
				}
				if r.State == approval.Pending && r.Key.Kind == approval.Fix {
					h.word(approval.Said{Answer: &approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.Yes, Identity: who, Via: "cli", Why: h.tag()}}, none)
				}
			}
		}
		h.model.check0()
	}
	h.settled()
	h.verify()
	h.tally["taken back"] += len(h.model.undos)
	h.tally["asked again"] += h.model.again
	return h.model.check()
}

// settled: nothing is open any more but what is exempt, or what nobody is left to decide.
func (h *history) settled() {
	lately := h.model.exempt.Add(12 * time.Hour) // what was exempt until then may still be on its way
	if !strings.HasPrefix(h.dial.value, "open") || h.now.Before(lately) {
		return
	}
	for _, r := range h.kept() {
		if r.Key.Kind == approval.Fix && (r.State == approval.Rejected || r.State == approval.Expired) && h.stuck == "four-eyes" {
			h.tally["stays open"]++
			return
		}
	}
	h.problem("it is %s in the end", h.dial.value)
}

// verify reads the chain with the verifier, which shares no code with who wrote it.
func (h *history) verify() {
	h.aside(func() error {
		var lines bytes.Buffer
		if err := h.log.Export(h.t.Context(), &lines, h.account, 0); err != nil {
			return nil // no chain yet
		}
		report, err := verify.Read(&lines, verify.Options{Chain: h.account})
		if err == nil && !report.OK() {
			h.problem("the chain does not verify: %+v", report.Findings)
		}
		return err
	})
}
