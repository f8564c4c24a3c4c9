// Package policyadmin takes administrator access out of customer managed policies.
package policyadmin

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is the policy's default version, and once that is wrong, who uses the policy.
type State struct {
	Default iamapi.DefaultVersion `json:"default"`
	Use     iamapi.PolicyUse      `json:"use"`
}

// Context says whose policy it is and whom it is attached to.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Default.Tags, Owner: s.Default.Tags["owner"]}
	if s.Use.Attachments != nil {
		c.Facts = s.Use.Facts()
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-policy-admin", Version: 1, Title: "Take administrator access out of customer managed policies",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.ManagedPolicy,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"IAM.1"},
		ConfigRules: []string{"IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"},
		Frameworks:  map[string][]string{"cis_v3": {"1.16"}, "cis_v5": {"1.15"}, "nist_csf_2": {"PR.AA-05"}},
		Events:      []string{"iam.amazonaws.com:CreatePolicy", "iam.amazonaws.com:CreatePolicyVersion", "iam.amazonaws.com:SetDefaultPolicyVersion"},
		Reads:       []awsapi.Op{iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op, iamapi.ListPolicyVersions.Op, iamapi.GetAuthorizations.Op},
		Writes:      []awsapi.Op{iamapi.DeleteVersion.Op, iamapi.CreateVersion.Op},
		Undoes:      []awsapi.Op{iamapi.SetDefaultVersion.Op, iamapi.DeleteVersion.Op, iamapi.CreateVersion.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes two requests for a policy in order; who uses it is only asked once something is wrong.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	if iamapi.OwnedByAWS(r.ID) {
		return State{}, core.NotApplicable("AWS owns this policy: nobody else can edit it")
	}
	var state State
	var err error
	if state.Default, err = iamapi.ReadDefaultVersion(ctx, s, r.ID); err != nil {
		return state, err
	}
	wrong := offending(state.Default.Text)
	if len(wrong) == 0 {
		return state, nil
	}
	rest, _, err := iamapi.Remaining(state.Default.Text, fewest(state.Default.Text, wrong))
	if err != nil {
		return state, err
	}
	state.Use, err = iamapi.ReadPolicyUse(ctx, s, r.ID, rest)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	doc, err := iampolicy.ParseValue(s.Default.Document)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	}
	var out []core.Violation
	for _, f := range admins(doc) {
		for _, ref := range f.Statements {
			v := core.Violation{Rule: "administrator", Where: doc.Statements[ref.Statement].Name(), Reason: f.Reason, Unsettled: f.Unsettled}
			out = append(out, bounds(s, v))
		}
	}
	return out
}

func admins(doc iampolicy.Document) []iampolicy.Finding {
	var out []iampolicy.Finding
	for _, f := range iampolicy.JudgeIdentity(doc) {
		if f.Rung == iampolicy.Admin {
			out = append(out, f)
		}
	}
	return out
}

// offending are the statements that grant administrator access for certain.
func offending(text string) []int {
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return nil
	}
	var out []int
	for _, f := range admins(doc) {
		for _, ref := range f.Statements {
			if !f.Unsettled {
				out = append(out, ref.Statement)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fewest are those of the offending statements that have to go: where several make an administrator together, the one that gives away IAM.
func fewest(text string, offend []int) []int {
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return offend
	}
	last := func(i int) int {
		if iamapi.GivesIAM(iampolicy.Document{Statements: doc.Statements[i : i+1]}) {
			return 1
		}
		return 0
	}
	first := slices.SortedStableFunc(slices.Values(offend), func(a, b int) int { return cmp.Compare(last(a), last(b)) })
	return iamapi.Fewest(first, func(some []int) bool {
		rest, _, err := iamapi.Remaining(text, some)
		return err == nil && len(offending(rest)) == 0
	})
}

// bounds: a policy that only bounds principals gives nothing to anybody, so what is wrong by letter is reported.
func bounds(s State, v core.Violation) core.Violation {
	if s.Use.BoundaryOnly() && !v.Unsettled {
		v.Unsettled, v.Reason = true, v.Reason+iamapi.BoundaryReason
	}
	return v
}

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	wrong := offending(s.Default.Text)
	if len(wrong) == 0 || s.Use.BoundaryOnly() {
		return core.Fix[State]{}, nil
	}
	fix := core.Fix[State]{Refused: refusal(r, s, set), Notes: s.Use.Notes(s.Default)}
	rest, empty, err := iamapi.Remaining(s.Default.Text, fewest(s.Default.Text, wrong))
	if err != nil {
		return fix, err
	}
	if empty {
		fix.Advice = []core.Advice{advice(r, s)}
		fix.Notes = iamapi.StackNote(s.Default)
		return fix, nil
	}
	fix.NeverAuto = []string{fmt.Sprintf("a new version changes at once what everybody who has the policy may do (principals: %d)", len(s.Use.Attachments))}
	fix.After = State{Default: iamapi.DefaultVersion{Document: iampolicy.Value(rest), Text: rest}}
	for _, step := range iamapi.NewDefault(r.ID, s.Default, s.Use.Spare, rest) {
		fix.Changes = append(fix.Changes, core.Change{Why: step.Why, Do: step.Do, Undo: step.Undo, Touches: []string{"default"}})
	}
	return fix, nil
}

// refusal says why the policy must not be written: it is protected, it serves somebody who is, or nobody would be left to administer the account.
func refusal(r awsapi.Resource, s State, set core.Settings) string {
	if why := set.ProtectedBy(r.ID); why != "" {
		return why
	}
	for _, a := range s.Use.Attachments {
		if why := set.ProtectedBy(a.ARN); why != "" {
			return fmt.Sprintf("the policy is attached to %s, which is protected: %s", a, why)
		}
	}
	if len(s.Use.LastAdministrators) > 0 {
		return fmt.Sprintf("nobody but the root user would be left to administer the account: %v are administrators through this policy alone", s.Use.LastAdministrators)
	}
	return ""
}
