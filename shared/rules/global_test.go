package rules_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/rules"
)

// lamp is a fresh finding about a global resource that nothing else keeps from being automatic.
func lamp(edits ...func(*rules.Subject)) rules.Subject {
	return bucket(append([]func(*rules.Subject){func(s *rules.Subject) { s.Global, s.Region = true, "us-east-1" }}, edits...)...)
}

// What names the home Region holds for a global resource as far as it adds caution.
func TestRegionsOfGlobalResources(t *testing.T) {
	t.Parallel()
	rule := func(line string) string { return auto + "  - " + line + "\n" }
	freeze := func(region string) string {
		return auto + "freezes: [ { name: f, regions: [" + region + "], from: 2026-11-01T00:00:00Z, to: 2026-12-01T00:00:00Z } ]\n"
	}
	only := func(region string) string {
		return "version: 1\nrules: [ { name: go, match: { controls: [\"*\"], regions: [" + region + "] }, mode: auto } ]\n"
	}
	exception := func(region string) string {
		return auto + "exceptions: [ { control: s3-bucket-public, resource: logs-eu, region: " + region + ", owner: a, reason: b, expires: 2027-01-31 } ]\n"
	}
	const enrolled = auto + "accounts: [ { id: \"111122223333\", regions: [eu-west-1] } ]\n"
	china := lamp(func(s *rules.Subject) { s.Region, s.ResourceARN = "cn-north-1", "arn:aws-cn:s3:::logs-eu" })
	check(t, []decideCase{
		{"a freeze of the home Region", freeze("us-east-1"), lamp(), rules.Refuse, "freeze f", ""},
		{"a freeze of another Region", freeze("eu-west-1"), lamp(), rules.Auto, "go", ""},
		{"a freeze of China's home Region", freeze("cn-north-1"), china, rules.Refuse, "freeze f", ""},
		{"a freeze of another partition's", freeze("us-east-1"), china, rules.Auto, "go", ""},
		{"a careful rule for the home Region", rule("{ name: careful, match: { regions: [us-east-1] }, mode: approve }"), lamp(), rules.Approve, "careful", ""},
		{"a careful rule for another Region", rule("{ name: careful, match: { regions: [eu-west-1] }, mode: approve }"), lamp(), rules.Auto, "go", ""},
		{"a careful rule but for the home Region", rule("{ name: careful, match: {}, except: { regions: [us-east-1] }, mode: approve }"), lamp(), rules.Approve, "careful", ""},
		{"an auto rule for another Region", only("eu-west-1"), lamp(), rules.Report, "default", ""},
		{"an auto rule for the home Region", only("us-east-1"), lamp(), rules.Report, "default", ""},
		{"an auto rule for the home Region, of what is there", only("us-east-1"), bucket(func(s *rules.Subject) { s.Region = "us-east-1" }), rules.Auto, "go", ""},
		{"an auto rule but for the home Region", "version: 1\nrules: [ { name: go, match: { controls: [\"*\"] }, except: { regions: [us-east-1] }, mode: auto } ]\n", lamp(), rules.Report, "default", ""},
		{"an exception in the home Region", exception("us-east-1"), lamp(), rules.Exempt, "exceptions[0]", ""},
		{"an exception in another Region", exception("eu-west-1"), lamp(), rules.Auto, "go", ""},
		{"enrolled without the home Region", enrolled, lamp(), rules.Auto, "go", ""},
		{"IAM, however it is marked", freeze("us-east-1"), lamp(func(s *rules.Subject) { s.Global, s.Service = false, "iam" }), rules.Refuse, "freeze f", ""},
		{"no Region where it matters", freeze("us-east-1"), lamp(func(s *rules.Subject) { s.Region = "" }), rules.Refuse, "subject", "freeze f goes by Region"},
		{"no Region where it does not", auto, lamp(func(s *rules.Subject) { s.Region = "" }), rules.Auto, "go", ""},
	})
}

var someKnown = rules.Known{Each: []rules.KnownControl{
	{ID: "s3-bucket-public", Family: "storage", Service: "s3", Severity: "critical"},
	{ID: "s3-account-block", Family: "storage", Service: "s3", Severity: "high", Global: true},
	{ID: "iam-role-open", Family: "iam", Service: "iam", Severity: "high", Global: true},
}}

