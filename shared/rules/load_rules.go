package rules

import (
	"slices"
	"strings"
)

// Names of fields of a match, as files write them.
var (
	ruleFields   = []string{"controls", "families", "services", "severities", "accounts", "groups", "regions", "resources", "tags", "origin"}
	exceptFields = []string{"controls", "families", "services", "severities", "accounts", "groups", "regions", "resources"}
	origins      = []string{OriginEvent, OriginLateEvent, OriginSweep, OriginConfig, OriginSecurityHub, OriginGuardDuty, OriginCLI}
)

func (d *decoder) rule(n *node, path string) {
	r := Rule{Line: n.line}
	ok := d.object(n, path, map[string]field{
		"name":   func(n *node, p string) { r.Name = d.ruleName(n, p) },
		"match":  func(n *node, p string) { r.Match = d.match(n, p, ruleFields) },
		"except": func(n *node, p string) { r.Except = d.except(n, p) },
		"mode":   func(n *node, p string) { r.Mode = d.mode(n, p) },
		"reason": func(n *node, p string) { r.Reason = d.text(n, p, 500) },
	}, "name", "match", "mode")
	if ok {
		d.checkRule(n, path, r)
	}
	d.file.Rules = append(d.file.Rules, r)
}

// reserved are the words by which decisions name what is no rule.
var reserved = []string{"default", "accounts", "protected", "subject", "kill-switch"}

func (d *decoder) ruleName(n *node, path string) string {
	name := d.checked(n, path, checkSlug)
	switch {
	case len(name) > 64:
		d.fail(n, path, "is too long; write at most 64 characters")
	case slices.Contains(reserved, name):
		d.fail(n, path, "%q has a meaning of its own in decisions; choose another name", name)
	case name != "" && slices.ContainsFunc(d.file.Rules, func(r Rule) bool { return r.Name == name }):
		d.fail(n, path, "another rule is called %q; give each its own name", name)
	}
	return name
}

func (d *decoder) checkRule(n *node, path string, r Rule) {
	m := r.Match
	if r.Mode == Auto && len(m.Controls)+len(m.Families)+len(m.Services) == 0 {
		d.fail(n, path, `an auto rule says what it may change: give match.controls, families or services (controls: ["*"] for everything)`)
	}
	if r.Mode == Auto && len(m.Tags) > 0 {
		d.fail(n, path, "tags can only lower automation, so a rule with tags cannot be auto; write approve or report, or match without tags")
	}
	// A late event must meet at least the rules that a fresh one meets, else waiting an hour could free it of a careful rule.
	if slices.Contains(m.Origin, OriginLateEvent) && !slices.Contains(m.Origin, OriginEvent) {
		d.fail(n, path, "late-event stands without event in match.origin; write [event, late-event]")
	}
}

// except reads what a rule leaves out. Tags and origin are not allowed there: leaving tagged resources out of a careful
// rule would raise automation by a tag.
func (d *decoder) except(n *node, path string) Match {
	for _, p := range n.pairs {
		if p.key == "tags" || p.key == "origin" {
			d.fail(&node{line: p.line, col: p.col}, path+"."+p.key, "may stand in match only, since here it could raise automation")
			return Match{}
		}
	}
	m := d.match(n, path, exceptFields)
	if n.kind == kindMap && len(n.pairs) == 0 {
		d.fail(n, path, "is empty; name what the rule leaves out, or remove it")
	}
	return m
}

// match reads a set of conditions, of which only the allowed ones may be there.
func (d *decoder) match(n *node, path string, allowed []string) Match {
	var m Match
	strs := func(to *[]string, ok check) field {
		return func(n *node, p string) { *to = d.texts(n, p, maxList, ok) }
	}
	all := map[string]field{
		"controls":   strs(&m.Controls, checkControlPattern),
		"families":   strs(&m.Families, checkSlug),
		"services":   strs(&m.Services, checkSlug),
		"severities": strs(&m.Severities, oneOf(severities)),
		"accounts":   func(n *node, p string) { m.Accounts = d.knownAccounts(n, p) },
		"groups":     func(n *node, p string) { m.Groups = d.knownGroups(n, p) },
		"regions":    strs(&m.Regions, checkRegion),
		"resources":  strs(&m.Resources, checkResource),
		"tags":       func(n *node, p string) { m.Tags = d.tags(n, p) },
		"origin":     strs(&m.Origin, oneOf(origins)),
	}
	fields := map[string]field{}
	for _, name := range allowed {
		fields[name] = all[name]
	}
	d.object(n, path, fields)
	return m
}

func oneOf(words []string) check {
	return func(s string) string {
		if slices.Contains(words, s) {
			return ""
		}
		return quoted(s) + " is not known here; write one of " + strings.Join(words, ", ")
	}
}

// knownAccounts refuses accounts that are not enrolled: a careful rule with a typing error would match nothing.
func (d *decoder) knownAccounts(n *node, path string) []string {
	ids := d.texts(n, path, maxList, checkAccount)
	for i, id := range ids {
		d.requireAccount(n.items[i], path, id)
	}
	return ids
}

func (d *decoder) requireAccount(n *node, path, id string) {
	d.later = append(d.later, func() {
		enrolled := slices.ContainsFunc(d.file.Accounts, func(a Account) bool { return a.ID == id })
		if id != "" && len(d.file.Accounts) > 0 && !enrolled {
			d.fail(n, path, "account %s is not listed under accounts; add it there or correct it", id)
		}
	})
}

func (d *decoder) knownGroups(n *node, path string) []string {
	groups := d.texts(n, path, 50, checkSlug)
	for i, group := range groups {
		d.later = append(d.later, func() {
			used := slices.ContainsFunc(d.file.Accounts, func(a Account) bool { return slices.Contains(a.Groups, group) })
			if group != "" && !used {
				d.fail(n.items[i], path, "no account is in group %q; add it to groups of an account under accounts, or correct it", group)
			}
		})
	}
	return groups
}

func (d *decoder) tags(n *node, path string) map[string][]string {
	out := map[string][]string{}
	if n.kind != kindMap || len(n.pairs) == 0 {
		d.fail(n, path, "must be tag keys with lists of values, like environment: [dev, test]")
		return nil
	}
	for _, p := range n.pairs {
		out[p.key] = d.texts(p.value, path+"."+p.key, 100, checkTagValue)
		d.later = append(d.later, func() {
			if !slices.Contains(d.file.TrustedTags, p.key) {
				d.fail(&node{line: p.line, col: p.col}, path, "tag %s is not listed under trusted_tags; add it there if only trusted people can set it", quoted(p.key))
			}
		})
	}
	return out
}

func checkTagValue(s string) string {
	if len([]rune(s)) > 256 {
		return "is too long; a tag value has at most 256 characters"
	}
	return ""
}
