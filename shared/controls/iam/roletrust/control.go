// Package roletrust closes roles that anybody with an AWS account, or at a shared identity provider, may take.
package roletrust

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is who may take the role.
type State struct {
	Trust   json.RawMessage  `json:"trust"`
	Account string           `json:"account" aws:"context"` // the role's own
	Role    iamapi.RoleFacts `json:"role" aws:"context"`
}

// Context says whose role it is and when it was used.
func (s State) Context() core.Context {
	return core.Context{Tags: s.Role.Tags, Owner: s.Role.Tags["owner"], Facts: []string{s.Role.Fact()}}
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-role-trust-open", Version: 1, Title: "Close roles that anybody may take",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.Role,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events:     []string{"iam.amazonaws.com:CreateRole", "iam.amazonaws.com:UpdateAssumeRolePolicy"},
		Reads:      []awsapi.Op{iamapi.GetRole.Op},
		Writes:     []awsapi.Op{iamapi.UpdateRoleTrust.Op},
		Undoes:     []awsapi.Op{iamapi.UpdateRoleTrust.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	role, err := iamapi.ReadRole(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	return State{Trust: iampolicy.Value(role.Trust), Account: r.Account, Role: role}, nil
}

// rules names the kinds, and whether we ever change them.
var rules = map[iampolicy.TrustKind]struct {
	name   string
	change bool
}{
	iampolicy.Open:           {"trust-open", true},
	iampolicy.SharedOIDC:     {"trust-shared-provider", true},
	iampolicy.ForeignAccount: {"trust-foreign-account", false}, // a third party may well have been told another way: report, never break
	iampolicy.WholeCluster:   {"trust-whole-cluster", false},
}

func judge(s State, _ core.Settings) []core.Violation {
	doc, err := iampolicy.ParseValue(s.Trust)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "trust policy", Unsettled: true, Reason: "the trust policy cannot be judged: " + err.Error()}}
	}
	var out []core.Violation
	for _, f := range iampolicy.JudgeTrust(doc, s.Account) {
		rule := rules[f.Kind]
		out = append(out, core.Violation{
			Rule: rule.name, Where: "trust " + doc.Statements[f.Statement].Name(), Reason: f.Reason, Unsettled: f.Unsettled || !rule.change,
		})
	}
	return out
}

// open are the statements that let in anybody for certain.
func open(doc iampolicy.Document, account string) []int {
	var out []int
	for _, f := range iampolicy.JudgeTrust(doc, account) {
		if rules[f.Kind].change && !f.Unsettled {
			out = append(out, f.Statement)
		}
	}
	return slices.Compact(out)
}

func plan(r awsapi.Resource, s State, violations []core.Violation, set core.Settings) (core.Fix[State], error) {
	var fix core.Fix[State]
	if !slices.ContainsFunc(violations, func(v core.Violation) bool { return !v.Unsettled }) {
		return fix, nil
	}
	doc, err := iampolicy.Parse([]byte(s.Role.Trust))
	if err != nil {
		return fix, fmt.Errorf("reading the trust policy: %w", err)
	}
	wrong := open(doc, s.Account)
	fix.Refused = set.ProtectedBy(s.Role.ARN)
	fix.Notes = []string{revoke(r)}
	opening := doc.Opening(wrong, func(st iampolicy.Statement) bool {
		return len(open(iampolicy.Document{Statements: []iampolicy.Statement{st}}, s.Account)) == 0
	})
	text, empty, err := opening.Closed()
	if err != nil {
		return fix, fmt.Errorf("taking the open statements out of the trust policy: %w", err)
	}
	deleted := deletedIn(doc, opening.Whole, false)
	left, err := iampolicy.Parse(text)
	if empty || deleted != "" || err == nil && !left.LetsTake() {
		fix.Advice = []core.Advice{advice(r, doc, wrong, deleted)}
		return fix, nil
	}
	fix.NeverAuto = cautions(s, doc, opening.Whole)
	if gone := deletedIn(doc, opening.Whole, true); gone != "" {
		fix.Reversible = core.PartlyReversible
		fix.NeverAuto = append(fix.NeverAuto, "it could not be taken back: the open statement names "+gone+", a principal that was deleted")
		fix.Notes = append(fix.Notes, fmt.Sprintf("undo will be refused by IAM: the open statement names %s, a principal that was deleted", gone))
	}
	fix.After = s
	fix.After.Trust, fix.After.Role.Trust = iampolicy.Value(string(text)), string(text)
	fix.Changes = []core.Change{{
		Why: opening.Why("open", "trust policy"),
		Do:  iamapi.SetTrust(r.ID, string(text)), Undo: []awsapi.Call{iamapi.SetTrust(r.ID, s.Role.Trust)},
	}}
	return fix, nil
}

// deletedIn finds a deleted principal in the statements that go (in), or in those that stay: IAM refuses to write such a document.
func deletedIn(doc iampolicy.Document, wrong []int, in bool) string {
	for _, d := range doc.DeletedPrincipals() {
		if slices.Contains(wrong, d.Statement) == in {
			return d.ID
		}
	}
	return ""
}
