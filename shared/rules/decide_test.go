package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/rules"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	prod    = "111122223333"
	sandbox = "444455556666"
	dev     = "arn:aws:sts::111122223333:assumed-role/Developer/alice"
)

// bucket is a fresh event about a public bucket in the production account, tagged by nobody known.
func bucket(edits ...func(*rules.Subject)) rules.Subject {
	s := rules.Subject{
		Control: "s3-bucket-public", Family: "storage", Service: "s3", Severity: "critical",
		Account: prod, Region: "eu-west-1", ResourceType: "AWS::S3::Bucket",
		ResourceID: "logs-eu", ResourceARN: "arn:aws:s3:::logs-eu",
		CausedBy: dev, Origin: rules.OriginEvent, EventTime: now.Add(-time.Minute),
	}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func origin(o string) func(*rules.Subject) { return func(s *rules.Subject) { s.Origin = o } }
func age(d time.Duration) func(*rules.Subject) {
	return func(s *rules.Subject) { s.EventTime = now.Add(-d) }
}
func tag(key, value string) func(*rules.Subject) {
	return func(s *rules.Subject) { s.Tags = map[string]string{key: value} }
}

func tagged(by string, ago time.Duration) func(*rules.Subject) {
	return func(s *rules.Subject) {
		s.Tags = map[string]string{"env": "prod"}
		s.TagChanges = map[string]rules.TagChange{"env": {By: by, At: now.Add(-ago)}}
	}
}

const auto = "version: 1\nrules:\n  - { name: go, match: { controls: [\"*\"] }, mode: auto }\n"

type decideCase struct {
	name    string
	file    string
	subject rules.Subject
	mode    rules.Mode
	rule    string
	reason  string // part of it
}

func check(t *testing.T, cases []decideCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := mustLoad(t, c.file).Decide(c.subject, now)
			if got.Mode != c.mode || got.Rule != c.rule || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %s by %q (%s)\nwant %s by %q (…%s…)", got.Mode, got.Rule, got.Reason, c.mode, c.rule, c.reason)
			}
		})
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	two := func(a, b string) string {
		return "version: 1\nrules:\n  - { name: first, match: { services: [s3] }, mode: " + a + " }\n  - { name: second, match: { families: [storage] }, mode: " + b + " }\n"
	}
	check(t, []decideCase{
		{"no rules", "version: 1\n", bucket(), rules.Report, "default", "no rule matches"},
		{"default approve", "version: 1\ndefaults: { mode: approve }\n", bucket(), rules.Approve, "default", "no rule matches"},
		{"auto on a fresh event", auto, bucket(), rules.Auto, "go", "rule go (line 3) says auto"},
		{"careful rule first", two("approve", "auto"), bucket(), rules.Approve, "first", ""},
		{"careful rule last", two("auto", "approve"), bucket(), rules.Approve, "second", ""},
		{"report beats approve", two("approve", "report"), bucket(), rules.Report, "second", ""},
		{"a rule may lower the default", "version: 1\ndefaults: { mode: approve }\nrules:\n  - { name: r, match: {}, mode: report, reason: not yet }\n", bucket(), rules.Report, "r", "not yet"},
	})
}

func TestMatching(t *testing.T) {
	t.Parallel()
	rule := func(match string) string {
		return "version: 1\naccounts:\n  - { id: \"111122223333\", groups: [production] }\n  - { id: \"444455556666\", groups: [sandbox] }\nrules:\n  - { name: m, match: { " + match + " }, mode: approve }\n"
	}
	for match, matches := range map[string]bool{
		"":                                                 true,
		"controls: [s3-bucket-public]":                     true,
		"controls: [iam-key-old, s3-*]":                    true,
		"controls: [s3-bucket]":                            false,
		"controls: [ec2-*]":                                false,
		"families: [storage]":                              true,
		"families: [network]":                              false,
		"services: [s3]":                                   true,
		"services: [ec2]":                                  false,
		"severities: [critical]":                           true,
		"severities: [high, low]":                          false,
		"accounts: [\"111122223333\"]":                     true,
		"accounts: [\"444455556666\"]":                     false,
		"groups: [production]":                             true,
		"groups: [sandbox]":                                false,
		"regions: [eu-west-1]":                             true,
		"regions: [us-east-1]":                             false,
		"resources: [\"arn:aws:s3:::logs-*\"]":             true,
		"resources: [\"arn:aws:s3:::logs\"]":               false,
		"resources: [\"logs-??\"]":                         true,
		"resources: [\"ogs-eu\"]":                          false,
		"resources: [\"s3:::logs-eu\"]":                    false,
		"resources: [\"LOGS-EU\"]":                         false,
		"origin: [event]":                                  true,
		"origin: [sweep]":                                  false,
		"services: [s3], regions: [us-east-1]":             false,
		"services: [s3], severities: [critical]":           true,
		"services: [s3] }, except: { services: [ec2]":      true,
		"services: [s3] }, except: { resources: [logs-eu]": false,
		"services: [s3] }, except: { groups: [production], regions: [us-east-1]": true,
	} {
		got := mustLoad(t, rule(match)).Decide(bucket(), now).Mode == rules.Approve
		if got != matches {
			t.Errorf("match { %s }: got %v, want %v", match, got, matches)
		}
	}
}

