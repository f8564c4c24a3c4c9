// Package policyescalation takes ways to become an administrator out of customer managed policies.
package policyescalation

import (
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
	doc, err := iampolicy.Parse([]byte(state.Default.Text))
	if err != nil || len(dangerous(doc)) == 0 {
		return state, nil // what cannot be read is judged as that
	}
	rest, _, err := iamapi.Remaining(state.Default.Text, removable(doc))
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
	goes := removable(doc)
	var out []core.Violation
	for _, f := range escalations(doc) {
		for _, ref := range f.Statements {
			v := core.Violation{Rule: iamapi.RuleOf(f.Rung), Where: doc.Statements[ref.Statement].Name(), Reason: f.Reason, Unsettled: f.Unsettled}
			v.Manual = !v.Unsettled && !slices.Contains(goes, ref.Statement)
			out = append(out, bounds(s, v))
		}
	}
	return out
}

func escalations(doc iampolicy.Document) []iampolicy.Finding {
	return slices.DeleteFunc(iampolicy.JudgeIdentity(doc), func(f iampolicy.Finding) bool {
		return !slices.Contains([]iampolicy.Rung{iampolicy.Escalation, iampolicy.Combination, iampolicy.PassRoleAny, iampolicy.PassRoleNamed}, f.Rung)
	})
}

// dangerous returns, for each statement that is wrong for certain, the actions that make it so.
func dangerous(doc iampolicy.Document) map[int][]string {
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

// removable are the statements that are wrong for certain and with which nothing harmless would be lost.
func removable(doc iampolicy.Document) []int {
	var out []int
	for i, actions := range dangerous(doc) {
		if iamapi.Wholly(doc.Statements[i], actions) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// bounds: a policy that only bounds principals gives nothing to anybody, so what is wrong by letter is reported.
func bounds(s State, v core.Violation) core.Violation {
	if s.Use.BoundaryOnly() && !v.Unsettled {
		v.Unsettled, v.Manual, v.Reason = true, false, v.Reason+iamapi.BoundaryReason
	}
	return v
}

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	doc, err := iampolicy.Parse([]byte(s.Default.Text))
	if err != nil || len(dangerous(doc)) == 0 || s.Use.BoundaryOnly() {
		return core.Fix[State]{}, nil
	}
	fix := core.Fix[State]{Refused: refusal(r, s, set), Notes: s.Use.Notes(s.Default)}
	goes := removable(doc)
	rest, empty, err := iamapi.Remaining(s.Default.Text, goes)
	if err != nil {
		return fix, err
	}
	gone := goes
	if empty {
		rest, gone = s.Default.Text, nil
	}
	left, err := iampolicy.Parse([]byte(rest))
	if err != nil {
		return fix, fmt.Errorf("reading what would be left of policy %s: %w", r.ID, err)
	}
	proposals := mixed(r, left, gone)
	if empty || len(proposals) > 0 {
		fix.Advice = []core.Advice{advice(r, s, proposals, len(gone) > 0)}
	}
	if empty || len(goes) == 0 {
		fix.Notes = iamapi.StackNote(s.Default)
		return fix, nil
	}
	fix.NeverAuto = []string{fmt.Sprintf("a new version changes at once what everybody who has the policy may do (principals: %d)", len(s.Use.Attachments))}
	fix.After = State{Default: iamapi.DefaultVersion{Document: iampolicy.Value(rest), Text: rest}}
	if len(proposals) > 0 {
		fix.After.Use = s.Use // the next read has reason to look, too
	}
	for _, step := range iamapi.NewDefault(r.ID, s.Default, s.Use.Spare, rest) {
		fix.Changes = append(fix.Changes, core.Change{Why: step.Why, Do: step.Do, Undo: step.Undo, Touches: []string{"default"}})
	}
	return fix, nil
}
