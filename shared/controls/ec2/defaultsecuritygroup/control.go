// Package defaultsecuritygroup empties the default security group of a VPC.
package defaultsecuritygroup

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is the group's rules, those in and those out apart. What uses the group is read once it has any.
type State struct {
	Ingress    []ec2api.Rule      `json:"ingress"`
	Egress     []ec2api.Rule      `json:"egress"`
	Group      ec2api.Group       `json:"group" aws:"context"`
	Interfaces []ec2api.Interface `json:"interfaces" aws:"context"`
}

// Context says which VPC's group it is and what uses it.
func (s State) Context() core.Context {
	return core.Context{Tags: s.Group.Tags, Owner: s.Group.Tags["owner"], Facts: []string{
		fmt.Sprintf("default group of %s, network interfaces that use it: %d", s.Group.VPC, len(s.Interfaces)),
	}}
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-default-security-group", Version: 1, Title: "Empty the default security group of every VPC",
		Service: "ec2", Family: "network", Type: ec2api.SecurityGroup,
		Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"EC2.2"},
		ConfigRules: []string{"VPC_DEFAULT_SECURITY_GROUP_CLOSED"},
		Frameworks:  map[string][]string{"cis_v3": {"5.4"}, "cis_v5": {"5.5"}, "nist_csf_2": {"PR.IR-01"}},
		Events: []string{
			"ec2.amazonaws.com:CreateVpc", "ec2.amazonaws.com:CreateDefaultVpc", "ec2.amazonaws.com:AuthorizeSecurityGroupIngress",
			"ec2.amazonaws.com:AuthorizeSecurityGroupEgress", "ec2.amazonaws.com:ModifySecurityGroupRules",
		},
		Reads:  []awsapi.Op{ec2api.DescribeSecurityGroups.Op, ec2api.DescribeSecurityGroupRules.Op, ec2api.DescribeNetworkInterfaces.Op},
		Writes: []awsapi.Op{ec2api.RevokeIngress.Op, ec2api.RevokeEgress.Op},
		Undoes: []awsapi.Op{ec2api.AuthorizeIngress.Op, ec2api.AuthorizeEgress.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes one request for any other group and for a default group without rules.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	state := State{Ingress: []ec2api.Rule{}, Egress: []ec2api.Rule{}}
	var err error
	if state.Group, err = ec2api.ReadGroup(ctx, s, r.ID); err != nil {
		return state, err
	}
	if state.Group.Name != ec2api.DefaultGroup {
		return state, core.NotApplicable("only the default group of a VPC has to be empty")
	}
	if state.Group.Empty {
		return state, nil
	}
	rules, err := ec2api.ReadRules(ctx, s, r.ID)
	if err != nil {
		return state, err
	}
	for _, rule := range rules {
		if rule.Egress {
			state.Egress = append(state.Egress, rule)
		} else {
			state.Ingress = append(state.Ingress, rule)
		}
	}
	state.Interfaces, err = ec2api.ReadInterfaces(ctx, s, r.ID)
	return state, err
}

// judge counts any rule, the group's reference to itself included: it is a way from each thing in the group to every other (Security Hub EC2.2).
func judge(s State, _ core.Settings) []core.Violation {
	var out []core.Violation
	if n := len(s.Ingress); n > 0 {
		out = append(out, core.Violation{Rule: "default-group-rules", Where: "ingress", Reason: core.Count(n, "rule") + " for traffic that reaches whatever is launched without naming a group"})
	}
	if n := len(s.Egress); n > 0 {
		out = append(out, core.Violation{Rule: "default-group-rules", Where: "egress", Reason: core.Count(n, "rule") + " for traffic out of whatever is launched without naming a group"})
	}
	return out
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	fix := core.Fix[State]{
		After:     State{Ingress: []ec2api.Rule{}, Egress: []ec2api.Rule{}},
		NeverAuto: cautions(s),
		Notes: []string{
			"what is launched in the VPC without naming a group gets this one, and will reach nothing and be reached by nothing",
			"connections that are established may stay up; new ones fail",
		},
	}
	if s.Group.Owner != "" && s.Group.Owner != r.Account {
		fix.Refused = fmt.Sprintf("the group belongs to account %s, which shares its VPC: only that account can change it", s.Group.Owner)
	}
	for _, side := range []struct {
		name  string
		rules []ec2api.Rule
	}{{"ingress", s.Ingress}, {"egress", s.Egress}} {
		if len(side.rules) == 0 {
			continue
		}
		change := core.Change{Why: fmt.Sprintf("revoke all %s rules (%d)", side.name, len(side.rules)), Do: ec2api.Revoke(r.ID, side.rules...), Touches: []string{side.name}}
		for _, rule := range side.rules {
			change.Undo = append(change.Undo, ec2api.Authorize(r.ID, rule))
		}
		fix.Changes = append(fix.Changes, change)
	}
	return fix, nil
}

// namedInterfaces is how many interfaces a caution names: who reads it looks the rest up.
const namedInterfaces = 5

// cautions says why a person should look before everything that uses the group is cut off.
func cautions(s State) []string {
	if len(s.Interfaces) == 0 {
		return nil
	}
	var names []string
	for _, i := range s.Interfaces[:min(len(s.Interfaces), namedInterfaces)] {
		name := i.ID
		if i.Description != "" {
			name += fmt.Sprintf(" (%s)", i.Description)
		}
		names = append(names, name)
	}
	if more := len(s.Interfaces) - namedInterfaces; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	out := []string{fmt.Sprintf("in use by %s, which would lose all traffic: %s; move to groups of their own first", core.Count(len(s.Interfaces), "network interface"), strings.Join(names, ", "))}
	if slices.ContainsFunc(s.Interfaces, func(i ec2api.Interface) bool { return i.Managed }) {
		out = append(out, "some of the interfaces belong to AWS services such as load balancers, databases or functions")
	}
	return out
}
