package approval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestElectorsDiff(t *testing.T) {
	t.Parallel()
	const before = `version: 1
slack: { team: T0OURS0001 }
accounts:
  - { id: "111122223333", groups: [production] }
  - { id: "444455556666", groups: [production] }
people:
  - { name: ada, slack: U0ADA00001, groups: [leads] }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, aws: ["sso:eve"] }
approvals:
  - { name: all, within_hours: 10 }
  - { name: production, match: { groups: [production] }, by: ["@leads"], escalate: "#leads" }
`
	for _, c := range []struct {
		name, after string
		want        []string
	}{
		{"nothing", before, nil},
		{"one comes, one goes, one changes", `version: 1
slack: { team: T0OURS0001 }
accounts:
  - { id: "111122223333", groups: [production] }
  - { id: "444455556666", groups: [production] }
people:
  - { name: ada, slack: U0ADA00002, groups: [leads, night] }
  - { name: bo, slack: U0BO000001, groups: [leads] }
  - { name: mal, slack: U0MAL00001, aws: ["source:mal"], groups: [night] }
approvals:
  - { name: all, within_hours: 10 }
  - { name: production, match: { groups: [production] }, by: ["@leads"], escalate: "#leads" }
`, []string{
			"ada is also whoever is known as Slack member U0ADA00002", "ada is not known as Slack member U0ADA00001 any more", "ada joins group night", "bo joins group leads",
			"mal is added, known as source:mal, Slack member U0MAL00001; groups: night", "eve is removed, known as sso:eve",
		}},
		{"rules and the workspace", `version: 1
slack: { team: T0THEIRS01 }
accounts:
  - { id: "111122223333", groups: [production] }
  - { id: "444455556666" }
people:
  - { name: ada, slack: U0ADA00001, groups: [leads] }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, aws: ["sso:eve"] }
approvals:
  - { name: all, needed: 2 }
  - { name: production, match: { groups: [production] }, by: ["@leads"], escalate: "#leads" }
`, []string{
			"members of Slack workspace T0THEIRS01 may decide; until now: T0OURS0001",
			"approval rule all: needs 2; within the usual time; until now: needs 1; within 10 hours",
			"approval rule production: accounts in its groups: 111122223333; until now: accounts in its groups: 111122223333, 444455556666",
		}},
		{"a rule goes and another comes", `version: 1
slack: { team: T0OURS0001 }
people:
  - { name: ada, slack: U0ADA00001, groups: [leads] }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, aws: ["sso:eve"] }
approvals:
  - { name: all, within_hours: 10 }
  - { name: iam, match: { families: [iam] }, by: [bo], needed: 1 }
`, []string{
			"approval rule iam is added: needs 1; by bo; within the usual time; escalates to nobody; controls any; families iam; services any; severities any; accounts any; groups any; Regions any; disruption any",
			"approval rule production is removed: needs 1; by @leads; within the usual time; escalates to #leads; controls any; families any; services any; severities any; accounts any; groups production; Regions any; disruption any; accounts in its groups: 111122223333, 444455556666",
		}},
		{"another order", `version: 1
slack: { team: T0OURS0001 }
accounts:
  - { id: "111122223333", groups: [production] }
  - { id: "444455556666", groups: [production] }
people:
  - { name: bo, slack: U0BO000001 }
  - { name: ada, slack: U0ADA00001, groups: [leads] }
  - { name: eve, aws: ["sso:eve"] }
approvals:
  - { name: all, within_hours: 10 }
  - { name: production, match: { groups: [production] }, by: ["@leads"], escalate: "#leads" }
`, []string{"people or rules stand in another order; nobody comes or goes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, err := rules.Load([]byte(before))
			if err != nil {
				t.Fatal(err)
			}
			to, err := rules.Load([]byte(c.after))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, approval.ElectorsDiff(from, to)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestEveryChangeOfTheElectorsIsSaid: whatever changes the hash has a sentence.
func TestEveryChangeOfTheElectorsIsSaid(t *testing.T) {
	t.Parallel()
	load := func(person, rule string) *rules.File {
		f, err := rules.Load([]byte("version: 1\npeople:\n  - { name: ada, slack: U0ADA00001" + person + " }\n  - { name: bo, slack: U0BO000001 }\napprovals:\n  - { name: all" + rule + " }\n"))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	from := load("", "")
	for _, to := range []*rules.File{
		load(`, aws: ["sso:a"]`, ""), load(", groups: [g]", ""), load("", ", needed: 2"), load("", ", by: [bo]"), load("", ", within_hours: 1"), load("", `, escalate: "#x"`),
		load("", ", disruption: [high]"), load("", ", match: { controls: [s3-bucket-public] }"), load("", ", match: { families: [iam] }"), load("", ", match: { services: [s3] }"),
		load("", ", match: { severities: [low] }"), load("", `, match: { accounts: ["111122223333"] }`), load("", ", match: { regions: [eu-west-1] }"),
	} {
		if got := approval.ElectorsDiff(from, to); from.ElectorsHash() == to.ElectorsHash() || len(got) != 1 || got[0] == "people or rules stand in another order; nobody comes or goes" {
			t.Errorf("%q says %q", to.Data(), got)
		}
	}
}
