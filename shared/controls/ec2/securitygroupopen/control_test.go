package securitygroupopen

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

// TestRequests keeps the reads within what an operator was promised: 1 for a group in order; rules, group and interfaces for an open one, and 1 per prefix list.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		plan, readBack int
	}{
		{"web", 1, 0}, {"prefix-list-office", 2, 0}, {"world-and-office", 3, 1}, {"prefix-list-world", 4, 1}, {"every-sensitive-port", 3, 1},
		{"prefix-list-beside-world", 4, 1}, {"world-beside-slash-eight", 3, 1}, {"prefix-list-mixed-beside-world", 4, 1}, // what stays is not read again
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			controltest.Budget(t, Control(), c.name, c.plan, c.readBack)
		})
	}
}

// TestUnion covers narrow networks that add up to a broad one, or to half of the internet.
func TestUnion(t *testing.T) {
	t.Parallel()
	of := func(networks int, what string) []core.Violation {
		return []core.Violation{{
			Rule: "union-open", Where: fmt.Sprintf("ingress tcp 22 from %d networks", networks), Unsettled: true, Reason: "rules together let " + what + " reach SSH (22)",
		}}
	}
	wide := func(cidr string) core.Violation {
		return core.Violation{
			Rule: "wide-source", Where: "ingress tcp 22 from " + cidr, Unsettled: true,
			Reason: "a very large network can reach SSH (22); whether that is the internet is for its owner to say",
		}
	}
	for _, c := range []struct {
		name  string
		rules []ec2api.Rule
		want  []core.Violation
	}{
		{"half of all addresses in a row", ninths(256, 1, "tcp"), of(256, "0.0.0.0/1")},
		{"one network less", ninths(255, 1, "tcp"), of(255, "0.0.0.0/2, 64.0.0.0/3, 96.0.0.0/4, 112.0.0.0/5, 120.0.0.0/6, 124.0.0.0/7, 126.0.0.0/8")},
		{"the same networks twice", from("12.0.0.0/9", "12.128.0.0/9", "12.0.0.0/9", "12.128.0.0/9"), of(2, "12.0.0.0/8")},
		// 221 networks of 2^23 less what of them nobody has (100.64.0.0/10, 172.16.0.0/12, 198.18.0.0/15, three /24) are 1,848,507,648 of 3,702,258,944 addresses.
		{"every second network, up to multicast", ninths(224, 2, "tcp"), nil},
		{"and 2,097,152 addresses more", append(ninths(224, 2, "tcp"), from("5.192.0.0/11")...), nil},
		{"and 4,194,304 addresses more: half of the internet", append(ninths(224, 2, "tcp"), from("5.192.0.0/10")...), of(225, "most of the internet")},
		{"every second network but one", ninths(223, 2, "tcp"), nil},
		{"every second network but one, and all that cannot reach us", append(ninths(223, 2, "tcp"), from("10.0.0.0/8", "127.0.0.0/8", "224.128.0.0/9", "225.0.0.0/8", "240.0.0.0/8")...), nil},
		{"loopback", from("127.0.0.0/9", "127.128.0.0/9"), nil},
		{"multicast", from("224.0.0.0/8", "225.0.0.0/8"), nil},
		{"a large network and loopback", from("126.0.0.0/8", "127.0.0.0/8"), []core.Violation{wide("126.0.0.0/8")}},
		{"all of a large network but what nobody has", from("100.0.0.0/10", "100.64.0.0/10", "100.128.0.0/9"), of(3, "100.0.0.0/8")},
		{"a large network without what nobody has, which is less than /8", from("100.0.0.0/10", "100.128.0.0/9"), nil},
		{"two networks beside what nobody has", from("11.0.0.0/9", "12.0.0.0/9", "10.0.0.0/8"), nil},
		{"all that is set aside at the end", from("224.0.0.0/4", "240.0.0.0/4"), each(wide, []string{"224.0.0.0/4", "240.0.0.0/4"})},
		{"halves of a large network and loopback", from("126.0.0.0/9", "126.128.0.0/9", "127.0.0.0/8"), of(3, "126.0.0.0/7")},
		{"a large network and the private one", from("10.0.0.0/8", "11.0.0.0/8"), []core.Violation{wide("11.0.0.0/8")}},
		{"link local and site local IPv6", from("fe80::/10", "fec0::/10"), nil},
		{"over UDP", ninths(256, 1, "udp"), nil},
		{"halves of the private range", from("10.0.0.0/9", "10.128.0.0/9"), nil},
		{"halves of a large network", from("12.0.0.0/9", "12.128.0.0/9"), of(2, "12.0.0.0/8")},
		{"neighbours that are no halves", from("11.128.0.0/9", "12.0.0.0/9"), nil},
		{"a large network and halves of its neighbour", from("12.0.0.0/8", "13.0.0.0/9", "13.128.0.0/9"), append([]core.Violation{wide("12.0.0.0/8")}, of(3, "12.0.0.0/7")...)},
		{"a large network and a part of it", from("12.0.0.0/8", "12.1.0.0/16"), []core.Violation{wide("12.0.0.0/8")}},
		{"halves of IPv6's /31", from("2600::/32", "2600:1::/32"), of(2, "2600::/31")},
		// Of the 2^125 addresses from which global ones are given (2000::/3) less 2^96 and 2^108 for documentation, sixteen networks of /8 are half, or not.
		{"every second IPv6 network", from(eighths(0x20)...), append(each(wide, eighths(0x20)), of(16, "most of the internet")...)},
		{"the others, which hold the larger range for documentation", from(eighths(0x21)...), each(wide, eighths(0x21))},
		{"IPv6 networks that nobody has been given", from("4000::/8", "6000::/8"), each(wide, []string{"4000::/8", "6000::/8"})},
		{"IPv6 networks apart", from("2600::/32", "2600:2::/32"), nil},
		{"unique local IPv6", from("fd00::/9", "fd80::/9"), nil},
		{"each family by itself", from("12.0.0.0/9", "2600::/32"), nil},
		{"through different ports", []ec2api.Rule{
			{Protocol: "tcp", From: 20, To: 25, CIDR: "12.0.0.0/9"}, {Protocol: "tcp", From: 22, To: 22, CIDR: "12.128.0.0/9"}, {Protocol: "tcp", From: 3389, To: 3389, CIDR: "13.0.0.0/9"},
		}, of(2, "12.0.0.0/8")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, judge(State{Rules: c.rules}, core.Settings{})); diff != "" {
				t.Errorf("- want, + got\n%s", diff)
			}
		})
	}
}

// eighths are every second of the 32 IPv6 networks of /8 in 2000::/3.
func eighths(first int) []string {
	var out []string
	for i := first; i < 0x40; i += 2 {
		out = append(out, fmt.Sprintf("%x00::/8", i))
	}
	return out
}

func each(v func(string) core.Violation, cidrs []string) []core.Violation {
	var out []core.Violation
	for _, c := range cidrs {
		out = append(out, v(c))
	}
	return out
}

// from returns a rule for SSH from each network.
func from(cidrs ...string) []ec2api.Rule {
	var rules []ec2api.Rule
	for _, c := range cidrs {
		rules = append(rules, ec2api.Rule{Protocol: "tcp", From: 22, To: 22, CIDR: c})
	}
	return rules
}

// ninths returns rules from n networks of /9, which are narrow each, every step-th of the address space.
func ninths(n, step uint32, protocol string) []ec2api.Rule {
	var rules []ec2api.Rule
	for i := range n {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], i*step<<23)
		rules = append(rules, ec2api.Rule{Protocol: protocol, From: 22, To: 22, CIDR: netip.PrefixFrom(netip.AddrFrom4(a), 9).String()})
	}
	return rules
}
