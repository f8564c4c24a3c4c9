package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Person is somebody who may be asked. The file is reviewed as code is, so that an entry is the word of the team about who that is; what a
// person calls herself counts for nothing.
type Person struct {
	Name   string   // what records and source identities say: letters, digits and _.@-
	AWS    []string // identities as [IdentityOf] of package approval gives them: an IAM user's ARN, "sso:USER" or "source:ID"
	Slack  string   // member id, U... or W...
	Groups []string
	Line   int
}

// ApprovalRule says who decides about the plans that it matches, and by when. Of all that match the most cautious word of each counts.
type ApprovalRule struct {
	Name        string
	Match       Match    // controls, families, services, severities, accounts, groups and regions
	Disruptions []string // none, low, high
	By          []string // names of people, and groups as "@name"; empty: any person
	Needed      int      // different people, at least
	Within      time.Duration
	Escalate    string // channel that hears of it at half time
	Line        int
}

const (
	// approveWithin is how long a plan waits where no rule says otherwise.
	approveWithin  = 7 * 24 * time.Hour
	longestWaiting = 90 * 24 // hours
	mostApprovers  = 5
)

var (
	checkPerson    = within(2, 64, shaped(regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]+$`), "a short name of letters, digits and _ . @ -, like ada"))
	checkMember    = within(7, 21, shaped(regexp.MustCompile(`^[UW][A-Z0-9]+$`), "a Slack member id like U012AB3CD (profile, Copy member ID)"))
	checkTeam      = within(7, 21, shaped(regexp.MustCompile(`^[TE][A-Z0-9]+$`), "a Slack workspace id like T012AB3CD"))
	checkIdentity  = within(5, 512, shaped(regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]+|sso:[A-Za-z0-9_+=,.@-]+|source:[A-Za-z0-9_+=,.@-]+)$`), "an IAM user's ARN, sso:USERNAME of IAM Identity Center, or source:ID of a source identity"))
	checkApprover  = within(2, 65, shaped(regexp.MustCompile(`^@?[A-Za-z0-9][A-Za-z0-9_.@-]+$`), "a person's name, or a group as @name"))
	disruptions    = []string{"none", "low", "high"}
	approvalFields = []string{"controls", "families", "services", "severities", "accounts", "groups", "regions"}
)

// within bounds the number of characters. It stands apart from the shape because a bounded repetition costs a function milliseconds each time it starts.
func within(low, high int, ok check) check {
	return func(s string) string {
		if complaint := ok(s); complaint != "" {
			return complaint
		}
		if n := len([]rune(s)); n < low || n > high {
			return fmt.Sprintf("%q has %d characters; %d to %d are possible", s, n, low, high)
		}
		return ""
	}
}

func (d *decoder) person(n *node, path string) {
	p := Person{Line: n.line}
	d.object(n, path, map[string]field{
		"name":   func(n *node, at string) { p.Name = d.checked(n, at, checkPerson) },
		"aws":    func(n *node, at string) { p.AWS = d.texts(n, at, 20, checkIdentity) },
		"slack":  func(n *node, at string) { p.Slack = d.checked(n, at, checkMember) },
		"groups": func(n *node, at string) { p.Groups = d.texts(n, at, 50, checkSlug) },
	}, "name")
	if p.Slack == "" && len(p.AWS) == 0 {
		d.fail(n, path, "has neither aws nor slack, so nobody can be told to be this person")
	}
	for _, other := range d.file.People {
		switch {
		case p.Name != "" && strings.EqualFold(other.Name, p.Name):
			d.fail(n, path, "another person is called %q; give each their own name", p.Name)
		case p.Slack != "" && other.Slack == p.Slack:
			d.fail(n, path, "%s has the same Slack member id; one person must not count as two", other.Name)
		case slices.ContainsFunc(p.AWS, func(id string) bool {
			return id != "" && slices.ContainsFunc(other.AWS, func(o string) bool { return strings.EqualFold(o, id) })
		}):
			d.fail(n, path, "%s has the same AWS identity; one person must not count as two", other.Name)
		}
	}
	d.file.People = append(d.file.People, p)
}

