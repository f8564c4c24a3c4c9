// Package reporttest makes the sample report that the writers' tests and the browser's tests share: a company with several accounts and owners, every
// outcome, a log of some weeks, and names as an attacker would choose them. It is the same every time.
package reporttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
)

// Now is when the sample report is made.
var Now = time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC)

var (
	accounts = []report.Account{
		{ID: "111122223333", Name: "prod", Regions: []string{"eu-west-1", "us-east-1"}}, {ID: "222233334444", Name: "staging", Regions: []string{"eu-west-1"}},
		{ID: "333344445555", Name: "data", Regions: []string{"eu-central-1", "eu-west-1"}}, {ID: "444455556666", Name: "sandbox", Regions: []string{"eu-west-1", "us-east-1"}},
		{ID: "012345678901", Name: "shared services", Regions: []string{"eu-west-1"}},
	}
	owners = []string{"team-web", "team-data", "team-payments", "platform", "", "team-mobile"}
	words  = []string{"reports", "invoices", "media", "billing", "search", "backup", "orders", "intranet", "exports", "assets"}
	actors = []string{"arn:aws:sts::%s:assumed-role/deploy/ann", "arn:aws:iam::%s:user/ci/pipeline", "arn:aws:sts::%s:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/bob@acme.example", ""}
)

// ending is an outcome with the decision and the reason that go with it. The shares are out of 100.
type ending struct {
	share      int
	outcome    core.Outcome
	mode, rule string
	reason     string
	unseen     bool // nothing is known but that
}

var endings = []ending{
	{share: 38, outcome: core.Reported, mode: "report", rule: "default", reason: "no rule matches: report only"},
	{share: 17, outcome: core.AwaitingApproval, mode: "approve", rule: "network", reason: "network changes are for people"},
	{share: 10, outcome: core.Planned, mode: "auto", rule: "storage", reason: "storage is mended at once"},
	{share: 9, outcome: core.Excepted, mode: "exception", rule: "exceptions[0]", reason: "exception until 2026-12-01, owner team-web: public website"},
	{share: 8, outcome: core.Fixed, mode: "auto", rule: "storage", reason: "read back: clean, and nothing else changed"},
	{share: 6, outcome: core.Refused, mode: "refuse", rule: "freeze release week", reason: "freeze release week until 2026-11-27: nothing is written"},
	{share: 3, outcome: core.Blind, unseen: true, reason: "we may not look: calling s3:GetBucketPolicy: AccessDenied; grant the read role this action"},
	{share: 2, outcome: core.Regressed, mode: "auto", rule: "storage", reason: "it was fixed and is wrong again"},
	{share: 2, outcome: core.Failed, mode: "auto", rule: "storage", reason: "s3:PutBucketPolicy: MalformedPolicy"},
	{share: 1, outcome: core.Unverified, mode: "auto", rule: "storage", reason: "clean, but not as planned: somebody changed it meanwhile"},
	{share: 1, outcome: core.Rejected, mode: "approve", rule: "network", reason: "not approved by ann"},
	{share: 1, outcome: core.Expired, mode: "approve", rule: "network", reason: "nobody decided within 72 hours"},
	{share: 1, outcome: core.Stale, mode: "approve", rule: "network", reason: "the resource changed after the plan was made"},
	{share: 1, outcome: core.Errored, unseen: true, reason: "calling iam:GetPolicyVersion: ServiceUnavailable"},
}

// Input is the sample's input with so many findings.
func Input(findings int) report.Input {
	rng := rand.New(rand.NewPCG(1, 2))
	all := kinds()
	in := report.Input{
		Now: Now, Rules: report.Rules{Version: "v1-aaaabbbbcccc", Hash: canon.Hash([]byte("rules"))}, Accounts: accounts,
		Judged: map[string]map[core.Outcome]int{"s3-bucket-public": {core.Compliant: 4 * findings}}, Owners: map[string]string{},
	}
	for i := range in.Accounts {
		in.Accounts[i].Head = report.Head{Seq: int64(9000 + i), Hash: canon.Hash([]byte(in.Accounts[i].ID)), Time: Now.Add(-time.Minute)}
	}
	for _, k := range all {
		in.Controls = append(in.Controls, k.meta)
	}
	for i := range findings {
		in.Findings = append(in.Findings, finding(rng, all, i))
	}
	hostile(in.Findings)
	in.Entries, in.Open = history(rng, all, max(60, findings/20), in.Owners)
	in.Entries = append(in.Entries, said(in.Findings)...)
	in.Approvals = approvals(in.Findings)
	in.Exceptions = exceptions()
	return in
}

