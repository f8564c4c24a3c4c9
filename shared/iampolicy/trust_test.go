package iampolicy

import (
	"strings"
	"testing"
)

// trustText builds a trust statement from its principal, action and condition.
func trustText(principal, action, condition string) string {
	text := `{"Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `"`
	if condition != "" {
		text += `,"Condition":` + condition
	}
	return text + `}`
}

// kinds writes findings as "open foreign?": a question mark is unsettled.
func kinds(findings []TrustFinding) string {
	names := map[TrustKind]string{Open: "open", SharedOIDC: "shared", ForeignAccount: "foreign", WholeCluster: "cluster"}
	var out []string
	for _, f := range findings {
		name := names[f.Kind]
		if f.Unsettled {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// TestOpenTrust: AWS principals.
func TestOpenTrust(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ principal, condition, want string }{
		"star":                            {`"*"`, ``, "open"},
		"AWS star":                        {`{"AWS":"*"}`, ``, "open"},
		"star beside a service":           {`{"AWS":["111122223333","*"],"Service":"ec2.amazonaws.com"}`, ``, "open"},
		"role of any account":             {`{"AWS":"arn:aws:iam::*:role/x"}`, ``, "open"},
		"root of any account, cn":         {`{"AWS":"arn:aws-cn:iam::*:root"}`, ``, "open"},
		"a joker in the account":          {`{"AWS":"arn:aws:iam::11112222333?:root"}`, ``, "open"},
		"federated star":                  {`{"Federated":"*"}`, ``, "open"},
		"any provider":                    {`{"Federated":"arn:aws:iam::111122223333:oidc-provider/*"}`, ``, "open"},
		"service star":                    {`{"Service":"*"}`, ``, "open?"},
		"organization":                    {`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, ""},
		"any organization":                {`"*"`, `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, "open"},
		"organization IfExists":           {`"*"`, `{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`, "open"},
		"organization ForAllValues":       {`"*"`, `{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, "open"},
		"not an organization":             {`"*"`, `{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`, "open"},
		"account":                         {`"*"`, `{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`, ""},
		"foreign account":                 {`"*"`, `{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}`, "foreign"},
		"PrincipalArn":                    {`{"AWS":"*"}`, `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}}`, ""},
		"PrincipalArn, any account":       {`{"AWS":"*"}`, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}`, "open"},
		"PrincipalArn, any role":          {`{"AWS":"*"}`, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`, "open?"},
		"organization path":               {`"*"`, `{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}}`, ""},
		"below an organization path":      {`"*"`, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/r-1/*"}}`, "open?"},
		"MFA":                             {`"*"`, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, "open"},
		"TLS":                             {`"*"`, `{"Bool":{"aws:SecureTransport":"true"}}`, "open"},
		"session name":                    {`"*"`, `{"StringEquals":{"sts:RoleSessionName":"x"}}`, "open"},
		"principal tag":                   {`"*"`, `{"StringEquals":{"aws:PrincipalTag/team":"a"}}`, "open"},
		"source address of everyone":      {`"*"`, `{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, "open"},
		"office address":                  {`"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, "open?"},
		"external id only":                {`"*"`, `{"StringEquals":{"sts:ExternalId":"secret"}}`, "open?"},
		"any external id":                 {`"*"`, `{"StringLike":{"sts:ExternalId":"*"}}`, "open"},
		"VPC endpoint":                    {`"*"`, `{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`, "open?"},
		"source account":                  {`"*"`, `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, "open?"},
		"office and organization":         {`"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, ""},
		"claim of a provider":             {`"*"`, `{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/*"}}`, "open?"},
		"own account":                     {`{"AWS":["111122223333","arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:role/x"]}`, ``, ""},
		"foreign root":                    {`{"AWS":"arn:aws:iam::444455556666:root"}`, ``, "foreign"},
		"foreign role, gov":               {`{"AWS":"arn:aws-us-gov:iam::444455556666:role/x"}`, ``, "foreign"},
		"foreign id":                      {`{"AWS":"444455556666"}`, ``, "foreign"},
		"foreign with external id":        {`{"AWS":"444455556666"}`, `{"StringEquals":{"sts:ExternalId":"secret"}}`, ""},
		"foreign, any external id":        {`{"AWS":"444455556666"}`, `{"StringLike":{"sts:ExternalId":"*"}}`, "foreign"},
		"foreign, IfExists":               {`{"AWS":"444455556666"}`, `{"StringEqualsIfExists":{"sts:ExternalId":"secret"}}`, "foreign"},
		"foreign with MFA":                {`{"AWS":"444455556666"}`, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, "foreign"},
		"foreign of the own organization": {`{"AWS":"444455556666"}`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, ""},
		"deleted principal":               {`{"AWS":"AROAJQABLZS4A3QDU576Q"}`, ``, ""},
		"service":                         {`{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}`, ``, ""},
		"SAML":                            {`{"Federated":"arn:aws:iam::111122223333:saml-provider/adfs"}`, ``, ""},
		"two findings":                    {`{"AWS":["*","444455556666"]}`, ``, "open foreign"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := JudgeTrust(parse(t, `[`+trustText(c.principal, "sts:Assume*", c.condition)+`]`), own)
			if got := kinds(found); got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, found)
			}
		})
	}
}

