package iampolicy

import (
	"slices"
	"strings"
)

// issuer is an OIDC provider that many customers of its owner share: without a claim that names the tenant, a trust in
// it is a trust in all of them (IAM user guide, "Identity-provider controls for shared OIDC providers").
type issuer struct {
	// claims that name the tenant, with the forms their values have: the tenant's name follows the prefix and ends at
	// the delimiter. No form: a value without wildcard is enough.
	claims map[string][]form
	// hints are claims that narrow to one person or caller, yet do not name the tenant for certain
	hints map[string][]form
}

type form struct {
	prefix string
	delim  byte // ends the tenant's name; a wildcard before it leaves the name open
}

// noDelim: the value is the tenant's name and nothing else.
const noDelim = 0

func githubIssuer() issuer {
	owner := []form{{"", '/'}}
	return issuer{
		claims: map[string][]form{
			"sub": {
				{"repo:", '/'}, {"repository:", '/'}, {"job_workflow_ref:", '/'}, {"repository_owner:", ':'}, {"repository_owner_id:", ':'},
				{"repository_id:", ':'}, {"enterprise:", ':'}, {"enterprise_id:", ':'},
			},
			"repository": owner, "workflow_ref": owner,
			"repository_owner": {{"", noDelim}}, "repository_owner_id": nil, "repository_id": nil, "enterprise": nil, "enterprise_id": nil,
		},
		// job_workflow_ref names where a reusable workflow stands; whoever may read it can call it from elsewhere.
		hints: map[string][]form{"actor": nil, "actor_id": nil, "job_workflow_ref": owner},
	}
}

// sharedIssuers are keyed by the issuer's URL without scheme, as ARNs and condition keys write it. An issuer with a
// tenant in its URL (EKS, CircleCI, Bitbucket, a GitHub enterprise) is not shared.
func sharedIssuers() map[string]issuer {
	sub := func(prefix string, delim byte) issuer {
		return issuer{claims: map[string][]form{"sub": {{prefix, delim}}}}
	}
	plain := func(claims ...string) issuer {
		i := issuer{claims: map[string][]form{}}
		for _, c := range claims {
			i.claims[c] = nil
		}
		return i
	}
	google := plain("aud", "azp", "sub")
	google.hints = map[string][]form{"oaud": nil} // whoever asks for a token chooses it
	terraform := issuer{claims: map[string][]form{
		"sub": {{"organization:", ':'}}, "terraform_organization_id": nil, "terraform_organization_name": nil, "terraform_workspace_id": nil,
	}}
	cognito := plain("aud", "sub")
	turbonomic := sub("system:serviceaccount:", ':') // all customers of the service share its clusters, each has a namespace
	return map[string]issuer{
		"token.actions.githubusercontent.com":                githubIssuer(),
		"vstoken.actions.githubusercontent.com":              githubIssuer(),
		"oidc-configuration.audit-log.githubusercontent.com": sub("https://github.com/", '/'),
		"gitlab.com": {claims: map[string][]form{
			"sub": {{"project_path:", '/'}}, "project_path": {{"", '/'}}, "namespace_path": {{"", '/'}}, "namespace_id": nil, "project_id": nil,
		}},
		"app.terraform.io":                             terraform,
		"app.eu.terraform.io":                          terraform,
		"accounts.google.com":                          google,
		"www.amazon.com":                               plain("app_id", "user_id"),
		"graph.facebook.com":                           plain("app_id", "id"),
		"agent.buildkite.com":                          sub("organization:", ':'),
		"oidc.codefresh.io":                            sub("account:", ':'),
		"studio.datachain.ai/api":                      sub("credentials:", '/'),
		"scalr.io":                                     sub("account:", ':'),
		"tokens.cloud.shisho.dev":                      sub("job:", ':'),
		"proidc.upbound.io":                            sub("mcp:", '/'),
		"api.pulumi.com":                               plain("aud"),
		"api.pulumi.com/oidc":                          plain("aud"),
		"sandboxes.cloud":                              plain("aud"),
		"oidc.vercel.com":                              plain("aud"),
		"cognito-identity.amazonaws.com":               cognito,
		"cognito-identity-us-gov.amazonaws.com":        cognito,
		"cognito-identity.cn-north-1.amazonaws.com.cn": cognito,
		"rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7": turbonomic,
		"rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr": turbonomic,
		"rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg": turbonomic,
		"rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26": turbonomic,
		"oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb":         turbonomic,
		"oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu":         turbonomic,
	}
}

