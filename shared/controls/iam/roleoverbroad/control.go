// Package roleoverbroad takes administrator access and ways to it from IAM roles.
package roleoverbroad

import (
	"context"
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is what a role holds, and the boundary that caps it, which is only read once something is wrong.
type State struct {
	Policies []iamapi.Held    `json:"policies"`
	Boundary *iamapi.Held     `json:"boundary"`
	Role     iamapi.RoleFacts `json:"role" aws:"context"`
}

// Context says whose role it is and when it was used.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Role.Tags, Owner: s.Role.Tags["owner"]}
	if s.Role.ARN != "" {
		c.Facts = append(c.Facts, s.Role.Fact())
	}
	for _, h := range s.Policies {
		c.Facts = append(c.Facts, "holds "+h.String())
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-role-overbroad", Version: 1, Title: "Take administrator access from roles",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.Role,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events: []string{
			"iam.amazonaws.com:AttachRolePolicy", "iam.amazonaws.com:PutRolePolicy",
			"iam.amazonaws.com:PutRolePermissionsBoundary", "iam.amazonaws.com:DeleteRolePermissionsBoundary", // a boundary may have been replaced by a wider one
		},
		Reads: []awsapi.Op{
			iamapi.ListRolePolicies.Op, iamapi.GetRolePolicy.Op, iamapi.ListRoleAttachments.Op, iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op,
			iamapi.GetRole.Op,
		},
		Writes: []awsapi.Op{iamapi.PutRolePolicy.Op, iamapi.DeleteRolePolicy.Op, iamapi.DetachRolePolicy.Op},
		Undoes: []awsapi.Op{iamapi.PutRolePolicy.Op, iamapi.AttachRolePolicy.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes two requests for a role with nothing, one more for each inline policy and two for each managed one.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	held, err := iamapi.ReadRolePolicies(ctx, s, r.ID)
	state := State{Policies: held}
	if err != nil || len(iamapi.Judge(held, nil)) == 0 {
		return state, err
	}
	if state.Role, err = iamapi.ReadRole(ctx, s, r.ID); err != nil {
		return state, err
	}
	state.Boundary, err = iamapi.ReadBoundary(ctx, s, state.Role.Boundary)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	var out []core.Violation
	for _, e := range iamapi.Judge(s.Policies, s.Boundary) {
		out = append(out, core.Violation{Rule: e.Rule, Where: e.Where, Reason: e.Reason, Unsettled: e.Unsettled, Manual: e.Manual})
	}
	return out
}

func plan(r awsapi.Resource, s State, violations []core.Violation, set core.Settings) (core.Fix[State], error) {
	p := iamapi.Principal{Kind: "role", Name: r.ID, Account: r.Account}
	mended := iamapi.Mend(p, s.Policies, s.Boundary)
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	var fix core.Fix[State]
	if len(mended.Advice) > 0 {
		fix.Advice = []core.Advice{advice(r, mended.Advice)}
	}
	if mended.Wrong {
		fix.Refused = set.ProtectedBy(s.Role.ARN)
	}
	if len(mended.Steps) == 0 {
		return fix, nil
	}
	fix.NeverAuto = []string{"see that somebody else can administer the account before it is taken from this role"}
	if s.Role.LastUsed != "" {
		fix.NeverAuto = append(fix.NeverAuto, "the role is in use, perhaps by a pipeline: "+s.Role.Fact())
	}
	fix.Notes = []string{"other holders of the same policies keep them; sessions of the role that are open lose the access at once"}
	if stack := s.Role.Tags["aws:cloudformation:stack-name"]; stack != "" {
		fix.Notes = append(fix.Notes, "CloudFormation stack "+stack+" owns the role: its template needs the same change, or the next deployment puts it back")
	}
	fix.After = s
	fix.After.Policies = mended.After
	if len(iamapi.Judge(mended.After, nil)) == 0 {
		fix.After.Boundary = nil // the next read has no reason to look
	}
	for _, step := range mended.Steps {
		fix.Changes = append(fix.Changes, core.Change{Why: step.Why, Do: step.Do, Undo: step.Undo})
	}
	return fix, nil
}

func advice(r awsapi.Resource, steps []string) core.Advice {
	return core.Advice{
		Title: "Narrow what role " + r.ID + " may do", Steps: steps,
		Outage: "whatever the role does that is left out is refused at once",
		Cost:   "none",
	}
}
