package interact_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

const team3 = `version: 1
slack: { team: T00000000 }
people:
  - { name: ada, slack: U0ADA00001 }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, slack: U0EVE00001, aws: ["sso:eve@example.com"] }
approvals:
  - { name: all, within_hours: 10, escalate: C0SECOND01 }
`

// flow is everything between a finding and an approval: Slack, the function that posts, the one that hears, the one that decides, and their queues.
type flow struct {
	t       *testing.T
	now     time.Time
	sink    *slacksink.Server
	sender  *notify.Sender
	decide  *handler.Decide
	hears   *interact.Handler
	account string
	orders  []approval.Request
	queues  map[string][]string // notify, pointers, words
	file    *rules.File
	told    map[string][2]string // the finding about a bucket and the pointer to it
}

func newFlow(t *testing.T) *flow {
	t.Helper()
	cloud := tabletest.New(t)
	w := &flow{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), account: cloud.Session.Account, queues: map[string][]string{}, told: map[string][2]string{}}
	clock := func() time.Time { return w.now }
	send := func(queue string) func(context.Context, string) error {
		return func(_ context.Context, body string) error {
			w.queues[queue] = append(w.queues[queue], body)
			return nil
		}
	}
	w.rules(team3)
	newest := func(context.Context) *rules.File { return w.file }
	store, approvals := cloud.Store(), cloud.Table(occurrence.ApprovalTable)
	var err error
	if w.sink, err = slacksink.Start(slacksink.Options{SigningSecret: secret, Now: clock, Deliver: w.deliver}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sink.Stop() })
	w.sender, err = notify.New(notify.Config{
		Token: w.sink.Token(), APIURL: w.sink.APIURL(), Channel: channel, Buttons: true, Sleep: func(context.Context, time.Duration) error { return nil }, Now: clock,
		Point: func(ctx context.Context, p approval.Pointer) error {
			raw, err := json.Marshal(p)
			return errors.Join(err, send("pointers")(ctx, string(raw)))
		},
		BatchAt: func(ctx context.Context, channel, ts string) (approval.Batch, bool, error) {
			return approval.BatchAt(ctx, store, approvals, channel, ts)
		},
		Latest: func(ctx context.Context, k approval.Key) (approval.Request, bool, error) {
			return approval.Get(ctx, store, approvals, k)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.decide = &handler.Decide{
		Words: "words", Accounts: func(context.Context) []string { return []string{w.account} }, Answer: notify.Answerer(send("notify")),
		DeadLetter: func(_ context.Context, body, reason string) error {
			t.Errorf("a dead letter: %s: %s", reason, body)
			return nil
		},
		Desk: &approval.Desk{
			Store: store, Table: approvals, Account: w.account, Log: audit.New(store, cloud.Table(occurrence.AuditTable), clock, "test"),
			Book: occurrence.New(store, cloud.Table(occurrence.StateTable), clock), Rules: newest, Now: clock, Tell: notify.Teller(send("notify")),
			Order: func(_ context.Context, r approval.Request) error { w.orders = append(w.orders, r); return nil },
			Control: func(id string) (core.Meta, bool) {
				return core.Meta{ID: id, Family: "storage", Service: "s3", Severity: "high", Type: awsapi.ResourceType{Name: "AWS::S3::Bucket", ARN: func(r awsapi.Resource) string { return "arn:aws:s3:::" + r.ID }}}, id == "s3-bucket-public"
			},
		},
	}
	token := &interact.Secret[slackapp.Secret]{Now: clock, Load: func(context.Context) (string, error) { return w.sink.Token(), nil }, Parse: slackapp.ParseSecret}
	n := 0
	w.hears = &interact.Handler{
		Secret: func(context.Context) (string, error) { return secret, nil }, Rules: interact.InForce(store, approvals, newest), Say: send("words"), Now: clock, Count: func(string) {}, Show: interact.Views{Secret: token, URL: w.sink.APIURL(), Client: http.DefaultClient}.Open,
		Once: interact.Once(store, cloud.Table(occurrence.StateTable), func() string { n++; return fmt.Sprint(n) }),
	}
	return w
}

// rules puts another rules file into its place. Who may decide is what the people before agree to.
func (w *flow) rules(text string) {
	w.t.Helper()
	file, err := rules.Load([]byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	w.file = file
}

// tick is the deciding function's schedule.
func (w *flow) tick() {
	w.t.Helper()
	if _, err := w.decide.Handle(w.t.Context(), json.RawMessage("{}")); err != nil {
		w.t.Fatal(err)
	}
	w.run()
}

// deliver brings Slack's requests to the function's URL.
func (w *flow) deliver(ctx context.Context, headers map[string]string, body []byte) (int, []byte, error) {
	r := interact.Request{Version: "2.0", Headers: headers, Body: string(body)}
	r.RequestContext.HTTP.Method = "POST"
	resp, err := w.hears.Handle(ctx, r)
	return resp.StatusCode, []byte(resp.Body), err
}

// run works on the queues until all are empty.
func (w *flow) run() {
	w.t.Helper()
	for range 20 {
		queues := w.queues
		w.queues = map[string][]string{}
		if len(queues) == 0 {
			return
		}
		for _, name := range []string{"pointers", "words"} {
			for _, body := range queues[name] {
				raw, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", EventSourceARN: name, Body: body}}})
				if err != nil {
					w.t.Fatal(err)
				}
				out, err := w.decide.Handle(w.t.Context(), raw)
				if err != nil || len(out.(lambdaevents.SQSEventResponse).BatchItemFailures) > 0 {
					w.t.Fatalf("%s: %v, %v", body, out, err)
				}
			}
		}
		if failed, err := w.sender.Deliver(w.t.Context(), queues["notify"]); len(failed) > 0 || err != nil {
			w.t.Fatalf("telling: %v, %v, Slack refused %v", failed, err, w.sink.Refused())
		}
	}
	w.t.Fatal("the queues are never empty")
}

// find is what the engine does about buckets that are wrong and whose plans wait for people; eve made them public.
func (w *flow) find(names ...string) {
	w.t.Helper()
	for i, name := range names {
		where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: name, Account: w.account, Region: "eu-west-1", Partition: "aws"}
		hash := fmt.Sprintf("%063d%d", len(name), i)
		occ, _, err := w.decide.Desk.Book.Open(w.t.Context(), occurrence.Occurrence{
			Control: "s3-bucket-public", Resource: where, State: occurrence.Waiting, PlanID: "p-" + name, PlanHash: hash, Decision: "approve", Person: "sso:eve@example.com",
		})
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := notify.Encode(core.Finding{
			ID: "p-" + name, Hash: hash, Occurrence: occ.ID, Control: "s3-bucket-public", Title: "Close buckets", Severity: core.High, ResourceType: "AWS::S3::Bucket", Resource: name, ARN: "arn:aws:s3:::" + name, Account: w.account,
			Region: "eu-west-1", Outcome: core.AwaitingApproval, Reason: "storage is for people", Changes: []core.ShownChange{{Call: "s3:PutPublicAccessBlock", Input: json.RawMessage(`{"Bucket":"` + name + `"}`)}},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		pointer, err := json.Marshal(approval.Pointer{Control: "s3-bucket-public", Resource: where})
		if err != nil {
			w.t.Fatal(err)
		}
		w.told[name] = [2]string{string(body), string(pointer)}
		w.queues["notify"] = append(w.queues["notify"], string(body))
		if i%2 == 0 { // the other pointers are late: people are shown the plan before it is asked about
			w.queues["pointers"] = append(w.queues["pointers"], string(pointer))
		}
	}
	w.run()
}

// press clicks a button of the nth message.
func (w *flow) press(n int, user, action string) error {
	m := w.sink.Messages()[n]
	w.now = w.now.Add(time.Second) // no two requests are the same
	err := w.sink.Press(w.t.Context(), slacksink.Click{Channel: m.Channel, TS: m.TS, Action: action, User: user})
	w.run()
	return err
}

func (w *flow) text(n int) string { return slacksink.Render(w.sink.Messages()[n]) }

func (w *flow) has(n int, wanted ...string) {
	w.t.Helper()
	text := w.text(n)
	for _, want := range wanted {
		no, without := strings.CutPrefix(want, "!")
		if strings.Contains(text, no) == without {
			w.t.Errorf("message %d: want %q in\n%s", n, want, text)
		}
	}
}

// recorded is how the audit log ends.
func (w *flow) recorded(last int) string {
	w.t.Helper()
	all, err := w.decide.Desk.Log.List(w.t.Context(), w.account, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Outcome+" "+e.Actor)
	}
	return strings.Join(out[max(0, len(out)-last):], ", ")
}

func TestApprovingInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	w.has(0, "Waits for approval: s3-bucket-public on photos", "*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC", "*May decide* ada, bo (eve caused it)", "s3:PutPublicAccessBlock", "[ Approve ]  [ Reject ]  [ Exempt ]")
	for _, c := range []struct{ who, status, why string }{{"U0EVE00001", "", "eve caused the finding"}, {"U0MAL00001", "403", "you are nobody of the list people"}} {
		err := w.press(0, c.who, "approve")
		if (err == nil) != (c.status == "") || err != nil && !strings.Contains(err.Error(), c.status) {
			t.Errorf("%s: %v", c.who, err)
		}
		all := w.sink.Messages()
		if last := all[len(all)-1]; last.Only != c.who || !strings.Contains(last.Text, c.why) {
			t.Errorf("%s is told %+v", c.who, last)
		}
		w.has(0, "[ Approve ]", "Waits for approval")
	}
	if got := w.recorded(2); got != "refused eve, refused unknown" || len(w.orders) != 0 {
		t.Errorf("recorded %s, %d orders", got, len(w.orders))
	}
	if err := w.press(0, "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 {
		t.Fatal(err, w.orders)
	}
	w.has(0, "Approved: s3-bucket-public on photos", "*Approved* by `ada` at 2026-11-22 12:00:03 UTC (slack)", "s3:PutPublicAccessBlock", "![ Approve ]", "!Waits")
	all := w.sink.Messages()
	if last := all[len(all)-1]; last.Thread != all[0].TS || !strings.Contains(last.Text, "*Approved* by `ada`") {
		t.Errorf("in the thread stands %+v", last)
	}
	if got := w.recorded(1); got != "planned ada" {
		t.Errorf("recorded %s", got)
	}
}

func TestRejectingAndExemptingInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("press", "images")
	plans := slices.IndexFunc(w.sink.Messages(), func(m slacksink.Message) bool { return m.Thread != "" })
	if err := w.press(plans, "U0ADA00001", "reject"); err != nil {
		t.Fatal(err, w.sink.Refused())
	}
	submit := func(values map[string]string) {
		t.Helper()
		views := w.sink.Views()
		if wrong, err := w.sink.Submit(t.Context(), views[len(views)-1], values); err != nil || len(wrong) > 0 {
			t.Fatal(wrong, err)
		}
		w.run()
	}
	submit(map[string]string{"reason": "press photos are public"})
	w.has(plans, "Rejected: s3-bucket-public on press", "by ada: press photos are public", "![ Approve ]")
	if err := w.press(plans+1, "U0BO000001", "exempt"); err != nil {
		t.Fatal(err)
	}
	submit(map[string]string{"reason": "a CDN will come", "owner": "web", "until": "2027-01-15"})
	all := w.sink.Messages()
	last := len(all) - 1
	w.has(last, "Waits for approval: Exempt images from s3-bucket-public", "*Reason* a CDN will come", "*Until* and including 2027-01-14", "*Asked by*  `bo`", "![ Exempt ]", "*Waits* for 1 of 1")
	if err := w.press(last, "U0BO000001", "approve"); err != nil {
		t.Fatal(err)
	}
	w.has(last, "[ Approve ]") // not by whoever asked
	if err := w.press(last, "U0ADA00001", "approve"); err != nil {
		t.Fatal(err)
	}
	w.has(last, "Applied: Exempt images from s3-bucket-public", "![ Approve ]", "!Waits")
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "images", Account: w.account, Region: "eu-west-1", Partition: "aws"}
	if e, ok, err := approval.Exempted(t.Context(), w.decide.Desk.Store, w.decide.Desk.Table, "s3-bucket-public", where, w.now); !ok || err != nil || e.Approver != "ada" || e.Owner != "web" {
		t.Errorf("exempted %v: %+v, %v", ok, e, err)
	}
	if len(w.orders) != 0 {
		t.Errorf("%d orders", len(w.orders))
	}
}

