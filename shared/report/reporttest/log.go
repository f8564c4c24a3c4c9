package reporttest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
)

// writer appends entries as the log would, each account's in order. Their hashes are not chained: a report does not look at that.
type writer struct {
	entries []audit.Entry
	seq     map[string]int64
}

func (w *writer) add(at time.Time, e audit.Entry, detail string) int64 {
	w.seq[e.Chain]++
	e.Seq, e.Time, e.Detail = w.seq[e.Chain], at, json.RawMessage(detail)
	e.Hash = canon.Hash(fmt.Appendf(nil, "%s/%d", e.Chain, e.Seq))
	w.entries = append(w.entries, e)
	return e.Seq
}

// history is a log of so many occurrences over the last weeks, most of them mended.
func history(rng *rand.Rand, all []kind, n int, owns map[string]string) ([]audit.Entry, []report.Occurrence) {
	w := &writer{seq: map[string]int64{"111122223333": 20_000, "222233334444": 20_000, "333344445555": 20_000, "444455556666": 20_000, "012345678901": 20_000}}
	var open []report.Occurrence
	for i := range n {
		k := all[rng.IntN(8)]
		a := pick(rng, accounts)
		name := fmt.Sprintf(k.name, pick(rng, words), 500_000+i)
		region := pick(rng, a.Regions)
		arn := with(k.arn, name, a.ID, region)
		if owner := pick(rng, owners); owner != "" {
			owns[arn] = owner
		}
		found := Now.Add(-time.Duration(rng.IntN(40*24*60)) * time.Minute)
		e := audit.Entry{Chain: a.ID, Occurrence: fmt.Sprintf("01KA%022d", i), Plan: fmt.Sprintf("p-01KA%022d", i), Control: k.meta.ID, Resource: arn}
		plan := k.plan(awsapi.Resource{Type: k.meta.Type.Name, ID: name, Account: a.ID, Region: region, Partition: "aws"})
		if !w.life(rng, i, e, found, plan) {
			open = append(open, occurrence(e, plan, found))
		}
	}
	return w.entries, open
}

// plan is what would mend a resource.
func (k kind) plan(r awsapi.Resource) core.Plan {
	input := json.RawMessage(with(k.input, r.ID, r.Account, r.Region))
	return core.Plan{Schema: core.Schema, Control: k.meta.ID, Version: 1, Resource: r, Before: canon.Hash([]byte("before")), After: canon.Hash([]byte("after")),
		Violations: []core.Violation{{Rule: "r", Where: k.where, Reason: k.reason}},
		Changes:    []core.Change{{Why: k.why, Do: awsapi.Call{Op: k.call, Input: input}, Undo: []awsapi.Call{{Op: k.undo, Input: input}}}}}
}

// bytesOf is a plan as it is kept; a sample that cannot be encoded has none, which a test would see.
func bytesOf(p core.Plan) json.RawMessage {
	raw, err := p.Bytes()
	if err != nil {
		return nil
	}
	return raw
}

// occurrence is one that is open, with its plan.
func occurrence(e audit.Entry, p core.Plan, found time.Time) report.Occurrence {
	raw := bytesOf(p)
	return report.Occurrence{ID: e.Occurrence, Control: e.Control, Resource: p.Resource, State: "open", PlanID: e.Plan, PlanHash: canon.Hash(raw), Decision: "auto", Plan: raw, Opened: found,
		Cause: found.Add(-time.Minute), Origin: "event"}
}

