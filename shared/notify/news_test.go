package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/occurrence"
)

var asksAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// requestOf is the request about the sample that people can answer.
func requestOf(change ...func(*approval.Request)) approval.Request {
	f := asking()
	r := approval.Request{
		Key: *asked(f), Round: 1, Plan: f.ID, Control: f.Control, ARN: f.ARN, Where: awsapi.Resource{Type: f.ResourceType, ID: f.Resource, Account: f.Account, Region: f.Region},
		Cause: "sso:eve", Needed: 1, By: []string{"ada", "bo"}, Escalate: []string{"C0SECOND01"}, Asked: asksAt, Expires: asksAt.Add(10 * time.Hour), State: approval.Pending,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func voted(r *approval.Request) {
	r.Votes = append(r.Votes, approval.Vote{Person: "ada", At: asksAt.Add(time.Minute), Via: "slack"})
	r.State = approval.Approved
}

func ended(state approval.State, why string) func(*approval.Request) {
	return func(r *approval.Request) { r.State, r.Why, r.Ended = state, why, asksAt.Add(time.Hour) }
}

// newsOf is what the deciding function sends.
func newsOf(t testing.TB, r approval.Request, n approval.News) string {
	t.Helper()
	var sent []string
	Teller(func(_ context.Context, body string) error { sent = append(sent, body); return nil })(t.Context(), r, n)
	if len(sent) != 1 {
		t.Fatalf("sent %q", sent)
	}
	return sent[0]
}

// A plan's message through its life: asked, reminded of, decided, applied.
func TestAMessageFollowsItsRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, asking())...)
	posted := d.pointers[0].Posted
	shown := func(r *approval.Request) {
		r.Posted, r.Shown = []approval.Place{{Channel: posted.Channel, TS: posted.TS}}, posted.Shown
	}
	steps := []struct {
		news    approval.News
		request approval.Request
		has     []string
		not     []string
		thread  string
	}{
		{approval.Asked, requestOf(), nil, nil, ""}, // nobody knows yet where it is shown
		{approval.Asked, requestOf(shown), []string{"Waits for approval: ec2-security-group-open on sg-0a1b2c3d", "[ Approve ]", "[ Exempt ]", "*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change", "*May decide* ada, bo", "*Calls*"}, nil, ""},
		{approval.Reminder, requestOf(shown), nil, nil, "*Half of the time is over*"},
		{approval.Word, requestOf(shown, voted), []string{"Approved: ec2-security-group-open on sg-0a1b2c3d", "*Approved* by `ada` at 2026-11-22 12:01:00 UTC (slack)", "*Calls*", "*What would change*"}, []string{"[ Approve ]", "[ Reject ]", "May decide"}, "*Approved* by `ada`"},
		{approval.Over, requestOf(shown, voted, ended(approval.Applied, "applied: fixed")), []string{"Applied: ec2-security-group-open", "*Applied* at 2026-11-22 13:00:00 UTC: fixed"}, []string{"[ Approve ]", "nothing was changed"}, "*Applied* at 2026-11-22 13:00:00 UTC: fixed"},
	}
	for i, s := range steps {
		before := len(d.sink.Messages())
		d.deliver(t, newsOf(t, s.request, s.news))
		all := d.sink.Messages()
		text := slacksink.Render(all[0])
		for _, want := range s.has {
			if !strings.Contains(text, want) {
				t.Errorf("%d: %q is missing:\n%s", i, want, text)
			}
		}
		for _, no := range s.not {
			if strings.Contains(text, no) {
				t.Errorf("%d: %q is still there:\n%s", i, no, text)
			}
		}
		fresh := all[before:]
		if s.thread == "" && len(fresh) != 0 || s.thread != "" && (len(fresh) == 0 || fresh[0].Thread != posted.TS || !strings.Contains(fresh[0].Text, s.thread)) {
			t.Errorf("%d: new are %+v, want a thread with %q", i, fresh, s.thread)
		}
		if s.news == approval.Reminder {
			if len(fresh) != 2 || !fresh[0].Broadcast || fresh[1].Channel != "C0SECOND01" || !strings.Contains(slacksink.Render(fresh[1]), "[ Approve ]") || len(d.pointers) != 2 || d.pointers[1].Posted.Channel != "C0SECOND01" {
				t.Errorf("reminding: %+v, pointers %d", fresh, len(d.pointers))
			}
		}
	}
	if got := d.sink.Refused(); len(got) != 0 {
		t.Errorf("Slack refused %v", got)
	}
}

