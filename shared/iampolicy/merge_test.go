package iampolicy

import (
	"math/big"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func TestMergePrefixes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want []string }{
		"nothing":                       {nil, nil},
		"halves":                        {[]string{"128.0.0.0/1", "0.0.0.0/1"}, []string{"0.0.0.0/0"}},
		"halves of IPv6":                {[]string{"8000::/1", "::/1"}, []string{"::/0"}},
		"quarters":                      {[]string{"0.0.0.0/2", "192.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2"}, []string{"0.0.0.0/0"}},
		"neighbours that are no pair":   {[]string{"64.0.0.0/2", "128.0.0.0/2"}, []string{"64.0.0.0/2", "128.0.0.0/2"}},
		"all but one quarter":           {[]string{"0.0.0.0/2", "64.0.0.0/2", "192.0.0.0/2"}, []string{"0.0.0.0/1", "192.0.0.0/2"}},
		"one holds the others":          {[]string{"10.1.0.0/16", "10.0.0.0/8", "10.255.0.0/32"}, []string{"10.0.0.0/8"}},
		"twice the same":                {[]string{"10.0.0.0/8", "10.0.0.0/8"}, []string{"10.0.0.0/8"}},
		"a half and parts of another":   {[]string{"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/3"}, []string{"0.0.0.0/0"}},
		"host bits":                     {[]string{"8.1.2.3/8", "9.9.9.9/8"}, []string{"8.0.0.0/7"}},
		"both families stay apart":      {[]string{"::/1", "0.0.0.0/1"}, []string{"0.0.0.0/1", "::/1"}},
		"global IPv6 in eighths":        {[]string{"2000::/6", "2400::/6", "2800::/6", "2c00::/6", "3000::/6", "3400::/6", "3800::/6", "3c00::/6"}, []string{"2000::/3"}},
		"single addresses side by side": {[]string{"192.0.2.1/32", "192.0.2.0/32", "192.0.2.2/32"}, []string{"192.0.2.0/31", "192.0.2.2/32"}},
	} {
		if d := cmp.Diff(prefixes(c.want...), MergePrefixes(prefixes(c.in...)), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []string
		want string
	}{
		{nil, "0"},
		{[]string{"0.0.0.0/0"}, "4294967296"},
		{[]string{"0.0.0.0/1", "10.0.0.0/8"}, "2147483648"},
		{[]string{"192.0.2.0/31", "192.0.2.1/32", "198.51.100.0/24"}, "258"},
		{[]string{"::/0"}, "340282366920938463463374607431768211456"},
		{[]string{"2000::/3", "2001:db8::/32"}, "42535295865117307932921825928971026432"},
		{[]string{"fd00::/127", "0.0.0.0/32"}, "3"},
	} {
		if got := Addresses(prefixes(c.in...)); got.String() != c.want {
			t.Errorf("%v: got %s addresses, want %s", c.in, got, c.want)
		}
	}
}

// TestMergeAgainstCounting: in a space of 256 addresses every address can be looked at.
func TestMergeAgainstCounting(t *testing.T) {
	t.Parallel()
	for _, space := range []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::ff00/120")} {
		rapid.Check(t, func(t *rapid.T) {
			first := space.Addr().AsSlice()
			var nets []netip.Prefix
			var naive [256]bool
			for range rapid.IntRange(0, 40).Draw(t, "networks") {
				bits, last := rapid.IntRange(0, 8).Draw(t, "bits"), rapid.Byte().Draw(t, "last")
				first[len(first)-1] = last
				addr, _ := netip.AddrFromSlice(first)
				nets = append(nets, netip.PrefixFrom(addr, space.Bits()+bits))
				size := 1 << (8 - bits)
				for i := range size {
					naive[int(last)/size*size+i] = true
				}
			}
			merged := MergePrefixes(nets)
			n := int64(0)
			for i, in := range naive {
				first[len(first)-1] = byte(i)
				addr, _ := netip.AddrFromSlice(first)
				hits := 0
				for _, m := range merged {
					if m.Contains(addr) {
						hits++
					}
				}
				if in != (hits == 1) || hits > 1 {
					t.Fatalf("%v merged to %v: %s is in %d of them, wanted %v", nets, merged, addr, hits, in)
				}
				if in {
					n++
				}
			}
			if got := Addresses(nets); got.Cmp(big.NewInt(n)) != 0 {
				t.Fatalf("%v: %s addresses, want %d", nets, got, n)
			}
			for i := range merged[:max(len(merged)-1, 0)] {
				if halves(merged[i], merged[i+1]) {
					t.Fatalf("%v merged to %v, in which two could still be joined", nets, merged)
				}
			}
		})
	}
}
