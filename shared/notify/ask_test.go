package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

var askedHash = strings.Repeat("ab", 32)

// asking is a finding whose message people can answer.
func asking() core.Finding {
	f := waiting()
	f.Occurrence, f.Hash, f.Disruption, f.Reversible = "01KB0000000000000000000009", askedHash, core.DisruptsMuch, core.Reversible
	f.Changes[0].Undo = []awsapi.Call{{Op: "ec2:AuthorizeSecurityGroupIngress", Input: json.RawMessage(`{"GroupId":"sg-0a1b2c3d"}`)}}
	return f
}

func wantButton(id, label, more string) string {
	return `{"type":"button","action_id":"` + id + `","text":{"type":"plain_text","text":"` + label + `","emoji":false}` + more + `}`
}

func TestAsking(t *testing.T) {
	t.Parallel()
	const value = `,"value":"1|fix|111122223333|1|`
	at := value + askedHash + `|01KB0000000000000000000009"`
	confirm := `,"confirm":{"title":{"type":"plain_text","text":"Approve ec2-security-group-open on sg-0a1b2c3d?","emoji":false},` +
		`"text":{"type":"plain_text","text":"Plan abababababab: 1 call in account prod (111122223333), eu-west-1 (ec2:RevokeSecurityGroupIngress). Disruption: high. ` +
		`It is read and planned again first, and made only if the plan is still the same.","emoji":false},` +
		`"confirm":{"type":"plain_text","text":"Approve","emoji":false},"deny":{"type":"plain_text","text":"Cancel","emoji":false}}`
	wantBlocks := want(
		wantHeader(`Waits for approval: ec2-security-group-open on sg-0a1b2c3d`),
		wantSection(`*Close sensitive ports to the internet*\nnetwork changes are for people`),
		wantFields("*Resource*\\n`arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d`", "*Account*\\n`prod (111122223333)`", "*Region*\\n`eu-west-1`",
			"*Owner*\\n`unknown`", "*Severity*\\n`critical`", "*Control*\\n`ec2-security-group-open v1`"),
		wantSection("*Caused by* unknown, found by the sweep at 2026-11-22 10:00:00 UTC\\n*Exposure* open since 2026-11-22 10:00:00 UTC, 2 h when this was written"),
		wantSection("*What is wrong*\\n• ingress tcp 22 from 0.0.0.0/0: anyone on the internet can reach SSH"),
		wantSection("*What would change*\\n```\\n# shut out the world; 2 other rules stay as they are\\n"+
			"- rules: {cidr: \\\"0.0.0.0/0\\\", egress: false, from: 22, protocol: \\\"tcp\\\", to: 22}\\n```"),
		wantSection("*What could break*\\n• much: running work may stop or lose access"),
		wantSection("*Look first*\\n• the group is attached to a load balancer"),
		wantSection("*Calls*\\n```\\nec2:RevokeSecurityGroupIngress {\\\"GroupId\\\":\\\"sg-0a1b2c3d\\\",\\\"SecurityGroupRuleIds\\\":[\\\"sgr-1\\\"]}\\n```"),
		wantSection("*How to undo*\\n```\\nec2:AuthorizeSecurityGroupIngress {\\\"GroupId\\\":\\\"sg-0a1b2c3d\\\"}\\n```"),
		wantSection("*Decision* approve (`network`)"),
		wantContext("plan `p-01KB0000000000000000000002`", "hash `abababababab`", "audit `111122223333/43`", "head `999999999999aaaa`", "rules `v1-aaaabbbbcccc`"),
		`{"type":"actions","block_id":"decide","elements":[`+wantButton("approve", "Approve", at+`,"style":"primary"`+confirm)+","+wantButton("reject", "Reject", at+`,"style":"danger"`)+","+
			wantButton("exempt", "Exempt", at)+","+wantButton("open_plan", "Open plan", `,"url":"https://plans.example/#q=`+askedHash+`&view=plans"`)+"]}",
	)
	o := Options{AccountName: named, Buttons: true, PlanURL: "https://plans.example/", Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	got := Build([]core.Finding{asking()}, o)
	if len(got) != 1 || got[0].Ask == nil || *got[0].Ask != (approval.Key{Account: "111122223333", Kind: approval.Fix, ID: "01KB0000000000000000000009", Hash: askedHash}) {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(generic(t, wantBlocks), generic(t, encodeBlocks(t, got[0]))); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestNoButtons(t *testing.T) {
	t.Parallel()
	on := Options{Buttons: true}
	for name, c := range map[string]struct {
		o      Options
		change func(*core.Finding)
	}{
		"with a webhook":      {Options{}, func(*core.Finding) {}},
		"no occurrence":       {on, func(f *core.Finding) { f.Occurrence = "" }},
		"fixed, no record":    {on, func(f *core.Finding) { f.Outcome, f.Record = core.Fixed, core.Record{} }},
		"undone":              {on, func(f *core.Finding) { f.Outcome = core.Undone }},
		"a hash that is none": {on, func(f *core.Finding) { f.Hash = "abc" }},
		"taking back a fix":   {on, func(f *core.Finding) { f.Decision.Rule = "undo" }},
	} {
		f := asking()
		c.change(&f)
		m := Build([]core.Finding{f}, c.o)[0]
		if raw := encodeBlocks(t, m); m.Ask != nil || strings.Contains(raw, `"actions"`) || strings.Contains(raw, "button") {
			t.Errorf("%s: %s", name, raw)
		}
	}
	followed := Build([]core.Finding{asking()}, Options{Follow: true})[0]
	if raw := encodeBlocks(t, followed); followed.Ask == nil || strings.Contains(raw, "button") {
		t.Errorf("where clicks are not heard: %s", raw)
	}
	link := Build([]core.Finding{asking()}, on)[0]
	if strings.Contains(encodeBlocks(t, link), "Open plan") {
		t.Error("a link that leads nowhere")
	}
}

// What was done can be asked to be taken back where it is told, and nothing else can be said there.
func TestFixedCanBeTakenBack(t *testing.T) {
	t.Parallel()
	for _, outcome := range []core.Outcome{core.Fixed, core.Unverified, core.Failed} {
		f := asking()
		f.Outcome = outcome
		m := Build([]core.Finding{f}, Options{Buttons: true})[0]
		raw := encodeBlocks(t, m)
		if m.Ask != nil || strings.Count(raw, `"button"`) != 1 || !strings.Contains(raw, `"1|undo-of|111122223333|43"`) || !strings.Contains(raw, "Ask to take it back") {
			t.Errorf("%s: %s", outcome, raw)
		}
	}
}

// desk is Slack, the sender, and what the deciding function is pointed to.
type desk struct {
	sink     *slacksink.Server
	sender   *Sender
	pointers []approval.Pointer
	failing  error
}

func newDesk(t *testing.T, o slacksink.Options) *desk {
	t.Helper()
	d := &desk{sink: sink(t, o)}
	d.sender, _ = sender(t, Config{Token: d.sink.Token(), Channel: "C0SECURITY", APIURL: d.sink.APIURL(), AccountName: named, Buttons: true, Point: func(_ context.Context, p approval.Pointer) error {
		d.pointers = append(d.pointers, p)
		return d.failing
	}})
	return d
}

func (d *desk) deliver(t *testing.T, bodies ...string) {
	t.Helper()
	if failed, err := d.sender.Deliver(t.Context(), bodies); len(failed) != 0 || err != nil {
		t.Fatalf("failed %v: %v; Slack refused %v", failed, err, d.sink.Refused())
	}
}

func several(n int) []core.Finding {
	var out []core.Finding
	for i := range n {
		f := asking()
		f.Occurrence, f.Hash, f.Resource = fmt.Sprintf("01KB00000000000000000000%02d", i), fmt.Sprintf("%064x", i+1), fmt.Sprintf("sg-%d", i)
		f.Record.Seq = int64(100 + i)
		out = append(out, f)
	}
	return out
}

func TestOneIsAsked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, asking(), fixed())...)
	got := d.sink.Messages()
	if len(got) != 2 || !strings.HasPrefix(got[0].Text, "Waits for approval") || !strings.HasPrefix(got[1].Text, "Fixed") {
		t.Fatalf("%+v", got)
	}
	if len(d.pointers) != 1 || d.pointers[0].Posted == nil {
		t.Fatalf("pointers %+v", d.pointers)
	}
	p := d.pointers[0].Posted
	if p.Channel != "C0SECURITY" || p.TS != got[0].TS || p.Key.ID != asking().Occurrence || !json.Valid(p.Shown) {
		t.Errorf("posted %+v", p)
	}
}

