package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/core"
)

func named(id string) string { return map[string]string{"111122223333": "prod"}[id] }

// want writes the blocks that are expected: what is not in angle brackets is JSON. S is a section's text, escaped for JSON already.
func want(blocks ...string) string { return "[" + strings.Join(blocks, ",") + "]" }

func wantHeader(text string) string {
	return `{"type":"header","text":{"type":"plain_text","text":"` + text + `","emoji":false}}`
}

func wantText(text string) string { return `{"type":"mrkdwn","text":"` + text + `","verbatim":true}` }

func wantSection(text string) string { return `{"type":"section","text":` + wantText(text) + `}` }

func wantFields(texts ...string) string {
	for i, t := range texts {
		texts[i] = wantText(t)
	}
	return `{"type":"section","fields":[` + strings.Join(texts, ",") + `]}`
}

func wantContext(texts ...string) string {
	for i, t := range texts {
		texts[i] = wantText(t)
	}
	return `{"type":"context","elements":[` + strings.Join(texts, ",") + `]}`
}

var single4 = map[string]struct {
	finding core.Finding
	text    string
	blocks  string
}{
	"fixed": {
		fixed(), "Fixed: s3-bucket-public on acme-reports in account prod (111122223333), eu-west-1: read back: clean, and nothing else changed",
		want(
			wantHeader(`Fixed: s3-bucket-public on acme-reports`),
			wantSection(`*Close buckets that anybody can read or write*\nread back: clean, and nothing else changed`),
			wantFields("*Resource*\\n`arn:aws:s3:::acme-reports`", "*Account*\\n`prod (111122223333)`", "*Region*\\n`eu-west-1`", "*Owner*\\n`team-data`",
				"*Severity*\\n`critical`", "*Control*\\n`s3-bucket-public v1`"),
			wantSection("*Caused by* role deploy, session ann, by `s3:PutBucketPolicy`, seen in an event at 2026-11-22 10:00:00 UTC\\n*Exposure* open for 41 s"),
			wantSection("*What is wrong*\\n• policy statement 1 (Sid \\\"Everyone\\\"): anyone on the internet may do `s3:GetObject`"),
			wantSection("*What changed*\\n```\\n# take 1 public of 2 statements out of the policy\\n"+
				"- policy statement 1 (Sid \\\"Everyone\\\"): Allow s3:GetObject on arn:aws:s3:::acme-reports/* for everyone (*)\\n```"),
			wantSection("*Calls*\\n```\\ns3:PutBucketPolicy {\\\"Bucket\\\":\\\"acme-reports\\\",\\\"ExpectedBucketOwner\\\":\\\"111122223333\\\"}\\n```"),
			wantSection("*Notes*\\n• kept as they are: `arn:aws:iam::444455556666:root`"),
			wantSection("*Decision* auto (`prod-storage`): storage in prod is mended at once"),
			wantSection("*Undo* `shoreup undo 111122223333/42`"),
			wantContext("plan `p-01KB0000000000000000000001`", "hash `0123456789ab`", "audit `111122223333/42`", "head `fedcba9876543210`", "rules `v1-aaaabbbbcccc`"),
		),
	},
	"waits for approval": {
		waiting(), "Waits for approval: ec2-security-group-open on sg-0a1b2c3d in account prod (111122223333), eu-west-1: network changes are for people",
		want(
			wantHeader(`Waits for approval: ec2-security-group-open on sg-0a1b2c3d`),
			wantSection(`*Close sensitive ports to the internet*\nnetwork changes are for people`),
			wantFields("*Resource*\\n`arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d`", "*Account*\\n`prod (111122223333)`", "*Region*\\n`eu-west-1`",
				"*Owner*\\n`unknown`", "*Severity*\\n`critical`", "*Control*\\n`ec2-security-group-open v1`"),
			wantSection("*Caused by* unknown, found by the sweep at 2026-11-22 10:00:00 UTC"),
			wantSection("*What is wrong*\\n• ingress tcp 22 from 0.0.0.0/0: anyone on the internet can reach SSH"),
			wantSection("*What would change*\\n```\\n# shut out the world; 2 other rules stay as they are\\n"+
				"- rules: {cidr: \\\"0.0.0.0/0\\\", egress: false, from: 22, protocol: \\\"tcp\\\", to: 22}\\n```"),
			wantSection("*Look first*\\n• the group is attached to a load balancer"),
			wantSection("*Calls*\\n```\\nec2:RevokeSecurityGroupIngress {\\\"GroupId\\\":\\\"sg-0a1b2c3d\\\",\\\"SecurityGroupRuleIds\\\":[\\\"sgr-1\\\"]}\\n```"),
			wantSection("*Decision* approve (`network`)"),
			wantSection("*Approve* `shoreup plan --control ec2-security-group-open --resource sg-0a1b2c3d --account 111122223333 --region eu-west-1 --out plan.json` and then `shoreup apply plan.json`"),
			wantContext("plan `p-01KB0000000000000000000002`", "hash `aaaaaaaaaaaa`", "audit `111122223333/43`", "head `999999999999aaaa`", "rules `v1-aaaabbbbcccc`"),
		),
	},
	"advice": {
		advised(), "Needs people: ec2-volume-encryption on vol-1 in account prod (111122223333), eu-west-1: no call can mend this safely: people have to",
		want(
			wantHeader(`Needs people: ec2-volume-encryption on vol-1`),
			wantSection(`*Encrypt EBS volumes*\nno call can mend this safely: people have to`),
			wantFields("*Resource*\\n`arn:aws:ec2:eu-west-1:111122223333:volume/vol-1`", "*Account*\\n`prod (111122223333)`", "*Region*\\n`eu-west-1`",
				"*Owner*\\n`unknown`", "*Severity*\\n`medium`", "*Control*\\n`ec2-volume-encryption v1`"),
			wantSection("*Caused by* unknown, found by the sweep at 2026-11-22 10:00:00 UTC"),
			wantSection("*What is wrong*\\n• volume: the volume is not encrypted"),
			wantSection("*To be done by people: Move vol-1 to an encrypted volume*\\n1. Take a snapshot of vol-1.\\n2. Make an encrypted volume of it.\\n3. Swap the volumes.\\n"+
				"Outage: minutes, while the volumes are swapped\\nCost: a snapshot and a second volume for a day"),
			wantSection("*Decision* report (`default`)"),
			wantContext("plan `p-01KB0000000000000000000003`", "hash `bbbbbbbbbbbb`", "audit `111122223333/44`", "head `888888888888bbbb`", "rules `v1-aaaabbbbcccc`"),
		),
	},
	"blind": {
		blind(), "Cannot see: s3-bucket-public on locked in account prod (111122223333), eu-west-1: we may not look: calling `s3:GetBucketPolicy`: AccessDenied; grant the read role this action",
		want(
			wantHeader(`Cannot see: s3-bucket-public on locked`),
			wantSection("*Close buckets that anybody can read or write*\\nwe may not look: calling `s3:GetBucketPolicy`: AccessDenied; grant the read role this action"),
			wantFields("*Resource*\\n`arn:aws:s3:::locked`", "*Account*\\n`prod (111122223333)`", "*Region*\\n`eu-west-1`",
				"*Owner*\\n`unknown`", "*Severity*\\n`critical`", "*Control*\\n`s3-bucket-public v1`"),
			wantSection("*Caused by* unknown, found by the sweep at 2026-11-22 10:00:00 UTC"),
			wantContext("audit `111122223333/45`", "head `777777777777cccc`", "rules `v1-aaaabbbbcccc`"),
		),
	},
}

