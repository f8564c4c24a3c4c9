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

const chain = "111122223333"

// chronicle makes a log of lines: each appends one entry.
type chronicle struct{ entries []audit.Entry }

func (c *chronicle) add(at time.Time, kind audit.Kind, occurrence, plan, outcome, detail string) int64 {
	seq := int64(len(c.entries) + 1)
	c.entries = append(c.entries, audit.Entry{Chain: chain, Seq: seq, Hash: fmt.Sprintf("hash-%d", seq), Time: at, Kind: kind, Occurrence: occurrence, Plan: plan, Control: "s3-bucket-public",
		Resource: "arn:aws:s3:::" + occurrence, Outcome: outcome, Detail: json.RawMessage(detail)})
	return seq
}

var metas = []core.Meta{{ID: "s3-bucket-public", Title: "Close buckets", Severity: core.Critical, Service: "s3", Family: "storage"}}

// arns is metas with names for resources that only the tables know.
var arns = []core.Meta{{ID: "s3-bucket-public", Title: "Close buckets", Severity: core.Critical, Service: "s3", Family: "storage", Type: awsapi.ResourceType{ARN: func(r awsapi.Resource) string { return "arn:aws:s3:::" + r.ID }}}}

func TestFixes(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(100*time.Minute), audit.Plan, "a", "p-a", "planned", `{"cause":{"time":"2026-11-22T10:15:00Z"}}`)
	c.add(ago(100*time.Minute), audit.Decision, "a", "p-a", "planned", `{"mode":"auto","rule":"storage"}`)
	intent := c.add(ago(98*time.Minute), audit.Intent, "a", "p-a", "planned", `{"hash":"h-a","approver":"ann"}`)
	c.add(ago(97*time.Minute), audit.Result, "a", "p-a", "fixed", fmt.Sprintf(`{"reason":"read back","intent":%d,"made":2,"exposure_seconds":480}`, intent))
	// Somebody else mended this one: no fix of ours.
	c.add(ago(90*time.Minute), audit.Plan, "b", "p-b", "planned", `{}`)
	c.add(ago(80*time.Minute), audit.Result, "b", "p-b", "compliant", `{"reason":"found in order; nothing was done"}`)
	// Whoever made these calls died: the result names no intent.
	c.add(ago(70*time.Minute), audit.Plan, "c", "p-c", "planned", `{}`)
	c.add(ago(69*time.Minute), audit.Intent, "c", "p-c", "planned", `{"hash":"h-c"}`)
	c.add(ago(60*time.Minute), audit.Result, "c", "p-c", "fixed", `{"reason":"died","intent":0,"made":1}`)
	// The first was taken back; failing to take back the other changes nothing.
	c.add(ago(50*time.Minute), audit.Undo, "a", "p-u", "awaiting_approval", fmt.Sprintf(`{"undoes":%d}`, intent))
	c.add(ago(49*time.Minute), audit.Result, "", "p-u", "undone", `{"reason":"as before","made":2}`)
	c.add(ago(40*time.Minute), audit.Undo, "c", "p-v", "awaiting_approval", `{"undoes":8}`)
	c.add(ago(39*time.Minute), audit.Result, "", "p-v", "failed", `{"reason":"AccessDenied","made":0}`)
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas, Owners: map[string]string{"arn:aws:s3:::a": "team-a"}})
	subject := func(name, owner string) report.Subject {
		return report.Subject{Control: "s3-bucket-public", Title: "Close buckets", Severity: core.Critical, Service: "s3", Family: "storage", Resource: name, ARN: "arn:aws:s3:::" + name, Account: chain, Owner: owner}
	}
	want := []report.Fix{
		{Key: "f-111122223333-9", Subject: subject("c", "unknown"), PlanID: "p-c", Hash: "h-c", Outcome: core.Fixed, Headline: "Fixed", Verified: ago(60 * time.Minute), Reason: "died", Calls: 1,
			Opened: ago(70 * time.Minute), Took: 600, Exposure: 600, UndoCommand: "shoreup undo 111122223333/9", Record: core.Record{Chain: chain, Seq: 9, Hash: "hash-9"}},
		{Key: "f-111122223333-4", Subject: subject("a", "team-a"), PlanID: "p-a", Hash: "h-a", Outcome: core.Undone, Headline: "Undone", Verified: ago(97 * time.Minute), Reason: "read back", Approver: "ann", Calls: 2,
			Opened: ago(100 * time.Minute), Took: 180, Exposure: 480 + 49*60, Undone: ago(49 * time.Minute), Record: core.Record{Chain: chain, Seq: 4, Hash: "hash-4"}},
	}
	if diff := cmp.Diff(want, r.Fixes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(report.Speed{N: 1, Timed: 1, Mean: 600, Median: 600, MeanExposure: 600}, r.Figures.Fixed); diff != "" {
		t.Errorf("what was taken back is no fix (-want +got):\n%s", diff)
	}
}

