package rules_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shoreup/shoreup/shared/rules"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestFreezes(t *testing.T) {
	t.Parallel()
	file := func(freezes string) string {
		return auto + "accounts:\n  - { id: \"111122223333\", groups: [production] }\n  - { id: \"444455556666\" }\nfreezes:\n" + freezes
	}
	once := "  - { name: once, from: 2026-12-20T00:00:00Z, to: 2027-01-05T00:00:00Z }\n"
	chained := once + "  - { name: then, from: 2027-01-05T00:00:00Z, to: 2027-01-06T00:00:00Z }\n"
	weekend := "  - { name: weekend, weekly: { days: [sat, sun] } }\n"
	evening := "  - { name: evening, weekly: { days: [fri], from: \"14:00\", to: \"24:00\", timezone: Europe/Berlin } }\n"
	for _, c := range []struct{ name, freezes, now, until string }{
		{"before", once, "2026-12-19T23:59:59Z", ""},
		{"begins", once, "2026-12-20T00:00:00Z", "2027-01-05T00:00:00Z"},
		{"last second", once, "2027-01-04T23:59:59Z", "2027-01-05T00:00:00Z"},
		{"over", once, "2027-01-05T00:00:00Z", ""},
		{"the next one follows at once", chained, "2027-01-01T00:00:00Z", "2027-01-06T00:00:00Z"},
		{"other Region", strings.Replace(once, "once,", "once, regions: [us-east-1],", 1), "2027-01-01T00:00:00Z", ""},
		{"own group", strings.Replace(once, "once,", "once, groups: [production],", 1), "2027-01-01T00:00:00Z", "2027-01-05T00:00:00Z"},
		{"other account", strings.Replace(once, "once,", "once, accounts: [\"444455556666\"],", 1), "2027-01-01T00:00:00Z", ""},
		{"Friday night", weekend, "2026-11-20T23:59:59Z", ""},
		{"Saturday and Sunday are one", weekend, "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"Berlin is an hour ahead", evening, "2026-11-20T12:59:59Z", ""},
		{"Berlin at two", evening, "2026-11-20T13:00:00Z", "2026-11-20T23:00:00Z"},
		{"Berlin in summer", evening, "2026-07-17T12:00:00Z", "2026-07-17T22:00:00Z"},
		{"Berlin's Saturday", evening, "2026-11-20T23:00:00Z", ""},
		{"the later end counts", weekend + "  - { name: long, from: 2026-11-21T10:00:00Z, to: 2026-12-01T00:00:00Z }\n", "2026-11-21T12:00:00Z", "2026-12-01T00:00:00Z"},
	} {
		f := mustLoad(t, file(c.freezes))
		when := at(c.now)
		s := bucket(func(s *rules.Subject) { s.EventTime = when })
		got := f.Decide(s, when)
		if c.until == "" {
			if got.Mode != rules.Auto {
				t.Errorf("%s: got %+v, want auto", c.name, got)
			}
			continue
		}
		if got.Mode != rules.Refuse || !got.Expires.Equal(at(c.until)) || !strings.Contains(got.Reason, "frozen until "+c.until) || !strings.HasPrefix(got.Rule, "freeze ") {
			t.Errorf("%s: got %+v, want frozen until %s", c.name, got, c.until)
		}
	}
	report := mustLoad(t, "version: 1\nfreezes:\n"+once)
	if got := report.Decide(bucket(), at("2027-01-01T00:00:00Z")); got.Mode != rules.Report {
		t.Errorf("reports must go on while frozen, got %+v", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	file := `version: 1
accounts: [ { id: "111122223333", groups: [production] }, { id: "444455556666" } ]
limits:
  - { controls: [s3-*], max: 50, per: hour }
  - { controls: [s3-bucket-public], groups: [production], max: 5, per: hour, scope: account }
  - { controls: [ec2-*], accounts: ["444455556666"], max: 0, per: hour }
`
	for _, c := range []struct {
		file, control, account string
		max                    int
	}{
		{"version: 1\n", "s3-bucket-public", prod, 20},
		{file, "s3-bucket-public", prod, 5},
		{file, "s3-bucket-public", sandbox, 50},
		{file, "s3-bucket-tls", prod, 50},
		{file, "ec2-volume-unencrypted", sandbox, 0},
		{file, "ec2-volume-unencrypted", prod, 20},
	} {
		s := bucket(func(s *rules.Subject) { s.Control, s.Account = c.control, c.account })
		want := rules.Limit{Max: c.max, Window: time.Hour, Key: c.control + "/" + c.account}
		if diff := cmp.Diff(want, mustLoad(t, c.file).LimitFor(s)); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", c.control, c.account, diff)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, `version: 1
keep_ports: [443]
trusted_tags: [environment]
replacement_cidr: { ipv4: [203.0.113.0/24], ipv6: ["2001:db8::/32"] }
protected_principals: ["arn:aws:iam::111122223333:role/boss", "arn:aws:iam::*:role/break-glass/*"]
keys: { unused_after_days: 45 }
slack:
  channel: "#all"
  routes:
    - { match: { severities: [critical], families: [iam] }, channel: "#people" }
    - { match: { severities: [critical] }, channel: "#urgent" }
`)
	want := &rules.File{
		KeepPorts: []int{443}, TrustedTags: []string{"environment"},
		ReplacementIPv4:     []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		ReplacementIPv6:     []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")},
		ProtectedPrincipals: []string{"arn:aws:iam::111122223333:role/boss", "arn:aws:iam::*:role/break-glass/*"},
		KeysUnusedAfter:     45 * 24 * time.Hour,
		Slack: rules.Slack{Channel: "#all", Routes: []rules.Route{
			{Match: rules.Match{Severities: []string{"critical"}, Families: []string{"iam"}}, Channel: "#people"},
			{Match: rules.Match{Severities: []string{"critical"}}, Channel: "#urgent"},
		}},
	}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(rules.File{}), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("loaded file (-want +got):\n%s", diff)
	}
	for family, channel := range map[string]string{"iam": "#people", "storage": "#urgent"} {
		if got := f.Channel(bucket(func(s *rules.Subject) { s.Family = family })); got != channel {
			t.Errorf("a critical finding of %s goes to %q, want %q", family, got, channel)
		}
	}
	if got := f.Channel(bucket(func(s *rules.Subject) { s.Severity = "low" })); got != "#all" {
		t.Errorf("a low finding goes to %q", got)
	}
	for arn, protected := range map[string]bool{
		"arn:aws:iam::111122223333:role/boss":               true,
		"arn:aws:iam::444455556666:role/boss":               false,
		"arn:aws:iam::444455556666:role/break-glass/a":      true,
		"arn:aws:iam::444455556666:role/break-glass/team/b": true,
		"arn:aws:iam::444455556666:role/break-glass-copy":   false,
		"arn:aws:iam::444455556666:role/x/break-glass/a":    false,
		"": false,
	} {
		if f.Protects(arn) != protected {
			t.Errorf("Protects(%q) is %v", arn, !protected)
		}
	}
	if got := f.KeyAge(); got != 45*24*time.Hour {
		t.Errorf("keys are unused after %s", got)
	}
	if got := rules.Default().KeyAge(); got != 90*24*time.Hour {
		t.Errorf("without a setting keys are unused after %s", got)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, `version: 1
accounts: [ { id: "111122223333", regions: [eu-west-1] } ]
kill_switch: true
keep_ports: [443, 22]
rules:
  - { name: broad, match: { services: [s3] }, mode: approve }
  - { name: narrow, match: { services: [s3], controls: [s3-bucket-public] }, mode: auto }
  - { name: people, match: { families: [iam], regions: [us-east-1] }, mode: auto }
  - { name: typo, match: { controls: [s3-buckets-*] }, mode: report }
exceptions:
  - { control: s3-bucket-public, resource: a-bucket, owner: a, reason: b, expires: 2026-11-19 }
  - { control: s3-bucket-public, resource: b-bucket, owner: a, reason: b, expires: 2026-11-30 }
  - { control: s3-bucket-public, resource: c-bucket, owner: a, reason: b, expires: 2029-11-30 }
  - { control: s3-bucket-pubic, resource: d-bucket-*, owner: a, reason: b, expires: 2027-11-01 }
  - { control: s3-bucket-public, resource: e-bucket, owner: a, reason: b, expires: 2027-11-01 }
freezes:
  - { name: old, from: 2025-12-20T00:00:00Z, to: 2026-01-05T00:00:00Z }
`)
	var got []string
	for _, w := range f.Warnings(now, rules.Known{Each: []rules.KnownControl{{ID: "s3-bucket-public", Family: "storage", Service: "s3"}, {ID: "s3-bucket-pubic"}, {ID: "s3-buckets-x"}, {ID: "iam-x", Family: "iam", Global: true}}}) {
		got = append(got, w.Path+": "+w.Text)
	}
	want := []string{
		"rules[1]: rule narrow never has its way: rule broad (line 6) matches all it matches and says approve",
		"rules[2].match: Region us-east-1 never matches: all this is about is global, and an automatic rule that is limited to Regions covers no global resource",
		"exceptions[0]: ran out after 2026-11-19 and no longer counts (owner a)",
		"exceptions[1]: runs out after 2026-11-30 (owner a)",
		"exceptions[2]: holds for more than a year (until 2029-11-30); look at exceptions at least once a year",
		"exceptions[3]: covers every resource called like d-bucket-*: whoever may create one may exempt it; name them in full",
		"freezes[0]: freeze old ended on 2026-01-05; remove it",
		"keep_ports: port 22 (SSH) is never kept open to the world, whatever stands here: shoreup closes it; remove it, or write an exception for the security group",
		"kill_switch: the kill switch is on: nothing is written",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got := mustLoad(t, "version: 1\n").Warnings(now, rules.Known{}); len(got) != 0 {
		t.Errorf("a file without rules gives %v", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, `version: 1
rules:
  - { name: people, match: { families: [iam] }, mode: auto }
  - { name: typo, match: { controls: [s3-buckets-*] }, except: { services: [s4] }, mode: report }
  - { name: whole, match: { controls: [s3-account-*] }, mode: auto }
  - { name: mixed, match: { controls: ["s3-*"] }, mode: auto }
exceptions:
  - { control: s3-bucket-pubic, resource: d-bucket, owner: a, reason: b, expires: 2027-11-01 }
limits:
  - { controls: [kms-*], max: 1, per: hour }
`)
	known := rules.Known{Controls: []string{"s3-bucket-public", "s3-account-block", "iam-user"}, Families: []string{"iam", "storage"}, Services: []string{"s3"},
		NeverAuto: []string{"s3-account-block", "iam-user"}}
	var wrong *rules.LoadError
	if err := f.Check(known); !errors.As(err, &wrong) {
		t.Fatalf("got %v, want a list of problems", err)
	}
	var got []string
	for _, p := range wrong.Problems {
		got = append(got, fmt.Sprintf("%d %s: %s", p.Line, p.Path, p.Text))
	}
	want := []string{
		"3 rules[0]: changes in IAM are never automatic: write approve",
		"4 rules[1].match: no control is called s3-buckets-*; known: s3-bucket-public, s3-account-block",
		"4 rules[1].except: no service is called s4; known: s3",
		"5 rules[2]: s3-account-* is never automatic, since it changes IAM or the whole account: write approve",
		"8 exceptions[0]: no control is called s3-bucket-pubic; known: s3-bucket-public, s3-account-block",
		"10 limits[0]: no control is called kms-*; known: s3-bucket-public, s3-account-block, iam-user",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if err := mustLoad(t, "version: 1\n").Check(known); err != nil {
		t.Errorf("a file without rules: %v", err)
	}
	if err := f.Check(rules.Known{}); err == nil || strings.Contains(err.Error(), "is called") {
		t.Errorf("without a catalogue names are not checked, IAM is: %v", err)
	}
}

func TestModeText(t *testing.T) {
	t.Parallel()
	for mode, word := range map[rules.Mode]string{0: "report", rules.Approve: "approve", rules.Auto: "auto", rules.Exempt: "exception", rules.Refuse: "refuse"} {
		text, err := mode.MarshalText()
		var back rules.Mode
		if err != nil || string(text) != word || back.UnmarshalText(text) != nil || back != mode {
			t.Errorf("mode %d is written %q (%v) and read as %v", mode, text, err, back)
		}
	}
	var m rules.Mode
	if m.UnmarshalText([]byte("AUTO")) == nil || m != rules.Report {
		t.Error("AUTO must not be read as a mode")
	}
	if _, err := rules.Mode(9).MarshalText(); err == nil {
		t.Error("mode 9 must not be written")
	}
}