// Report is the sample report with so many findings.
func Report(findings int) report.Report { return report.Build(Input(findings)) }

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func draw(rng *rand.Rand) ending {
	n := rng.IntN(100)
	for _, e := range endings {
		if n -= e.share; n < 0 {
			return e
		}
	}
	return endings[0]
}

func finding(rng *rand.Rand, all []kind, i int) core.Finding {
	k := all[min(rng.IntN(len(all)), rng.IntN(len(all)+2))] // more of the first ones
	a, e := pick(rng, accounts), draw(rng)
	region := pick(rng, a.Regions)
	name := fmt.Sprintf(k.name, pick(rng, words), i)
	f := core.Finding{
		Control: k.meta.ID, Version: 1, Title: k.meta.Title, Family: k.meta.Family, Severity: k.meta.Severity, ResourceType: k.meta.Type.Name, Resource: name,
		ARN: with(k.arn, name, a.ID, region), Account: a.ID, Region: region, Outcome: e.outcome, Reason: e.reason, Reversible: k.meta.Reversible, Disruption: k.meta.Disruption,
		RulesVersion: "v1-aaaabbbbcccc", RulesHash: canon.Hash([]byte("rules")), Context: core.Context{Owner: pick(rng, owners), Tags: map[string]string{"env": a.Name}},
		Record: core.Record{Chain: a.ID, Seq: int64(i + 1), Hash: canon.Hash(fmt.Appendf(nil, "record %d", i))},
	}
	if e.unseen {
		return f
	}
	f.ID, f.Hash = fmt.Sprintf("p-01KB%022d", i), canon.Hash(fmt.Appendf(nil, "plan %d", i))
	f.Decision = core.Decision{Mode: e.mode, Rule: e.rule, Reason: e.reason}
	f.Violations = []core.Violation{{Rule: "r", Where: k.where, Reason: k.reason}}
	f.Cause = core.Cause{Origin: "sweep", Time: Now.Add(-time.Duration(rng.IntN(45*24*60)) * time.Minute)}
	if actor := pick(rng, actors); actor != "" {
		f.Cause.Origin, f.Cause.Actor, f.Cause.Event = "event", fmt.Sprintf(actor, a.ID), k.meta.Service+".amazonaws.com:"+operation(k.call)
	}
	if e.outcome == core.Fixed {
		f.Exposure = float64(20 + rng.IntN(4000))
	}
	k.fill(&f)
	return f
}

// with puts a resource's name and place into a pattern.
func with(pattern, name, account, region string) string {
	return strings.NewReplacer("{name}", name, "{account}", account, "{region}", region).Replace(pattern)
}

// operation is the call's name as CloudTrail writes it.
func operation(call string) string {
	_, name, _ := strings.Cut(call, ":")
	return cmp.Or(name, "CreateVolume")
}

// fill gives a finding its change, or the advice of a control that changes nothing.
func (k kind) fill(f *core.Finding) {
	if k.call == "" {
		if f.Outcome != core.Excepted && f.Outcome != core.Refused {
			f.Outcome, f.Reason, f.Decision.Mode = core.Reported, "no call can mend this safely: people have to", "report"
		}
		f.Advice = []core.Advice{{Title: "Move " + f.Resource + " to what is safe", Outage: "minutes, while it is swapped", Cost: "a copy for a day",
			Steps: []string{"Make a copy of " + f.Resource + ".", "Check the copy and switch over.", "Delete the old one after a week."}}}
		return
	}
	args := func(format string) json.RawMessage {
		if format == "" {
			return nil
		}
		return json.RawMessage(with(format, f.Resource, f.Account, f.Region))
	}
	f.Changes = []core.ShownChange{{
		Call: k.call, Input: args(k.input), Why: k.why, Undo: []awsapi.Call{{Op: k.undo, Input: args(k.input)}},
		Diff: []core.DiffLine{{Path: k.path, Before: args(k.before), After: args(k.after)}},
	}}
	f.Notes = []string{"kept as they are: arn:aws:iam::444455556666:root"}
	if f.Severity == core.Critical && f.Outcome == core.AwaitingApproval {
		f.NeverAuto = []string{"the resource is used by a load balancer"}
	}
}
