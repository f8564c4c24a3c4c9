package iampolicy

import (
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// target is a form of ARN that stands for every resource of a type: {p}, {r} and {a} are partition, Region and account.
type target string

const (
	anyRole   target = "arn:{p}:iam::{a}:role/?*"
	anyUser   target = "arn:{p}:iam::{a}:user/?*"
	anyGroup  target = "arn:{p}:iam::{a}:group/?*"
	anyPolicy target = "arn:{p}:iam::{a}:policy/?*"
	anything  target = "arn:{p}:?*:*:*:?*"
)

// everyResourceOf stands for all resources of one service.
func everyResourceOf(service string) target {
	return target("arn:{p}:" + service + ":{r}:{a}:?*")
}

const someAccount = "000000000000"

// ownAccountVariables stand for the account that the policy is used in, in lower case: keys are case-insensitive.
var ownAccountVariables = []string{"${aws:principalaccount}", "${aws:resourceaccount}", "${aws::accountid}"}

func withOwnAccount(pattern string) string {
	for _, v := range ownAccountVariables {
		if i := strings.Index(strings.ToLower(pattern), v); i >= 0 {
			pattern = pattern[:i] + someAccount + pattern[i+len(v):]
		}
	}
	return pattern
}

// coveredBy reports whether a Resource pattern covers every resource of the type, in whatever partition, Region and
// account it names: all roles of one account are unrestricted, all roles below one path are not.
func (t target) coveredBy(pattern string) bool {
	pattern = withOwnAccount(pattern)
	partition, region, account := "aws", "us-east-1", someAccount
	if parts := strings.SplitN(pattern, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		partition = plainOr(parts[1], partition)
		region = plainOr(parts[3], region)
		account = plainOr(parts[4], account)
	}
	return covers(pattern, t.in(partition, region, account))
}

// in writes the target for one partition, Region and account.
func (t target) in(partition, region, account string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(string(t), "{p}", partition), "{r}", region), "{a}", account)
}

func plainOr(field, other string) string {
	if hasWildcard(field) {
		return other
	}
	return field
}

// unrestricted: the statement applies to every resource of the type, or spares only some of them by NotResource.
func (s Statement) unrestricted(t target) bool {
	if s.NotResources != nil {
		return !slices.ContainsFunc(s.NotResources, t.coveredBy)
	}
	return slices.ContainsFunc(s.Resources, t.coveredBy)
}

// everyResourceOfSome: a Resource is everything that one named service has.
func (s Statement) everyResourceOfSome() bool {
	return slices.ContainsFunc(s.Resources, func(r string) bool {
		fields := strings.SplitN(r, ":", 4)
		return len(fields) == 4 && !hasWildcard(fields[2]) && everyResourceOf(fields[2]).coveredBy(r)
	})
}

// namesRoles: the Resource is a role, or some of an account's roles.
func namesRoles(resource string) bool {
	fields := strings.SplitN(resource, ":", 6)
	return len(fields) == 6 && wildcard.Match(fields[2], "iam") && wildcard.Match(fields[3], "") && overlaps(fields[5], "role/?*")
}

// touches: the statement applies to some resource of the service. IAM completes an ARN of fewer than six fields with
// wildcards, so only the service field matters.
func (s Statement) touches(service string) bool {
	if s.NotResources != nil {
		return s.unrestricted(everyResourceOf(service))
	}
	return slices.ContainsFunc(s.Resources, func(r string) bool {
		fields := strings.SplitN(r, ":", 4)
		if len(fields) < 3 {
			return overlaps(r, "arn:*:"+service+":*")
		}
		return wildcard.Match(fields[0], "arn") && wildcard.Match(fields[2], service)
	})
}

// appliesTo: the statement's Action or NotAction element includes this one action. Case does not count.
func (s Statement) appliesTo(action string) bool {
	action = strings.ToLower(action)
	match := func(p string) bool { return wildcard.Match(p, action) }
	if s.NotActions != nil {
		return !slices.ContainsFunc(s.notActions, match)
	}
	return slices.ContainsFunc(s.actions, match)
}

// onSelf: a Resource is the calling user, by the variable ${aws:username}. Variables are case-insensitive, as keys are.
func (s Statement) onSelf() bool {
	const variable = "${aws:username}"
	return slices.ContainsFunc(s.Resources, func(r string) bool {
		i := strings.Index(strings.ToLower(r), variable)
		return i >= 0 && overlaps(r[:i]+"self"+r[i+len(variable):], "arn:*:iam::*:user/*self")
	})
}
