package securitygroupopen

import (
	"encoding/binary"
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
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			controltest.Budget(t, Control(), c.name, c.plan, c.readBack)
		})
	}
}

// TestUnion covers what a raised quota of rules makes possible: many narrow networks that add up to half of the internet.
func TestUnion(t *testing.T) {
	t.Parallel()
	union := []core.Violation{{
		Rule: "union-open", Where: "ingress tcp 22 from 256 networks", Unsettled: true, Reason: "many rules together let most of the internet reach SSH (22)",
	}}
	for _, c := range []struct {
		name  string
		rules []ec2api.Rule
		want  []core.Violation
	}{
		{"half of all addresses", ninths(256, 1, "tcp"), union},
		{"one network less", ninths(255, 1, "tcp"), nil},
		{"the same networks twice", append(ninths(128, 1, "tcp"), ninths(128, 1, "tcp")...), nil},
		{"every second network", ninths(256, 2, "tcp"), union},
		{"over UDP", ninths(256, 1, "udp"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, judge(State{Rules: c.rules}, core.Settings{})); diff != "" {
				t.Errorf("- want, + got\n%s", diff)
			}
		})
	}
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
