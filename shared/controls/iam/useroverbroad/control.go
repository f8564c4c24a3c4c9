// Package useroverbroad takes administrator access and ways to it from IAM users.
package useroverbroad

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

// State is what a user holds: its own policies, its groups', and the boundary that caps them, which is only read once something is wrong.
type State struct {
	Policies []iamapi.Held    `json:"policies"`
	Boundary *iamapi.Held     `json:"boundary"`
	User     iamapi.UserFacts `json:"user" aws:"context"`
}

// Context says whose user it is.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.User.Tags, Owner: s.User.Tags["owner"]}
	for _, h := range s.Policies {
		c.Facts = append(c.Facts, "holds "+h.String())
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-user-overbroad", Version: 1, Title: "Take administrator access from users",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.User,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events: []string{
			"iam.amazonaws.com:AttachUserPolicy", "iam.amazonaws.com:PutUserPolicy", "iam.amazonaws.com:AddUserToGroup",
			"iam.amazonaws.com:PutUserPermissionsBoundary", "iam.amazonaws.com:DeleteUserPermissionsBoundary", // a boundary may have been replaced by a wider one
		},
		Reads: []awsapi.Op{
			iamapi.ListUserPolicies.Op, iamapi.GetUserPolicy.Op, iamapi.ListUserAttachments.Op, iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op,
			iamapi.ListGroupsForUser.Op, iamapi.ListGroupPolicies.Op, iamapi.GetGroupPolicy.Op, iamapi.ListGroupAttachments.Op, iamapi.GetUser.Op,
		},
		Writes: []awsapi.Op{iamapi.PutUserPolicy.Op, iamapi.DeleteUserPolicy.Op, iamapi.DetachUserPolicy.Op},
		Undoes: []awsapi.Op{iamapi.PutUserPolicy.Op, iamapi.AttachUserPolicy.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes three requests for a user with nothing, one more for each inline policy and two for each managed one.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	held, err := iamapi.ReadUserPolicies(ctx, s, r.ID)
	state := State{Policies: held}
	if err != nil || len(iamapi.Judge(held, nil)) == 0 {
		return state, err
	}
	if state.User, err = iamapi.ReadUser(ctx, s, r.ID); err != nil {
		return state, err
	}
	state.Boundary, err = iamapi.ReadBoundary(ctx, s, state.User.Boundary)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation { return principal.Judge(s.Policies, s.Boundary) }

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	h := principal.Holder{
		Principal: iamapi.Principal{Kind: "user", Name: r.ID, Account: r.Account}, Policies: s.Policies, Boundary: s.Boundary,
		Refused: set.ProtectedBy(s.User.ARN),
		Careful: []string{"see that somebody else can administer the account before it is taken from this user"},
		Notes:   []string{"other holders of the same policies keep them; access keys and sessions of the user lose the access at once"},
		Doing:   "whatever the user does",
	}
	return principal.Plan(h, func(policies []iamapi.Held, boundary *iamapi.Held) State {
		s.Policies, s.Boundary = policies, boundary
		return s
	}), nil
}
