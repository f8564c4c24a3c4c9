package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// waiting is a finding that a person has to decide about.
func waiting() core.Finding {
	return core.Finding{
		ID: "p-1", Hash: "hash-1", Control: "s3-bucket-public", Version: 2, Title: "Close buckets", Family: "storage", Severity: core.Critical, ResourceType: "AWS::S3::Bucket",
		Resource: "b\u202e", ARN: "arn:aws:s3:::b", Account: "111122223333", Region: "eu-west-1", Outcome: core.AwaitingApproval, Reason: "network\nis for people",
		Violations: []core.Violation{{Rule: "r", Where: "statement 1", Reason: "anyone may\tread"}},
		Changes: []core.ShownChange{{Call: "s3:PutBucketPolicy", Why: "take it out", Input: json.RawMessage(`{"Bucket":"b","Password":"hunter2"}`),
			Undo: []awsapi.Call{{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b"}`)}},
			Diff: []core.DiffLine{{Path: "encryption", After: json.RawMessage(`"AES256"`)}, {Path: "gone", Before: json.RawMessage(`1`)}, {Path: "other", Before: json.RawMessage(`1`), After: json.RawMessage(`2`)}}}},
		Reversible: core.Reversible, Disruption: core.DisruptsLittle, Decision: core.Decision{Mode: "approve", Rule: "storage", Reason: "storage needs people"}, RulesVersion: "v1-a", RulesHash: "rulehash",
		Context: core.Context{Tags: map[string]string{"owner": "team-data"}}, Cause: core.Cause{Origin: "event", Actor: "arn:aws:iam::111122223333:user/bob", Time: ago(2 * time.Hour)},
		Record: core.Record{Chain: "111122223333", Seq: 7, Hash: "recordhash"},
	}
}

func TestAPlan(t *testing.T) {
	t.Parallel()
	r := report.Build(report.Input{
		Now: noon, Findings: []core.Finding{waiting()}, Owners: map[string]string{"arn:aws:s3:::b": "team-data"},
		Controls: []core.Meta{{ID: "s3-bucket-public", Title: "Close buckets", Service: "s3", Doc: "# T\n\n## Why it matters\nBecause.\nReally.\n\n## What could break\nReaders.\n\n## How to undo\nUndo.\n"}},
		Open:     []report.Occurrence{{ID: "occ-1", Control: "s3-bucket-public", Resource: awsapi.Resource{ID: "b\u202e", Account: "111122223333", Region: "eu-west-1"}, Opened: ago(time.Hour)}},
	})
	want := report.Plan{
		Key: "p-1", ID: "p-1", Hash: "hash-1", Occurrence: "occ-1", Version: 2,
		Subject: report.Subject{Control: "s3-bucket-public", Title: "Close buckets", Severity: "critical", Service: "s3", Family: "storage", Type: "AWS::S3::Bucket", Resource: `b\u202e`,
			ARN: "arn:aws:s3:::b", Account: "111122223333", Region: "eu-west-1", Owner: "team-data"},
		Tags: map[string]string{"owner": "team-data"}, Facts: []string{}, Outcome: "awaiting_approval", Headline: "Waits for approval", Open: true, Reason: "network is for people",
		Decision: core.Decision{Mode: "approve", Rule: "storage", Reason: "storage needs people"}, Rules: report.Rules{Version: "v1-a", Hash: "rulehash"},
		Violations: []core.Violation{{Rule: "r", Where: "statement 1", Reason: "anyone may read"}},
		Changes: []report.Change{{Call: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b","Password":"(hidden)"}`), Why: "take it out",
			Diff: []report.DiffLine{{Mark: "+", Field: "encryption", After: `"AES256"`}, {Mark: "-", Field: "gone", Before: "1"}, {Mark: "~", Field: "other", Before: "1", After: "2"}},
			Undo: []report.Call{{Call: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b"}`)}}}},
		Reversible: "yes", Disruption: "low", NeverAuto: []string{}, Notes: []string{}, Advice: []core.Advice{},
		Cause: core.Cause{Origin: "event", Actor: "arn:aws:iam::111122223333:user/bob", Time: ago(2 * time.Hour)}, CausedBy: "user bob, seen in an event at 2026-11-22 10:00:00 UTC",
		FirstSeen: ago(time.Hour), Age: 3600, Exposure: 7200, Record: core.Record{Chain: "111122223333", Seq: 7, Hash: "recordhash"},
	}
	if diff := cmp.Diff([]report.Plan{want}, r.Plans); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.Waiting{{Key: "w-p-1", Plan: "p-1", Kind: "plan", Subject: want.Subject, For: []string{}, Since: ago(time.Hour), Given: []report.Verdict{}}}, r.Waiting); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.Control{{ID: "s3-bucket-public", Title: "Close buckets", Service: "s3", Family: "storage", Why: "Because. Really.", Breaks: "Readers.", Undo: "Undo."}}, r.Controls); diff != "" {
		t.Errorf("controls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.Account{{ID: "111122223333", Regions: []string{"eu-west-1"}}}, r.Accounts); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if r.Rules != (report.Rules{Version: "v1-a", Hash: "rulehash"}) || !slices.Equal(r.Regions, []string{"eu-west-1"}) || !r.Since.IsZero() || r.Schema != 1 {
		t.Errorf("got %+v, %v, %v", r.Rules, r.Regions, r.Since)
	}
}

func TestTheLaterOfTwoFindingsCounts(t *testing.T) {
	t.Parallel()
	first, second, fine, twin := waiting(), waiting(), waiting(), waiting()
	second.ID, second.Outcome = "p-2", core.Fixed
	fine.Resource, fine.Outcome = "fine", core.Compliant
	twin.Resource, twin.ID = "twin", "p-2" // an id that somebody else has already
	r := report.Build(report.Input{Now: noon, Findings: []core.Finding{first, second, fine, twin}})
	var got []string
	for _, p := range r.Plans {
		got = append(got, p.Resource+" "+string(p.Outcome))
	}
	if diff := cmp.Diff([]string{"twin awaiting_approval", `b\u202e fixed`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Plans[0].Key == r.Plans[1].Key {
		t.Errorf("two plans with the key %s", r.Plans[0].Key)
	}
}

func TestWhatWaits(t *testing.T) {
	t.Parallel()
	late, asked := waiting(), waiting()
	asked.Resource, asked.ID = "asked", "p-2"
	yes := report.Verdict{Who: "ann\n", When: ago(time.Minute), Says: "approve"}
	r := report.Build(report.Input{Now: noon, Findings: []core.Finding{late, asked}, Approvals: []report.Approval{
		{ID: "a-2", Kind: "switch", Account: "111122223333", Expires: noon.Add(2 * time.Hour), Needed: 2},
		{ID: "a-1", PlanID: "p-2", For: []string{"sec"}, RequestedBy: "bob", Since: ago(time.Hour), Expires: noon.Add(time.Hour), Given: []report.Verdict{yes, {Who: "eve", Says: "reject"}}, Needed: 2},
	}})
	var keys []string
	for _, w := range r.Waiting {
		keys = append(keys, w.Key)
	}
	if diff := cmp.Diff([]string{"a-1", "a-2", "w-p-1"}, keys); diff != "" {
		t.Fatalf("what expires first comes first (-want +got):\n%s", diff)
	}
	w := r.Waiting[0]
	if w.Plan != "p-2" || w.Resource != "asked" || w.Approvals() != 1 || w.Needed != 2 || w.Given[0].Who != "ann " || w.RequestedBy != "bob" || !w.Since.Equal(ago(time.Hour)) {
		t.Errorf("got %+v", w)
	}
	if r.Waiting[1].Plan != "" || r.Waiting[1].Kind != "switch" || r.Figures.Waiting != 3 {
		t.Errorf("got %+v", r.Waiting[1])
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	held := waiting()
	held.Outcome, held.Decision = core.Excepted, core.Decision{Mode: "exception", Rule: "exceptions[1]"}
	r := report.Build(report.Input{Now: noon, Findings: []core.Finding{held}, Exceptions: []report.ExceptionInput{
		{Rule: "exceptions[0]", Owner: "ended", Until: noon}, {Rule: "exceptions[1]", Owner: "later", Until: noon.Add(report.Soon + time.Second)}, {Rule: "exceptions[2]", Owner: "soon", Until: noon.Add(report.Soon)},
	}})
	type short struct {
		Owner       string
		Soon, Ended bool
		Plans       []string
	}
	var got []short
	for _, e := range r.Exceptions {
		got = append(got, short{e.Owner, e.EndsSoon, e.Ended, e.Plans})
	}
	if diff := cmp.Diff([]short{{"soon", true, false, []string{}}, {"later", false, false, []string{"p-1"}}, {"ended", false, true, []string{}}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Figures.EndingSoon != 1 || r.Figures.Open.Total != 0 {
		t.Errorf("%d end soon, %d open: what is exempt was agreed to", r.Figures.EndingSoon, r.Figures.Open.Total)
	}
}

// An occurrence without a finding is shown from its plan's bytes and from the log.
func TestAnOccurrenceAlone(t *testing.T) {
	t.Parallel()
	resource := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
	plan := core.Plan{Schema: core.Schema, Control: "c", Version: 3, Resource: resource, Before: "x", After: "y", Violations: []core.Violation{{Rule: "r", Where: "w", Reason: "wrong"}},
		Changes: []core.Change{{Why: "why", Do: awsapi.Call{Op: "s3:Do", Input: json.RawMessage(`{"Token":"hunter2"}`)}}}}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	occ := report.Occurrence{ID: "occ", Control: "c", Resource: resource, State: "waiting", PlanID: "p", PlanHash: "h", Decision: "approve", Plan: raw, Opened: ago(time.Hour), Fixed: ago(48 * time.Hour)}
	meta := core.Meta{ID: "c", Title: "T", Severity: core.High, Service: "s3", Type: awsapi.ResourceType{Name: "AWS::S3::Bucket", ARN: func(r awsapi.Resource) string { return "arn:aws:s3:::" + r.ID }}}
	entries := []audit.Entry{
		{Chain: "111122223333", Seq: 1, Time: ago(time.Hour), Kind: audit.Plan, Occurrence: "occ", Plan: "p", Control: "c", Outcome: "awaiting_approval",
			Detail: json.RawMessage(`{"rules_version":"v9","never_auto":["look"],"cause":{"event":"s3.amazonaws.com:PutBucketPolicy"}}`)},
		{Chain: "111122223333", Seq: 2, Time: ago(time.Hour), Kind: audit.Decision, Occurrence: "occ", Plan: "p", Control: "c", Outcome: "awaiting_approval",
			Detail: json.RawMessage(`{"mode":"approve","rule":"r1","reason":"people decide"}`)},
		{Chain: "111122223333", Seq: 3, Time: ago(time.Minute), Kind: audit.Error, Plan: "p", Control: "c", Outcome: "error", Detail: json.RawMessage(`{"reason":"telling people failed"}`)},
	}
	r := report.Build(report.Input{Now: noon, Open: []report.Occurrence{occ}, Entries: entries, Controls: []core.Meta{meta}})
	if len(r.Plans) != 1 {
		t.Fatalf("%d plans", len(r.Plans))
	}
	p := r.Plans[0]
	if p.Outcome != core.AwaitingApproval || p.ARN != "arn:aws:s3:::b" || p.Severity != core.High || p.Version != 3 || p.Decision.Rule != "r1" || p.Reason != "people decide" || p.Rules.Version != "v9" ||
		p.NeverAuto[0] != "look" || p.Violations[0].Reason != "wrong" || string(p.Changes[0].Input) != `{"Token":"(hidden)"}` || p.Record.Seq != 2 || p.Age != 3600 || !strings.Contains(p.Notes[0], "it was fixed on 2026-11-20") {
		t.Errorf("got %+v", p)
	}
	// Without a log the occurrence's own state has to do.
	for state, want := range map[string]core.Outcome{"approve": core.AwaitingApproval, "exception": core.Excepted, "refuse": core.Refused, "blind": core.Blind, "error": core.Errored, "report": core.Reported} {
		occ.Decision = state
		if got := report.Build(report.Input{Now: noon, Open: []report.Occurrence{occ}}).Plans[0].Outcome; got != want {
			t.Errorf("%s gives %s, want %s", state, got, want)
		}
	}
	occ.State = "applying"
	if got := report.Build(report.Input{Now: noon, Open: []report.Occurrence{occ}}).Plans[0].Outcome; got != core.Planned {
		t.Errorf("applying gives %s", got)
	}
}

// TestSample looks at what must hold for any report: unique keys, nothing that cannot be seen, no secret, references that lead somewhere, and the same again.
func TestSample(t *testing.T) {
	t.Parallel()
	in := reporttest.Input(2000)
	r := report.Build(in)
	keys := map[string]bool{}
	for _, p := range r.Plans {
		if keys[p.Key] || p.Key == "" {
			t.Errorf("two plans have the key %q", p.Key)
		}
		keys[p.Key] = true
	}
	for _, ref := range references(r) {
		if ref != "" && !keys[ref] {
			t.Errorf("%s is no plan", ref)
		}
	}
	withChanges := func(f report.Fix) bool { return f.Plan != "" || len(f.Changes) > 0 }
	if !slices.ContainsFunc(r.Fixes, withChanges) || len(r.Refused) == 0 || len(r.Waiting) == 0 {
		t.Error("the sample lacks fixes, refusals or what waits")
	}
	again := report.Build(in)
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("the same input gives another report:\n%s", diff)
	}
	r.Plans = slices.Clone(r.Plans)
	for i := range r.Plans {
		r.Plans[i].Changes = nil // inputs are JSON as it is
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`\u202e`, "\u202e", "\u200b", `\u0000`, `\u001b`, `\n`, `\t`, `\r`, "hunter2"} {
		if i := strings.Index(strings.ReplaceAll(string(raw), `\\u`, ""), bad); i >= 0 {
			t.Errorf("the report holds %q: %s", bad, string(raw)[max(0, i-80):i+20])
		}
	}
}

func references(r report.Report) []string {
	var out []string
	for _, w := range r.Waiting {
		out = append(out, w.Plan)
	}
	for _, e := range r.Exceptions {
		out = append(out, e.Plans...)
	}
	for _, x := range r.Refused {
		out = append(out, x.Plan)
	}
	for _, f := range r.Fixes {
		out = append(out, f.Plan)
	}
	return out
}
