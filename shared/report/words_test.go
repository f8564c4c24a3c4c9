package report_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
)

// say appends a word as the deciding function records it; occurrences and plans are called after one another.
func (c *chronicle) say(at time.Time, kind, id, outcome, actor, more string) {
	n := len(c.entries)
	occurrence, plan, name := "", "", ""
	if kind == "fix" || kind == "exempt" {
		occurrence, name = id, "bucket-"+id
	}
	if kind == "fix" {
		plan = "p-" + id
	}
	c.add(at, audit.Verdict, occurrence, plan, outcome, fmt.Sprintf(`{"request":{"key":{"account":%q,"kind":%q,"id":%q,"hash":"h-%s"},"round":1,"where":{"ID":%[5]q}%[6]s`, chain, kind, id, id, name, more))
	c.entries[n].Actor = actor
}

// What people said no to is in the report with who and why, whatever it was about; an exemption that is refused leaves the plan waiting.
func TestWhatPeopleRejected(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(5*time.Hour), audit.Plan, "a", "p-a", "awaiting_approval", `{}`)
	c.add(ago(5*time.Hour), audit.Decision, "a", "p-a", "awaiting_approval", `{"mode":"approve","rule":"ask","reason":"rule ask (line 6) says approve"}`)
	c.say(ago(4*time.Hour), "fix", "a", "rejected", "ada", `,"state":"rejected","why":"rejected by ada: the site needs it\u202e"},"verdict":"reject","via":"slack","why":"the site needs it\u202e"}`)
	c.add(ago(5*time.Hour), audit.Plan, "b", "p-b", "awaiting_approval", `{}`)
	c.say(ago(3*time.Hour), "exempt", "b", "rejected", "bo", `,"state":"rejected","why":"rejected by bo: mend it"},"verdict":"reject","via":"cli","why":"mend it"}`)
	c.say(ago(2*time.Hour), "people", "people", "rejected", "ada", `},"verdict":"reject","via":"review","why":"who is mal?"}`)
	c.add(ago(90*time.Minute), audit.Verdict, "", "p-z", "rejected", `{"reason":"not approved by ann"}`)
	open := func(id string) report.Occurrence {
		return report.Occurrence{ID: id, Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "bucket-" + id, Account: chain}, State: "waiting", PlanID: "p-" + id, PlanHash: "h-" + id, Decision: "approve", Opened: ago(5 * time.Hour)}
	}
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Open: []report.Occurrence{open("a"), open("b")}, Controls: metas, Approvals: []report.Approval{
		{ID: "fix/111122223333/1/h-a/a", State: "rejected", Occurrence: "a", Hash: "h-a", Askable: true},
	}})
	type short struct{ Kind, Title, Resource, By, Via, Reason, Plan, AskAgain string }
	var got []short
	for _, x := range r.Refused {
		got = append(got, short{x.Kind, x.Title, x.Resource, x.By, x.Via, x.Reason, x.Plan, x.AskAgain})
	}
	want := []short{
		{"rejected", "Close buckets", "", "", "", "not approved by ann", "", ""},
		{"rejected", "Change who may approve", "", "ada", "review", "who is mal?", "", ""},
		{"rejected", "Exempt from: Close buckets", "bucket-b", "bo", "cli", "mend it", "p-b", ""},
		{"rejected", "Close buckets", "bucket-a", "ada", "slack", `the site needs it\u202e`, "p-a", "fix/111122223333/1/h-a/a"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if x := r.Refused[3]; !x.When.Equal(ago(4*time.Hour)) || x.Record.Seq != 3 {
		t.Errorf("it was at %v, record %+v", x.When, x.Record)
	}
	for _, p := range r.Plans {
		switch {
		case p.ID == "p-a" && (p.Outcome != core.Rejected || p.Reason != `rejected by ada: the site needs it\u202e` || p.AskAgain != "fix/111122223333/1/h-a/a"):
			t.Errorf("what was rejected says %s, %q, %q", p.Outcome, p.Reason, p.AskAgain)
		case p.ID == "p-b" && p.Outcome != core.AwaitingApproval:
			t.Errorf("only its exemption was rejected, and it says %s", p.Outcome)
		}
	}
	if len(r.Waiting) != 1 || r.Waiting[0].Plan != "p-b" {
		t.Errorf("waiting %+v", r.Waiting)
	}
}

// Asked again, it waits for the reason that the rules gave, and what people said before stays on the list.
func TestAskedAgainItWaits(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(5*time.Hour), audit.Plan, "a", "p-a", "awaiting_approval", `{}`)
	c.add(ago(5*time.Hour), audit.Decision, "a", "p-a", "awaiting_approval", `{"mode":"approve","rule":"ask","reason":"rule ask (line 6) says approve"}`)
	c.say(ago(4*time.Hour), "fix", "a", "rejected", "ada", `,"state":"rejected","why":"rejected by ada: no"},"verdict":"reject","via":"slack","why":"no"}`)
	c.say(ago(3*time.Hour), "fix", "a", "awaiting_approval", "bo", `,"state":"pending","why":""},"news":"asked"}`)
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas, Open: []report.Occurrence{
		{ID: "a", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "bucket-a", Account: chain}, State: "waiting", PlanID: "p-a", Decision: "approve", Opened: ago(5 * time.Hour)},
	}})
	if p := r.Plans[0]; p.Outcome != core.AwaitingApproval || p.Reason != "rule ask (line 6) says approve" || len(r.Refused) != 1 {
		t.Errorf("%s, %q, refused %+v", p.Outcome, p.Reason, r.Refused)
	}
}