func TestHowARequestStands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		news approval.News
		r    approval.Request
		want string
	}{
		"nobody knows who caused it": {approval.Asked, requestOf(func(r *approval.Request) { r.Cause = "" }), "*Waits* for 2 of 2 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* ada, bo"},
		"one of two": {approval.Word, requestOf(voted, func(r *approval.Request) { r.Cause, r.State = "", approval.Pending }),
			"*Approved* by `ada` at 2026-11-22 12:01:00 UTC (slack)|*Waits* for 1 of 2 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* bo"},
		"rejected": {approval.Word, requestOf(ended(approval.Rejected, "rejected by bo: <!channel> *wanted*")),
			"*Rejected* at 2026-11-22 13:00:00 UTC by bo: `&lt;!channel&gt;` `*wanted*`; nothing was changed by this|*Ask again* with a reason: `shoreup ask abababababab --reason TEXT`"},
		"expired": {approval.Over, requestOf(ended(approval.Expired, "nobody decided in time")),
			"*Approval expired* at 2026-11-22 13:00:00 UTC: nobody decided in time; nothing was changed by this|*Ask again* with a reason: `shoreup ask abababababab --reason TEXT`"},
		"an undo that was rejected": {approval.Word, requestOf(ended(approval.Rejected, "rejected by bo"), func(r *approval.Request) { r.Key.Kind = approval.Undo }),
			"*Rejected* at 2026-11-22 13:00:00 UTC by bo; nothing was changed by this"},
		"somebody caused it, and another asked": {approval.Asked, requestOf(func(r *approval.Request) {
			r.By, r.Caused, r.Requester = []string{"ada", "bo", "eve", "cy"}, []string{"eve", "mal"}, "bo"
		}),
			"*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* ada, cy (bo asked for it, eve caused it)"},
		"nobody is left": {approval.Asked, requestOf(func(r *approval.Request) { r.By, r.Caused = []string{"eve"}, []string{"eve"} }),
			"*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* nobody: list people under approvals in the rules file (eve caused it)"},
		"long open, and asked again": {approval.Asked, requestOf(func(r *approval.Request) {
			r.Since, r.Reminded, r.Again = asksAt.Add(-2*time.Hour), true, &approval.Again{By: "bo", Why: "it was a *wrong* click", State: approval.Rejected, Ended: "rejected by ada: no"}
		}), "*Asked again* by `bo`: it was a `*wrong*` click; before that: rejected by ada: no|*Half of the time is over*: it was asked at 2026-11-22 12:00:00 UTC|" +
			"*Exposure so far* 5 h, since 2026-11-22 10:00:00 UTC|*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* ada, bo"},
		"asked again at Security Hub": {approval.Asked, requestOf(func(r *approval.Request) {
			r.Again = &approval.Again{Why: "asked for in Security Hub", State: approval.Expired, Ended: "nobody decided in time"}
		}), "*Asked again* from Security Hub; before that: nobody decided in time|*Waits* for 2 of 2 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* ada, bo"},
		"another plan took its place": {approval.Over, requestOf(ended(approval.Superseded, "the resource changed: policy, and plan p-2 (cdcdcdcdcdcd) took its place"), func(r *approval.Request) {
			r.EndedWhy = []string{"the resource changed: policy"}
			r.Moved = &approval.Moved{Plan: "p-2", Hash: strings.Repeat("cd", 32)}
		}),
			"*Superseded* at 2026-11-22 13:00:00 UTC: the resource changed: policy; plan `cdcdcdcdcdcd` took its place and has a message of its own; nothing was changed by this"},
		"stale":      {approval.Over, requestOf(ended(approval.Stale, "it is in order already")), "*Stale* at 2026-11-22 13:00:00 UTC: it is in order already; nothing was changed by this"},
		"nobody may": {approval.Asked, requestOf(func(r *approval.Request) { r.By = nil }), "*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* nobody: list people under approvals in the rules file"},
		"many may":   {approval.Asked, requestOf(func(r *approval.Request) { r.By = strings.Fields(strings.Repeat("x ", 20)) }), "*Waits* for 1 of 1 until 2026-11-22 22:00:00 UTC, and then expires without any change|*May decide* x, x, x, x, x, x, x, x, x, x, x, x and 8 more"},
	} {
		n := news{Request: &c.r, News: c.news, now: asksAt.Add(3 * time.Hour)}
		if diff := cmp.Diff(c.want, strings.Join(n.standing(), "|")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is no plan of a finding has its message from the request itself, and its buttons decide about the round that is asked.
func TestOtherRequestsAreAsked(t *testing.T) {
	t.Parallel()
	exemption, err := json.Marshal(approval.Exemption{Owner: "web", Reason: "press photos", Until: asksAt.Add(48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*approval.Request)
		has    []string
	}{
		"exempt": {func(r *approval.Request) { r.Key.Kind, r.Requester, r.Body = approval.Exempt, "bo", exemption },
			[]string{"Waits for approval: Exempt sg-0a1b2c3d from ec2-security-group-open", "*Reason* press photos", "*Owner of the risk* web", "*Until* 2026-11-24 12:00:00 UTC", "*Asked by*  `bo`", "[ Approve ]"}},
		"what is wrong": {func(r *approval.Request) {
			r.Key.Kind, r.Requester, r.Body = approval.Exempt, "bo", exemption
			r.Wrong, r.Actor, r.Since = []string{"policy statement 1: anyone may <read>", "ACL: anyone"}, "arn:aws:sts::111122223333:assumed-role/deploy/eve", asksAt.Add(-time.Hour)
		}, []string{"*What is wrong, and nobody will mend*", "• policy statement 1: anyone may `<read>`", "• ACL: anyone", "*Caused by* role deploy, session eve at 2026-11-22 11:00:00 UTC; it is exposed since then"}},
		"who pulled the switch": {func(r *approval.Request) {
			*r = approval.Request{Key: approval.Key{Account: "111122223333", Kind: approval.Lift, ID: "2026-11-22T10:00:00Z", Hash: askedHash}, Round: 1, Requester: "bo", State: approval.Pending, Expires: asksAt, Held: 3,
				Body: []byte(`{"switch":{"Engaged":true,"By":"arn:aws:iam::111122223333:user/ops","Reason":"storm of <fixes>","Since":"2026-11-22T10:00:00Z"},"why":"it is over"}`)}
		}, []string{"*Reason to lift it* it is over", "*Engaged* by `arn:aws:iam::111122223333:user/ops` at 2026-11-22 10:00:00 UTC: storm of `<fixes>`", "3 approved plans wait for it and are carried out then."}},

		"lift": {func(r *approval.Request) {
			*r = approval.Request{Key: approval.Key{Account: "111122223333", Kind: approval.Lift, ID: "2026-11-22T10:00:00Z", Hash: askedHash}, Round: 1, Requester: "bo", State: approval.Pending, Expires: asksAt, Body: []byte(`{"why":"it is over"}`)}
		}, []string{"Waits for approval: Lift the kill switch", "*Reason to lift it* it is over", "Nothing that is approved waits for it.", "[ Reject ]"}},
		"people": {func(r *approval.Request) {
			*r = approval.Request{Key: approval.Key{Account: "111122223333", Kind: approval.People, ID: "people", Hash: askedHash}, Round: 1, State: approval.Pending, Expires: asksAt, Body: []byte("version: 1"),
				Changes: []string{"mal is added, known as Slack member U0MAL00001", "approval rule all: needs 1; until now: needs 2"}}
		}, []string{"Waits for approval: Change who may approve", "From a yes on, they say who may decide:", "• mal is added, known as Slack member U0MAL00001", "• approval rule all: needs 1; until now: needs 2"}},
		"too many changes": {func(r *approval.Request) {
			*r = approval.Request{Key: approval.Key{Account: "111122223333", Kind: approval.People, ID: "people", Hash: askedHash}, Round: 1, State: approval.Pending, Expires: asksAt,
				Changes: strings.Split(strings.Repeat("somebody is added, "+strings.Repeat("x ", 200)+"|", 40)+"the last", "|")}
		}, []string{"and 29 more: `shoreup pending --format json`"}},
		"undo": {func(r *approval.Request) {
			r.Key.Kind, r.Key.ID, r.Requester, r.Record = approval.Undo, "17", "bo", "111122223333/18"
			r.Severity = "critical"
			r.Body, r.Key.Hash = undoBody(t, 1)
		}, []string{"Waits for approval: Take back the fix of ec2-security-group-open on sg-0a1b2c3d", "*Reason* the site is down", "*Takes back* plan `p-1`, carried out at 2026-11-22 12:00:00 UTC, approved by `ada`",
			`ec2:AuthorizeSecurityGroupIngress {"GroupId":"sg-0","Why":"<a> & b"}`, "*Severity*  `critical`", "[ Approve ]", "It is wrong again afterwards"}},
		"a long undo": {func(r *approval.Request) {
			r.Key.Kind, r.Key.ID = approval.Undo, "17"
			r.Body, r.Key.Hash = undoBody(t, 9)
		}, []string{`{"GroupId":"sg-3",`, "and 5 more: shoreup approve"}},
		"an undo that cannot be shown": {func(r *approval.Request) {
			r.Key.Kind, r.Key.ID = approval.Undo, "17"
			r.Body, _ = undoBody(t, 1)
		}, []string{"What would be called is too long to be shown here: `shoreup approve abababababab` shows it"}},
		"a second round": {func(r *approval.Request) { r.Round = 2 }, []string{"Waits for approval: ec2-security-group-open on sg-0a1b2c3d", "round `2`", "[ Exempt ]"}},
	} {
		d := newDesk(t, slacksink.Options{})
		r := requestOf(c.change)
		d.deliver(t, newsOf(t, r, approval.Asked))
		got := d.sink.Messages()
		if len(got) != 1 || len(d.pointers) != 1 || d.pointers[0].Posted.Key != r.Key {
			t.Fatalf("%s: %+v, pointers %+v, refused %v", name, got, d.pointers, d.sink.Refused())
		}
		text := slacksink.Render(got[0])
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing:\n%s", name, want, text)
			}
		}
		if r.Key.Kind != approval.Fix && strings.Contains(text, "[ Exempt ]") {
			t.Errorf("%s: it can be exempted from:\n%s", name, text)
		}
	}
	// The full message comes again for a second round, with values of that round.
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, asking())...)
	shown := d.pointers[0].Posted.Shown
	d.deliver(t, newsOf(t, requestOf(func(r *approval.Request) { r.Round, r.Shown = 2, shown }), approval.Asked))
	again := d.sink.Messages()[1]
	if text := string(again.Blocks); !strings.Contains(text, "*Calls*") || !strings.Contains(text, "|111122223333|2|") || strings.Contains(text, "|111122223333|1|") {
		t.Errorf("the second round: %s", text)
	}
}