// Several are one message, with each below it, and a button for all that are there.
func TestSeveralAreAskedTogether(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, several(3)...)...)
	got := d.sink.Messages()
	if len(got) != 4 || got[0].Thread != "" || got[0].Updates != 1 {
		t.Fatalf("%d messages: %+v", len(got), got)
	}
	for _, m := range got[1:] {
		if m.Thread != got[0].TS || !strings.Contains(string(m.Blocks), `"action_id":"approve"`) || m.Broadcast {
			t.Errorf("below it: %+v", m)
		}
	}
	if len(d.pointers) != 4 || d.pointers[3].Batch == nil {
		t.Fatalf("pointers %+v", d.pointers)
	}
	b := d.pointers[3].Batch
	if b.ID.Hash != approval.BatchHash(b.Plans) || b.ID.TS != got[0].TS || b.Channel != "C0SECURITY" || len(b.Plans) != 3 {
		t.Errorf("batch %+v", b)
	}
	if !strings.Contains(string(got[0].Blocks), `"value":"`+slackapp.AllValue(b.ID)+`"`) || !strings.Contains(string(got[0].Blocks), "Approve all 3") {
		t.Errorf("the parent has no button for all: %s", got[0].Blocks)
	}
}

// What Slack did not take is not approved with the rest, and comes again alone.
func TestOnlyWhatIsShownIsApprovedTogether(t *testing.T) {
	t.Parallel()
	n := 0
	d := &desk{}
	srv, _ := answersEach(t, func(method string) string {
		if method == "chat.postMessage" {
			if n++; n == 3 { // the parent is the first
				return `{"ok":false,"error":"internal_error"}`
			}
		}
		return fmt.Sprintf(`{"ok":true,"channel":"C0SECURITY","ts":"1.00000%d"}`, n)
	})
	d.sender, _ = sender(t, Config{Token: "x", Channel: "C0SECURITY", APIURL: srv, Buttons: true, Point: func(_ context.Context, p approval.Pointer) error { d.pointers = append(d.pointers, p); return nil }})
	failed, err := d.sender.Deliver(t.Context(), bodies(t, several(3)...))
	if len(failed) != 1 || failed[0] != 1 || err == nil {
		t.Errorf("failed %v, %v", failed, err)
	}
	if last := d.pointers[len(d.pointers)-1]; last.Batch == nil || len(last.Batch.Plans) != 2 || last.Batch.Plans[0].Key.ID != several(3)[0].Occurrence || last.Batch.Plans[1].Key.ID != several(3)[2].Occurrence {
		t.Errorf("batch %+v", last.Batch)
	}
}