// issuerOf gives the issuer of a Federated principal: the URL in a provider's ARN, or the bare name of a built-in one.
// It is empty for SAML providers.
func issuerOf(principal string) string {
	if _, url, ok := strings.Cut(principal, ":oidc-provider/"); ok {
		return strings.ToLower(strings.TrimSuffix(url, "/"))
	}
	if strings.HasPrefix(principal, "arn:") {
		return ""
	}
	return strings.ToLower(principal)
}

func isCognito(url string) bool { return strings.HasPrefix(url, "cognito-identity") }

func isEKS(url string) bool {
	return strings.HasPrefix(url, "oidc.eks.") || strings.HasPrefix(url, "oidc-eks.")
}

// claimsClass gives the best that a statement's conditions do for the issuer's tenant: they must all hold.
func claimsClass(s Statement, url string, i issuer) class {
	best := open
	for _, c := range s.Conditions {
		claim, ok := strings.CutPrefix(c.Key, url+":")
		if !ok {
			continue
		}
		if forms, known := i.claims[claim]; known {
			best = min(best, claimClass(s, c, claim, forms))
		}
		if forms, known := i.hints[claim]; known {
			best = min(best, max(unsettled, claimClass(s, c, claim, forms)))
		}
	}
	return best
}

func claimClass(s Statement, c Condition, claim string, forms []form) class {
	like := c.Operator == "stringlike"
	if !like && !slices.Contains(exactOps, c.Operator) || len(c.Values) == 0 {
		return open
	}
	worst := fixed
	if c.passesWithoutKey() {
		// Every token has a subject and an audience, so for those the missing key is theory; AWS warns all the same.
		if claim != "sub" && claim != "aud" && !s.requiresKey(c.Key) {
			return open
		}
		worst = unsettled
	}
	for _, v := range c.Values {
		worst = max(worst, tenantClass(v, like, forms))
	}
	return worst
}

// tenantClass judges one value by what it leaves open of the tenant's name.
func tenantClass(value string, like bool, forms []form) class {
	literal, wild := value, false
	if i := strings.Index(value, "${"); i >= 0 {
		literal, wild = value[:i], true
	}
	if i := strings.IndexAny(literal, "*?"); i >= 0 && like {
		literal, wild = literal[:i], true
	}
	if len(forms) == 0 {
		return pick(wild, open, pick(hasWildcard(value), unsettled, fixed))
	}
	for _, f := range forms {
		tenant, ok := strings.CutPrefix(literal, f.prefix)
		if !ok {
			continue
		}
		name, _, ended := strings.Cut(tenant, string(f.delim))
		switch {
		case name == "":
			return open
		case hasWildcard(name): // a letter here: no tenant has such a name, so nothing matches
			return unsettled
		case ended || !wild:
			return fixed
		}
		return unsettled // "repo:org*": also every tenant whose name begins so
	}
	switch {
	case !like && hasWildcard(value): // a letter: matches nothing
		return unsettled
	case slices.ContainsFunc(forms, func(f form) bool {
		return f.prefix != "" && len(literal) >= len(f.prefix) && strings.EqualFold(literal[:len(f.prefix)], f.prefix)
	}): // in other letters: the operators tell them apart, so nothing matches, and the one that does not is not asked for what follows
		return unsettled
	case slices.ContainsFunc(forms, func(f form) bool { return f.prefix != "" && strings.Contains(literal, ":"+f.prefix) }):
		return unsettled // the tenant stands behind other parts of a custom subject
	}
	return open // says which branch, environment or reference, which anybody can choose
}