// undoBody is what people decide about when a fix of n calls is to be taken back.
func undoBody(t *testing.T, n int) (body []byte, hash string) {
	t.Helper()
	plan := core.Plan{Schema: core.Schema, Control: "ec2-security-group-open", Version: 1, Before: "a", After: "b",
		Resource: awsapi.Resource{Type: "AWS::EC2::SecurityGroup", ID: "sg-0a1b2c3d", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}}
	for i := range n {
		plan.Changes = append(plan.Changes, core.Change{Do: awsapi.Call{Op: "ec2:AuthorizeSecurityGroupIngress", Input: json.RawMessage(fmt.Sprintf(`{"GroupId":"sg-%d","Why":"<a> & b"}`, i))}, Why: "open it"})
	}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if hash, err = plan.Hash(); err != nil {
		t.Fatal(err)
	}
	if body, err = json.Marshal(approval.UndoBody{Plan: raw, Fix: "p-1", Fixed: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Approver: "ada", Why: "the site is down"}); err != nil {
		t.Fatal(err)
	}
	return body, hash
}

// The channel that hears of what others let lie is told that this is such a thing, and how bad it is.
func TestEscalation(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, newsOf(t, requestOf(func(r *approval.Request) { r.Severity = "critical" }), approval.Reminder))
	got := d.sink.Messages()
	if len(got) != 1 || got[0].Channel != "C0SECOND01" {
		t.Fatalf("%+v", got)
	}
	text := slacksink.Render(got[0])
	for _, want := range []string{"Escalated, critical still waits: ec2-security-group-open on sg-0a1b2c3d", "*Severity*  `critical`", "*Half of the time is over*: it was asked at", "[ Approve ]"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, several(3)...)...)
	b := d.pointers[3].Batch
	send := func(n approval.Note) {
		t.Helper()
		var sent string
		Answerer(func(_ context.Context, body string) error { sent = body; return nil })(t.Context(), n)
		d.deliver(t, sent)
	}
	to := &approval.Reply{Channel: "C0SECURITY", User: "U0ADA00001"}
	send(approval.Note{To: to, Code: "again", Why: "ada has approved it already", Stands: true})
	if all := d.sink.Messages(); all[len(all)-1].Text != "Your word counts already: ada has approved it already" {
		t.Errorf("%+v", all[len(all)-1])
	}
	send(approval.Note{To: to, Code: "four-eyes", Why: "eve caused the finding; <@U1> has to decide"})
	last := func() slacksink.Message { m := d.sink.Messages(); return m[len(m)-1] }
	if m := last(); m.Only != "U0ADA00001" || m.Text != "Nothing was changed: eve caused the finding; `&lt;@U1&gt;` has to decide" {
		t.Errorf("%+v", m)
	}
	results := func(states ...approval.State) []approval.Result {
		var out []approval.Result
		for i, s := range states {
			out = append(out, approval.Result{Key: b.Plans[i].Key, State: s})
		}
		return out
	}
	some := results(approval.Approved, approval.Pending, approval.Pending)
	some[2].Why = "ada caused the finding; somebody else has to decide"
	send(approval.Note{To: to, Batch: b, Person: "ada", Results: some})
	if text := slacksink.Render(d.sink.Messages()[0]); !strings.Contains(text, "*Approve all* by `ada`: 1 approved, 2 pending") || !strings.Contains(text, "[ Approve all 3 ]") {
		t.Errorf("some wait: %s", text)
	}
	if m := last(); m.Only != "U0ADA00001" || m.Text != "Your word changed nothing about 1 of 3 plans:\n• plan `000000000000`: ada caused the finding; somebody else has to decide" {
		t.Errorf("%+v", m)
	}
	n := len(d.sink.Messages())
	send(approval.Note{To: to, Batch: b, Person: "bo", Results: results(approval.Approved, approval.Approved, approval.Rejected)})
	if text := slacksink.Render(d.sink.Messages()[0]); !strings.Contains(text, "*Approve all* by `bo`: 2 approved, 1 rejected") || strings.Contains(text, "[ Approve all") {
		t.Errorf("none waits: %s", text)
	}
	if len(d.sink.Messages()) != n {
		t.Errorf("a word that counted is answered with %+v", last())
	}
}

