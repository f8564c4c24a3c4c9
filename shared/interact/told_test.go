package interact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// The message that shows several plans says what becomes of each, whoever decides about them, one by one.
func TestABatchFollowsItsPlans(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("one", "two", "three")
	w.has(0, "3 plans wait for approval", "[ Approve all 3 ]")
	of := map[string]int{}
	for n, m := range w.sink.Messages() {
		for _, name := range []string{"one", "two", "three"} {
			if m.Thread != "" && strings.HasSuffix(m.Text, "on "+name) || strings.Contains(m.Text, "on "+name+".") && m.Thread != "" {
				of[name] = n
			}
		}
	}
	if err := w.press(of["two"], "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 || w.orders[0].Where.ID != "two" {
		t.Fatal(of, err, w.orders)
	}
	w.has(0, "2 of 3 plans wait for approval", "*Decided* 1 of 3:", "1 approved", "• *Approved* high `s3-bucket-public` on `two`", "• *Waits for approval* high `s3-bucket-public` on `one`", "[ Approve all 3 ]")
	w.now = w.now.Add(11 * time.Hour)
	w.tick()
	w.has(0, "All 3 plans are decided", "*Decided* 3 of 3:", "3 expired", "• *Approval expired* high `s3-bucket-public` on `one`", "!Waits for approval", "!*Decide* about", "![ Approve all 3 ]")
	if got := w.sink.Refused(); len(got) != 0 {
		t.Errorf("Slack refused %v", got)
	}
}

