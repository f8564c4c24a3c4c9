package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/rules"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	enrolled := auto + "accounts:\n  - { id: \"111122223333\", regions: [eu-west-1] }\n  - { id: \"444455556666\" }\n"
	report := "version: 1\n"
	kill := "kill_switch: true\n"
	principals := "protected_principals: [\"arn:aws:iam::*:role/break-glass/*\"]\n"
	role := func(s *rules.Subject) {
		s.Service, s.Family, s.ResourceType = "iam", "iam", "AWS::IAM::Role"
		s.ResourceID, s.ResourceARN = "fire", "arn:aws:iam::111122223333:role/break-glass/fire"
	}
	noARN := func(s *rules.Subject) { s.ResourceARN = "" }
	set := func(edit func(*rules.Subject)) rules.Subject { return bucket(edit) }
	check(t, []decideCase{
		{"enrolled", enrolled, bucket(), rules.Auto, "go", ""},
		{"other Region", enrolled, set(func(s *rules.Subject) { s.Region = "us-east-1" }), rules.Refuse, "accounts", "Region us-east-1 of account 111122223333 is not enrolled"},
		{"global resource", enrolled, set(func(s *rules.Subject) { s.Region, s.Global = "us-east-1", true }), rules.Auto, "go", ""},
		{"no Region", enrolled, set(func(s *rules.Subject) { s.Region = "" }), rules.Refuse, "subject", "the finding names no Region, but account 111122223333 goes by Region"},
		{"IAM has no Region to enrol", enrolled, set(func(s *rules.Subject) { s.Service, s.Region = "iam", "us-east-1" }), rules.Approve, "go", ""},
		{"every Region", enrolled, set(func(s *rules.Subject) { s.Account, s.Region = sandbox, "ap-south-1" }), rules.Auto, "go", ""},
		{"other account", enrolled, set(func(s *rules.Subject) { s.Account = "999999999999" }), rules.Refuse, "accounts", "account 999999999999 is not enrolled"},
		{"protected", auto, set(func(s *rules.Subject) { s.Protected = "service-linked role" }), rules.Refuse, "protected", "service-linked role"},
		{"protected, only reported", report, set(func(s *rules.Subject) { s.Protected = "service-linked role" }), rules.Refuse, "protected", ""},
		{"break-glass", auto + principals, bucket(role), rules.Refuse, "protected", "protected_principals"},
		{"not in the path", auto + principals, bucket(role, func(s *rules.Subject) { s.ResourceARN = "arn:aws:iam::111122223333:role/break-glass" }), rules.Approve, "go", ""},
		{"kill switch", auto + kill, bucket(), rules.Refuse, "kill_switch", "otherwise: rule go (line 3) says auto"},
		{"kill switch and approve", "version: 1\ndefaults: { mode: approve }\n" + kill, bucket(), rules.Refuse, "kill_switch", ""},
		{"kill switch stops no report", report + kill, bucket(), rules.Report, "default", ""},
		{"no control", auto, set(func(s *rules.Subject) { s.Control = "" }), rules.Refuse, "subject", "names no control"},
		{"no family", auto, set(func(s *rules.Subject) { s.Family = "" }), rules.Refuse, "subject", "names no family"},
		{"no service", auto, set(func(s *rules.Subject) { s.Service = "" }), rules.Refuse, "subject", "names no service"},
		{"no account", auto, set(func(s *rules.Subject) { s.Account = "" }), rules.Refuse, "subject", "names no account"},
		{"odd account", auto, set(func(s *rules.Subject) { s.Account = "1111" }), rules.Refuse, "subject", "is not 12 digits"},
		{"no id", auto, set(func(s *rules.Subject) { s.ResourceID = "" }), rules.Refuse, "subject", "names no resource id"},
		{"no ARN", auto, set(noARN), rules.Auto, "go", ""},
		{"no ARN and an exception by ARN", auto + "exceptions: [ { control: s3-bucket-public, resource: \"arn:aws:s3:::x\", owner: a, reason: b, expires: 2027-01-31 } ]\n", set(noARN), rules.Refuse, "subject", "exceptions[0] goes by ARN"},
		{"no ARN and another control's exception", auto + "exceptions: [ { control: s3-bucket-tls, resource: \"arn:aws:s3:::x\", owner: a, reason: b, expires: 2027-01-31 } ]\n", set(noARN), rules.Auto, "go", ""},
		{"no ARN and a rule by ARN", auto + "  - { name: careful, match: { resources: [\"arn:aws:s3:::logs-*\"] }, mode: report }\n", set(noARN), rules.Refuse, "subject", "rule careful goes by ARN"},
		{"no ARN and a rule that leaves out by ARN", auto + "  - { name: careful, match: {}, except: { resources: [\"arn:aws:s3:::x\"] }, mode: report }\n", set(noARN), rules.Refuse, "subject", "rule careful goes by ARN"},
		{"account-wide needs neither", auto, set(func(s *rules.Subject) { s.ResourceARN, s.ResourceID, s.AccountWide = "", "", true }), rules.Approve, "go", ""},
		{"odd severity", auto, set(func(s *rules.Subject) { s.Severity = "urgent" }), rules.Refuse, "subject", `severity "urgent"`},
		{"late-event as origin", auto, set(func(s *rules.Subject) { s.Origin = rules.OriginLateEvent }), rules.Refuse, "subject", "word for files"},
		{"ARN of another account", auto, set(func(s *rules.Subject) { s.ResourceARN = "arn:aws:sqs:eu-west-1:444455556666:q" }), rules.Refuse, "subject", "belongs to account 444455556666"},
	})
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	with := func(fields string) string {
		return auto + "exceptions:\n  - { owner: press@example.com, reason: public on purpose, " + fields + " }\n"
	}
	byARN := `control: s3-bucket-public, resource: "arn:aws:s3:::logs-eu", expires: `
	check(t, []decideCase{
		{"by ARN", with(byARN + "2027-01-31"), bucket(), rules.Exempt, "exceptions[0]", "exception until 2027-01-31, owner press@example.com: public on purpose"},
		{"by id", with("control: s3-bucket-public, resource: logs-eu, expires: 2027-01-31"), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"by pattern", with("control: s3-bucket-public, resource: logs-*, expires: 2027-01-31"), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"by account", with(`control: s3-bucket-public, account: "111122223333", expires: 2027-01-31`), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"in a list", with("control: [s3-bucket-tls, s3-bucket-public], resource: logs-eu, expires: 2027-01-31"), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"other control", with("control: s3-bucket-tls, resource: logs-eu, expires: 2027-01-31"), bucket(), rules.Auto, "go", ""},
		{"other resource", with("control: s3-bucket-public, resource: logs-us, expires: 2027-01-31"), bucket(), rules.Auto, "go", ""},
		{"other account", with(`control: s3-bucket-public, resource: logs-eu, account: "444455556666", expires: 2027-01-31`), bucket(), rules.Auto, "go", ""},
		{"other Region", with("control: s3-bucket-public, resource: logs-eu, region: us-east-1, expires: 2027-01-31"), bucket(), rules.Auto, "go", ""},
		{"last day", with(byARN + "2026-11-20"), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"ran out", with(byARN + "2026-11-19"), bucket(), rules.Auto, "go", ""},
		{"honoured for old findings", with(byARN + "2027-01-31"), bucket(origin(rules.OriginSweep)), rules.Exempt, "exceptions[0]", ""},
		{"honoured on the command line", with(byARN + "2027-01-31"), bucket(origin(rules.OriginCLI)), rules.Exempt, "exceptions[0]", ""},
		{"honoured in reports", strings.Replace(with(byARN+"2027-01-31"), "mode: auto", "mode: report", 1), bucket(), rules.Exempt, "exceptions[0]", ""},
		{"before the kill switch", with(byARN+"2027-01-31") + "kill_switch: true\n", bucket(), rules.Exempt, "exceptions[0]", ""},
		{"not enrolled comes first", with(byARN+"2027-01-31") + "accounts: [ { id: \"444455556666\" } ]\n", bucket(), rules.Refuse, "accounts", ""},
		{"the longest counts", with(byARN+"2027-01-31") + "  - { control: s3-bucket-public, resource: logs-eu, owner: b, reason: c, expires: 2027-05-01 }\n", bucket(), rules.Exempt, "exceptions[1]", "until 2027-05-01"},
	})
	got := mustLoad(t, with(byARN+"2027-01-31")).Decide(bucket(), now).Expires
	if want := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the exception ends at %s, want %s", got, want)
	}
}

func TestUnreadableFileRefusesEverything(t *testing.T) {
	t.Parallel()
	var f *rules.File
	if got := f.Decide(bucket(), now); got.Mode != rules.Refuse || !strings.Contains(got.Reason, "could not be read") {
		t.Errorf("got %+v", got)
	}
	if f.Enrolled(prod, "eu-west-1") || f.LimitFor(bucket()).Max != 0 || !f.Protects("arn:aws:iam::111122223333:role/x") || f.Hash() != "" {
		t.Error("an unreadable file must enrol nobody, allow no fix and protect everybody")
	}
	if _, _, frozen := f.Frozen(bucket(), now); !frozen {
		t.Error("an unreadable file must freeze everything")
	}
}
