// Package groupoverbroad takes administrator access and ways to it from IAM groups.
package groupoverbroad

import (
	"context"
	_ "embed"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/controls/iam/internal/principal"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is what a group holds; its members are only read once something is wrong.
type State struct {
	Policies []iamapi.Held     `json:"policies"`
	Group    iamapi.GroupFacts `json:"group" aws:"context"`
}

// Context says who the members are.
func (s State) Context() core.Context {
	var c core.Context
	for _, m := range s.Group.Members {
		c.Facts = append(c.Facts, "has member "+m)
	}
	for _, h := range s.Policies {
		c.Facts = append(c.Facts, "holds "+h.String())
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-group-overbroad", Version: 1, Title: "Take administrator access from groups",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.Group,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events: []string{
			"iam.amazonaws.com:AttachGroupPolicy", "iam.amazonaws.com:PutGroupPolicy",
		},
		Reads: []awsapi.Op{
			iamapi.ListGroupPolicies.Op, iamapi.GetGroupPolicy.Op, iamapi.ListGroupAttachments.Op, iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op,
			iamapi.GetGroup.Op,
		},
		Writes: []awsapi.Op{iamapi.PutGroupPolicy.Op, iamapi.DeleteGroupPolicy.Op, iamapi.DetachGroupPolicy.Op},
		Undoes: []awsapi.Op{iamapi.PutGroupPolicy.Op, iamapi.AttachGroupPolicy.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes two requests for a group with nothing, one more for each inline policy and two for each managed one.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	held, err := iamapi.ReadGroupPolicies(ctx, s, r.ID)
	state := State{Policies: held}
	if err != nil || len(iamapi.Judge(held, nil)) == 0 {
		return state, err
	}
	state.Group, err = iamapi.ReadGroup(ctx, s, r.ID)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation { return principal.Judge(s.Policies, nil) }

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	members := "no members"
	if n := len(s.Group.Members); n > 0 {
		members = core.Count(n, "member") + ": " + strings.Join(s.Group.Members, ", ")
	}
	h := principal.Holder{
		Principal: iamapi.Principal{Kind: "group", Name: r.ID, Account: r.Account}, Policies: s.Policies,
		Refused: refusal(s, set),
		Careful: []string{"access comes through this group (" + members + "); see that somebody else can administer the account"},
		Notes:   []string{"other holders of the same policies keep them; the members of this group lose the access at once"},
		Doing:   "whatever the members do",
	}
	return principal.Plan(h, func(policies []iamapi.Held, _ *iamapi.Held) State {
		s.Policies = policies
		return s
	}), nil
}

// refusal: the group itself may be protected, and so may a member, who would lose access with it.
func refusal(s State, set core.Settings) string {
	for _, arn := range append([]string{s.Group.ARN}, s.Group.Members...) {
		if why := set.ProtectedBy(arn); why != "" {
			return arn + " is protected: " + why
		}
	}
	return ""
}