func TestWhatCanNeverMatch(t *testing.T) {
	t.Parallel()
	const exception = "exceptions:\n  - { owner: a, reason: b, expires: 2027-01-31, control: "
	for _, c := range []struct{ text, want string }{
		{"rules: [ { name: r, match: { families: [iam], regions: [us-east-1] }, mode: approve } ]", ""},
		{"rules: [ { name: r, match: { families: [iam], regions: [us-gov-west-1] }, mode: approve } ]", ""},
		{"rules: [ { name: r, match: { families: [iam], regions: [eu-west-1] }, mode: approve } ]",
			"rules[0].match: Region eu-west-1 never matches: all this is about is global and counts as in the home Region (us-east-1, cn-north-1 or us-gov-west-1)"},
		{"rules: [ { name: r, match: { services: [s3], regions: [us-east-1] }, mode: auto } ]", ""},
		{"rules: [ { name: r, match: { controls: [s3-account-block], regions: [us-east-1] }, mode: auto } ]", "rules[0].match: Region us-east-1 never matches: " +
			"all this is about is global, and an automatic rule that is limited to Regions covers no global resource"},
		{"rules: [ { name: r, match: {}, except: { families: [iam], regions: [us-east-1] }, mode: approve } ]", "rules[0].except: Region us-east-1 never matches: " +
			"all this is about is global, and no careful rule loses a global resource by Region"},
		{"rules: [ { name: r, match: {}, except: { families: [iam], regions: [us-east-1] }, mode: report } ]", "rules[0].except: Region us-east-1 never matches: " +
			"all this is about is global, and no careful rule loses a global resource by Region"},
		{"rules: [ { name: r, match: { families: [iam], services: [s3] }, mode: approve } ]", "rules[0].match: never matches: no control has all of its controls, families, services and severities"},
		{"rules: [ { name: r, match: { controls: [iam-*], severities: [critical] }, mode: approve } ]", "rules[0].match: never matches: no control has all of its controls, families, services and severities"},
		{"accounts: [ { id: \"111122223333\" }, { id: \"444455556666\", groups: [x] } ]\nrules: [ { name: r, match: { accounts: [\"111122223333\"], groups: [x] }, mode: approve } ]",
			"rules[0].match: never matches: none of its accounts is in its groups"},
		{"accounts: [ { id: \"111122223333\", regions: [eu-west-1] } ]\nfreezes: [ { name: f, weekly: { days: [sat] }, regions: [us-east-1] } ]", ""},
		{"accounts: [ { id: \"111122223333\", regions: [eu-west-1] } ]\nfreezes: [ { name: f, weekly: { days: [sat] }, regions: [us-west-2, eu-west-1] } ]",
			"freezes[0]: Region us-west-2 is enrolled for none of its accounts, so it never matches"},
		{"accounts: [ { id: \"111122223333\", regions: [eu-west-1] }, { id: \"444455556666\", regions: [us-west-2] } ]\nfreezes: [ { name: f, weekly: { days: [sat] }, accounts: [\"111122223333\"], regions: [us-west-2] } ]",
			"freezes[0]: Region us-west-2 is enrolled for none of its accounts, so it never matches"},
		{"people: [ { name: ada, slack: U0ADA00001 } ]\napprovals: [ { name: a, match: { families: [iam], regions: [eu-west-1] } } ]",
			"approvals[0]: Region eu-west-1 never matches: all this is about is global and counts as in the home Region (us-east-1, cn-north-1 or us-gov-west-1)"},
		{exception + "iam-role-open, account: \"111122223333\", region: eu-west-1 }",
			"exceptions[0]: Region eu-west-1 never matches: all this is about is global and counts as in the home Region (us-east-1, cn-north-1 or us-gov-west-1)"},
		{exception + "iam-role-open, account: \"111122223333\", region: us-east-1 }", ""},
		{exception + "iam-role-open, resource: \"arn:aws:iam::111122223333:role/open\" }", ""},
		{exception + "iam-role-open, resource: \"arn:aws:iam::111122223333:role/team/open\" }", ""},
		{exception + "iam-role-open, resource: \"arn:aws:iam::111122223333:role/team/\" }",
			"exceptions[0]: arn:aws:iam::111122223333:role/team/ never matches: behind the path the name is missing"},
		{"rules: [ { name: r, match: { resources: [\"arn:aws:iam::*:role/team/*\"] }, mode: report } ]",
			"rules[0].match: arn:aws:iam::*:role/team/* never matches: several users, roles or groups are told by their names alone and not by their path, so name each of them"},
		{exception + "s3-bucket-public, resource: \"arn:aws:s3:eu-west-1:111122223333:x\", account: \"444455556666\" }",
			"exceptions[0]: arn:aws:s3:eu-west-1:111122223333:x never matches: it is of account 111122223333, and the entry of account 444455556666"},
		{exception + "s3-bucket-public, resource: \"arn:aws:s3:eu-west-1:111122223333:x\", region: us-east-1 }",
			"exceptions[0]: arn:aws:s3:eu-west-1:111122223333:x never matches: it is in Region eu-west-1, and the entry is about us-east-1"},
	} {
		var got, want []string
		for _, w := range mustLoad(t, "version: 1\n"+c.text+"\n").Warnings(now, someKnown) {
			got = append(got, w.Path+": "+w.Text)
		}
		if c.want != "" {
			want = []string{c.want}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}
