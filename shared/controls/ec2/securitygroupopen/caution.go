package securitygroupopen

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

// rulesQuota is the default number of inbound rules a group may have (Amazon VPC quotas). A raised quota is not visible without another service, so the default is the limit.
const rulesQuota = 60

// refusal says why the group is not ours to change.
func refusal(r awsapi.Resource, s State) string {
	if s.Group.Owner != "" && s.Group.Owner != r.Account {
		return fmt.Sprintf("the group belongs to account %s, which shares its VPC: only that account can change it", s.Group.Owner)
	}
	for k := range s.Group.Tags {
		if strings.HasPrefix(k, "aws:eks:") || strings.HasPrefix(k, "aws:elasticbeanstalk:") { // only AWS can set tags that begin with aws:
			return fmt.Sprintf("the group is owned by a service (tag %s), which would put the rule back: change it there", k)
		}
	}
	return ""
}

// cautions says why a person should look before the rules are revoked.
func cautions(s State, open []ec2api.Rule) []string {
	var out []string
	for _, r := range open {
		if slices.ContainsFunc(public, func(p int32) bool { return covers(r, p) }) {
			out = append(out, fmt.Sprintf("%s from %s also opens port 80 or 443, which a public service may need", portsText(r), sourceText(r)))
		}
	}
	managed := 0
	for _, i := range s.Interfaces {
		if i.Managed {
			managed++
		}
	}
	if managed > 0 {
		out = append(out, "AWS services such as load balancers or databases own some of what uses the group: "+core.Count(managed, "network interface"))
	}
	if name := s.Group.Tags["elasticbeanstalk:environment-name"]; name != "" {
		out = append(out, fmt.Sprintf("Elastic Beanstalk environment %s seems to own the group and would put the rule back: change it there", name))
	}
	if s.Group.Name != "" && len(s.Interfaces) == 0 {
		out = append(out, "no network interface uses the group, so nothing is reachable yet")
	}
	return out
}

func notes(s State) []string {
	var out []string
	if stack := s.Group.Tags["aws:cloudformation:stack-name"]; stack != "" {
		out = append(out, fmt.Sprintf("CloudFormation stack %s owns the group: its template needs the same change, or the next deployment opens it again", stack))
	}
	return append(out, "connections that are established may stay up; new ones fail")
}

func sourceText(r ec2api.Rule) string {
	if r.CIDR != "" {
		return r.CIDR
	}
	return r.PrefixList
}

// mixed reports whether a prefix list holds the world beside sources that are fine: revoking a rule that refers to it would take those away too.
func mixed(entries []string) bool {
	isWorld := func(c string) bool { return widthOf(c) == world }
	return slices.ContainsFunc(entries, isWorld) && slices.ContainsFunc(entries, func(c string) bool { return !isWorld(c) })
}

// editLists tells people to take the world out of the lists that hold it beside others.
func editLists(s State) []core.Advice {
	var out []core.Advice
	for _, list := range slices.Sorted(maps.Keys(s.PrefixLists)) {
		bad := slices.ContainsFunc(s.Rules, func(r ec2api.Rule) bool { return r.PrefixList == list && !r.Egress && reachOf(r).level == dangerous })
		if !bad || !mixed(s.PrefixLists[list]) {
			continue
		}
		out = append(out, core.Advice{
			Title: "Take the world out of prefix list " + list,
			Steps: []string{
				"Find out who else uses the list: aws ec2 get-managed-prefix-list-associations --prefix-list-id " + list,
				"Remove the entries that are the world and keep the others: aws ec2 modify-managed-prefix-list --prefix-list-id " + list + " --remove-entries Cidr=…",
				"Run the control again: shoreup plan --control ec2-security-group-open",
			},
			Outage: "whoever came in only through the removed entries is shut out, in every group that uses the list",
			Cost:   "none",
		})
	}
	return out
}

// replacements are the rules that take the place of what is revoked: ports that may stay open, and sources that may stay in. Both come from
// the rules file alone; a port that is sensitive itself is never kept.
func replacements(have, open []ec2api.Rule, set core.Settings) []ec2api.Rule {
	var out []ec2api.Rule
	add := func(r ec2api.Rule) {
		r.ID = ""
		if !slices.ContainsFunc(append(slices.Clone(have), out...), func(h ec2api.Rule) bool { return sameAccess(h, r) }) {
			out = append(out, r)
		}
	}
	for _, r := range open {
		for _, port := range set.KeepPorts {
			if _, bad := sensitive[int32(port)]; !bad && covers(r, int32(port)) {
				kept := r
				kept.Protocol, kept.From, kept.To = "tcp", int32(port), int32(port)
				add(kept)
			}
		}
		for _, cidr := range set.Replacement {
			if r.CIDR != "" && widthOf(cidr.String()) == narrow && isV4(r.CIDR) == cidr.Addr().Is4() {
				narrowed := r
				narrowed.CIDR = cidr.Masked().String()
				add(narrowed)
			}
		}
	}
	return out
}

func sameAccess(a, b ec2api.Rule) bool {
	return a.Egress == b.Egress && a.Protocol == b.Protocol && a.From == b.From && a.To == b.To && a.CIDR == b.CIDR && a.PrefixList == b.PrefixList && a.Group == b.Group
}

func isV4(cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	return err == nil && p.Addr().Is4()
}

func insert(rules []ec2api.Rule, r ec2api.Rule) []ec2api.Rule {
	rules = append(rules, r)
	ec2api.SortRules(rules)
	return rules
}

// weight is how many inbound rules a group counts as: one that refers to a prefix list counts as at least the list's entries (VPC user guide, "Prefix lists").
func weight(s State) int {
	n := 0
	for _, r := range s.Rules {
		if !r.Egress {
			n += max(1, len(s.PrefixLists[r.PrefixList]))
		}
	}
	return n
}

// usedLists keeps the prefix lists that ingress rules still refer to, as the next read will.
func usedLists(s State) map[string][]string {
	out := map[string][]string{}
	for _, r := range s.Rules {
		if entries, ok := s.PrefixLists[r.PrefixList]; ok && !r.Egress {
			out[r.PrefixList] = entries
		}
	}
	return out
}
