package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/wildcard"
)

const keptByRegion = "no careful rule loses a global resource by Region"

// never says which parts of a match can never fit, and why. freed is the reason for which no Region fits a global resource here, if there is one.
func (f *File) never(m Match, freed string, known Known) []string {
	controls := slices.DeleteFunc(slices.Clone(known.Each), func(k KnownControl) bool { return !k.fits(m) })
	if len(known.Each) > 0 && len(controls) == 0 {
		return []string{"never matches: no control has all of its controls, families, services and severities"}
	}
	accounts := slices.DeleteFunc(slices.Clone(f.Accounts), func(a Account) bool {
		return !fits(m.Accounts, is(a.ID)) || !fits(m.Groups, func(g string) bool { return slices.Contains(a.Groups, g) })
	})
	if len(f.Accounts) > 0 && len(accounts) == 0 {
		return []string{"never matches: none of its accounts is in its groups"}
	}
	var out []string
	for _, region := range m.Regions {
		if text := f.neverIn(region, accounts, controls, freed); text != "" {
			out = append(out, text)
		}
	}
	for _, pattern := range m.Resources {
		if text := m.neverCalled(pattern); text != "" {
			out = append(out, text)
		}
	}
	return out
}

func (k KnownControl) fits(m Match) bool {
	return fits(m.Controls, func(p string) bool { return wildcard.Match(p, k.ID) }) && fits(m.Families, is(k.Family)) &&
		fits(m.Services, is(k.Service)) && fits(m.Severities, is(k.Severity))
}

// neverIn says why a match of these accounts and controls never fits in the Region, or "". Without controls it may be about anything.
func (f *File) neverIn(region string, accounts []Account, controls []KnownControl, freed string) string {
	isGlobal := func(k KnownControl) bool { return k.Global }
	some := len(controls) == 0 || slices.ContainsFunc(controls, isGlobal)
	all := len(controls) > 0 && !slices.ContainsFunc(controls, func(k KnownControl) bool { return !k.Global })
	home := awsapi.HomeRegion(awsapi.PartitionOf(region)) == region
	enrolled := len(f.Accounts) == 0 || slices.ContainsFunc(accounts, func(a Account) bool { return f.Enrolled(a.ID, region) })
	switch {
	case some && home && freed == "":
		return ""
	case all && freed != "":
		return fmt.Sprintf("Region %s never matches: all this is about is global, and %s", region, freed)
	case all:
		return fmt.Sprintf("Region %s never matches: all this is about is global and counts as in the home Region (us-east-1, cn-north-1 or us-gov-west-1)", region)
	case !enrolled:
		return fmt.Sprintf("Region %s is enrolled for none of its accounts, so it never matches", region)
	}
	return ""
}

// neverCalled says why no resource that the match fits has such an ARN, or "".
func (m Match) neverCalled(pattern string) string {
	region, account := arnField(pattern, 3), arnField(pattern, 4)
	_, path, name := principalParts(pattern)
	switch {
	case path != "" && name == "":
		return fmt.Sprintf("%s never matches: behind the path the name is missing", pattern)
	case path != "" && hasWildcard(name):
		return fmt.Sprintf("%s never matches: several users, roles or groups are told by their names alone and not by their path, so name each of them", pattern)
	case accountShape.MatchString(account) && !fits(m.Accounts, is(account)):
		return fmt.Sprintf("%s never matches: it is of account %s, and the entry of account %s", pattern, account, strings.Join(m.Accounts, ", "))
	case regionShape.MatchString(region) && !fits(m.Regions, is(region)):
		return fmt.Sprintf("%s never matches: it is in Region %s, and the entry is about %s", pattern, region, strings.Join(m.Regions, ", "))
	}
	return ""
}

// match is what an exception is about.
func (e Exception) match() Match {
	m := Match{Controls: e.Controls}
	for _, field := range []struct {
		to    *[]string
		value string
	}{{&m.Accounts, e.Account}, {&m.Regions, e.Region}, {&m.Resources, e.Resource}} {
		if field.value != "" {
			*field.to = []string{field.value}
		}
	}
	return m
}
