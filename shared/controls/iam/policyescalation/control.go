// Package policyescalation takes ways to become an administrator out of customer managed policies.
package policyescalation

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
		ID: "iam-policy-escalation", Version: 1, Title: "Take ways to become an administrator out of customer managed policies",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.ManagedPolicy,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events:     []string{"iam.amazonaws.com:CreatePolicy", "iam.amazonaws.com:CreatePolicyVersion", "iam.amazonaws.com:SetDefaultPolicyVersion"},
		Reads:      []awsapi.Op{iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op, iamapi.ListPolicyVersions.Op, iamapi.GetAuthorizations.Op},
		Writes:     []awsapi.Op{iamapi.DeleteVersion.Op, iamapi.CreateVersion.Op},
		Undoes:     []awsapi.Op{iamapi.SetDefaultVersion.Op, iamapi.DeleteVersion.Op, iamapi.CreateVersion.Op},
		Doc:        doc,
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
	wrong := dangerous(state.Default.Text)
	if len(wrong) == 0 {
		return state, nil
	}
	rest, _, err := iamapi.Remaining(state.Default.Text, statements(wrong))
	if err != nil {
		return state, err
	}
	state.Use, err = iamapi.ReadPolicyUse(ctx, s, r.ID, rest)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	doc, err := iampolicy.Parse(s.Default.Document)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	}
	var out []core.Violation
	for _, f := range escalations(doc) {
		for _, ref := range f.Statements {
			v := core.Violation{Rule: iamapi.RuleOf(f.Rung), Where: doc.Statements[ref.Statement].Name(), Reason: f.Reason, Unsettled: f.Unsettled}
			out = append(out, bounds(s, v))
		}
	}
	return out
}

func escalations(doc iampolicy.Document) []iampolicy.Finding {
	return slices.DeleteFunc(iampolicy.JudgeIdentity(doc), func(f iampolicy.Finding) bool {
		return f.Rung != iampolicy.Escalation && f.Rung != iampolicy.Combination && f.Rung != iampolicy.PassRoleAny
	})
}

// dangerous returns, for each statement that is wrong for certain, the actions that make it so.
func dangerous(text string) map[int][]string {
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return nil
	}
	out := map[int][]string{}
	for _, f := range escalations(doc) {
		for _, ref := range f.Statements {
			if !f.Unsettled {
				out[ref.Statement] = append(out[ref.Statement], f.Actions...)
			}
		}
	}
	return out
}

func statements(wrong map[int][]string) []int {
	var out []int
	for i := range wrong {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// bounds: a policy that only bounds principals gives nothing to anybody, so what is wrong by letter is reported.
func bounds(s State, v core.Violation) core.Violation {
	if s.Use.BoundaryOnly() && !v.Unsettled {
		v.Unsettled, v.Reason = true, v.Reason+iamapi.BoundaryReason
	}
	return v
}

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	wrong := dangerous(s.Default.Text)
	if len(wrong) == 0 || s.Use.BoundaryOnly() {
		return core.Fix[State]{}, nil
	}
	fix := core.Fix[State]{Refused: refusal(r, s, set), Notes: s.Use.Notes(s.Default)}
	rest, empty, err := iamapi.Remaining(s.Default.Text, statements(wrong))
	if err != nil {
		return fix, err
	}
	proposals, err := mixed(r, s.Default.Text, wrong)
	if err != nil {
		return fix, err
	}
	if empty || len(proposals) > 0 {
		fix.Advice = []core.Advice{advice(r, s, proposals, len(wrong) > len(proposals))}
		fix.Notes = iamapi.StackNote(s.Default)
		return fix, nil
	}
	if len(dangerous(rest)) > 0 { // a removed statement cannot have kept another one harmless, since Allows take nothing away
		return fix, fmt.Errorf("planning for %s: the rest of the policy would still be wrong", r.ID)
	}
	fix.NeverAuto = []string{fmt.Sprintf("a new version changes at once what everybody who has the policy may do (principals: %d)", len(s.Use.Attachments))}
	fix.After = State{Default: iamapi.DefaultVersion{Document: json.RawMessage(rest), Text: rest}}
	for _, step := range iamapi.NewDefault(r.ID, s.Default, s.Use.Spare, rest) {
		fix.Changes = append(fix.Changes, core.Change{Why: step.Why, Do: step.Do, Undo: step.Undo, Touches: []string{"default"}})
	}
	return fix, nil
}