// Words that changed nothing are counted by their reason, and listed; the plan that they were about is as it was.
func TestWordsThatChangedNothing(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(5*time.Hour), audit.Plan, "a", "p-a", "awaiting_approval", `{}`)
	c.say(ago(4*time.Hour), "fix", "a", "refused", "eve", `},"verdict":"approve","via":"slack","refused":"eve caused the finding; somebody else has to decide","code":"four-eyes","who":"U0EVE"}`)
	c.say(ago(3*time.Hour), "fix", "a", "refused", "unknown", `},"verdict":"approve","via":"cli","refused":"arn is nobody of the list","code":"stranger","who":"arn:aws:iam::111122223333:user/zoe"}`)
	c.say(ago(2*time.Hour), "fix", "a", "refused", "eve", `},"verdict":"reject","via":"slack","refused":"eve caused the finding; somebody else has to decide","code":"four-eyes","who":"U0EVE"}`)
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas, Open: []report.Occurrence{
		{ID: "a", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "bucket-a", Account: chain}, State: "waiting", PlanID: "p-a", Decision: "approve", Opened: ago(5 * time.Hour)},
	}})
	if diff := cmp.Diff([]report.Count{{Name: "four-eyes", N: 2}, {Name: "stranger", N: 1}}, r.Figures.RefusedWords); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	type short struct{ Kind, Resource, By, Verdict, Code string }
	var got []short
	for _, x := range r.Refused {
		got = append(got, short{x.Kind, x.Resource, x.By, x.Verdict, x.Code})
	}
	want := []short{{"word", "bucket-a", "eve", "reject", "four-eyes"}, {"word", "bucket-a", "arn:aws:iam::111122223333:user/zoe", "approve", "stranger"}, {"word", "bucket-a", "eve", "approve", "four-eyes"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if len(r.Plans) != 1 || r.Plans[0].Outcome != core.AwaitingApproval || len(r.Waiting) != 1 {
		t.Errorf("plans %+v, waiting %+v", r.Plans, r.Waiting)
	}
}

// What a look finds waits only if people are asked or may be: not once they said no, or let the time pass.
func TestALookDoesNotAskAgain(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]core.Outcome{"rejected": core.Rejected, "expired": core.Expired} {
		r := report.Build(report.Input{Now: noon, Findings: []core.Finding{waiting()},
			Open:      []report.Occurrence{{ID: "occ-1", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "b\u202e", Account: chain, Region: "eu-west-1"}, State: "waiting", PlanHash: "hash-1", Opened: ago(time.Hour)}},
			Approvals: []report.Approval{{ID: "fix/x", State: state, Occurrence: "occ-1", Hash: "hash-1", Why: "because", Since: ago(time.Hour), Ended: ago(time.Minute), Askable: true}}})
		if len(r.Waiting) != 0 || len(r.Plans) != 1 || r.Plans[0].Outcome != want || r.Plans[0].Reason != "because" || r.Plans[0].AskAgain != "fix/x" || !r.Plans[0].Open {
			t.Errorf("%s: waiting %+v, plans %+v", state, r.Waiting, r.Plans)
		}
		if len(r.Refused) != 1 || r.Refused[0].Kind != state || r.Refused[0].AskAgain != "fix/x" || !r.Refused[0].When.Equal(ago(time.Minute)) {
			t.Errorf("%s: refused %+v", state, r.Refused)
		}
	}
	// Another plan than the one that was rejected waits as ever.
	r := report.Build(report.Input{Now: noon, Findings: []core.Finding{waiting()},
		Open:      []report.Occurrence{{ID: "occ-1", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "b\u202e", Account: chain, Region: "eu-west-1"}, Opened: ago(time.Hour)}},
		Approvals: []report.Approval{{ID: "fix/x", State: "rejected", Occurrence: "occ-1", Hash: "another"}}})
	if len(r.Waiting) != 1 || r.Plans[0].Outcome != core.AwaitingApproval {
		t.Errorf("waiting %+v", r.Waiting)
	}
}