// Everybody hears of the kill switch, with a webhook as well.
func TestTheKillSwitchIsTold(t *testing.T) {
	t.Parallel()
	hook := sink(t, slacksink.Options{})
	byHook, _ := sender(t, Config{Webhook: hook.WebhookURL()})
	d := newDesk(t, slacksink.Options{})
	for want, s := range map[string]approval.Switched{
		"The kill switch is engaged: nothing is changed|*Engaged* by `arn:aws:iam::111122223333:user/ops` at 2026-11-22 12:00:00 UTC: a storm of `<fixes>`|Approved plans that wait for it: 3.|`shoreup resume --reason TEXT`": {
			Switch: occurrence.Switch{Engaged: true, By: "arn:aws:iam::111122223333:user/ops", Reason: "a storm of <fixes>", Since: asksAt}, Held: 3},
		"The kill switch is lifted|*Lifted* by `ada` at 2026-11-22 12:00:00 UTC: agreed|What the rules file says is done again.": {Switch: occurrence.Switch{By: "ada", Reason: "agreed", Since: asksAt}},
	} {
		for _, to := range []struct {
			sender *Sender
			sink   *slacksink.Server
		}{{byHook, hook}, {d.sender, d.sink}} {
			var sent string
			Answerer(func(_ context.Context, body string) error { sent = body; return nil })(t.Context(), approval.Note{Switch: &s})
			if failed, err := to.sender.Deliver(t.Context(), []string{sent}); len(failed) > 0 || err != nil {
				t.Fatal(failed, err, to.sink.Refused())
			}
			all := to.sink.Messages()
			text := slacksink.Render(all[len(all)-1])
			for _, w := range strings.Split(want, "|") {
				if !strings.Contains(text, w) {
					t.Errorf("%q is missing:\n%s", w, text)
				}
			}
		}
		withinLimits(t, switchMessage(s, "C1"))
	}
	for _, s := range append(attacks, strings.Repeat("<&> ", 2000)) {
		withinLimits(t, switchMessage(approval.Switched{Switch: occurrence.Switch{Engaged: true, By: s, Reason: s}}, "C1"))
	}
}