// A plan that takes the place of another says so, and what is otherwise; the other one's message names it.
func TestReplacedInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: w.account, Region: "eu-west-1", Partition: "aws"}
	book := w.decide.Desk.Book
	var first string
	for i, who := range []string{"everyone", "a stranger"} {
		plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: where, Before: who, After: "b", Violations: []core.Violation{{Rule: "public", Where: "policy statement 1", Reason: who + " may read"}},
			Changes: []core.Change{{Do: awsapi.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"photos"}`)}, Why: "close it"}}}
		raw, err := plan.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		hash, err := plan.Hash()
		if err != nil {
			t.Fatal(err)
		}
		occ, _, err := book.Get(t.Context(), "s3-bucket-public", where)
		if err != nil {
			t.Fatal(err)
		}
		step, err := book.Replan(occ, occurrence.Waiting, fmt.Sprint("p-", i), hash, "approve", raw)
		if err == nil {
			_, err = book.Do(t.Context(), step)
		}
		if err != nil {
			t.Fatal(err)
		}
		var f core.Finding
		if err := json.Unmarshal([]byte(w.told["photos"][0]), &f); err != nil {
			t.Fatal(err)
		}
		f.ID, f.Hash = fmt.Sprint("p-", i), hash
		body, err := notify.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		w.queues["notify"], w.queues["pointers"] = []string{string(body)}, []string{w.told["photos"][1]}
		w.run()
		if i == 0 {
			first = core.ShortHash(hash)
			continue
		}
		live := w.live()
		if len(live) != 1 {
			t.Fatalf("live are %v", live)
		}
		w.has(live[0], "*Replaces* plan `"+first+"`: the resource changed", "- wrong: policy statement 1: everyone may read", "+ wrong: policy statement 1: a stranger may read", "Waits for approval")
		for n, m := range w.sink.Messages() {
			if m.Thread == "" && n != live[0] && strings.Contains(string(m.Blocks), "hash `"+first+"`") {
				w.has(n, "Superseded: s3-bucket-public on photos", "the resource changed", "; plan `"+core.ShortHash(hash)+"` took its place and has a message of its own; nothing was changed by this", "![ Approve ]", "!(p-1")
			}
		}
	}
}

// Whoever engages the kill switch at a terminal has no way to people: the schedule tells them, once each time.
func TestTheKillSwitchIsToldInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	book := w.decide.Desk.Book
	w.find("photos")
	if err := w.press(0, "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 {
		t.Fatal(err)
	}
	told := func(want ...string) {
		t.Helper()
		before := len(w.sink.Messages())
		w.tick()
		w.tick()
		if n := len(w.sink.Messages()) - before; n != min(1, len(want)) {
			t.Fatalf("%d messages for %q", n, want)
		}
		if len(want) > 0 {
			w.has(before, want...)
		}
	}
	w.decide.Desk.Accounts = w.decide.Accounts
	told()
	if err := book.Engage(t.Context(), "arn:aws:iam::111122223333:user/ops", "a storm"); err != nil {
		t.Fatal(err)
	}
	told("The kill switch is engaged", "user/ops` at 2026-11-22 12:00:01 UTC: a storm", "Approved plans that wait for it: 1.", "shoreup resume")
	w.now = w.now.Add(time.Minute)
	if err := book.Lift(t.Context(), "ada", "agreed"); err != nil {
		t.Fatal(err)
	}
	told("The kill switch is lifted", "*Lifted* by `ada`")
	w.now = w.now.Add(30 * time.Hour)
	if err := book.Lift(t.Context(), "ada", "agreed"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(25 * time.Hour) // long ago, and of no interest
	if n, is, err := w.decide.Desk.SwitchNews(t.Context()); is || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
}

// live are the messages in which people can decide.
func (w *flow) live() []int {
	var out []int
	for n, m := range w.sink.Messages() {
		if strings.Contains(string(m.Blocks), `"action_id":"approve"`) {
			out = append(out, n)
		}
	}
	return out
}

// What is asked again is asked in one message: the one before says so and has no buttons, and the finding has no other one.
func TestAskedAgainIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: w.account, Region: "eu-west-1", Partition: "aws"}
	decided := func(mode string) {
		t.Helper()
		book := w.decide.Desk.Book
		occ, found, err := book.Get(t.Context(), "s3-bucket-public", where)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		step, err := book.Replan(occ, occurrence.Waiting, occ.PlanID, occ.PlanHash, mode, occ.Plan)
		if err == nil {
			_, err = book.Do(t.Context(), step)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	decided("report")
	w.tick()
	w.has(0, "Stale: s3-bucket-public on photos", "![ Approve ]")
	decided("approve")
	w.queues["notify"], w.queues["pointers"] = []string{w.told["photos"][0]}, []string{w.told["photos"][1]}
	w.run()
	all := w.sink.Messages()
	if got := w.live(); len(got) != 1 || got[0] != len(all)-1 {
		t.Fatalf("live are %v of %d messages", got, len(all))
	}
	w.has(0, "Asked again: s3-bucket-public on photos", "nothing can be decided here", "s3:PutPublicAccessBlock", "![ Approve ]", "!Waits")
	w.has(len(all)-1, "Waits for approval: s3-bucket-public on photos", "s3:PutPublicAccessBlock")
	w.queues["notify"] = []string{w.told["photos"][0]} // the same once more
	w.run()
	if n := len(w.sink.Messages()); n != len(all) {
		t.Errorf("%d messages, want %d", n, len(all))
	}
	if err := w.press(len(all)-1, "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 || w.orders[0].Round != 2 {
		t.Errorf("%v, %+v", err, w.orders)
	}
}

// Ada rejects by mistake; bo asks again with a reason, and so cannot decide; ada can.
func TestAskingAgainInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	fill := func(reason string) {
		t.Helper()
		views := w.sink.Views()
		if wrong, err := w.sink.Submit(t.Context(), views[len(views)-1], map[string]string{"reason": reason}); err != nil || len(wrong) > 0 {
			t.Fatal(wrong, err, w.sink.Refused())
		}
		w.run()
	}
	if err := w.press(0, "U0ADA00001", "reject"); err != nil {
		t.Fatal(err)
	}
	fill("the wrong row")
	w.has(0, "Rejected: s3-bucket-public on photos", "[ Ask again ]", "![ Approve ]", "shoreup ask 000000000000 --reason TEXT")
	if err := w.press(0, "U0BO000001", "ask_again"); err != nil {
		t.Fatal(err, w.sink.Refused())
	}
	fill("that was a slip")
	live := w.live()
	if len(live) != 1 || live[0] == 0 {
		t.Fatalf("live are %v", live)
	}
	w.has(0, "Asked again: s3-bucket-public on photos", "![ Ask again ]", "![ Approve ]", "s3:PutPublicAccessBlock")
	w.has(live[0], "Waits for approval: s3-bucket-public on photos", "*Asked again* by `bo`: that was a slip; before that: rejected by ada: the wrong row", "*May decide* ada (bo asked for it, eve caused it)", "s3:PutPublicAccessBlock", "[ Approve ]  [ Reject ]  [ Exempt ]")
	if err := w.press(live[0], "U0BO000001", "approve"); err != nil || len(w.orders) != 0 {
		t.Errorf("bo decides about what bo asked: %v, %v", err, w.orders)
	}
	if err := w.press(live[0], "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 || w.orders[0].Round != 2 {
		t.Errorf("%v, %+v", err, w.orders)
	}
	if got := w.sink.Refused(); len(got) != 0 {
		t.Errorf("Slack refused %v", got)
	}
}
