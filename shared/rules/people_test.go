package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/rules"
)

const team = `version: 1
people:
  - { name: ada, slack: U0ADA00001, aws: ["sso:ada@example.com", "arn:aws:iam::111122223333:user/ada"], groups: [security] }
  - { name: bo, slack: U0BO000001, groups: [security, platform] }
  - { name: cy, aws: ["source:cy@example.com"], groups: [platform] }
`

func TestApprovalFor(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, team+`approvals:
  - { name: security, by: ["@security"], within_hours: 72 }
  - { name: critical, match: { severities: [critical] }, needed: 2, within_hours: 100, escalate: "#leads" }
  - { name: disruptive, disruption: [high], by: [bo, cy] }
`)
	for _, c := range []struct {
		name, severity, disruption string
		want                       rules.Approval
	}{
		{"ordinary", "high", "none", rules.Approval{Rules: []string{"security"}, By: []string{"ada", "bo"}, Needed: 1, Within: 72 * time.Hour}},
		{"critical", "critical", "low", rules.Approval{Rules: []string{"security", "critical"}, By: []string{"ada", "bo"}, Needed: 2, Within: 72 * time.Hour, Escalate: []string{"#leads"}}},
		{"disruptive: only whom all rules name", "high", "high", rules.Approval{Rules: []string{"security", "disruptive"}, By: []string{"bo"}, Needed: 1, Within: 72 * time.Hour}},
		// Two are needed and only one is named by all: nobody can approve it, which is the cautious reading.
		{"both", "critical", "high", rules.Approval{Rules: []string{"security", "critical", "disruptive"}, By: []string{"bo"}, Needed: 2, Within: 72 * time.Hour, Escalate: []string{"#leads"}}},
	} {
		got := f.ApprovalFor(bucket(func(s *rules.Subject) { s.Severity = c.severity }), c.disruption)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	plain := mustLoad(t, team).ApprovalFor(bucket(), "none")
	if diff := cmp.Diff(rules.Approval{By: []string{"ada", "bo", "cy"}, Needed: 1, Within: 7 * 24 * time.Hour}, plain); diff != "" {
		t.Errorf("without approval rules (-want +got):\n%s", diff)
	}
	if got := rules.Default().ApprovalFor(bucket(), "none"); len(got.By) != 0 {
		t.Errorf("without people %v may approve", got.By)
	}
}

func TestPersonOf(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, team)
	for identity, want := range map[string]string{
		"U0ADA00001": "ada", "sso:ada@example.com": "ada", "arn:aws:iam::111122223333:user/ada": "ada", "source:cy@example.com": "cy",
		"sso:cy@example.com": "", "U0UNKNOWN1": "", "": "", "ada": "", "arn:aws:iam::444455556666:user/ada": "",
	} {
		if got, ok := f.PersonOf(identity); got.Name != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", identity, got.Name, ok, want)
		}
	}
	// Without a Slack id, an empty identity is not somebody who has none.
	if got, ok := (*rules.File)(nil).PersonOf("U0ADA00001"); ok {
		t.Errorf("an unreadable file knows %v", got)
	}
}

func TestPeopleRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"people:\n  - { name: ada }":                                                                  "neither aws nor slack",
		"people:\n  - { name: ada, slack: ada }":                                                      "Slack member id",
		"people:\n  - { name: ada, aws: [\"arn:aws:iam::111122223333:role/admin\"] }":                 "IAM user's ARN",
		"people:\n  - { name: ada, aws: [\"sso:*\"] }":                                                "IAM user's ARN",
		"people:\n  - { name: ada, slack: U0ADA00001 }\n  - { name: ADA, slack: U0BO000001 }":         "called",
		"people:\n  - { name: ada, slack: U0ADA00001 }\n  - { name: bo, slack: U0ADA00001 }":          "same Slack member id",
		"people:\n  - { name: ada, aws: [\"sso:a\"] }\n  - { name: bo, aws: [\"sso:b\", \"sso:a\"] }": "same AWS identity",
		"people:\n  - { name: ada, aws: [\"sso:a\"] }\n  - { name: bo, aws: [\"sso:A\"] }":            "same AWS identity",
		"approvals:\n  - { name: a, by: [eve] }":                                                      `nobody under people is "eve"`,
		"approvals:\n  - { name: a, by: [\"@nobody\"] }":                                              `nobody under people is "@nobody"`,
		"approvals:\n  - { name: a, needed: 2 }":                                                      "needs 2 different people, and only 0",
		"approvals:\n  - { name: a, within_hours: 0 }":                                                "whole number from 1",
		"approvals:\n  - { name: a }\n  - { name: a }":                                                "another entry is called",
		"approvals:\n  - { name: a, match: { tags: { x: [y] } } }":                                    "unknown field",
		"approvals:\n  - { name: a, disruption: [much] }":                                             "write one of none, low, high",
		"slack: { team: example }":                                                                    "workspace id",
		"slack: { page: \"http://reports.example/latest.html\" }":                                     "https address",
		"slack: { page: \"https://reports.example/?x=1\" }":                                           "https address",
	} {
		f, err := rules.Load([]byte("version: 1\n" + text))
		if err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want an error with %q", text, err, want)
		}
	}
}

// Who decides changes with the accounts of a group that an approval rule names, too.
func TestElectorsHashCoversGroups(t *testing.T) {
	t.Parallel()
	const file = "version: 1\naccounts:\n  - { id: \"111122223333\", groups: [%s] }\n  - { id: \"444455556666\", groups: [prod] }\npeople:\n  - { name: ada, slack: U0ADA00001 }\napprovals:\n  - { name: a, match: { groups: [prod] } }\n"
	in, out, other := mustLoad(t, fmt.Sprintf(file, "prod")), mustLoad(t, fmt.Sprintf(file, "dev")), mustLoad(t, fmt.Sprintf(file, "prod, dev"))
	if in.ElectorsHash() == out.ElectorsHash() {
		t.Error("an account was taken out of its group unnoticed")
	}
	if in.ElectorsHash() != other.ElectorsHash() {
		t.Error("a group that no approval rule names asks people")
	}
}

func TestSlackPage(t *testing.T) {
	t.Parallel()
	const page = "https://reports.example/shoreup/latest.html"
	f, err := rules.Load([]byte("version: 1\nslack: { page: \"" + page + "\" }\n"))
	if err != nil || f.Slack.Page != page {
		t.Errorf("%+v, %v", f, err)
	}
}