// With a webhook nothing can be changed: what people would not hear otherwise is said once more.
func TestNewsByWebhook(t *testing.T) {
	t.Parallel()
	hook := sink(t, slacksink.Options{})
	s, _ := sender(t, Config{Webhook: hook.WebhookURL(), AccountName: named})
	for _, c := range []struct {
		r    approval.Request
		n    approval.News
		said int
	}{{requestOf(), approval.Asked, 0}, {requestOf(voted), approval.Word, 1}, {requestOf(func(r *approval.Request) { r.Key.Kind = approval.Exempt }), approval.Asked, 1}, {requestOf(ended(approval.Expired, "x")), approval.Over, 1}} {
		before := len(hook.Messages())
		if failed, err := s.Deliver(t.Context(), []string{newsOf(t, c.r, c.n)}); len(failed) != 0 || err != nil {
			t.Fatal(failed, err, hook.Refused())
		}
		if got := hook.Messages()[before:]; len(got) != c.said || c.said > 0 && strings.Contains(string(got[0].Blocks), "button") {
			t.Errorf("%s: %+v", c.n, got)
		}
	}
}

// A message that somebody deleted holds nothing up; Slack being ill does.
func TestNewsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	r := requestOf(voted, func(r *approval.Request) { r.Posted = []approval.Place{{Channel: "C1", TS: "1.1"}} })
	for code, again := range map[string]bool{"message_not_found": false, "cant_update_message": false, "internal_error": true, "channel_not_found": true, "invalid_auth": true} {
		url, _ := answersEach(t, func(string) string { return `{"ok":false,"error":"` + code + `"}` })
		s, _ := sender(t, Config{Token: "x", Channel: "C1", APIURL: url})
		failed, err := s.Deliver(t.Context(), []string{newsOf(t, r, approval.Word)})
		if (len(failed) == 1) != again || err == nil {
			t.Errorf("%s: failed %v, %v", code, failed, err)
		}
	}
	var failing bool
	Teller(func(context.Context, string) error { failing = true; return errors.New("down") })(t.Context(), r, approval.Word) // logged
	if !failing {
		t.Error("nothing was sent")
	}
}

