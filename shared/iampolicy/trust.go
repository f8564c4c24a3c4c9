package iampolicy

import (
	"slices"
	"strings"
)

// TrustKind says what is wrong with a statement of a role's trust policy.
type TrustKind int

// The kinds. ForeignAccount and WholeCluster are for reports only.
const (
	Open           TrustKind = iota + 1 // anybody with an AWS account may take the role
	SharedOIDC                          // everybody at an identity provider that many customers share
	ForeignAccount                      // another account without sts:ExternalId: the third party may be made to confuse roles
	WholeCluster                        // every pod of one EKS cluster: broad, not public
)

// String names the kind.
func (k TrustKind) String() string {
	return [...]string{Open: "open trust", SharedOIDC: "shared identity provider", ForeignAccount: "foreign account without ExternalId",
		WholeCluster: "whole cluster"}[k]
}

// TrustFinding is one thing that is wrong with one statement.
type TrustFinding struct {
	Statement  int
	Kind       TrustKind
	Unsettled  bool // AWS does not settle it: report only
	Principals []string
	Reason     string
}

// JudgeTrust judges a role's trust policy: for each Allow statement at most one finding of each kind, a certain one instead of
// an unsettled one. An empty ownAccount leaves foreign accounts out. Service principals and SAML providers are not public.
func JudgeTrust(d Document, ownAccount string) []TrustFinding {
	var out []TrustFinding
	for _, s := range d.Statements {
		if !s.Allow || !assumes(s) {
			continue
		}
		found := s.trustFindings(ownAccount)
		for i := range found {
			if by, ok := narrowedBy(d, s, trust); ok && found[i].Kind <= SharedOIDC && !found[i].Unsettled {
				found[i].Unsettled = true
				found[i].Reason += "; narrowed only by the Deny of " + by
			}
		}
		out = append(out, found...)
	}
	return out
}

// LetsTake reports whether an Allow of a trust policy lets somebody take the role: a Deny alone, or leave to tag sessions, lets in nobody.
func (d Document) LetsTake() bool {
	return slices.ContainsFunc(d.Statements, func(s Statement) bool { return s.Allow && assumes(s) })
}

// assumes: the statement lets somebody take the role. Tagging or naming a session alone does not.
func assumes(s Statement) bool {
	return s.appliesTo("sts:AssumeRole") || s.appliesTo("sts:AssumeRoleWithWebIdentity") || s.appliesTo("sts:AssumeRoleWithSAML")
}

func (s Statement) trustFindings(own string) []TrustFinding {
	var out []TrustFinding
	add := func(f TrustFinding, principal string) {
		i := slices.IndexFunc(out, func(o TrustFinding) bool { return o.Kind == f.Kind })
		switch {
		case i < 0:
			f.Statement, f.Principals = s.Index, []string{principal}
			out = append(out, f)
		case out[i].Unsettled && !f.Unsettled:
			f.Statement, f.Principals = s.Index, append(out[i].Principals, principal)
			out[i] = f
		default:
			out[i].Principals = append(out[i].Principals, principal)
		}
	}
	if s.NotPrincipals != nil {
		if f, bad := s.openTrust("everybody but the principals of NotPrincipal", open); bad {
			add(f, "NotPrincipal")
		}
	}
	for _, p := range s.Principals {
		if f, bad := s.trustIn(p, own); bad {
			add(f, p.ID)
		}
	}
	return out
}

// trustIn judges one principal under the conditions of the statement.
func (s Statement) trustIn(p Principal, own string) (TrustFinding, bool) {
	switch p.Type {
	case Federated:
		return s.federatedTrust(p)
	case Service:
		return s.openTrust("Principal "+p.String(), pick(hasWildcard(p.ID), unsettled, fixed))
	}
	accounts := []string{accountIn(p.ID)}
	if accounts[0] == "" && (hasWildcard(p.ID) || hasVariable(p.ID)) {
		if f, bad := s.openTrust("Principal "+p.String(), open); bad {
			return f, true
		}
		accounts = s.accountsByCondition()
	}
	foreign := slices.DeleteFunc(accounts, func(a string) bool { return a == "" || a == own })
	if len(foreign) == 0 || own == "" || !s.appliesTo("sts:AssumeRole") || s.fixesThirdParty() {
		return TrustFinding{}, false
	}
	return TrustFinding{Kind: ForeignAccount, Reason: "account " + strings.Join(foreign, ", ") + " may take the role without an external id"}, true
}

// accountsByCondition gives the accounts that conditions name for a wildcard principal.
func (s Statement) accountsByCondition() []string {
	var out []string
	for _, c := range s.Conditions {
		if conditionClass(s, c, map[string]shape{"aws:principalaccount": shapeID, "aws:principalarn": shapeARN}) == fixed {
			for _, v := range c.Values {
				out = append(out, accountIn(v))
			}
		}
	}
	return unique(out)
}

// openTrust judges a principal that is not fixed by the conditions that say who it may be.
func (s Statement) openTrust(who string, worst class) (TrustFinding, bool) {
	if worst <= fixed {
		return TrustFinding{}, false
	}
	narrowed, by := conditionsClass(s, trustKeys())
	if narrowed == open {
		narrowed, by = s.narrowedInFact()
	}
	switch min(worst, narrowed) {
	case fixed:
		return TrustFinding{}, false
	case unsettled:
		return TrustFinding{Kind: Open, Unsettled: true, Reason: strings.TrimSpace(who+" "+by) + ": AWS does not settle whether this is open"}, true
	}
	return TrustFinding{Kind: Open, Reason: "anyone with an AWS account may take the role: " + who +
		" without a fixed aws:PrincipalOrgID, aws:PrincipalAccount or aws:PrincipalArn"}, true
}

// narrowedInFact: what is open in letter, since a request without the key would pass, and yet lets in few: every request to take a role is signed, so the
// keys of the caller itself are always there, and only tokens have claims.
func (s Statement) narrowedInFact() (class, string) {
	if s.tokenOnly() {
		return unsettled, "narrowed by a claim of an identity provider"
	}
	always := map[string]shape{"aws:principalaccount": shapeID, "aws:principalarn": shapeARN, "aws:userid": shapeUserID}
	for _, c := range s.Conditions {
		if form, ok := always[c.Key]; ok && valuesClass(c.Operator, c.Values, form) != open {
			return unsettled, "narrowed by " + c.String()
		}
	}
	return open, ""
}

// tokenOnly: a condition asks for a claim that only the token of an identity provider has, so plain AWS principals fail.
func (s Statement) tokenOnly() bool {
	for url, i := range sharedIssuers() {
		if claimsClass(s, url, i) != open {
			return true
		}
	}
	return false
}

// fixesThirdParty: the foreign account must show an external id, or belong to a fixed organization.
func (s Statement) fixesThirdParty() bool {
	best, _ := conditionsClass(s, map[string]shape{"sts:externalid": shapeID, "aws:principalorgid": shapeID, "aws:principalorgpaths": shapeOrgPath})
	return best != open
}
