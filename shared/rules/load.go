package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// How many entries a list may have: far above what people write, low enough that deciding stays quick.
const (
	maxRules = 500
	maxList  = 1000
	maxCIDRs = 20
)

func (d *decoder) root(n *node) {
	f := d.file
	list := func(limit int, read func(*node, string)) field {
		return func(n *node, path string) { d.list(n, path, limit, read) }
	}
	d.object(n, "", map[string]field{
		"version":              d.version,
		"accounts":             list(maxList, d.account),
		"trusted_tags":         func(n *node, p string) { f.TrustedTags = d.texts(n, p, 50, checkTag) },
		"keep_ports":           list(100, d.keepPort),
		"replacement_cidr":     d.replacement,
		"protected_principals": func(n *node, p string) { f.ProtectedPrincipals = d.texts(n, p, maxList, checkPrincipal) },
		"keys":                 d.keys,
		"defaults":             d.defaults,
		"rules":                list(maxRules, d.rule),
		"exceptions":           list(maxList, d.exception),
		"limits":               list(100, d.limit),
		"freezes":              list(100, d.freeze),
		"kill_switch":          func(n *node, p string) { f.KillSwitch = d.flag(n, p) },
		"slack":                d.slack,
		"people":               list(200, d.person),
		"approvals":            list(100, d.approval),
	}, "version")
}

func (d *decoder) version(n *node, path string) {
	if n.kind != kindNumber || n.text != fmt.Sprint(FormatVersion) {
		d.fail(n, path, "must be %d, without quotes: the only format this release reads", FormatVersion)
	}
}

func (d *decoder) account(n *node, path string) {
	a := Account{}
	d.object(n, path, map[string]field{
		"id":      func(n *node, p string) { a.ID = d.checked(n, p, checkAccount) },
		"name":    func(n *node, p string) { a.Name = d.text(n, p, 100) },
		"groups":  func(n *node, p string) { a.Groups = d.texts(n, p, 50, checkSlug) },
		"regions": func(n *node, p string) { a.Regions = d.texts(n, p, 50, checkRegion) },
	}, "id")
	if a.ID != "" && slices.ContainsFunc(d.file.Accounts, func(b Account) bool { return a.ID == b.ID }) {
		d.fail(n, path, "account %s is there twice; keep one", a.ID)
	}
	d.file.Accounts = append(d.file.Accounts, a)
}

func checkTag(s string) string {
	if len([]rune(s)) > 128 {
		return "is too long; a tag key has at most 128 characters"
	}
	return shaped(tagShape, "an AWS tag key: letters, digits, spaces and _ . : / = + - @")(s)
}

func (d *decoder) keepPort(n *node, path string) {
	port := d.number(n, path, 1, 65535)
	if slices.Contains(d.file.KeepPorts, port) {
		d.fail(n, path, "port %d is there twice; keep one", port)
	}
	d.file.KeepPorts = append(d.file.KeepPorts, port)
}

func (d *decoder) keys(n *node, path string) {
	d.object(n, path, map[string]field{"unused_after_days": func(n *node, p string) {
		d.file.KeysUnusedAfter = time.Duration(d.number(n, p, 1, 3650)) * 24 * time.Hour
	}}, "unused_after_days")
}

func (d *decoder) defaults(n *node, path string) {
	d.object(n, path, map[string]field{"mode": func(n *node, p string) {
		d.file.DefaultMode = d.mode(n, p)
		if d.file.DefaultMode == Auto {
			d.fail(n, p, "may not be auto: what changes by itself has to be named by a rule; write report or approve")
		}
	}}, "mode")
}

func (d *decoder) mode(n *node, path string) Mode {
	if n.kind == kindString {
		for _, m := range []Mode{Report, Approve, Auto} {
			if n.text == m.String() {
				return m
			}
		}
	}
	d.fail(n, path, "%q is no mode; write report, approve or auto (to leave a resource alone, write an exception)", n.text)
	return Report
}

func (d *decoder) replacement(n *node, path string) {
	d.object(n, path, map[string]field{
		"ipv4": func(n *node, p string) { d.file.ReplacementIPv4 = d.prefixes(n, p, true) },
		"ipv6": func(n *node, p string) { d.file.ReplacementIPv6 = d.prefixes(n, p, false) },
	})
	if n.kind == kindMap && len(n.pairs) == 0 {
		d.fail(n, path, "is empty; give ipv4 or ipv6, or remove it")
	}
}

func (d *decoder) prefixes(n *node, path string, v4 bool) []netip.Prefix {
	var out []netip.Prefix
	d.list(n, path, maxCIDRs, func(item *node, at string) {
		var p netip.Prefix
		s := d.checked(item, at, func(s string) (complaint string) {
			p, complaint = parsePrefix(s, v4)
			return complaint
		})
		if s == "" {
			return
		}
		for _, before := range out {
			if before.Overlaps(p) {
				d.fail(item, at, "%s overlaps %s; keep one", p, before)
			}
		}
		out = append(out, p)
	})
	return out
}

// parsePrefix accepts a CIDR that can stand for an office or a network: never the world, nor wider than /8 (IPv4) or
// /32 (IPv6, what a whole provider gets).
func parsePrefix(s string, v4 bool) (netip.Prefix, string) {
	family, widest := "IPv6", 32
	if v4 {
		family, widest = "IPv4", 8
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || p.Addr().Is4() != v4 || p.Addr().Is4In6():
		return p, fmt.Sprintf("%q is no %s CIDR; write one like %s", s, family, map[bool]string{true: "203.0.113.0/24", false: "2001:db8:1::/48"}[v4])
	case p.Bits() < widest:
		return p, fmt.Sprintf("%s is wider than /%d and would stay open to strangers; write your own networks", s, widest)
	case p != p.Masked():
		return p, fmt.Sprintf("%s has bits set behind its length; write %s", s, p.Masked())
	case p.Addr().IsUnspecified() || p.Addr().IsMulticast() || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast():
		return p, fmt.Sprintf("%s is no network that callers come from; write your own networks", s)
	}
	return p, ""
}
