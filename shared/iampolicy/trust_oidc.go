package iampolicy

import (
	"slices"
	"strings"
)

// federatedTrust judges an OIDC or SAML provider.
func (s Statement) federatedTrust(p Principal) (TrustFinding, bool) {
	url := issuerOf(p.ID)
	if hasWildcard(url) || p.ID == "" {
		return s.openTrust("Principal "+p.String(), open)
	}
	if url == "" || !s.appliesTo("sts:AssumeRoleWithWebIdentity") {
		return TrustFinding{}, false
	}
	if isEKS(url) {
		return s.clusterTrust(url)
	}
	i, shared := sharedIssuers()[url]
	if strings.HasPrefix(url, "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d") {
		// The one tenant that all customers of Microsoft Sentinel share: they are told apart by the session's name.
		return s.sharedTrust(url, s.sentinelClass())
	}
	if !shared {
		return TrustFinding{}, false
	}
	got := claimsClass(s, url, i)
	if got == open && s.needsAnother(url) {
		got = unsettled
	}
	if got == fixed && isCognito(url) && !s.authenticatedOnly(url) {
		return TrustFinding{Kind: SharedOIDC, Unsettled: true, Reason: "identities of the Cognito pool that have not signed in may take the role: " +
			url + ":amr is not limited to authenticated"}, true
	}
	return s.sharedTrust(url, got)
}

// needsAnother: the statement names several providers, and a condition asks for a claim of another one, which no token of this one has.
func (s Statement) needsAnother(url string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		host := c.Key[:max(strings.LastIndexByte(c.Key, ':'), 0)]
		positive := slices.Contains(wildcardOps, c.Operator) || slices.Contains(exactOps, c.Operator)
		return positive && !c.passesWithoutKey() && host != url && slices.ContainsFunc(s.Principals, func(p Principal) bool { return p.Type == Federated && issuerOf(p.ID) == host })
	})
}

func (s Statement) sharedTrust(url string, got class) (TrustFinding, bool) {
	switch got {
	case open:
		return TrustFinding{Kind: SharedOIDC, Reason: "everybody at " + url + " may take the role: no condition fixes a claim that names the tenant"}, true
	case unsettled:
		return TrustFinding{Kind: SharedOIDC, Unsettled: true, Reason: "a condition on " + url + " does not fix the tenant for certain"}, true
	}
	return TrustFinding{}, false
}

func (s Statement) sentinelClass() class {
	best, _ := conditionsClass(s, map[string]shape{"sts:rolesessionname": shapeID})
	return best
}

// authenticatedOnly: identities must have signed in to the pool, or one identity is named.
func (s Statement) authenticatedOnly(url string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		if c.passesWithoutKey() || slices.Contains(negatedOps, c.Operator) {
			return false
		}
		signedIn := c.Key == url+":amr" && len(c.Values) > 0 &&
			!slices.ContainsFunc(c.Values, func(v string) bool { return v == "unauthenticated" || hasWildcard(v) })
		return signedIn || c.Key == url+":sub" && valuesClass(c.Operator, c.Values, shapeID) == fixed
	})
}

func (s Statement) clusterTrust(url string) (TrustFinding, bool) {
	namespaces := issuer{claims: map[string][]form{"sub": {{"system:serviceaccount:", ':'}}}}
	if claimsClass(s, url, namespaces) == fixed {
		return TrustFinding{}, false
	}
	return TrustFinding{Kind: WholeCluster, Reason: "every pod of the cluster behind " + url + " may take the role: its sub claim is not fixed"}, true
}
