package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// mismatch says which condition of m the subject does not meet, or "". Tags are looked at last, so that a mismatch by
// tag is told only for rules that would match otherwise. A late event meets the same rules as a fresh one (late-event
// never stands in a file without event): its age may add caution, never take any away.
func (f *File) mismatch(m Match, s Subject, now time.Time) string {
	groups := f.groups(s.Account)
	for _, c := range []struct {
		what, have string
		ok         bool
	}{
		{"control", s.Control, fits(m.Controls, func(p string) bool { return wildcard.Match(p, s.Control) })},
		{"family", s.Family, fits(m.Families, is(s.Family))},
		{"service", s.Service, fits(m.Services, is(s.Service))},
		{"severity", s.Severity, fits(m.Severities, is(strings.ToLower(s.Severity)))},
		{"account", s.Account, fits(m.Accounts, is(s.Account))},
		{"account group", strings.Join(groups, ", "), fits(m.Groups, func(g string) bool { return slices.Contains(groups, g) })},
		{"Region", s.Region, fits(m.Regions, is(s.Region))},
		{"resource", s.resource(), fits(m.Resources, func(p string) bool { return resourceMatches(p, s.ResourceID, s.ResourceARN) })},
		{"origin", s.origin(now), fits(m.Origin, is(s.Origin))},
	} {
		if !c.ok {
			return fmt.Sprintf("%s is %q", c.what, c.have)
		}
	}
	return s.tagMismatch(m.Tags, now)
}

func fits(wanted []string, ok func(string) bool) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, ok)
}

func is(have string) func(string) bool { return func(wanted string) bool { return wanted == have } }

func (s Subject) resource() string {
	if s.ResourceARN != "" {
		return s.ResourceARN
	}
	return s.ResourceID
}

func (s Subject) tagMismatch(wanted map[string][]string, now time.Time) string {
	keys := make([]string, 0, len(wanted))
	for key := range wanted {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		value, there := s.Tags[key]
		switch {
		case !there:
			return "there is no tag " + key
		case !slices.Contains(wanted[key], value):
			return fmt.Sprintf("tag %s is %q", key, value)
		}
		if doubt := s.tagDoubt(key, now); doubt != "" {
			return doubt
		}
	}
	return ""
}

// ruleMismatch says why a rule has no say about the subject, or "". A global resource is in its home Region as far as that adds caution: a careful
// rule for that Region covers it, an automatic rule does not, and no careful rule loses it to an "except".
func (f *File) ruleMismatch(r Rule, s Subject, now time.Time) string {
	if why := f.mismatch(r.Match, s, now); why != "" {
		return why
	}
	if r.Mode == Auto && s.global() && len(r.Match.Regions) > 0 {
		return notByRegion
	}
	kept := r.Mode != Auto && s.global() && len(r.Except.Regions) > 0
	if !r.Except.empty() && !kept && f.mismatch(r.Except, s, now) == "" {
		return "it is left out by except"
	}
	return ""
}

const notByRegion = "an automatic rule that is limited to Regions covers no global resource"

// covers tells whether an exception, expired or not, is about the subject.
func (e Exception) covers(s Subject) bool {
	return slices.Contains(e.Controls, s.Control) &&
		(e.Account == "" || e.Account == s.Account) &&
		(e.Region == "" || e.Region == s.Region) &&
		(e.Resource == "" || resourceMatches(e.Resource, s.ResourceID, s.ResourceARN))
}

// needsARN names an entry that cannot be held against a subject without an ARN, or "".
func (f *File) needsARN(s Subject) string {
	byARN := func(p string) bool { return strings.HasPrefix(p, "arn:") }
	if s.ResourceARN != "" || byARN(s.ResourceID) {
		return ""
	}
	for i, e := range f.Exceptions {
		if slices.Contains(e.Controls, s.Control) && byARN(e.Resource) {
			return exceptionName(i)
		}
	}
	for _, r := range f.Rules {
		about := fits(r.Match.Controls, func(p string) bool { return wildcard.Match(p, s.Control) })
		if about && (slices.ContainsFunc(r.Match.Resources, byARN) || slices.ContainsFunc(r.Except.Resources, byARN)) {
			return "rule " + r.Name
		}
	}
	return ""
}

// GoesByRegion names the first entry for which it matters in which Region something is, or "".
func (f *File) GoesByRegion() string {
	for _, a := range f.Accounts {
		if len(a.Regions) > 0 {
			return "account " + a.ID
		}
	}
	for _, r := range f.Rules {
		if len(r.Match.Regions)+len(r.Except.Regions) > 0 {
			return "rule " + r.Name
		}
	}
	for i, x := range f.Exceptions {
		if x.Region != "" {
			return exceptionName(i)
		}
	}
	for _, fr := range f.Freezes {
		if len(fr.Match.Regions) > 0 {
			return "freeze " + fr.Name
		}
	}
	return ""
}

// groups of an account; none if it is not listed.
func (f *File) groups(account string) []string {
	for _, a := range f.Accounts {
		if a.ID == account {
			return a.Groups
		}
	}
	return nil
}

// Enrolled tells whether shoreup may look after this account and Region. Without a list of accounts it may everywhere.
// Region "" stands for global resources, which need only the account.
func (f *File) Enrolled(account, region string) bool {
	if f == nil {
		return false
	}
	if len(f.Accounts) == 0 {
		return true
	}
	i := slices.IndexFunc(f.Accounts, func(a Account) bool { return a.ID == account })
	return i >= 0 && (region == "" || fits(f.Accounts[i].Regions, is(region)))
}

// Protects tells whether the file lists this principal as one that is never written. A file that could not be read
// protects everything.
func (f *File) Protects(arn string) bool {
	return f == nil || slices.ContainsFunc(f.ProtectedPrincipals, func(p string) bool { return wildcard.Match(p, arn) })
}

// Channel gives the Slack channel for a subject: the first route that matches, else the file's channel, else "".
func (f *File) Channel(s Subject) string {
	if f == nil {
		return ""
	}
	for _, r := range f.Slack.Routes {
		if f.mismatch(r.Match, s, time.Time{}) == "" {
			return r.Channel
		}
	}
	return f.Slack.Channel
}