// News whatever it holds keeps to Slack's limits, also above a message that is full already.
func TestNewsIsHarmless(t *testing.T) {
	t.Parallel()
	full := everywhere(strings.Repeat("a & b < c ", 500))
	full.Outcome = core.AwaitingApproval
	m := Build(answerable([]core.Finding{full}), Options{Channel: "C1", Buttons: true, PlanURL: "https://plans.example/"})[0]
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(attacks, strings.Repeat("<&>", 2000), strings.Repeat("😀 ", 2000)) {
		for _, kind := range []approval.Kind{approval.Fix, approval.Exempt, approval.Lift, approval.People, approval.Undo, approval.Kind(s)} {
			for _, state := range []approval.State{approval.Pending, approval.Rejected, approval.Applied, approval.State(s)} {
				r := requestOf(func(r *approval.Request) {
					r.Key.Kind, r.State, r.Why, r.Control, r.ARN, r.Plan, r.Requester, r.By = kind, state, s, s, s, s, s, []string{s, s}
					r.Where.ID, r.Where.Region, r.Key.Account, r.Ended = s, s, s, asksAt
					r.Wrong, r.Actor, r.Caused, r.Since, r.Reminded = []string{s, s}, s, []string{s}, asksAt, true
					r.Was, r.Moved = &approval.Was{Hash: s, Why: []string{s, s}, Changed: []string{s, s, s, s, s, s, s, s, s, s}}, &approval.Moved{Hash: s}
					r.Again = &approval.Again{By: s, Why: s, Ended: s, State: approval.State(s)}
					for range 5 {
						r.Votes = append(r.Votes, approval.Vote{Person: s, Via: s})
					}
				})
				body, _ := json.Marshal(map[string]string{"why": s, "reason": s, "owner": s})
				looks := []json.RawMessage{nil}
				if kind == approval.Fix {
					looks = append(looks, raw, json.RawMessage(`[{"type":"x"}]`), json.RawMessage("{"))
				}
				for _, shown := range looks {
					for _, later := range []time.Time{{}, asksAt} {
						n := news{Request: &r, News: approval.Word, Shown: shown, Body: body, now: asksAt.Add(time.Hour), later: later}
						m := n.message(Options{Buttons: true, PlanURL: "https://plans.example/"})
						blocksWithin(t, m, 12_500)
					}
				}
			}
		}
		for _, text := range []string{noteText(approval.Note{Why: s}), noteText(approval.Note{Batch: &approval.Batch{}, Results: []approval.Result{{Why: s + "x", Key: approval.Key{Hash: s}}}})} {
			harmless(t, text)
			unformatted(t, text)
		}
	}
}