// TestTrustStatement: what does not depend on the principal.
func TestTrustStatement(t *testing.T) {
	t.Parallel()
	star := trustText(`"*"`, "sts:AssumeRole", ``)
	for name, c := range map[string]struct{ statements, want string }{
		"tagging a session only":        {trustText(`"*"`, "sts:TagSession", ``), ""},
		"source identity only":          {trustText(`"*"`, "sts:SetSourceIdentity", ``), ""},
		"every action of STS":           {trustText(`"*"`, "STS:*", ``), "open"},
		"Deny":                          {strings.Replace(star, "Allow", "Deny", 1), ""},
		"NotAction":                     {strings.Replace(star, `"Action":"sts:AssumeRole"`, `"NotAction":"sts:TagSession"`, 1), "open"},
		"NotPrincipal":                  {strings.Replace(star, `"Principal":"*"`, `"NotPrincipal":{"AWS":"111122223333"}`, 1), "open"},
		"Deny outside the organization": {star + `,{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`, "open?"},
		"Deny without MFA":              {star + `,{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`, "open"},
		"foreign, token action only":    {trustText(`{"AWS":"444455556666"}`, "sts:AssumeRoleWithWebIdentity", ``), ""},
		"GitHub without its action":     {trustText(github, "sts:AssumeRole", ``), ""},
	} {
		found := JudgeTrust(parse(t, `[`+c.statements+`]`), own)
		if got := kinds(found); got != c.want {
			t.Errorf("%s: got %q, want %q: %+v", name, got, c.want, found)
		}
	}
	d := parse(t, `[`+trustText(`{"Service":"ec2.amazonaws.com"}`, "sts:AssumeRole", ``)+`,`+trustText(`{"AWS":["*","444455556666","777788889999"]}`, "sts:AssumeRole", ``)+`]`)
	found := JudgeTrust(d, own)
	if len(found) != 2 || found[0].Statement != 1 || len(found[0].Principals) != 1 || len(found[1].Principals) != 2 {
		t.Errorf("got %+v", found)
	}
	mixed := parse(t, `[`+trustText(`{"AWS":["444455556666","*","777788889999","arn:aws:iam::*:role/x"],"Service":"*"}`, "sts:AssumeRole", ``)+`]`)
	found = JudgeTrust(mixed, own)
	if kinds(found) != "foreign open" || len(found[0].Principals) != 2 || len(found[1].Principals) != 3 {
		t.Errorf("mixed principals: got %+v", found)
	}
	if found := JudgeTrust(d, ""); kinds(found) != "open" {
		t.Errorf("without an own account: %+v", found)
	}
}

const github = `{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`