func TestManyAreAskedAFewAtATime(t *testing.T) {
	t.Parallel()
	got := Build(several(60), Options{Channel: "C0SECURITY", Buttons: true})
	if len(got) != 2 || len(got[0].Thread) != 40 || len(got[1].Findings) != 20 || got[1].Thread != nil {
		t.Errorf("%d messages, %d below the first, %d in the second", len(got), len(got[0].Thread), len(got[1].Findings))
	}
}

// Whatever people are asked about can be opened, where there is a page, and what ended can be opened where it can be asked again.
func TestEverythingAskedCanBeOpened(t *testing.T) {
	t.Parallel()
	o := Options{Buttons: true, PlanURL: "https://plans.example/"}
	for kind, want := range map[approval.Kind]string{
		approval.Fix: "plans", approval.Undo: "waiting", approval.Exempt: "waiting", approval.Lift: "waiting", approval.People: "waiting",
	} {
		for state, buttons := range map[approval.State]int{approval.Pending: 3, approval.Rejected: 0, approval.Expired: 0, approval.Approved: 0, approval.Stale: 0} {
			r := requestOf(func(r *approval.Request) { r.Key.Kind, r.State = kind, state })
			if kind == approval.Fix && state == approval.Pending {
				buttons = 4
			}
			if again := kind == approval.Fix || kind == approval.People; again && (state == approval.Rejected || state == approval.Expired) {
				buttons = 2
			}
			m := (news{Request: &r, News: approval.Word}).message(o)
			withinLimits(t, m)
			raw := strings.ReplaceAll(encodeBlocks(t, m), `\u0026`, "&")
			if strings.Count(raw, `"button"`) != buttons || strings.Contains(raw, `"url":"https://plans.example/#q=`+askedHash+`&view=`+want+`"`) != (buttons > 0) || strings.Contains(raw, `"ask_again"`) != (buttons == 2) {
				t.Errorf("%s %s: want %d buttons and the list %s: %s", kind, state, buttons, want, raw)
			}
			closed := (news{Request: &r, News: approval.Word, later: asksAt}).message(o)
			if raw := encodeBlocks(t, closed); strings.Contains(raw, `"button"`) {
				t.Errorf("%s %s, asked again since: %s", kind, state, raw)
			}
		}
	}
}
