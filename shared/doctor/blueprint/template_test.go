package blueprint_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// What the embedded templates give with some parameters is recognised by who does not know these.
func TestTemplatesFitWhatTheyDeploy(t *testing.T) {
	t.Parallel()
	given := map[string]string{"SlackCredential": "team/slack", "OperatorRole": "arn:aws:iam::111122223333:role/ops", "OrganizationId": "o-abc", "DeployRole": "arn:aws:iam::111122223333:role/deploy",
		"HubAccount": "999988887777", "HubRegion": "eu-west-1"}
	for name, text := range map[string]string{
		"single": template.SingleAccount(), "home": template.Home(), "hub": template.Hub(), "member-global": template.MemberGlobal(), "member-regional": template.MemberRegional(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unknown := blueprint.Values{Partition: "aws", Account: "${AWS::AccountId}", Region: "${AWS::Region}"}
			if name == "single" || name == "hub" {
				unknown.Account, unknown.Region = "111122223333", "eu-west-1"
			}
			want, err := blueprint.Read(text, unknown)
			if err != nil {
				t.Fatal(err)
			}
			have, err := blueprint.Read(text, blueprint.Values{Partition: "aws", Account: "111122223333", Region: "eu-west-1", Parameters: given})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range want.Roles {
				var documents []any
				for _, s := range have.Roles[i].Statements {
					documents = append(documents, decoded(t, s.Document))
				}
				if missing, extra := blueprint.Compare(r.Statements, documents); len(missing)+len(extra) > 0 {
					t.Errorf("%s: missing %v, extra %v", r.Name, missing, extra)
				}
				if r.Boundary != "" && !strings.HasPrefix(r.Boundary, "shoreup-") {
					t.Errorf("%s: boundary %q", r.Name, r.Boundary)
				}
			}
			for i, r := range want.Rules {
				if r.Pattern != nil && !blueprint.Fits(r.Pattern, decoded(t, have.Rules[i].Pattern)) || (r.Pattern == nil) == (r.Schedule == "") || !blueprint.Fits(r.Schedule, have.Rules[i].Schedule) {
					t.Errorf("rule %s does not fit", r.Name)
				}
			}
			for i, b := range want.Buckets {
				if b.Policy == nil || !blueprint.Fits(b.Policy, decoded(t, have.Buckets[i].Policy)) || b.Locked != (b.LockMode == "COMPLIANCE") || b.Locked != (b.LockDays == 365) {
					t.Errorf("bucket %s does not fit: %+v", b.Name, b)
				}
			}
			if (len(want.Buses) == 1) != (name == "hub") {
				t.Errorf("%d buses", len(want.Buses))
			}
			for i, b := range want.Buses {
				if all, _ := b.Policy["Statement"].([]any); len(all) != 2 || !blueprint.Fits(b.Policy, decoded(t, have.Buses[i].Policy)) {
					t.Errorf("bus %s does not fit: %+v", b.Name, b)
				}
			}
			for i, f := range want.Functions {
				for name, exact := range f.Exact {
					if !blueprint.Fits(exact, have.Functions[i].Environment[name]) {
						t.Errorf("function %s: %s is %q and does not fit %v", f.Name, name, have.Functions[i].Environment[name], exact)
					}
				}
			}
			for i, q := range want.Queues {
				// Messages that a function works on stay hidden, and what is kept is kept as long as SQS can.
				if fed := slices.ContainsFunc(want.Sources, func(s blueprint.Source) bool { return s.Queue == q.Name && s.Partial }); fed && (q.Settings["VisibilityTimeout"] < 300 || q.DeadLetters == "" || q.Tries != 5) ||
					q.Settings["MessageRetentionPeriod"] != 14*24*3600 {
					t.Errorf("queue %+v", q)
				}
				for side := range 2 {
					if q.Policy != nil && !blueprint.Fits(q.Policy, decoded(t, chosen(have.Queues[i].Policy, side))) {
						t.Errorf("queue %s does not fit", q.Name)
					}
				}
			}
		})
	}
}

// decoded is a document as it is read from AWS.
func decoded(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

// chosen decides every condition of a template the same way.
func chosen(v any, side int) any {
	switch v := v.(type) {
	case blueprint.Choice:
		return chosen(v[side], side)
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = chosen(x, side)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			if x = chosen(x, side); x != nil {
				out = append(out, x)
			}
		}
		return out
	}
	return v
}