// TestGitHub: the subject's forms and the other claims.
func TestGitHub(t *testing.T) {
	t.Parallel()
	is := func(operator, claim, values string) string {
		return `{"` + operator + `":{"token.actions.githubusercontent.com:` + claim + `":` + values + `}}`
	}
	for condition, want := range map[string]string{
		``: "shared",
		is("StringEquals", "aud", `"sts.amazonaws.com"`):                                              "shared",
		is("StringLike", "sub", `"*"`):                                                                "shared",
		is("StringLike", "sub", `"repo:*"`):                                                           "shared",
		is("StringLike", "sub", `"repo:*/*"`):                                                         "shared",
		is("StringLike", "sub", `"repo:*/*:ref:refs/heads/main"`):                                     "shared",
		is("StringLike", "sub", `"repo:?*/infra:*"`):                                                  "shared",
		is("StringLike", "sub", `"*:ref:refs/heads/main"`):                                            "shared",
		is("StringLike", "sub", `"repo:${aws:PrincipalTag/org}/*"`):                                   "shared",
		is("StringEquals", "sub", `"environment:production"`):                                         "shared",
		is("StringNotLike", "sub", `"repo:evil/*"`):                                                   "shared",
		is("StringLike", "sub", `["repo:org/*","repo:*"]`):                                            "shared",
		is("Null", "sub", `"false"`):                                                                  "shared",
		is("StringLike", "ref", `"refs/heads/main"`):                                                  "shared",
		is("StringEquals", "environment", `"production"`):                                             "shared",
		is("StringEquals", "repository_owner", `"org"`):                                               "",
		is("StringLike", "repository_owner", `"*"`):                                                   "shared",
		is("StringEqualsIfExists", "repository_owner", `"org"`):                                       "shared",
		is("StringEquals", "repository_owner_id", `"1234"`):                                           "",
		is("StringEquals", "repository", `"org/repo"`):                                                "",
		is("StringLike", "repository", `"org/*"`):                                                     "",
		is("StringLike", "repository", `"*/repo"`):                                                    "shared",
		is("StringEquals", "repository_id", `1234`):                                                   "",
		is("StringEquals", "enterprise_id", `"1"`):                                                    "",
		is("StringLike", "job_workflow_ref", `"org/repo/.github/workflows/deploy.yml@*"`):             "shared?",
		is("StringLike", "job_workflow_ref", `"*/repo/.github/workflows/deploy.yml@refs/heads/main"`): "shared",
		is("StringEquals", "actor", `"bob"`):                                                          "shared?",
		is("StringLike", "sub", `"repo:org/*"`):                                                       "",
		is("StringLike", "sub", `"repo:org/repo:*"`):                                                  "",
		is("StringEquals", "sub", `"repo:org/repo:ref:refs/heads/main"`):                              "",
		is("StringEquals", "sub", `["repo:org/a:pull_request","repo:org/b:environment:prod"]`):        "",
		is("StringEquals", "sub", `"repo:org@123/repo@456:ref:refs/heads/main"`):                      "",
		is("StringLike", "sub", `"repository_owner:org:*"`):                                           "",
		is("StringEquals", "sub", `"repository_owner_id:123:repository_visibility:private"`):          "",
		is("StringLike", "sub", `"job_workflow_ref:org/repo/.github/workflows/x.yml@*"`):              "",
		is("ForAnyValue:StringLike", "sub", `"repo:org/*"`):                                           "",
		is("StringLike", "sub", `"repo:org*"`):                                                        "shared?",
		is("StringLike", "sub", `"repo:org*/repo:*"`):                                                 "shared?",
		is("StringLike", "sub", `"REPO:org/app:*"`):                                                   "shared?", // case-sensitive: nobody has such a subject
		is("StringLike", "sub", `["Repo:*","repo:org/app:*"]`):                                        "shared?",
		is("StringLike", "sub", `["Repo:*","repo:*"]`):                                                "shared",
		is("StringEquals", "sub", `"repo:*"`):                                                         "shared?",
		is("StringEquals", "sub", `"*"`):                                                              "shared?",
		is("StringEquals", "sub", `"repo:org/*"`):                                                     "",
		is("StringLike", "sub", `"environment:prod:repository_owner:org"`):                            "shared?",
		is("StringLikeIfExists", "sub", `"repo:org/*"`):                                               "shared?",
		is("ForAllValues:StringLike", "sub", `"repo:org/*"`):                                          "shared?",
		is("ForAllValues:StringLike", "sub", `"repo:*"`):                                              "shared",
		`{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*","token.actions.githubusercontent.com:repository_owner":"org"}}`: "",
		`{"StringLike":{"TOKEN.actions.githubusercontent.com:SUB":"repo:org/*"}}`:                                                          "",
		`{"StringLike":{"gitlab.com:sub":"project_path:org/*"}}`:                                                                           "shared",
		`{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`:                                                                                    "shared",
	} {
		found := JudgeTrust(parse(t, `[`+trustText(github, "sts:AssumeRoleWithWebIdentity", condition)+`]`), own)
		if got := kinds(found); got != want {
			t.Errorf("%s: got %q, want %q: %+v", condition, got, want, found)
		}
	}
}

