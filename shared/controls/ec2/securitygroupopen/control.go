// Package securitygroupopen closes security groups that let the whole internet reach ports that must not face it.
package securitygroupopen

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is a group's rules and what they point to. The rest is only read, and only needed, once something is open.
type State struct {
	Rules       []ec2api.Rule       `json:"rules"`
	PrefixLists map[string][]string `json:"prefixLists"` // entries of the lists that ingress rules refer to
	Group       ec2api.Group        `json:"group" aws:"context"`
	Interfaces  []ec2api.Interface  `json:"interfaces" aws:"context"`
}

// Context says whose group it is and what uses it.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Group.Tags, Owner: s.Group.Tags["owner"]}
	if s.Group.Name != "" {
		c.Facts = append(c.Facts, fmt.Sprintf("group %q in %s, network interfaces that use it: %d", s.Group.Name, s.Group.VPC, len(s.Interfaces)))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-security-group-open", Version: 1, Title: "Close sensitive ports to the internet",
		Service: "ec2", Family: "network", Type: ec2api.SecurityGroup,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"EC2.13", "EC2.14", "EC2.19"},
		ConfigRules: []string{"INCOMING_SSH_DISABLED", "RESTRICTED_INCOMING_TRAFFIC"},
		Frameworks:  map[string][]string{"cis_v3": {"5.2", "5.3"}, "cis_v5": {"5.3", "5.4"}, "nist_csf_2": {"PR.IR-01"}},
		Events: []string{
			"ec2.amazonaws.com:AuthorizeSecurityGroupIngress", "ec2.amazonaws.com:ModifySecurityGroupRules", "ec2.amazonaws.com:CreateSecurityGroup",
			"ec2.amazonaws.com:ModifyManagedPrefixList",
			"ec2.amazonaws.com:ModifyNetworkInterfaceAttribute", "ec2.amazonaws.com:ModifyInstanceAttribute",
		},
		Reads: []awsapi.Op{
			ec2api.DescribeSecurityGroupRules.Op, ec2api.DescribeSecurityGroups.Op, ec2api.DescribeNetworkInterfaces.Op, ec2api.GetManagedPrefixListEntries.Op,
		},
		Writes: []awsapi.Op{ec2api.RevokeIngress.Op, ec2api.AuthorizeIngress.Op},
		Undoes: []awsapi.Op{ec2api.AuthorizeIngress.Op, ec2api.RevokeIngress.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes one request for a group in order, one more for each prefix list, and two more once something is open.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	rules, err := ec2api.ReadRules(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	state := State{Rules: rules, PrefixLists: map[string][]string{}}
	for _, rule := range rules {
		if _, seen := state.PrefixLists[rule.PrefixList]; rule.PrefixList == "" || rule.Egress || seen {
			continue
		}
		if state.PrefixLists[rule.PrefixList], err = ec2api.ReadPrefixList(ctx, s, rule.PrefixList); err != nil {
			return State{}, err
		}
	}
	if len(judge(state, core.Settings{})) == 0 && len(rules) > 0 {
		return state, nil
	}
	if state.Group, err = ec2api.ReadGroup(ctx, s, r.ID); err != nil {
		return State{}, err
	}
	if len(rules) > 0 {
		state.Interfaces, err = ec2api.ReadInterfaces(ctx, s, r.ID)
	}
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	var out []core.Violation
	for _, r := range s.Rules {
		if v, bad := judgeRule(r, s.PrefixLists); bad {
			out = append(out, v)
		}
	}
	return append(out, judgeUnion(s.Rules, s.PrefixLists)...)
}

// judgeRule says whether one rule lets too much of the internet reach something sensitive. What is wide in the source or in the port
// without being settled is reported and not changed.
func judgeRule(r ec2api.Rule, lists map[string][]string) (core.Violation, bool) {
	if r.Egress {
		return core.Violation{}, false
	}
	source, from := widthOf(r.CIDR), r.CIDR
	for _, cidr := range lists[r.PrefixList] {
		if w := widthOf(cidr); w > source {
			source, from = w, fmt.Sprintf("%s (holds %s)", r.PrefixList, cidr)
		}
	}
	reach := reachOf(r)
	if source == narrow || reach.level == harmless {
		return core.Violation{}, false
	}
	v := core.Violation{
		Rule: "world-open", Where: fmt.Sprintf("ingress %s from %s", portsText(r), from),
		Reason: fmt.Sprintf("anyone on the internet can reach %s", reach.what),
	}
	v.Manual = mixed(lists[r.PrefixList])
	switch {
	case source == wide:
		v.Rule, v.Unsettled, v.Reason = "wide-source", true, fmt.Sprintf("a very large network can reach %s; whether that is the internet is for its owner to say", reach.what)
	case reach.level == doubtful:
		v.Rule, v.Unsettled = "udp-sensitive-port", true
	}
	return v, true
}

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	var open []ec2api.Rule
	for _, rule := range s.Rules {
		if v, bad := judgeRule(rule, s.PrefixLists); bad && !v.Unsettled && !v.Manual {
			open = append(open, rule)
		}
	}
	fix := core.Fix[State]{Refused: refusal(r, s), NeverAuto: cautions(s, open), Notes: notes(s), Advice: editLists(s)}
	if len(open) == 0 {
		return fix, nil
	}
	after := s
	after.Rules = slices.Clone(s.Rules)
	for _, add := range replacements(s.Rules, open, set) {
		after.Rules = insert(after.Rules, add)
		step := State{Rules: slices.Clone(after.Rules), PrefixLists: s.PrefixLists}
		fix.Changes = append(fix.Changes, core.Change{
			Why: "let in what stays allowed, before the world is shut out: " + portsText(add) + " from " + add.CIDR,
			Do:  ec2api.Authorize(r.ID, add), Undo: []awsapi.Call{ec2api.RevokeSame(r.ID, add)}, Step: step,
		})
	}
	if n := weight(after); len(fix.Changes) > 0 && n > rulesQuota {
		fix.Refused = fmt.Sprintf("with what stays allowed the group would have %d inbound rules, more than the default quota of %d: raise the quota or shorten keep_ports and replacement_cidr", n, rulesQuota)
	}
	if len(fix.Changes) > 0 {
		fix.NeverAuto = append(fix.NeverAuto, "access is narrowed to what the rules file names, which a person should see first")
	}
	after.Rules = slices.DeleteFunc(after.Rules, func(x ec2api.Rule) bool {
		return slices.ContainsFunc(open, func(o ec2api.Rule) bool { return o.ID == x.ID && x.ID != "" })
	})
	after.PrefixLists = usedLists(after)
	change := core.Change{Why: fmt.Sprintf("shut out the world; inbound rules that stay as they are: %d", inbound(s.Rules)-len(open)), Do: ec2api.Revoke(r.ID, open...)}
	for _, rule := range open {
		change.Undo = append(change.Undo, ec2api.Authorize(r.ID, rule))
	}
	fix.After, fix.Changes = after, append(fix.Changes, change)
	fix.ReadBack = func(ctx context.Context, session awsapi.Session) (State, error) { // who uses the group, and what is in prefix lists, is not ours to change
		back := after
		var err error
		back.Rules, err = ec2api.ReadRules(ctx, session, r.ID)
		return back, err
	}
	return fix, nil
}

func inbound(rules []ec2api.Rule) int {
	n := 0
	for _, r := range rules {
		if !r.Egress {
			n++
		}
	}
	return n
}