// FuzzNews: what comes on the queue, whatever it is, is news, a finding or neither, never two things, and makes a message within Slack's limits.
func FuzzNews(f *testing.F) {
	f.Add(newsOf(f, requestOf(), approval.Asked))
	f.Add(newsOf(f, requestOf(voted, func(r *approval.Request) {
		r.Shown = []byte(`[{"type":"header","text":{"type":"plain_text","text":"x"}},{"type":"actions","elements":[{"type":"button","value":"x"}]}]`)
	}), approval.Word))
	f.Add(`{"note":{"why":"x","batch":{"shown":[{"type":"section"}]},"results":[{"why":"y"}]}}`)
	f.Add(`{"request":{"state":"pending","by":["<!here>"]},"news":"asked","shown":[{"type":"actions"}]}`)
	f.Add(bodies(f, asking())[0])
	f.Fuzz(func(t *testing.T, body string) {
		n, ok := readNews(body)
		if !ok {
			return
		}
		if _, err := Decode([]byte(body)); err == nil {
			t.Error("it is a finding as well")
		}
		if n.Note != nil {
			harmless(t, noteText(*n.Note))
			return
		}
		m := n.message(Options{Buttons: true})
		harmless(t, m.Text)
		if len(m.Blocks) == 0 {
			t.Error("a message of nothing")
		}
	})
}