// TestSharedIssuers: the other providers, each with a claim that fixes the tenant and without.
func TestSharedIssuers(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::111122223333:oidc-provider/"
	for _, c := range []struct{ issuer, operator, claim, value, want string }{
		{arn + "gitlab.com", "", "", "", "shared"},
		{arn + "gitlab.com", "StringEquals", "gitlab.com:aud", "https://gitlab.com", "shared"},
		{arn + "gitlab.com", "StringLike", "gitlab.com:sub", "project_path:group/*", ""},
		{arn + "gitlab.com", "StringLike", "gitlab.com:sub", "project_path:*:ref_type:branch:ref:main", "shared"},
		{arn + "gitlab.com", "StringLike", "gitlab.com:sub", "project_path:group*", "shared?"},
		{arn + "gitlab.example.com", "", "", "", ""},
		{arn + "app.terraform.io", "", "", "", "shared"},
		{arn + "app.terraform.io", "StringEquals", "app.terraform.io:aud", "aws.workload.identity", "shared"},
		{arn + "app.terraform.io", "StringLike", "app.terraform.io:sub", "organization:org:project:*:workspace:*:run_phase:*", ""},
		{arn + "app.terraform.io", "StringLike", "app.terraform.io:sub", "organization:*:project:p:workspace:w:run_phase:*", "shared"},
		{arn + "app.eu.terraform.io", "StringLike", "app.eu.terraform.io:sub", "organization:*", "shared"},
		{"accounts.google.com", "", "", "", "shared"},
		{"accounts.google.com", "StringEquals", "accounts.google.com:aud", "66677788899900pro0", ""},
		{"accounts.google.com", "StringEquals", "accounts.google.com:oaud", "any", "shared?"},
		{arn + "accounts.google.com", "StringLike", "accounts.google.com:aud", "*", "shared"},
		{"www.amazon.com", "", "", "", "shared"},
		{"www.amazon.com", "StringEquals", "www.amazon.com:app_id", "amzn1.application", ""},
		{"graph.facebook.com", "StringEquals", "graph.facebook.com:app_id", "111", ""},
		{"cognito-identity.amazonaws.com", "", "", "", "shared"},
		{"cognito-identity.amazonaws.com", "StringEquals", "cognito-identity.amazonaws.com:aud", "us-east-1:pool", "shared?"},
		{"cognito-identity.amazonaws.com", "ForAnyValue:StringLike", "cognito-identity.amazonaws.com:amr", "authenticated", "shared"},
		{"cognito-identity.amazonaws.com", "StringEquals", "cognito-identity.amazonaws.com:sub", "us-east-1:identity", ""},
		{arn + "agent.buildkite.com", "StringLike", "agent.buildkite.com:sub", "organization:org:pipeline:*", ""},
		{arn + "agent.buildkite.com", "StringLike", "agent.buildkite.com:sub", "organization:*", "shared"},
		{arn + "oidc.codefresh.io", "", "", "", "shared"},
		{arn + "scalr.io", "", "", "", "shared"},
		{arn + "api.pulumi.com/oidc", "StringEquals", "api.pulumi.com/oidc:aud", "aws:org", ""},
		{arn + "oidc.vercel.com", "", "", "", "shared"},
		{arn + "oidc.vercel.com/team", "", "", "", ""},
		{arn + "oidc.circleci.com/org/1", "", "", "", ""},
		{arn + "token.actions.githubusercontent.com/enterprise", "", "", "", ""},
		{arn + "idp.example.com", "", "", "", ""},
		{arn + "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/", "", "", "", "shared"},
		{arn + "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/", "StringEquals", "sts:RoleSessionName", "MicrosoftSentinel_1", ""},
		{arn + "oidc.eks.eu-west-1.amazonaws.com/id/ABC", "", "", "", "cluster"},
		{arn + "oidc.eks.eu-west-1.amazonaws.com/id/ABC", "StringEquals", "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud", "sts.amazonaws.com", "cluster"},
		{arn + "oidc.eks.eu-west-1.amazonaws.com/id/ABC", "StringEquals", "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub", "system:serviceaccount:ns:sa", ""},
		{arn + "oidc.eks.eu-west-1.amazonaws.com/id/ABC", "StringLike", "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub", "system:serviceaccount:*:*", "cluster"},
		{"arn:aws-cn:iam::111122223333:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC", "", "", "", "cluster"},
		{"arn:aws-us-gov:iam::111122223333:oidc-provider/gitlab.com", "", "", "", "shared"},
	} {
		condition := ""
		if c.operator != "" {
			condition = `{"` + c.operator + `":{"` + c.claim + `":"` + c.value + `"}}`
		}
		found := JudgeTrust(parse(t, `[`+trustText(`{"Federated":"`+c.issuer+`"}`, "sts:AssumeRoleWithWebIdentity", condition)+`]`), own)
		if got := kinds(found); got != c.want {
			t.Errorf("%s %s %s: got %q, want %q: %+v", c.issuer, c.claim, c.value, got, c.want, found)
		}
	}
	for _, operator := range []string{"StringEqualsIfExists", "ForAllValues:StringLike", "StringNotEquals"} {
		condition := `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:pool"},"` + operator + `":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`
		found := JudgeTrust(parse(t, `[`+trustText(`{"Federated":"cognito-identity.amazonaws.com"}`, "sts:AssumeRoleWithWebIdentity", condition)+`]`), own)
		if got := kinds(found); got != "shared?" {
			t.Errorf("Cognito, %s amr: got %q", operator, got)
		}
	}
	both := `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:pool"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"`
	for amr, want := range map[string]string{"authenticated": "", "unauthenticated": "shared?", "*": "shared?"} {
		found := JudgeTrust(parse(t, `[`+trustText(`{"Federated":"cognito-identity.amazonaws.com"}`, "sts:AssumeRoleWithWebIdentity", both+amr+`"}}`)+`]`), own)
		if got := kinds(found); got != want {
			t.Errorf("Cognito with amr %s: got %q, want %q", amr, got, want)
		}
	}
}

func TestLetsTake(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]bool{
		`"Effect":"Allow","Action":"sts:AssumeRole"`:                            true,
		`"Effect":"Allow","Action":"STS:Assume*"`:                               true,
		`"Effect":"Allow","Action":["sts:TagSession","sts:AssumeRoleWithSAML"]`: true,
		`"Effect":"Allow","Action":["sts:TagSession","sts:SetSourceIdentity"]`:  false,
		`"Effect":"Deny","Action":"sts:AssumeRole"`:                             false,
	} {
		d, err := Parse([]byte(`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:root"},` + statement + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.LetsTake(); got != want {
			t.Errorf("%s: %v", statement, got)
		}
	}
}