// The log keeps the plan that was carried out, so a fix that is long gone from the findings still says what was done; secrets stay hidden.
func TestAFixShowsWhatWasDone(t *testing.T) {
	t.Parallel()
	plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: awsapi.Resource{ID: "bucket", Account: chain, Region: "eu-west-1"}, Before: "x", After: "y",
		Violations: []core.Violation{{Rule: "r", Where: "w", Reason: "wrong\u200b"}},
		Changes: []core.Change{{Why: "why", Do: awsapi.Call{Op: "s3:Do", Input: json.RawMessage(`{"Password":"hunter2"}`)},
			Undo: []awsapi.Call{{Op: "s3:Undo", Input: json.RawMessage(`{"Password":"old"}`)}}}}}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var c chronicle
	intent := c.add(ago(time.Hour), audit.Intent, "a", "p-a", "planned", fmt.Sprintf(`{"plan":%s}`, raw))
	c.add(ago(time.Hour), audit.Result, "a", "p-a", "fixed", fmt.Sprintf(`{"intent":%d,"made":1}`, intent))
	f := report.Build(report.Input{Now: noon, Entries: c.entries, Controls: metas}).Fixes[0]
	hidden := json.RawMessage(`{"Password":"(hidden)"}`)
	want := []report.Change{{Call: "s3:Do", Input: hidden, Why: "why", Diff: []report.DiffLine{{Mark: "~", Field: "Password", Before: `"(hidden)"`, After: `"(hidden)"`}}, Undo: []report.Call{{Call: "s3:Undo", Input: hidden}}}}
	if diff := cmp.Diff(want, f.Changes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f.Resource != "bucket" || f.Region != "eu-west-1" || f.Violations[0].Reason != `wrong\u200b` {
		t.Errorf("got %+v", f)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.add(ago(3*time.Hour), audit.Plan, "a", "p-a", "planned", `{}`)
	c.add(ago(2*time.Hour), audit.Refusal, "a", "p-a", "refused", `{"reason":"a limit is reached"}`)
	c.add(ago(time.Hour), audit.Refusal, "b", "p-1", "refused", `{"reason":"frozen"}`)
	now := waiting()
	now.Outcome, now.Reason, now.Record = core.Refused, "frozen", core.Record{Chain: chain, Seq: 3, Hash: "hash-3"}
	r := report.Build(report.Input{Now: noon, Entries: c.entries, Findings: []core.Finding{now}, Controls: metas})
	type short struct{ Key, Plan, Reason, Resource string }
	var got []short
	for _, x := range r.Refused {
		got = append(got, short{x.Key, x.Plan, x.Reason, x.Resource})
	}
	want := []short{{"r-p-1", "p-1", "frozen", `b\u202e`}, {"r-111122223333-2", "", "a limit is reached", "a"}} // the newest first
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDays: found and caused on the 20th, fixed on the 21st; another fails on the 21st and lasts until the next occurrence of the same is mended.
func TestDays(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	var c chronicle
	c.add(at(20, 12), audit.Plan, "a", "p-a", "planned", `{"cause":{"time":"2026-11-20T06:00:00Z"}}`)
	c.add(at(21, 5), audit.Intent, "a", "p-a", "planned", `{}`)
	c.add(at(21, 6), audit.Result, "a", "p-a", "fixed", `{"intent":2,"made":1}`)
	c.add(at(21, 18), audit.Plan, "b", "p-b", "planned", `{}`)
	c.add(at(21, 19), audit.Result, "b", "p-b", "failed", `{"intent":9,"made":1}`)
	c.entries = append(c.entries, audit.Entry{Chain: chain, Seq: 6, Time: at(22, 6), Kind: audit.Plan, Occurrence: "b2", Plan: "p-b2", Control: "s3-bucket-public", Resource: "arn:aws:s3:::b"})
	c.entries = append(c.entries, audit.Entry{Chain: chain, Seq: 7, Time: at(22, 8), Kind: audit.Result, Occurrence: "b2", Plan: "p-b2", Control: "s3-bucket-public", Resource: "arn:aws:s3:::b", Outcome: "compliant"})
	r := report.Build(report.Input{Now: noon, Days: 4, Entries: c.entries, Controls: metas})
	one := report.Tally{Total: 1, Critical: 1}
	want := []report.Day{
		{Date: "2026-11-19"},
		{Date: "2026-11-20", Open: one, Found: 1, Hours: 18},
		{Date: "2026-11-21", Open: one, Found: 1, Fixed: 1, MeanTook: 18 * 3600, Hours: 12},
		{Date: "2026-11-22", Found: 1, Hours: 8},
	}
	if diff := cmp.Diff(want, r.Figures.Days); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !r.Since.Equal(at(20, 12)) {
		t.Errorf("since %v", r.Since)
	}
	if days := report.Build(report.Input{Now: noon, Findings: []core.Finding{waiting()}}).Figures.Days; len(days) != 0 {
		t.Errorf("a trend without a log: %v", days)
	}
}

// A fix that was taken back leaves the resource open again, from the moment of the undo to whatever comes next.
func TestExposureAfterAnUndo(t *testing.T) {
	t.Parallel()
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 22, hour, minute, 0, 0, time.UTC) }
	var c chronicle
	c.add(at(8, 0), audit.Plan, "a", "p-a", "planned", `{}`)
	intent := c.add(at(8, 20), audit.Intent, "a", "p-a", "planned", `{}`)
	c.add(at(8, 30), audit.Result, "a", "p-a", "fixed", fmt.Sprintf(`{"intent":%d,"made":1,"exposure_seconds":1800}`, intent))
	c.add(at(9, 0), audit.Undo, "a", "p-u", "awaiting_approval", fmt.Sprintf(`{"undoes":%d}`, intent))
	c.add(at(9, 1), audit.Result, "", "p-u", "undone", `{"made":1}`)
	r := report.Build(report.Input{Now: noon, Days: 1, Entries: c.entries, Controls: metas})
	if len(r.Fixes) != 1 || r.Fixes[0].Exposure != 1800+179*60 {
		t.Errorf("nobody has looked since, and the fix says %+v", r.Fixes)
	}
	if diff := cmp.Diff([]report.Day{{Date: "2026-11-22", Found: 1, Hours: 3.5}}, r.Figures.Days); diff != "" {
		t.Errorf("what nobody has looked at is not counted as open, and its time is (-want +got):\n%s", diff)
	}
	// A sweep finds it at eleven.
	seq := c.add(at(11, 0), audit.Plan, "b", "p-b", "awaiting_approval", `{"cause":{"origin":"sweep"}}`)
	c.entries[seq-1].Resource = "arn:aws:s3:::a"
	in := report.Input{Now: noon, Days: 1, Entries: c.entries, Controls: arns, Open: []report.Occurrence{{ID: "b", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "a", Account: chain}, State: "waiting", PlanID: "p-b", Opened: at(11, 0)}}}
	r = report.Build(in)
	if r.Plans[0].Exposure != 179*60 || r.Plans[0].Age != 3600 || r.Fixes[0].Exposure != 1800+119*60 {
		t.Errorf("the plan says %v s (known for %v s), the fix %v s", r.Plans[0].Exposure, r.Plans[0].Age, r.Fixes[0].Exposure)
	}
	if diff := cmp.Diff([]report.Day{{Date: "2026-11-22", Open: report.Tally{Total: 1, Critical: 1}, Found: 2, Hours: 3.5}}, r.Figures.Days); diff != "" {
		t.Errorf("once found (-want +got):\n%s", diff)
	}
}