func TestSeverityOfSubjectInAnyCase(t *testing.T) {
	t.Parallel()
	file := "version: 1\nrules:\n  - { name: m, match: { severities: [critical] }, mode: approve }\n"
	check(t, []decideCase{{"upper", file, bucket(func(s *rules.Subject) { s.Severity = "CRITICAL" }), rules.Approve, "m", ""}})
}

func TestAutoIsLowered(t *testing.T) {
	t.Parallel()
	named := func(o string) string {
		return "version: 1\nrules:\n  - { name: go, match: { services: [s3], origin: [" + o + "] }, mode: auto }\n"
	}
	plusSweep := auto + "  - { name: legacy, match: { services: [s3], origin: [sweep] }, mode: auto }\n"
	check(t, []decideCase{
		{"account-wide", auto, bucket(func(s *rules.Subject) { s.AccountWide = true }), rules.Approve, "go", "settings of a whole account"},
		{"account type", auto, bucket(func(s *rules.Subject) { s.ResourceType = "AWS::::Account" }), rules.Approve, "go", "settings of a whole account"},
		{"IAM flag", auto, bucket(func(s *rules.Subject) { s.IAM = true }), rules.Approve, "go", "changes in IAM"},
		{"IAM family", auto, bucket(func(s *rules.Subject) { s.Family = "iam" }), rules.Approve, "go", "changes in IAM"},
		{"IAM service", auto, bucket(func(s *rules.Subject) { s.Service = "iam" }), rules.Approve, "go", "changes in IAM"},
		{"IAM type", auto, bucket(func(s *rules.Subject) { s.ResourceType = "AWS::IAM::Role" }), rules.Approve, "go", "changes in IAM"},
		{"website", auto, bucket(func(s *rules.Subject) { s.NeverAuto = []string{"it serves a website", "b"} }), rules.Approve, "go", "it serves a website; not automatic: b"},
		{"59 minutes old", auto, bucket(age(59 * time.Minute)), rules.Auto, "go", ""},
		{"an hour old", auto, bucket(age(time.Hour)), rules.Approve, "go", "an old finding (origin late-event)"},
		{"age unknown", auto, bucket(func(s *rules.Subject) { s.EventTime = time.Time{} }), rules.Approve, "go", "old finding"},
		{"clocks differ a little", auto, bucket(age(-time.Minute)), rules.Auto, "go", ""},
		{"from the future", auto, bucket(age(-time.Hour)), rules.Approve, "go", "old finding"},
		{"sweep", auto, bucket(origin(rules.OriginSweep)), rules.Approve, "go", "origin sweep"},
		{"config", auto, bucket(origin(rules.OriginConfig)), rules.Approve, "go", "origin config"},
		{"securityhub", auto, bucket(origin(rules.OriginSecurityHub)), rules.Approve, "go", "origin securityhub"},
		{"guardduty", auto, bucket(origin(rules.OriginGuardDuty)), rules.Approve, "go", "origin guardduty"},
		{"cli", auto, bucket(origin(rules.OriginCLI)), rules.Approve, "go", "origin cli"},
		{"no origin", auto, bucket(origin("")), rules.Approve, "go", "old finding"},
		{"an entry of its own", named("sweep"), bucket(origin(rules.OriginSweep)), rules.Auto, "go", ""},
		{"own entry beside the general one", plusSweep, bucket(origin(rules.OriginSweep)), rules.Auto, "go", ""},
		{"own entry of another origin", plusSweep, bucket(origin(rules.OriginConfig)), rules.Approve, "go", "origin config"},
		{"late event is not event", named("event"), bucket(age(2 * time.Hour)), rules.Approve, "go", "origin late-event"},
		{"late event named", named("event, late-event"), bucket(age(2 * time.Hour)), rules.Auto, "go", ""},
		{"own entry frees nothing that was asked for", named("sweep"), bucket(origin(rules.OriginSweep), func(s *rules.Subject) { s.Asked = true }), rules.Approve, "go", "nobody knows who"},
		{"fresh, and asked for", auto, bucket(func(s *rules.Subject) { s.Asked = true }), rules.Approve, "go", "nobody knows who"},
		{"own entry frees no IAM", named("sweep"), bucket(origin(rules.OriginSweep), func(s *rules.Subject) { s.IAM = true }), rules.Approve, "go", "changes in IAM"},
		{"approve is left alone", strings.Replace(auto, "auto", "approve", 1), bucket(origin(rules.OriginSweep), func(s *rules.Subject) { s.IAM = true }), rules.Approve, "go", "says approve"},
	})
}

