package iampolicy

import (
	"cmp"
	"math/big"
	"net/netip"
	"slices"
)

// cidrClass judges aws:SourceIp. Broader than /8 (IPv4) or /32 (IPv6) is public (S3 user guide, "The meaning of
// public"); RFC 1918 networks are all narrower. A union of allowed networks that is broader than the limit, unique local
// IPv6 networks and values that no address matches are unsettled.
func cidrClass(operator string, values []string) class {
	if operator == "arnlike" || operator == "arnequals" || len(values) == 0 {
		return unsettled
	}
	worst := fixed
	var nets []netip.Prefix
	for _, v := range values {
		net, ok := ParseNet(v)
		switch {
		case hasVariable(v) || hasWildcard(v) && operator != "stringequals" && operator != "stringequalsignorecase":
			return open
		case !ok, operator != "ipaddress" && !net.IsSingleIP():
			worst = unsettled // not a network, or a network compared as text: matches nothing
			continue
		}
		worst = max(worst, netClass(net))
		nets = append(nets, net)
	}
	if worst == fixed && slices.ContainsFunc(MergePrefixes(nets), tooBroad) {
		return unsettled
	}
	return worst
}

// ParseNet reads a network or a single address, without the bits of hosts, and writes IPv4 inside IPv6 as IPv4.
func ParseNet(s string) (netip.Prefix, bool) {
	net, err := netip.ParsePrefix(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		net = netip.PrefixFrom(addr, addr.BitLen())
	}
	if net.Addr().Is4In6() && net.Bits() >= 96 {
		net = netip.PrefixFrom(net.Addr().Unmap(), net.Bits()-96)
	}
	return net.Masked(), true
}

func tooBroad(net netip.Prefix) bool {
	if net.Addr().Is4() {
		return net.Bits() < 8
	}
	return net.Bits() < 32
}

func netClass(net netip.Prefix) class {
	uniqueLocal := netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfc}), 7)
	allIPv4 := netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff})
	switch {
	case !tooBroad(net):
		return pick(net.Addr().Is6() && net.Contains(allIPv4), unsettled, fixed)
	case net.Bits() >= 7 && uniqueLocal.Contains(net.Addr()):
		return unsettled
	}
	return open
}

// MergePrefixes gives the fewest networks that hold exactly the same addresses, sorted, IPv4 first. IPv4 inside IPv6 is
// not unmapped here, and invalid prefixes are left out.
func MergePrefixes(nets []netip.Prefix) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(nets))
	for _, n := range nets {
		if n.IsValid() {
			list = append(list, n.Masked())
		}
	}
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var out []netip.Prefix
	for _, n := range list {
		if len(out) > 0 && out[len(out)-1].Contains(n.Addr()) {
			continue // sorted: the broader one came first
		}
		out = append(out, n)
		for len(out) > 1 && halves(out[len(out)-2], out[len(out)-1]) {
			out = append(out[:len(out)-2], parent(out[len(out)-2]))
		}
	}
	return out
}

// Addresses counts the addresses that networks hold together, each once.
func Addresses(nets []netip.Prefix) *big.Int {
	sum := new(big.Int)
	for _, n := range MergePrefixes(nets) {
		sum.Add(sum, new(big.Int).Lsh(big.NewInt(1), uint(n.Addr().BitLen()-n.Bits())))
	}
	return sum
}

// halves: two different networks of one size make up the one that is a bit broader.
func halves(a, b netip.Prefix) bool {
	return a.Bits() == b.Bits() && a.Bits() > 0 && parent(a) == parent(b)
}

// parent is the network one bit broader. Bits is at least 1.
func parent(n netip.Prefix) netip.Prefix { return netip.PrefixFrom(n.Addr(), n.Bits()-1).Masked() }