// The chart ends with what the overview counts: what is exempt by now, and what nobody knows to be wrong any more, is not open.
func TestTheChartEndsWithTheCount(t *testing.T) {
	t.Parallel()
	var c chronicle
	for _, id := range []string{"open", "exempt", "gone", "failed"} {
		c.add(ago(50*time.Hour), audit.Plan, id, "p-"+id, "awaiting_approval", `{}`)
	}
	c.say(ago(30*time.Hour), "exempt", "exempt", "planned", "bo", `,"state":"applied"},"verdict":"approve"}`)
	c.add(ago(26*time.Hour), audit.Result, "failed", "p-failed", "failed", `{"intent":1,"made":1}`)
	occ := func(id, exempt string) report.Occurrence {
		return report.Occurrence{ID: id, Control: "s3-bucket-public", Resource: awsapi.Resource{ID: id, Account: chain}, State: "waiting", PlanID: "p-" + id, Opened: ago(50 * time.Hour), Exempt: exempt}
	}
	r := report.Build(report.Input{Now: noon, Days: 3, Entries: c.entries, Controls: arns, Open: []report.Occurrence{occ("open", ""), occ("exempt", "as agreed")}})
	last := r.Figures.Days[2]
	if r.Figures.Open.Total != 1 || last.Open != r.Figures.Open {
		t.Errorf("%+v are open, and the chart ends with %+v", r.Figures.Open, last.Open)
	}
	if first := r.Figures.Days[0]; first.Open.Total != 4 {
		t.Errorf("on the first day all were open: %+v", first)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	with := func(outcome core.Outcome, severity core.Severity, owner, resource string) core.Finding {
		f := waiting()
		f.ID, f.Resource, f.Outcome, f.Severity, f.Context.Owner = "p-"+resource, resource, outcome, severity, owner
		return f
	}
	r := report.Build(report.Input{Now: noon, Judged: map[string]map[core.Outcome]int{"x": {core.Compliant: 5}, "y": {core.Compliant: 2, core.Reported: 9}}, Findings: []core.Finding{
		with(core.AwaitingApproval, core.High, "a", "1"), with(core.Failed, core.Critical, "b", "2"), with(core.Reported, core.Low, "a", "3"), with(core.Excepted, core.Critical, "a", "4"),
		with(core.Blind, core.Critical, "c", "5"), with(core.Fixed, core.Critical, "b", "6"),
	}})
	f := r.Figures
	if f.Open != (report.Tally{Total: 3, Critical: 1, High: 1, Low: 1}) || f.Unseen != 1 || f.InOrder != 7 || f.Waiting != 1 || f.NotFixed != 1 || f.Fixed.N != 1 {
		t.Errorf("got %+v", f)
	}
	if diff := cmp.Diff([]report.Count{{"Failed", 1}, {"Cannot see", 1}, {"Waits for approval", 1}, {"Would fix", 1}, {"Exempt", 1}, {"Fixed", 1}}, f.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	type short struct {
		Name                 string
		Open, Waiting, Fixed int
	}
	var got []short
	for _, g := range f.ByOwner {
		got = append(got, short{g.Name, g.Open.Total, g.Waiting, g.Fixed.N})
	}
	if diff := cmp.Diff([]short{{"b", 1, 0, 1}, {"a", 2, 1, 0}, {"c", 0, 0, 0}}, got); diff != "" {
		t.Errorf("by owner (-want +got):\n%s", diff)
	}
}

// FuzzBuild feeds what the log may hold from another version or a broken writer: a report is made all the same, and can be written.
func FuzzBuild(f *testing.F) {
	f.Add("plan", "o", "p", "planned", `{"cause":{"time":"2026-11-22T10:15:00Z"}}`)
	f.Add("result", "o", "p", "fixed", `{"intent":1,"made":1,"exposure_seconds":1e300}`)
	f.Add("result", "", "", "undone", `{"reason":7}`)
	f.Add("refusal", "\xff", "\u202e", "", `[`)
	f.Add("verdict", "o", "p", "rejected", `{"request":{"key":{"kind":"fix","id":"o","hash":"h"},"why":"no\u202e"},"why":"no","via":7}`)
	f.Add("verdict", "o", "p", "refused", `{"request":{"key":{"kind":"lift"}},"refused":"no","code":"late\u0000","who":"U"}`)
	f.Fuzz(func(t *testing.T, kind, occurrence, plan, outcome, detail string) {
		e := audit.Entry{Chain: chain, Seq: 1, Time: ago(time.Hour), Kind: audit.Kind(kind), Occurrence: occurrence, Plan: plan, Control: "c", Resource: occurrence, Outcome: outcome, Detail: json.RawMessage(detail)}
		second := e
		second.Seq, second.Time = 2, ago(time.Minute)
		finding := waiting()
		finding.Resource, finding.Reason, finding.Changes[0].Input = plan, detail, json.RawMessage(detail)
		r := report.Build(report.Input{Now: noon, Entries: []audit.Entry{e, second}, Findings: []core.Finding{finding}})
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		if len(r.Plans) != 1 || len(r.Figures.Days) != 30 && len(r.Figures.Days) != 0 {
			t.Errorf("%d plans, %d days", len(r.Plans), len(r.Figures.Days))
		}
	})
}