// life is one occurrence from its plan to its end, and whether it has ended.
func (w *writer) life(rng *rand.Rand, i int, e audit.Entry, found time.Time, plan core.Plan) bool {
	caused := found.Add(-time.Duration(5+rng.IntN(600)) * time.Second)
	say := func(kind audit.Kind, outcome core.Outcome) audit.Entry {
		e.Kind, e.Outcome = kind, string(outcome)
		return e
	}
	w.add(found, say(audit.Plan, core.Planned), fmt.Sprintf(`{"cause":{"origin":"event","time":%q},"rules_version":"v1-aaaabbbbcccc"}`, caused.Format(time.RFC3339)))
	w.add(found, say(audit.Decision, core.Planned), `{"mode":"auto","rule":"storage","reason":"storage is mended at once"}`)
	if i%9 == 0 {
		w.add(found.Add(time.Second), say(audit.Refusal, core.Refused), `{"reason":"a limit is reached: too many fixes of this control in this account this hour"}`)
	}
	if i%7 == 0 {
		return false // nobody has mended it yet
	}
	approver := ""
	ended := found.Add(time.Duration(2+rng.IntN(90)) * time.Second)
	if i%3 == 0 {
		approver, ended = "ann", found.Add(time.Duration(600+rng.IntN(200_000))*time.Second)
	}
	if ended.After(Now) {
		return false
	}
	intent := w.add(ended.Add(-time.Second), say(audit.Intent, core.Planned), fmt.Sprintf(`{"hash":%q,"approver":%q,"plan":%s}`, canon.Hash(bytesOf(plan)), approver, bytesOf(plan)))
	outcome, reason := core.Fixed, "read back: clean, and nothing else changed"
	if i%17 == 0 {
		outcome, reason = core.Failed, "s3:PutBucketPolicy: AccessDenied"
	}
	w.add(ended, say(audit.Result, outcome), fmt.Sprintf(`{"reason":%q,"intent":%d,"made":1,"exposure_seconds":%.0f}`, reason, intent, ended.Sub(caused).Seconds()))
	if i%23 == 0 && outcome == core.Fixed && ended.Add(time.Hour).Before(Now) {
		e.Plan = "p-undo-" + e.Plan
		w.add(ended.Add(time.Hour), say(audit.Undo, core.AwaitingApproval), fmt.Sprintf(`{"undoes":%d,"approver":"bob"}`, intent))
		e.Occurrence = ""
		w.add(ended.Add(time.Hour+time.Second), say(audit.Result, core.Undone), `{"reason":"read back: as it was before the fix","made":1}`)
	}
	return true
}

// said are words of people: who rejected what, and what changed nothing. Their numbers are those after all others.
func said(findings []core.Finding) []audit.Entry {
	w := &writer{seq: map[string]int64{"111122223333": 900_000, "222233334444": 900_000, "333344445555": 900_000, "444455556666": 900_000, "012345678901": 900_000}}
	words := []struct{ verdict, code, why, who string }{
		{"approve", "four-eyes", "eve caused the finding; somebody else has to decide", "eve"}, {"approve", "stranger", "U0NOBODY is nobody of the list people in the rules file", "U0NOBODY"},
		{"reject", "late", "it expired at 2026-11-21 10:00:00 UTC", "bob"},
	}
	for i, f := range findings {
		e := audit.Entry{Chain: f.Account, Kind: audit.Verdict, Plan: f.ID, Control: f.Control, Resource: f.ARN, Actor: "ann", Outcome: string(core.Rejected)}
		at := Now.Add(-time.Duration(i%40_000) * time.Minute)
		where, err := json.Marshal(map[string]string{"id": f.Resource, "region": f.Region})
		if err != nil {
			continue // a text can always be encoded
		}
		request := fmt.Sprintf(`"request":{"key":{"account":%q,"kind":"fix","id":"","hash":%q},"round":1,"where":%s}`, f.Account, f.Hash, where)
		switch {
		case f.Outcome == core.Rejected:
			w.add(at, e, `{`+request+`,"verdict":"reject","via":"slack","why":"the site needs it until the move"}`)
		case f.Outcome == core.AwaitingApproval && i%11 == 0:
			said := words[i%len(words)]
			e.Actor, e.Outcome = said.who, string(core.Refused)
			w.add(at, e, fmt.Sprintf(`{%s,"verdict":%q,"via":"cli","refused":%q,"code":%q,"who":%q}`, request, said.verdict, said.why, said.code, said.who))
		}
	}
	return w.entries
}

