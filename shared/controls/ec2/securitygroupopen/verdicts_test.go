package securitygroupopen

import (
	"fmt"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

// TestSources says of each source what SSH from it is: the world, for its owner to say ("unsettled"), or fine.
func TestSources(t *testing.T) {
	t.Parallel()
	for cidr, want := range map[string]string{
		"0.0.0.0/0": "open", "0.0.0.0/1": "open", "128.0.0.0/1": "open", "64.0.0.0/2": "open", "32.0.0.0/3": "open", "8.0.0.0/7": "open", "10.0.0.0/7": "open",
		"172.0.0.0/6": "open", "192.0.0.0/7": "open", "203.0.113.9/0": "open", "126.0.0.0/7": "open", "192.0.0.0/2": "open",
		"8.0.0.0/8": "unsettled", "11.0.0.0/8": "unsettled", "126.0.0.0/8": "unsettled", "169.0.0.0/8": "unsettled", "192.0.0.0/8": "unsettled",
		"224.0.0.0/4": "unsettled", "240.0.0.0/4": "unsettled", "224.0.0.0/3": "unsettled", "224.0.0.0/7": "unsettled", "248.0.0.0/5": "unsettled", // no packet comes from there, and they are wider than /8
		"0.0.0.0/7": "open", "192.0.0.0/3": "open", "208.0.0.0/4": "open", // a part of them is in use
		"10.0.0.0/8": "fine", "10.255.0.0/16": "fine", "172.16.0.0/12": "fine", "192.168.0.0/16": "fine", "100.64.0.0/10": "fine", "0.0.0.0/32": "fine", "0.0.0.0/8": "fine", "127.0.0.0/8": "fine", "127.0.0.1/32": "fine", "169.254.0.0/16": "fine",
		"192.0.2.0/24": "fine", "198.18.0.0/15": "fine", "224.0.0.0/8": "fine", "240.0.0.0/8": "fine", "255.255.255.255/32": "fine", "8.0.0.0/9": "fine", "203.0.113.9/32": "fine",
		"::/0": "open", "::/1": "open", "8000::/1": "open", "2000::/3": "open", "0:0::0/0": "open", "c000::/2": "open", "fc00::/6": "open",
		"2000::/4": "open", "3000::/4": "open", "2000::/7": "open", "fe00::/7": "open", "f000::/5": "open",
		"2000::/8": "unsettled", "2600::/9": "unsettled", "2600::/31": "unsettled", "fc00::/7": "unsettled",
		"2600::/32": "fine", "2001:db8::/48": "fine", "fd00::/8": "fine", "fd12:3456::/31": "fine", "fc00::/8": "fine", "64:ff9b:1::/48": "fine", "5f00::/16": "fine", "fe80::/10": "fine", "fe80::/64": "fine", "fec0::/10": "fine", "ff00::/8": "fine", "2001:db8::/32": "fine", "3fff::/20": "fine", "::/127": "fine", "::1/128": "fine", "::/128": "fine",
		"::ffff:0.0.0.0/96": "open", "::ffff:128.0.0.0/97": "open", "::ffff:8.0.0.0/104": "unsettled", "::ffff:127.0.0.0/104": "fine", "fe00::/8": "unsettled", "2001::/23": "unsettled", "::ffff:203.0.113.0/120": "fine",
		"": "fine", "everywhere": "fine",
	} {
		if got := verdict(ec2api.Rule{Protocol: "tcp", From: 22, To: 22, CIDR: cidr}); got != want {
			t.Errorf("SSH from %q is %s, want %s", cidr, got, want)
		}
	}
}

// TestProtocolsAndPorts says of protocols and ports what the world may reach through them.
func TestProtocolsAndPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		protocol string
		from, to int32
		want     string
	}{
		{"-1", -1, -1, "open"}, {"-1", 443, 443, "open"}, {"tcp", 0, 65535, "open"}, {"tcp", -1, -1, "open"}, {"tcp", 22, 22, "open"}, {"tcp", 20, 25, "open"}, {"tcp", 1024, 65535, "open"},
		{"tcp", 3389, 3389, "open"}, {"tcp", 3306, 3306, "open"}, {"tcp", 5432, 5432, "open"}, {"tcp", 1433, 1433, "open"}, {"tcp", 6379, 6379, "open"}, {"tcp", 27017, 27017, "open"}, {"tcp", 9200, 9200, "open"},
		{"tcp", 21, 21, "fine"}, {"tcp", 23, 1432, "fine"}, {"tcp", 80, 80, "fine"}, {"tcp", 443, 443, "fine"}, {"tcp", 80, 443, "fine"}, {"tcp", 8080, 9199, "fine"}, {"tcp", 27018, 65535, "fine"},
		{"udp", 53, 53, "fine"}, {"udp", 3389, 3389, "unsettled"}, {"udp", 0, 65535, "unsettled"}, {"udp", -1, -1, "unsettled"},
		{"icmp", 8, 0, "fine"}, {"icmp", 3, 4, "fine"}, {"icmp", -1, -1, "fine"}, {"icmp", 22, 22, "fine"}, {"icmpv6", -1, -1, "fine"},
		{"50", -1, -1, "fine"}, {"47", -1, -1, "fine"}, {"51", -1, -1, "fine"}, {"2", 22, 22, "fine"},
	} {
		for _, world := range []string{"0.0.0.0/0", "::/0"} {
			if got := verdict(ec2api.Rule{Protocol: c.protocol, From: c.from, To: c.to, CIDR: world}); got != c.want {
				t.Errorf("%s %d-%d from %s is %s, want %s", c.protocol, c.from, c.to, world, got, c.want)
			}
		}
		for name, r := range map[string]ec2api.Rule{
			"another group": {Group: "sg-1"}, "the office": {CIDR: "203.0.113.0/24"}, "AWS's own list": {PrefixList: "pl-1"}, "egress": {CIDR: "0.0.0.0/0", Egress: true},
		} {
			r.Protocol, r.From, r.To = c.protocol, c.from, c.to
			if got := verdict(r); got != "fine" {
				t.Errorf("%s %d-%d, %s is %s", c.protocol, c.from, c.to, name, got)
			}
		}
	}
}

func verdict(r ec2api.Rule) string {
	switch vs := judge(State{Rules: []ec2api.Rule{r}, PrefixLists: map[string][]string{"pl-1": {"198.51.100.0/24"}}}, core.Settings{}); {
	case len(vs) == 0:
		return "fine"
	case len(vs) > 1:
		return fmt.Sprint(vs)
	case vs[0].Unsettled:
		return "unsettled"
	}
	return "open"
}
