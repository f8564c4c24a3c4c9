// Package roleoverbroad takes administrator access and ways to it from IAM roles.
package roleoverbroad

import (
	"context"
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/controls/iam/internal/principal"
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

func judge(s State, _ core.Settings) []core.Violation { return principal.Judge(s.Policies, s.Boundary) }

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	h := principal.Holder{
		Principal: iamapi.Principal{Kind: "role", Name: r.ID, Account: r.Account}, Policies: s.Policies, Boundary: s.Boundary,
		Refused: set.ProtectedBy(s.Role.ARN),
		Careful: []string{"see that somebody else can administer the account before it is taken from this role"},
		Notes:   []string{"other holders of the same policies keep them; sessions of the role that are open lose the access at once"},
		Doing:   "whatever the role does",
	}
	if s.Role.LastUsed != "" {
		h.Careful = append(h.Careful, "the role is in use, perhaps by a pipeline: "+s.Role.Fact())
	}
	if stack := s.Role.Tags["aws:cloudformation:stack-name"]; stack != "" {
		h.Notes = append(h.Notes, "CloudFormation stack "+stack+" owns the role: its template needs the same change, or the next deployment puts it back")
	}
	return principal.Plan(h, func(policies []iamapi.Held, boundary *iamapi.Held) State {
		s.Policies, s.Boundary = policies, boundary
		return s
	}), nil
}