// approvals asks about most of what waits: some of it has one yes of two.
func approvals(findings []core.Finding) []report.Approval {
	var out []report.Approval
	for i, f := range findings {
		if f.Outcome != core.AwaitingApproval || i%4 == 0 {
			continue
		}
		since := f.Cause.Time
		if Now.Sub(since) > 60*time.Hour {
			since = Now.Add(-time.Duration(1+i%60) * time.Hour)
		}
		if i%16 == 1 { // nobody decided in time
			out = append(out, report.Approval{ID: fmt.Sprintf("a-%05d", i), PlanID: f.ID, Hash: f.Hash, Control: f.Control, Resource: f.Resource, ARN: f.ARN, Account: f.Account, Region: f.Region,
				State: "expired", Why: "nobody decided in time", Ended: Now.Add(-time.Hour), Askable: true, Target: f.ID})
			continue
		}
		a := report.Approval{ID: fmt.Sprintf("a-%05d", i), PlanID: f.ID, For: []string{"security-on-call", f.Context.Owner}, RequestedBy: "shoreup", Since: since, Expires: since.Add(72 * time.Hour), Needed: 1}
		if f.Cause.Actor == "" {
			a.Needed = 2
		}
		if i%7 == 0 {
			a.Was = &report.Was{Plan: "p-01KA0000000000000000000001", Hash: canon.Hash([]byte("before")), Why: []string{"the resource changed: policy"},
				Changed: []string{`- wrong: statement 3 (Sid "Old"): anyone may read`, `+ wrong: statement 2 (Sid "Everyone"): anyone on the internet may do s3:GetObject`}}
		}
		if i%9 == 0 {
			a.Again = &report.Again{By: "bob", Why: "the move is over", Ended: "rejected by ann: not before the move"}
		}
		if a.Needed == 2 && i%3 == 0 {
			a.Given = []report.Verdict{{Who: "ann", When: since.Add(time.Hour), Says: "approve", Why: "looks right"}}
		}
		out = append(out, a)
	}
	return append(out, others()...)
}

// others are questions about something else than a plan.
func others() []report.Approval {
	undo := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Before: "b", After: "a",
		Resource: awsapi.Resource{Type: "AWS::S3::Bucket", ID: "press-kit", Account: "111122223333", Region: "eu-west-1", Partition: "aws"},
		Changes:  []core.Change{{Why: "take back: turn on the bucket's Block Public Access", Do: awsapi.Call{Op: "s3:DeletePublicAccessBlock", Input: json.RawMessage(`{"Bucket":"press-kit"}`)}}}}
	return []report.Approval{
		{ID: "a-switch", Kind: "switch", Account: "111122223333", For: []string{"security-lead"}, RequestedBy: "bob", Since: Now.Add(-time.Hour), Expires: Now.Add(3 * time.Hour), Needed: 2,
			Hash: canon.Hash([]byte("switch")), About: "the kill switch is lifted, and what the rules file says is done again: incident 7 is over"},
		{ID: "a-people", Kind: "approvers", Account: "111122223333", For: []string{"ann", "bob"}, Since: Now.Add(-time.Hour), Expires: Now.Add(90 * time.Hour), Needed: 2, Hash: canon.Hash([]byte("people")),
			About: "who decides becomes what the changed rules file says", Details: []string{"mal is added, known as Slack member U0MAL00001", "approval rule production: needs 1; until now: needs 2"}},
		{ID: "a-undo", Kind: "undo", Control: undo.Control, Resource: "press-kit", ARN: "arn:aws:s3:::press-kit", Account: "111122223333", Region: "eu-west-1", For: []string{"ann"}, RequestedBy: "bob",
			Since: Now.Add(-2 * time.Hour), Expires: Now.Add(80 * time.Hour), Needed: 1, Hash: canon.Hash(bytesOf(undo)), Plan: bytesOf(undo),
			About: "takes back plan p-1, carried out on 2026-11-20 09:00:00 UTC; the next sweep finds the resource again unless an exemption covers it. Why: the press cannot load the pictures"},
	}
}

func exceptions() []report.ExceptionInput {
	day := 24 * time.Hour
	midnight := Now.Truncate(day)
	return []report.ExceptionInput{
		{Rule: "exceptions[0]", Controls: []string{"s3-bucket-public"}, Resource: "acme-assets-*", Account: "111122223333", Owner: "team-web", Reason: "public website", Source: "rules file, line 41",
			Since: midnight.Add(-80 * day), Until: midnight.Add(9 * day)},
		{Rule: "exceptions[1]", Controls: []string{"ec2-*"}, Account: "444455556666", Owner: "platform", Reason: "the sandbox is rebuilt every night", Approver: "security-lead", Source: "Slack",
			Since: midnight.Add(-5 * day), Until: midnight.Add(85 * day)},
		{Rule: "exceptions[2]", Controls: []string{"iam-policy-admin"}, Resource: "break-glass", Owner: "security-lead", Reason: "=HYPERLINK(\"http://evil.example\") for <b>emergencies</b>", Source: "rules file, line 60",
			Since: midnight.Add(-90 * day), Until: midnight.Add(-2 * day)},
	}
}