// Bo wants a fix to be taken back, and ada agrees. Eve, who caused what was fixed, cannot.
func TestTakingBackInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: w.account, Region: "eu-west-1", Partition: "aws"}
	plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: where, Before: "a", After: "b",
		Changes: []core.Change{{Do: awsapi.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"photos"}`)}, Why: "take back: close it"}}}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := plan.Hash()
	if err != nil {
		t.Fatal(err)
	}
	w.decide.Desk.Undoable = func(_ context.Context, _ string, seq int64) (approval.Undoable, error) {
		if seq != 17 && seq != 18 {
			return approval.Undoable{}, &approval.Refusal{Code: "unknown", Why: "there is no such record"}
		}
		return approval.Undoable{Intent: 17, Plan: raw, Hash: hash, Control: plan.Control, Where: where, ARN: "arn:aws:s3:::photos", Fix: "p-photos", Fixed: w.now, Approver: "ada", Cause: "sso:eve@example.com"}, nil
	}
	fixed, err := notify.Encode(core.Finding{
		ID: "p-photos", Hash: strings.Repeat("0a", 32), Control: "s3-bucket-public", Title: "Close buckets", Severity: core.High, ResourceType: where.Type, Resource: where.ID, ARN: "arn:aws:s3:::photos", Account: w.account,
		Region: where.Region, Outcome: core.Fixed, Record: core.Record{Chain: w.account, Seq: 18, Hash: strings.Repeat("0b", 32)},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.queues["notify"] = append(w.queues["notify"], string(fixed))
	w.run()
	w.has(0, "Fixed: s3-bucket-public on photos", "[ Ask to take it back ]", "![ Approve ]")
	if err := w.press(0, "U0BO000001", "undo"); err != nil {
		t.Fatal(err, w.sink.Refused())
	}
	views := w.sink.Views()
	if wrong, err := w.sink.Submit(t.Context(), views[len(views)-1], map[string]string{"reason": "the site is down"}); err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
	w.run()
	w.has(1, "Waits for approval: Take back the fix of s3-bucket-public on photos", "*Reason* the site is down", "s3:PutBucketPolicy", "*Takes back* plan `p-photos`", "*Asked by*  `bo`", "*Severity*  `high`", "![ Exempt ]")
	for _, who := range []string{"U0BO000001", "U0EVE00001"} {
		if err := w.press(1, who, "approve"); err != nil {
			t.Fatal(err)
		}
		w.has(1, "[ Approve ]")
	}
	if err := w.press(1, "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 || w.orders[0].Key != (approval.Key{Account: w.account, Kind: approval.Undo, ID: "17", Hash: hash}) {
		t.Fatal(err, w.orders)
	}
	w.has(1, "Approved: Take back the fix of", "s3:PutBucketPolicy", "![ Approve ]", "!Waits")
	if got := w.recorded(4); got != "awaiting_approval bo, refused bo, refused eve, planned ada" {
		t.Errorf("recorded %s", got)
	}
}

func TestApprovingAllInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("one", "two", "three")
	w.has(0, "3 plans wait for approval", "[ Approve all 3 ]")
	if err := w.press(0, "U0ADA00001", "approve_all"); err != nil || len(w.orders) != 3 {
		t.Fatal(err, len(w.orders))
	}
	w.has(0, "All 3 plans are decided", "*Decided* 3 of 3: 3 approved", "*Approve all* by `ada`: 3 approved", "![ Approve all 3 ]", "• *Approved* high `s3-bucket-public` on `two`", "!Waits for approval")
	for n := 1; n <= 3; n++ {
		w.has(n, "Approved: s3-bucket-public on", "![ Approve ]")
	}
	if got := w.recorded(3); got != "planned ada, planned ada, planned ada" {
		t.Errorf("recorded %s", got)
	}
}

func TestReminderAndExpiryInSlack(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	tick := func(after time.Duration) {
		t.Helper()
		w.now = w.now.Add(after)
		if _, err := w.decide.Handle(t.Context(), json.RawMessage(`{"source":"aws.events","detail-type":"Scheduled Event"}`)); err != nil {
			t.Fatal(err)
		}
		w.run()
	}
	tick(5 * time.Hour)
	all := w.sink.Messages()
	if len(all) != 3 || !all[1].Broadcast || all[2].Channel != "C0SECOND01" {
		t.Fatalf("at half time: %+v", all)
	}
	w.has(0, "Waits for approval: s3-bucket-public on photos")
	w.has(2, "Escalated, high still waits: s3-bucket-public on photos", "*Half of the time is over*", "*May decide* ada, bo (eve caused it)", "[ Approve ]", "s3:PutPublicAccessBlock")
	tick(5 * time.Hour)
	w.has(0, "Approval expired: s3-bucket-public on photos", "nobody decided in time", "![ Approve ]", "[ Ask again ]")
	w.has(2, "Approval expired (was escalated): s3-bucket-public on photos", "nobody decided in time", "![ Approve ]", "[ Ask again ]")
}

// A click that is Slack's, of somebody who may decide, and whose button names something else than what waits: the deciding function refuses it, on the record,
// and whoever clicked hears why.
func TestValuesOfOtherPlansDecideNothing(t *testing.T) {
	t.Parallel()
	w := newFlow(t)
	w.find("photos")
	all := w.sink.Messages()
	good, err := approval.List(t.Context(), w.decide.Desk.Store, w.decide.Desk.Table, w.account, approval.Fix, "")
	if err != nil || len(good) != 1 {
		t.Fatal(good, err)
	}
	for name, change := range map[string]func(*approval.Key, *int64){
		"another hash":       func(k *approval.Key, _ *int64) { k.Hash = strings.Repeat("f", 64) },
		"another occurrence": func(k *approval.Key, _ *int64) { k.ID = "01KB0000000000000000000009" },
		"another account":    func(k *approval.Key, _ *int64) { k.Account = "444455556666" },
		"another kind":       func(k *approval.Key, _ *int64) { k.Kind = approval.Undo },
		"the kill switch":    func(k *approval.Key, _ *int64) { k.Kind, k.ID = approval.Lift, "2026-11-22T10:00:00Z" },
		"the people":         func(k *approval.Key, _ *int64) { k.Kind, k.ID = approval.People, "people" },
		"a later round":      func(_ *approval.Key, round *int64) { *round = 2 },
	} {
		k, round := good[0].Key, int64(1)
		change(&k, &round)
		p := at(t, at(t, click("approve", slackapp.Value(k, round)), "team.id", "T00000000"), "user.team_id", "T00000000")
		w.now = w.now.Add(time.Second)
		headers, body, err := w.sink.Interaction(p, w.now)
		if err != nil {
			t.Fatal(err)
		}
		before := len(w.sink.Messages())
		if status, _, err := w.deliver(t.Context(), headers, body); status != 200 || err != nil {
			t.Errorf("%s: answered %d, %v", name, status, err)
		}
		w.run()
		fresh := w.sink.Messages()[before:]
		if len(fresh) != 1 || fresh[0].Only != ada || !strings.HasPrefix(fresh[0].Text, "Nothing was changed: ") {
			t.Errorf("%s: told %+v", name, fresh)
		}
		if got := w.recorded(1); got != "refused unknown" && got != "refused ada" {
			t.Errorf("%s: recorded %s", name, got)
		}
	}
	r, _, err := approval.Get(t.Context(), w.decide.Desk.Store, w.decide.Desk.Table, good[0].Key)
	if err != nil || r.State != approval.Pending || len(r.Votes) != 0 || len(w.orders) != 0 || len(all) != 1 {
		t.Errorf("%+v, %d orders, %v", r, len(w.orders), err)
	}
}
