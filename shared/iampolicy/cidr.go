package iampolicy

import (
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
		net, ok := parseNet(v)
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
	if worst == fixed && slices.ContainsFunc(mergeNets(nets), tooBroad) {
		return unsettled
	}
	return worst
}

// parseNet reads a network or a single address and writes IPv4 inside IPv6 as IPv4.
func parseNet(s string) (netip.Prefix, bool) {
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

// mergeNets joins neighbouring networks, in rounds from the narrowest, until nothing joins any more.
func mergeNets(nets []netip.Prefix) []netip.Prefix {
	set := map[netip.Prefix]bool{}
	for _, n := range nets {
		set[n] = true
	}
	for bits := 128; bits > 0; bits-- {
		for n := range set {
			if n.Bits() != bits {
				continue
			}
			if set[sibling(n)] {
				set[netip.PrefixFrom(n.Addr(), bits-1).Masked()] = true
			}
		}
	}
	out := make([]netip.Prefix, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	return out
}

// sibling gives the other half of the network one bit broader. Bits is at least 1.
func sibling(n netip.Prefix) netip.Prefix {
	raw := n.Addr().AsSlice()
	bit := n.Bits() - 1
	raw[bit/8] ^= 0x80 >> (bit % 8)
	addr, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(addr, n.Bits())
}
