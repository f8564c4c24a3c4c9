package iampolicy

import (
	"slices"
	"strings"
)

// Grantees are those outside the own account to whom a statement grants, each list sorted and without repetition.
type Grantees struct {
	Accounts       []string // foreign account ids
	Principals     []string // foreign principals as written: account ids, ARNs, identity providers
	Conditional    []string // conditions that alone say who, for a wildcard principal: "StringEquals aws:PrincipalOrgID "o-1""
	CanonicalUsers []string
	OAIs           []string // CloudFront origin access identities
	Services       []string // AWS service principals
	Deleted        []string // unique ids of deleted principals: they grant to nobody
}

// Foreign gives the principals and conditions through which other accounts have access.
func (g Grantees) Foreign() []string {
	return unique(slices.Concat(g.Principals, g.Conditional))
}

// CrossAccount gives what S3's RestrictPublicBuckets would cut off from a statement that is not public: foreign
// principals, and conditions that let foreign principals in. AWS service principals and the own account keep access.
// Canonical users and origin access identities are listed by StatementGrantees only.
func CrossAccount(s Statement, kind Kind, ownAccount string) []string {
	return StatementGrantees(s, kind, ownAccount).Foreign()
}

// StatementGrantees lists to whom an Allow statement that is not public grants. It is empty for a Deny or a public statement.
func StatementGrantees(s Statement, kind Kind, ownAccount string) Grantees {
	var g Grantees
	if !s.Allow || JudgePublic(s, kind).Verdict == Public {
		return g
	}
	for _, p := range s.Principals {
		g.add(p, s, kind, ownAccount)
	}
	if s.NotPrincipals != nil {
		g.addConditions(s, kind, ownAccount)
	}
	for _, list := range []*[]string{&g.Accounts, &g.Principals, &g.Conditional, &g.CanonicalUsers, &g.OAIs, &g.Services, &g.Deleted} {
		*list = unique(*list)
	}
	return g
}

func (g *Grantees) add(p Principal, s Statement, kind Kind, own string) {
	switch {
	case p.Type == Service:
		g.Services = append(g.Services, p.ID)
	case p.Type == CanonicalUser:
		g.CanonicalUsers = append(g.CanonicalUsers, p.ID)
	case isOAI(p.ID):
		g.OAIs = append(g.OAIs, p.ID)
	case isUniqueID(p.ID):
		g.Deleted = append(g.Deleted, p.ID)
	case principalClass(p, kind) == open:
		g.addConditions(s, kind, own)
	default:
		g.addPrincipal(p.ID, own)
	}
}

func (g *Grantees) addPrincipal(id, own string) {
	account := accountIn(id)
	if account == own && own != "" {
		return
	}
	g.Principals = append(g.Principals, id)
	if account != "" {
		g.Accounts = append(g.Accounts, account)
	}
}

// accountKeys say whose the caller is: its principal, or the resource for which an AWS service calls. The other keys that
// narrow say which way a call comes, and callers of any account may come through an own access point or VPC endpoint.
var accountKeys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:userid", "kms:calleraccount",
	"aws:sourceaccount", "aws:sourceowner", "aws:sourcearn", "lambda:sourcefunctionarn",
}

// addConditions reads who may come through a wildcard principal from the conditions that fix the caller. They must all
// hold, so one that says whose the caller is decides; else each that narrows is named as a whole.
func (g *Grantees) addConditions(s Statement, kind Kind, own string) {
	keys := callerKeys(kind)
	var narrow []Condition
	for _, c := range s.Conditions {
		if conditionClass(s, c, keys) == open {
			continue
		}
		if c.namesAccounts() {
			for _, v := range c.Values {
				g.addPrincipal(v, own)
			}
			return
		}
		narrow = append(narrow, c)
	}
	for _, c := range narrow {
		g.Conditional = append(g.Conditional, c.String())
	}
}

// namesAccounts: the condition says whose the caller is, and every value of it carries an account id.
func (c Condition) namesAccounts() bool {
	return slices.Contains(accountKeys, c.Key) && len(c.Values) > 0 && !slices.ContainsFunc(c.Values, func(v string) bool { return accountIn(v) == "" })
}

// accountIn gives the account of an account id, an ARN, or a user id of an account's root; "" if there is none.
func accountIn(id string) string {
	if account := accountOf(id); isAccountID(account) {
		return account
	}
	if account, _, _ := strings.Cut(id, ":"); isAccountID(account) {
		return account
	}
	return ""
}

// isOAI: ARNs of CloudFront origin access identities have "cloudfront" in the account's place.
func isOAI(id string) bool { return accountOf(id) == "cloudfront" }

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
