package securitygroupopen

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// sensitive are the ports that must not face the internet.
var sensitive = core.SensitivePorts()

// public are the ports that are meant to face it.
var public = []int32{80, 443}

type width int

const (
	narrow width = iota
	wide         // large, but nobody settles whether it is the world
	world
)

// unreachable are the networks from which no packet can come over the internet: private, local, for documentation and tests, multicast (never a source) and
// reserved. Source: IANA's registries of special-purpose addresses (RFC 6890), with the RFC of each.
var unreachable = prefixes(
	"0.0.0.0/8",                                     // this network: RFC 1122
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // private: RFC 1918
	"100.64.0.0/10",                                     // shared address space: RFC 6598
	"127.0.0.0/8",                                       // loopback: RFC 1122
	"169.254.0.0/16",                                    // link local: RFC 3927
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation: RFC 5737
	"198.18.0.0/15",              // benchmarks: RFC 2544
	"224.0.0.0/4",                // multicast: RFC 1112
	"240.0.0.0/4",                // reserved: RFC 1112
	"::/127",                     // unspecified, loopback: RFC 4291
	"64:ff9b:1::/48",             // local translation: RFC 8215
	"100::/64",                   // discard only: RFC 6666
	"2001:db8::/32", "3fff::/20", // documentation: RFC 3849, RFC 9637
	"5f00::/16", // segment routing: RFC 9602
	"fc00::/7",  // unique local: RFC 4193
	"fe80::/10", // link local: RFC 4291
	"fec0::/10", // site local: RFC 3879
	"ff00::/8",  // multicast: RFC 4291
)

func prefixes(cidrs ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(cidrs))
	for i, c := range cidrs {
		out[i] = netip.MustParsePrefix(c)
	}
	return iampolicy.MergePrefixes(out) // neighbours together, so that a network over both is seen to be in them
}

// cannotReach: the whole network is one from which no packet comes over the internet.
func cannotReach(p netip.Prefix) bool {
	return slices.ContainsFunc(unreachable, func(u netip.Prefix) bool { return u.Bits() <= p.Bits() && u.Contains(p.Addr()) })
}

// widthOf says how much of the internet a CIDR is. A prefix shorter than /8 is the world wherever a part of it is in use: S3 draws the line
// there for aws:SourceIp (S3 user guide, "The meaning of public"), and halves or quarters of the internet are how a rule hides from a search for 0.0.0.0/0.
// That line spares RFC 1918 alone, and has no word for what is set aside otherwise: people look at such a range.
func widthOf(cidr string) width {
	p, ok := iampolicy.ParseNet(cidr)
	if !ok {
		return narrow
	}
	switch {
	case cannotReach(p):
		return pick(p.Bits() < 8, wide, narrow) // so wide that AWS's line and the RFCs disagree
	case p.Bits() < 8:
		return world
	case p.Addr().Is4() && p.Bits() == 8, p.Addr().Is6() && p.Bits() < 32:
		return wide
	}
	return narrow
}

type level int

const (
	harmless level = iota
	doubtful
	dangerous
)

type reach struct {
	level level
	what  string
}

// reachOf says what a rule's protocol and ports lead to. ICMP's from and to are type and code, and GRE, ESP and AH have no ports (EC2 API reference, IpPermission).
func reachOf(r ec2api.Rule) reach {
	if r.Protocol == "-1" {
		return reach{dangerous, "every port of every protocol"}
	}
	if r.Protocol != "tcp" && r.Protocol != "udp" {
		return reach{}
	}
	var names []string
	for _, port := range sortedPorts() {
		if covers(r, port) {
			names = append(names, fmt.Sprintf("%s (%d)", sensitive[port], port))
		}
	}
	if len(names) == 0 {
		return reach{}
	}
	if r.Protocol == "udp" {
		return reach{doubtful, "over UDP " + strings.Join(names, ", ")}
	}
	return reach{dangerous, strings.Join(names, ", ")}
}

func covers(r ec2api.Rule, port int32) bool {
	if r.Protocol == "-1" || r.From < 0 {
		return true
	}
	return r.From <= port && port <= r.To
}

func sortedPorts() []int32 {
	ports := make([]int32, 0, len(sensitive))
	for p := range sensitive {
		ports = append(ports, p)
	}
	slices.Sort(ports)
	return ports
}

func pick(yes bool, a, b width) width {
	if yes {
		return a
	}
	return b
}

func portsText(r ec2api.Rule) string {
	switch {
	case r.Protocol == "-1":
		return "all traffic"
	case r.From < 0:
		return r.Protocol
	case r.From == r.To:
		return fmt.Sprintf("%s %d", r.Protocol, r.From)
	}
	return fmt.Sprintf("%s %d-%d", r.Protocol, r.From, r.To)
}
