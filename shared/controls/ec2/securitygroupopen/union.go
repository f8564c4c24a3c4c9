package securitygroupopen

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// judgeUnion reports sensitive ports that several rules open to a network which none of them names, or to most of the internet. Nobody settles
// whether many networks are the world, so it is for people to look at.
func judgeUnion(rules []ec2api.Rule, lists map[string][]string) []core.Violation {
	var out []core.Violation
	for _, port := range sortedPorts() {
		v4, v6 := sourcesOf(rules, lists, port)
		for _, nets := range [][]netip.Prefix{v4, v6} {
			if together := union(nets); together != "" {
				out = append(out, core.Violation{
					Rule: "union-open", Where: fmt.Sprintf("ingress tcp %d from %d networks", port, len(nets)), Unsettled: true,
					Reason: fmt.Sprintf("rules together let %s reach %s (%d)", together, sensitive[port], port),
				})
			}
		}
	}
	return out
}

// sourcesOf returns the networks, each once, from which a port can be reached by rules that do not let in the world by themselves.
func sourcesOf(rules []ec2api.Rule, lists map[string][]string, port int32) (v4, v6 []netip.Prefix) {
	seen := map[netip.Prefix]bool{}
	for _, r := range rules {
		if r.Egress || reachOf(r).level != dangerous || !covers(r, port) {
			continue
		}
		for _, cidr := range append([]string{r.CIDR}, lists[r.PrefixList]...) {
			p, ok := iampolicy.ParseNet(cidr)
			if !ok || seen[p] || widthOf(cidr) == world {
				continue
			}
			seen[p] = true
			if p.Addr().Is4() {
				v4 = append(v4, p)
			} else {
				v6 = append(v6, p)
			}
		}
	}
	return v4, v6
}

// union says what networks make up together, where that is more than each of them: empty otherwise.
func union(nets []netip.Prefix) string {
	reaching := slices.DeleteFunc(slices.Clone(nets), cannotReach)
	if len(reaching) < 2 {
		return ""
	}
	if made := joined(nets, reaching); len(made) > 0 {
		return strings.Join(made, ", ")
	}
	internet := everything(reaching[0].Addr())
	if twice := new(big.Int).Lsh(usable(reaching, internet), 1); twice.Cmp(usable([]netip.Prefix{internet}, internet)) >= 0 {
		return "most of the internet"
	}
	return ""
}

// joined are the broad networks that others make up together, two of them at least such that reach us.
func joined(nets, reaching []netip.Prefix) []string {
	var out []string
	for _, m := range iampolicy.MergePrefixes(nets) {
		parts := 0
		for _, n := range reaching {
			if m.Contains(n.Addr()) {
				parts++
			}
		}
		if widthOf(m.String()) != narrow && parts > 1 && !slices.Contains(nets, m) {
			out = append(out, m.String())
		}
	}
	return out
}

// everything is where all global addresses of a family are from. Source: RFC 4291 and IANA's registry of IPv6 address space.
func everything(family netip.Addr) netip.Prefix {
	if family.Is6() {
		return netip.MustParsePrefix("2000::/3")
	}
	return netip.MustParsePrefix("0.0.0.0/0")
}

// usable counts the addresses of networks that the internet can have, each once.
func usable(nets []netip.Prefix, internet netip.Prefix) *big.Int {
	sum := new(big.Int)
	for _, n := range iampolicy.MergePrefixes(nets) {
		if !internet.Overlaps(n) {
			continue
		}
		n = narrower(n, internet)
		sum.Add(sum, iampolicy.Addresses([]netip.Prefix{n}))
		for _, u := range unreachable {
			if n.Overlaps(u) {
				sum.Sub(sum, iampolicy.Addresses([]netip.Prefix{narrower(n, u)}))
			}
		}
	}
	return sum
}

// narrower is what two overlapping networks have in common.
func narrower(a, b netip.Prefix) netip.Prefix {
	if a.Bits() >= b.Bits() {
		return a
	}
	return b
}