func (d *decoder) approval(n *node, path string) {
	a := ApprovalRule{Line: n.line}
	d.object(n, path, map[string]field{
		"name":         func(n *node, p string) { a.Name = d.checked(n, p, checkSlug) },
		"match":        func(n *node, p string) { a.Match = d.match(n, p, approvalFields) },
		"disruption":   func(n *node, p string) { a.Disruptions = d.texts(n, p, len(disruptions), oneOf(disruptions)) },
		"by":           func(n *node, p string) { a.By = d.approvers(n, p) },
		"needed":       func(n *node, p string) { a.Needed = d.number(n, p, 1, mostApprovers) },
		"within_hours": func(n *node, p string) { a.Within = time.Duration(d.number(n, p, 1, longestWaiting)) * time.Hour },
		"escalate":     func(n *node, p string) { a.Escalate = d.checked(n, p, checkChannel) },
	}, "name")
	if a.Name != "" && slices.ContainsFunc(d.file.Approvals, func(b ApprovalRule) bool { return b.Name == a.Name }) {
		d.fail(n, path, "another entry is called %q; give each its own name", a.Name)
	}
	d.later = append(d.later, func() {
		if have := d.file.permitted(a); len(have) < a.Needed {
			d.fail(n, path, "needs %d different people, and only %d may approve: %s; list more under by", a.Needed, len(have), strings.Join(have, ", "))
		}
	})
	d.file.Approvals = append(d.file.Approvals, a)
}

// approvers reads names of people and groups, all of which must exist: a name with a typing error could never approve.
func (d *decoder) approvers(n *node, path string) []string {
	by := d.texts(n, path, 100, checkApprover)
	for i, name := range by {
		d.later = append(d.later, func() {
			if name != "" && !slices.ContainsFunc(d.file.People, func(p Person) bool { return p.is(name) }) {
				d.fail(n.items[i], path, "nobody under people is %q; add an entry there, or correct it", name)
			}
		})
	}
	return by
}

// is reports whether a word of an approval rule means this person.
func (p Person) is(name string) bool {
	if group, ok := strings.CutPrefix(name, "@"); ok {
		return slices.Contains(p.Groups, group)
	}
	return p.Name == name
}

// permitted returns the names of those who may approve by a rule.
func (f *File) permitted(a ApprovalRule) []string {
	var out []string
	for _, p := range f.People {
		if len(a.By) == 0 || slices.ContainsFunc(a.By, p.is) {
			out = append(out, p.Name)
		}
	}
	return out
}

// PersonOf returns the person with an AWS identity or a Slack member id.
func (f *File) PersonOf(identity string) (Person, bool) {
	if f == nil || identity == "" {
		return Person{}, false
	}
	for _, p := range f.People {
		if p.Slack == identity || slices.Contains(p.AWS, identity) {
			return p, true
		}
	}
	return Person{}, false
}

// Approval is what the file asks for before a plan may be applied.
type Approval struct {
	Rules    []string // names of the rules that say so; empty: none matches
	By       []string // names of the people who may approve
	Needed   int      // of them, different ones
	Within   time.Duration
	Escalate []string // channels
}

// ApprovalFor returns what the plan of a subject needs. Of all rules that match, the largest number, the shortest time, and only the people whom all
// of them name count; where none matches, any one person within a week.
func (f *File) ApprovalFor(s Subject, disruption string) Approval {
	out := Approval{Needed: 1, Within: approveWithin}
	if f == nil {
		return out
	}
	out.By = f.permitted(ApprovalRule{})
	for _, a := range f.Approvals {
		if f.mismatch(a.Match, s, time.Time{}) != "" || !fits(a.Disruptions, is(disruption)) {
			continue
		}
		out.Rules = append(out.Rules, a.Name)
		out.Needed = max(out.Needed, a.Needed)
		if a.Within > 0 {
			out.Within = min(out.Within, a.Within)
		}
		may := f.permitted(a)
		out.By = slices.DeleteFunc(out.By, func(name string) bool { return !slices.Contains(may, name) })
		if a.Escalate != "" && !slices.Contains(out.Escalate, a.Escalate) {
			out.Escalate = append(out.Escalate, a.Escalate)
		}
	}
	return out
}

// Data is the file as it was loaded, to the byte.
func (f *File) Data() string { return f.data }

// ElectorsHash names who may decide: it changes with the sections people and approvals, with the accounts of the groups that approvals name, and with Slack's
// workspace, and with nothing else.
func (f *File) ElectorsHash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", f.Slack.Team)
	for _, p := range f.People {
		fmt.Fprintf(&b, "%q %q %q %q\n", p.Name, p.AWS, p.Slack, p.Groups)
	}
	for _, a := range f.Approvals {
		a.Line = 0
		fmt.Fprintf(&b, "%#v\n", a)
		for _, account := range f.Accounts { // taking an account out of its group is another way to drop the rule
			if slices.ContainsFunc(a.Match.Groups, func(group string) bool { return slices.Contains(account.Groups, group) }) {
				fmt.Fprintf(&b, "%q\n", account.ID)
			}
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}