func TestNoTimeAtAllIsNotFresh(t *testing.T) {
	t.Parallel()
	s := bucket(func(s *rules.Subject) { s.EventTime = time.Time{} })
	if got := mustLoad(t, auto).Decide(s, time.Time{}); got.Mode != rules.Approve {
		t.Errorf("got %+v, want approve: a clock that was not set proves no freshness", got)
	}
}

func TestTagsOnlyLower(t *testing.T) {
	t.Parallel()
	file := func(base, byTag string) string {
		return "version: 1\ntrusted_tags: [env]\nrules:\n  - { name: base, match: { services: [s3] }, mode: " + base + " }\n  - { name: tagged, match: { tags: { env: [prod] } }, mode: " + byTag + " }\n"
	}
	onlyTag := "version: 1\ntrusted_tags: [env]\nrules:\n  - { name: tagged, match: { tags: { env: [prod] } }, mode: approve }\n"
	const otherSession = "arn:aws:sts::111122223333:assumed-role/Developer/bob"
	const roleItself = "arn:aws:iam::111122223333:role/teams/Developer"
	const other = "arn:aws:sts::111122223333:assumed-role/Tagger/ci"
	lowered, auto := rules.Approve, rules.Auto
	check(t, []decideCase{
		{"lowers", file("auto", "approve"), bucket(tag("env", "prod")), lowered, "tagged", "lowered by tag"},
		{"lowers to report", file("auto", "report"), bucket(tag("env", "prod")), rules.Report, "tagged", "lowered by tag"},
		{"other value", file("auto", "approve"), bucket(tag("env", "Prod")), auto, "base", ""},
		{"other tag", file("auto", "approve"), bucket(tag("Env", "prod")), auto, "base", ""},
		{"does not raise", file("report", "approve"), bucket(tag("env", "prod")), rules.Report, "base", ""},
		{"does not raise the default", onlyTag, bucket(tag("env", "prod")), rules.Report, "default", ""},
		{"set by the actor an hour ago", file("auto", "approve"), bucket(tagged(dev, time.Hour)), auto, "base", ""},
		{"set in another session of the same role", file("auto", "approve"), bucket(tagged(otherSession, time.Hour)), auto, "base", ""},
		{"set by the role itself", file("auto", "approve"), bucket(tagged(roleItself, time.Hour)), auto, "base", ""},
		{"set by the actor 23 hours ago", file("auto", "approve"), bucket(tagged(dev, 23*time.Hour)), auto, "base", ""},
		{"set by the actor two days ago", file("auto", "approve"), bucket(tagged(dev, 48*time.Hour)), lowered, "tagged", ""},
		{"set around a cause long ago", strings.Replace(file("auto", "approve"), "services: [s3] }", "services: [s3], origin: [event, late-event] }", 1), bucket(tagged(dev, 100*time.Hour), age(90*time.Hour)), auto, "base", ""},
		{"set just before a sweep, long after the cause", strings.Replace(file("auto", "approve"), "services: [s3] }", "services: [s3], origin: [event, late-event] }", 1), bucket(tagged(dev, time.Hour), age(90*time.Hour)), auto, "base", ""},
		{"nothing known at all", file("auto", "approve"), bucket(tagged("", time.Hour), func(s *rules.Subject) { s.CausedBy = "" }), lowered, "tagged", ""},
		{"set by another", file("auto", "approve"), bucket(tagged(other, time.Hour)), lowered, "tagged", ""},
		{"set by nobody known", file("auto", "approve"), bucket(tagged("", time.Hour)), lowered, "tagged", ""},
		{"cause unknown", file("auto", "approve"), bucket(tagged(dev, time.Hour), func(s *rules.Subject) { s.CausedBy = "" }), lowered, "tagged", ""},
	})
}
