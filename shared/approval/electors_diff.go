package approval

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/rules"
)

// mostChanges is how many sentences about a change of the people are kept; a change that needs more is to be read in the file.
const mostChanges = 60

// ElectorsDiff says in sentences what would be otherwise about who decides, if one file took the place of another: who comes, who goes, whose identities and
// groups change, and which rules about approvals. It covers all that [rules.File.ElectorsHash] covers.
func ElectorsDiff(from, to *rules.File) []string {
	var out []string
	if from.Slack.Team != to.Slack.Team {
		out = append(out, fmt.Sprintf("members of Slack workspace %s may decide; until now: %s", orElse(to.Slack.Team, "none"), orElse(from.Slack.Team, "none")))
	}
	out = append(out, peopleDiff(from.People, to.People)...)
	out = append(out, approvalsDiff(from, to)...)
	if len(out) == 0 && from.ElectorsHash() != to.ElectorsHash() {
		out = append(out, "people or rules stand in another order; nobody comes or goes")
	}
	if left := len(out) - mostChanges; left > 0 {
		out = append(out[:mostChanges], fmt.Sprintf("and %d more changes: compare the rules file with its reviewed version", left))
	}
	return out
}

func peopleDiff(from, to []rules.Person) []string {
	var out []string
	before, after := byName(from), byName(to)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if old, there := before[name]; there {
			out = append(out, personDiff(old, after[name])...)
		} else {
			out = append(out, name+" is added, "+knownAs(after[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, there := after[name]; !there {
			out = append(out, name+" is removed, "+knownAs(before[name]))
		}
	}
	return out
}

func byName(list []rules.Person) map[string]rules.Person {
	out := map[string]rules.Person{}
	for _, p := range list {
		out[p.Name] = p
	}
	return out
}

func identities(p rules.Person) []string {
	out := slices.Clone(p.AWS)
	if p.Slack != "" {
		out = append(out, "Slack member "+p.Slack)
	}
	return out
}

func knownAs(p rules.Person) string {
	out := "known as " + strings.Join(identities(p), ", ")
	if len(p.Groups) > 0 {
		out += "; groups: " + strings.Join(p.Groups, ", ")
	}
	return out
}

func personDiff(from, to rules.Person) []string {
	var out []string
	for _, id := range missing(identities(to), identities(from)) {
		out = append(out, to.Name+" is also whoever is known as "+id)
	}
	for _, id := range missing(identities(from), identities(to)) {
		out = append(out, to.Name+" is not known as "+id+" any more")
	}
	for _, group := range missing(to.Groups, from.Groups) {
		out = append(out, to.Name+" joins group "+group)
	}
	for _, group := range missing(from.Groups, to.Groups) {
		out = append(out, to.Name+" leaves group "+group)
	}
	return out
}

// missing returns what is in the first list and not in the second.
func missing(in, from []string) []string {
	return slices.DeleteFunc(slices.Clone(in), func(s string) bool { return slices.Contains(from, s) })
}

func approvalsDiff(from, to *rules.File) []string {
	var out []string
	before, after := approvalsOf(from), approvalsOf(to)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		switch old, there := before[name]; {
		case !there:
			out = append(out, fmt.Sprintf("approval rule %s is added: %s", name, strings.Join(after[name], "; ")))
		case !slices.Equal(old, after[name]):
			out = append(out, fmt.Sprintf("approval rule %s: %s; until now: %s", name, strings.Join(missing(after[name], old), "; "), strings.Join(missing(old, after[name]), "; ")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, there := after[name]; !there {
			out = append(out, fmt.Sprintf("approval rule %s is removed: %s", name, strings.Join(before[name], "; ")))
		}
	}
	return out
}

// approvalsOf says of each approval rule what it asks for, a clause for each field; every field always has one, so that what is changed has a before and an after.
func approvalsOf(f *rules.File) map[string][]string {
	out := map[string][]string{}
	for _, a := range f.Approvals {
		m := a.Match
		all := func(what string, list []string) string { return what + " " + orElse(strings.Join(list, ", "), "any") }
		clauses := []string{
			fmt.Sprintf("needs %d", max(1, a.Needed)), "by " + orElse(strings.Join(a.By, ", "), "anybody of the people"), "within " + hours(a.Within),
			"escalates to " + orElse(a.Escalate, "nobody"), all("controls", m.Controls), all("families", m.Families), all("services", m.Services), all("severities", m.Severities),
			all("accounts", m.Accounts), all("groups", m.Groups), all("Regions", m.Regions), all("disruption", a.Disruptions),
		}
		if accounts := accountsIn(f, m.Groups); len(m.Groups) > 0 {
			clauses = append(clauses, "accounts in its groups: "+orElse(strings.Join(accounts, ", "), "none"))
		}
		out[a.Name] = clauses
	}
	return out
}

func accountsIn(f *rules.File, groups []string) []string {
	var out []string
	for _, account := range f.Accounts {
		if slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(account.Groups, g) }) {
			out = append(out, account.ID)
		}
	}
	return out
}

func hours(d time.Duration) string {
	if d == 0 {
		return "the usual time"
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
