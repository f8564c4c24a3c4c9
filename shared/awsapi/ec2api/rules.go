package ec2api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Rule is one security group rule: one protocol and port range, one source or destination.
type Rule struct {
	ID          string            `json:"id" aws:"assigned"`
	Egress      bool              `json:"egress"`
	Protocol    string            `json:"protocol"` // tcp, udp, icmp, icmpv6, -1 (all), or a protocol number
	From        int32             `json:"from"`     // a port; for ICMP the type; -1: any
	To          int32             `json:"to"`       // a port; for ICMP the code; -1: any
	CIDR        string            `json:"cidr"`     // canonical, IPv4 or IPv6
	PrefixList  string            `json:"prefixList"`
	Group       string            `json:"group"` // another (or the same) group
	GroupOwner  string            `json:"groupOwner" aws:"context"`
	Description string            `json:"description"`
	Tags        map[string]string `json:"tags"`
}

// ReadRules returns all rules of a group, sorted by what they say. A group without rules and a group that does not exist look the same here
// (DescribeSecurityGroupRules with a filter answers both with nothing), so callers that find nothing wrong need not ask further.
func ReadRules(ctx context.Context, s awsapi.Session, group string) ([]Rule, error) {
	rules := []Rule{} // never nil: a group without rules has an empty list, read or planned
	in := &ec2.DescribeSecurityGroupRulesInput{MaxResults: aws.Int32(1000), Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{group}}}}
	for {
		out, err := DescribeSecurityGroupRules.Do(ctx, s, in)
		if awsapi.IsNotFound(err) {
			return nil, fmt.Errorf("%w: %w", awsapi.ErrGone, err)
		}
		if err != nil {
			return nil, err
		}
		for _, r := range out.SecurityGroupRules {
			rules = append(rules, ruleOf(r))
		}
		if aws.ToString(out.NextToken) == "" {
			SortRules(rules)
			return rules, nil
		}
		in.NextToken = out.NextToken
	}
}

func ruleOf(r ec2types.SecurityGroupRule) Rule {
	out := Rule{
		ID: aws.ToString(r.SecurityGroupRuleId), Egress: aws.ToBool(r.IsEgress), Protocol: protocolName(aws.ToString(r.IpProtocol)),
		From: portOr(r.FromPort), To: portOr(r.ToPort), CIDR: canonicalCIDR(cmp.Or(aws.ToString(r.CidrIpv4), aws.ToString(r.CidrIpv6))),
		PrefixList: aws.ToString(r.PrefixListId), Description: aws.ToString(r.Description),
	}
	if r.ReferencedGroupInfo != nil {
		out.Group, out.GroupOwner = aws.ToString(r.ReferencedGroupInfo.GroupId), aws.ToString(r.ReferencedGroupInfo.UserId)
	}
	for _, t := range r.Tags {
		if out.Tags == nil {
			out.Tags = map[string]string{}
		}
		out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// protocolName gives the numbers of tcp, udp and the ICMPs their names. Source: EC2 API reference, IpPermission.
func protocolName(p string) string {
	if name, ok := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}[p]; ok {
		return name
	}
	return p
}

func portOr(p *int32) int32 {
	if p == nil {
		return -1
	}
	return *p
}

// canonicalCIDR masks the host bits and spells IPv6 one way, as EC2 does when it stores a rule.
func canonicalCIDR(s string) string {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return s
	}
	return p.Masked().String()
}

// SortRules puts rules into the order of their meaning, since EC2 promises none.
func SortRules(rules []Rule) { slices.SortFunc(rules, compareRules) }

func compareRules(a, b Rule) int {
	return cmp.Or(
		cmp.Compare(fmt.Sprint(a.Egress), fmt.Sprint(b.Egress)), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
		cmp.Compare(a.CIDR, b.CIDR), cmp.Compare(a.PrefixList, b.PrefixList), cmp.Compare(a.Group, b.Group), cmp.Compare(a.ID, b.ID))
}

// Revoke describes the call that takes these rules away, by rule id: other sources of the same permission stay. The rules are all ingress or all egress.
func Revoke(group string, rules ...Rule) awsapi.Call {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	if rules[0].Egress {
		return RevokeEgress.Call(&ec2.RevokeSecurityGroupEgressInput{GroupId: &group, SecurityGroupRuleIds: ids})
	}
	return RevokeIngress.Call(&ec2.RevokeSecurityGroupIngressInput{GroupId: &group, SecurityGroupRuleIds: ids})
}

// RevokeSame describes the call that takes away the rule that says the same as r, whatever id it has got.
func RevokeSame(group string, r Rule) awsapi.Call {
	if r.Egress {
		return RevokeEgress.Call(&ec2.RevokeSecurityGroupEgressInput{GroupId: &group, IpPermissions: []ec2types.IpPermission{permission(r)}})
	}
	return RevokeIngress.Call(&ec2.RevokeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []ec2types.IpPermission{permission(r)}})
}

// Authorize describes the call that adds one rule with its description and tags.
func Authorize(group string, r Rule) awsapi.Call {
	p := []ec2types.IpPermission{permission(r)}
	if r.Egress {
		return AuthorizeEgress.Call(&ec2.AuthorizeSecurityGroupEgressInput{GroupId: &group, IpPermissions: p, TagSpecifications: ruleTags(r.Tags)})
	}
	return AuthorizeIngress.Call(&ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: p, TagSpecifications: ruleTags(r.Tags)})
}

func permission(r Rule) ec2types.IpPermission {
	p := ec2types.IpPermission{IpProtocol: aws.String(r.Protocol)}
	if r.Protocol != "-1" {
		p.FromPort, p.ToPort = &r.From, &r.To
	}
	var desc *string
	if r.Description != "" {
		desc = &r.Description
	}
	switch prefix, err := netip.ParsePrefix(r.CIDR); {
	case err == nil && prefix.Addr().Is4():
		p.IpRanges = []ec2types.IpRange{{CidrIp: &r.CIDR, Description: desc}}
	case err == nil:
		p.Ipv6Ranges = []ec2types.Ipv6Range{{CidrIpv6: &r.CIDR, Description: desc}}
	case r.PrefixList != "":
		p.PrefixListIds = []ec2types.PrefixListId{{PrefixListId: &r.PrefixList, Description: desc}}
	default:
		pair := ec2types.UserIdGroupPair{GroupId: &r.Group, Description: desc}
		if r.GroupOwner != "" {
			pair.UserId = &r.GroupOwner
		}
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{pair}
	}
	return p
}

func ruleTags(tags map[string]string) []ec2types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	spec := ec2types.TagSpecification{ResourceType: ec2types.ResourceTypeSecurityGroupRule}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		spec.Tags = append(spec.Tags, ec2types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return []ec2types.TagSpecification{spec}
}