// When something was refused is when it was refused, not when it was found.
func TestWhenItWasRefused(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(3*time.Hour), audit.Plan, "a", "p-a", "planned", `{}`)
	seq := c.add(ago(2*time.Hour), audit.Refusal, "a", "p-a", "refused", `{"reason":"a limit is reached"}`)
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas, Open: []report.Occurrence{
		{ID: "a", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "a", Account: chain}, State: "open", PlanID: "p-a", Opened: ago(3 * time.Hour)},
	}})
	if len(r.Refused) != 1 || !r.Refused[0].When.Equal(ago(2*time.Hour)) || r.Refused[0].Kind != "rules" || r.Refused[0].Record.Seq != seq {
		t.Errorf("%+v", r.Refused)
	}
	now := waiting()
	now.Outcome, now.Record, now.Cause.Time = core.Refused, core.Record{}, ago(time.Hour)
	if r := report.Build(report.Input{Now: noon, Findings: []core.Finding{now}}); len(r.Refused) != 1 || !r.Refused[0].When.Equal(noon) {
		t.Errorf("what a look finds refused is refused now: %+v", r.Refused)
	}
}

// Reports of tables show what a plan changes, too: its calls and those that take them back tell.
func TestDiffsOfTables(t *testing.T) {
	t.Parallel()
	call := func(policy string) awsapi.Call {
		return awsapi.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b","Policy":` + fmt.Sprintf("%q", `{"Statement":[`+policy+`{"Sid":"Keep","Effect":"Allow","Action":"s3:GetObject","Principal":{"AWS":"1"},"Resource":"*"}]}`) + `}`)}
	}
	public := `{"Sid":"Open","Effect":"Allow","Action":"s3:GetObject","Principal":"*","Resource":"*"},`
	resource := awsapi.Resource{ID: "b", Account: chain, Region: "eu-west-1"}
	plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: resource, Changes: []core.Change{{Why: "take it out", Do: call(""), Undo: []awsapi.Call{call(public)}}}}
	back := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: resource, Changes: []core.Change{{Why: "take back", Do: call(public)}}}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	undo, err := back.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var c chronicle
	intent := c.add(ago(2*time.Hour), audit.Intent, "a", "p-a", "planned", fmt.Sprintf(`{"plan":%s}`, raw))
	c.add(ago(time.Hour), audit.Result, "a", "p-a", "fixed", fmt.Sprintf(`{"intent":%d,"made":1}`, intent))
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas,
		Open:      []report.Occurrence{{ID: "o", Control: "s3-bucket-public", Resource: resource, State: "open", PlanID: "p-o", Plan: raw, Opened: ago(time.Hour)}},
		Approvals: []report.Approval{{ID: "undo/x", Kind: "undo", Account: chain, Fix: "p-a", Plan: undo}}})
	line := report.DiffLine{Mark: "-", Field: `Policy statement 1 (Sid "Open")`, Before: "Allow s3:GetObject on * for everyone (*)"}
	if diff := cmp.Diff([]report.DiffLine{line}, r.Plans[0].Changes[0].Diff); diff != "" {
		t.Errorf("of what is open (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.DiffLine{line}, r.Fixes[0].Changes[0].Diff); diff != "" {
		t.Errorf("of a fix (-want +got):\n%s", diff)
	}
	line.Mark, line.Before, line.After = "+", "", line.Before
	if diff := cmp.Diff([]report.DiffLine{line}, r.Waiting[0].Changes[0].Diff); diff != "" {
		t.Errorf("of an undo (-want +got):\n%s", diff)
	}
}