func TestSingle(t *testing.T) {
	t.Parallel()
	for name, tt := range single4 {
		got := Build([]core.Finding{tt.finding}, Options{Channel: "#sec", AccountName: named})
		if len(got) != 1 || got[0].Channel != "#sec" {
			t.Errorf("%s: %d messages to %q", name, len(got), got[0].Channel)
			continue
		}
		if diff := cmp.Diff(tt.text, got[0].Text); diff != "" {
			t.Errorf("%s: text (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(generic(t, tt.blocks), generic(t, encodeBlocks(t, got[0]))); diff != "" {
			t.Errorf("%s: blocks (-want +got):\n%s", name, diff)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	other := blind()
	other.Account, other.Record.Chain, other.Record.Seq, other.RulesVersion = "444455556666", "444455556666", 7, "v1-ddddeeeeffff"
	got := Build([]core.Finding{fixed(), waiting(), advised(), other}, Options{AccountName: named})
	wantBlocks := want(
		wantHeader("4 findings in 2 accounts"),
		wantSection("*Outcomes* 1 cannot see · 1 waits for approval · 1 needs people · 1 fixed\\n*Severities* 3 critical · 1 medium\\n"+
			"*Undo* a fix with `shoreup undo RECORD`; its record stands at the end of its line"),
		wantSection("• *Cannot see* critical `s3-bucket-public` on `locked` in `444455556666`, `eu-west-1`, record `444455556666/7`\\n"+
			"we may not look: calling `s3:GetBucketPolicy`: AccessDenied; grant the read role this action\\n"+
			"• *Waits for approval* critical `ec2-security-group-open` on `sg-0a1b2c3d` in `prod (111122223333)`, `eu-west-1`, record `111122223333/43`\\n"+
			"```\\n- rules: {cidr: \\\"0.0.0.0/0\\\", egress: false, from: 22, protocol: \\\"tcp\\\", to: 22}\\n```\\n"+
			"• *Needs people* medium `ec2-volume-encryption` on `vol-1` in `prod (111122223333)`, `eu-west-1`, record `111122223333/44`\\n"+
			"no call can mend this safely: people have to\\n"+
			"• *Fixed* critical `s3-bucket-public` on `acme-reports` in `prod (111122223333)`, `eu-west-1`, open for 41 s, caused by `role deploy, session ann`, record `111122223333/42`\\n"+
			"```\\n- policy statement 1 (Sid \\\"Everyone\\\"): Allow s3:GetObject on arn:aws:s3:::acme-reports/* for everyone (*)\\n```"),
		wantContext("audit `111122223333/44` head `888888888888bbbb`", "audit `444455556666/7` head `777777777777cccc`", "rules `v1-ddddeeeeffff` and 1 more versions"),
	)
	if diff := cmp.Diff(generic(t, wantBlocks), generic(t, encodeBlocks(t, got[0]))); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if want := "4 findings: 1 cannot see, 1 waits for approval, 1 needs people, 1 fixed"; got[0].Text != want || len(got) != 1 {
		t.Errorf("text %q, want %q", got[0].Text, want)
	}
}

func TestHeadlinesAndCommands(t *testing.T) {
	t.Parallel()
	const undo, maybe = "*Undo* `shoreup undo 111122223333/42`", "*Take back* what was changed, if anything was: `shoreup undo 111122223333/42`"
	for outcome, tt := range map[core.Outcome]struct{ head, command string }{
		core.Fixed: {"Fixed", undo}, core.Unverified: {"Not verified", maybe}, core.Failed: {"Failed", maybe}, core.Reported: {"Would fix", ""},
		core.Refused: {"Refused", ""}, core.Undone: {"Undone", ""}, core.Stale: {"Stale", ""}, core.Excepted: {"Exempt", ""}, core.Errored: {"Could not judge", ""},
		core.Rejected: {"Rejected", ""}, core.Expired: {"Approval expired", ""}, core.Regressed: {"Broken again", ""}, core.Planned: {"Will be fixed", ""},
	} {
		f := fixed()
		f.Outcome = outcome
		raw := encodeBlocks(t, Build([]core.Finding{f}, Options{})[0])
		if !strings.Contains(raw, `"text":"`+tt.head+`: s3-bucket-public on acme-reports"`) {
			t.Errorf("%s: the header is not %q: %s", outcome, tt.head, raw)
		}
		if has := strings.Contains(raw, "shoreup undo"); has != (tt.command != "") || !strings.Contains(raw, tt.command) {
			t.Errorf("%s: want the command %q: %s", outcome, tt.command, raw)
		}
	}
}

func TestAnOddNameIsNeverPutIntoACommand(t *testing.T) {
	t.Parallel()
	f := waiting()
	f.Resource = "x; rm -rf $HOME"
	if raw := encodeBlocks(t, Build([]core.Finding{f}, Options{})[0]); strings.Contains(raw, "--resource") {
		t.Errorf("a command with that name: %s", raw)
	}
}

func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	fine, gone := fixed(), fixed()
	fine.Outcome, gone.Outcome = core.Compliant, core.NotApplicableHere
	network := func(f core.Finding) string {
		if strings.HasPrefix(f.Control, "ec2-") {
			return "#network"
		}
		return ""
	}
	got := Build([]core.Finding{fine, fixed(), waiting(), fixed(), gone, advised()}, Options{Channel: "#sec", Route: network})
	type told struct {
		Channel  string
		Findings []int
		Text     string
	}
	var have []told
	for _, m := range got {
		have = append(have, told{m.Channel, m.Findings, strings.SplitN(m.Text, ":", 2)[0]})
	}
	if diff := cmp.Diff([]told{{"#sec", []int{1, 3}, "Fixed"}, {"#network", []int{2, 5}, "2 findings"}}, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Build([]core.Finding{fine, gone}, Options{}); got != nil {
		t.Errorf("people are told that all is well: %v", got)
	}
}

// TestBurst is 500 findings at once: one message, within the limits, with exact counts.
func TestBurst(t *testing.T) {
	t.Parallel()
	var findings []core.Finding
	for i := range 500 {
		f := fixed()
		if i%5 == 0 {
			f = waiting()
		}
		f.Account = fmt.Sprintf("%012d", i%7)
		f.Record = core.Record{Chain: f.Account, Seq: int64(i + 1), Hash: "abcdef0123456789"}
		findings = append(findings, f)
	}
	got := Build(findings, Options{Channel: "#sec"})
	if len(got) != 1 || len(got[0].Findings) != 500 {
		t.Fatalf("%d messages", len(got))
	}
	raw := encodeBlocks(t, got[0])
	withinLimits(t, got[0])
	for _, want := range []string{"500 findings in 7 accounts", "100 wait for approval · 400 fixed", "*Severities* 500 critical", "in 3 other accounts"} {
		if !strings.Contains(raw, want) {
			t.Errorf("%q is missing: %s", want, raw)
		}
	}
	shown := strings.Count(raw, "• *")
	if !strings.Contains(raw, fmt.Sprintf("and %d more:", 500-shown)) || shown < 20 {
		t.Errorf("%d lines, and the rest is not %d: %s", shown, 500-shown, raw)
	}
}

// TestALongFinding has more of everything than fits: what is left out is counted.
func TestALongFinding(t *testing.T) {
	t.Parallel()
	f := fixed()
	f.Violations, f.Changes = nil, f.Changes[:1]
	for i := range 300 {
		f.Violations = append(f.Violations, core.Violation{Where: fmt.Sprintf("statement %d", i), Reason: "anyone may"})
		f.Changes[0].Diff = append(f.Changes[0].Diff, core.DiffLine{Path: "rules[0]", Before: json.RawMessage(fmt.Sprint(i))})
	}
	f.NeverAuto = strings.Fields(strings.Repeat("& ", 2000))
	for range 5 {
		f.Advice = append(f.Advice, advised().Advice[0])
	}
	m := Build([]core.Finding{f}, Options{})[0]
	withinLimits(t, m)
	raw := encodeBlocks(t, m)
	shown := strings.Count(raw, "• statement ")
	if want := fmt.Sprintf("and %d more: see `shoreup audit list --account 111122223333`", 300-shown); shown == 0 || !strings.Contains(raw, want) {
		t.Errorf("%q is missing: %s", want, raw)
	}
	for _, want := range []string{"shoreup undo 111122223333/42", "fedcba987654", "*Decision* auto", "More to be done by people"} {
		if !strings.Contains(raw, want) {
			t.Errorf("%q is missing: %s", want, raw)
		}
	}
}
