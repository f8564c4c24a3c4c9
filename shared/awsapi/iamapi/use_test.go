package iamapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/iampolicy"
)

const (
	arnP   = "arn:aws:iam::111122223333:policy/p"
	admin  = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	little = `{"Statement":{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}}`
)

func TestMay(t *testing.T) {
	t.Parallel()
	const action = "iam:SetDefaultPolicyVersion"
	for name, c := range map[string]struct {
		policies []string
		want     bool
	}{
		"everything":            {[]string{admin}, true},
		"wildcard in any case":  {[]string{`{"Statement":{"Effect":"Allow","Action":"IAM:set*","Resource":"arn:aws:iam::*:policy/*"}}`}, true},
		"this policy":           {[]string{`{"Statement":{"Effect":"Allow","Action":"iam:SetDefaultPolicyVersion","Resource":"` + arnP + `"}}`}, true},
		"another policy":        {[]string{`{"Statement":{"Effect":"Allow","Action":"iam:SetDefaultPolicyVersion","Resource":"` + arnP + `2"}}`}, false},
		"resource's case":       {[]string{`{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::111122223333:policy/P"}}`}, false},
		"NotAction spares it":   {[]string{`{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`}, false},
		"NotAction includes it": {[]string{`{"Statement":{"Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:s3:::*"}}`}, true},
		"denied":                {[]string{admin, `{"Statement":{"Effect":"Deny","Action":"iam:SetDefault*","Resource":"*"}}`}, false},
		"denied on a condition": {[]string{admin, `{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}}`}, true},
		"denied elsewhere":      {[]string{admin, `{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:role/*"}}`}, true},
		"other action":          {[]string{little}, false},
		"no policy":             {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var docs []iampolicy.Document
			for _, p := range c.policies {
				d, err := iampolicy.Parse([]byte(p))
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, d)
			}
			if got := may(docs, action, arnP); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestUseOf(t *testing.T) {
	t.Parallel()
	a := authorizations{
		documents: map[string]string{arnP: admin, "arn:other": `%7B"Statement":{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"*"}%7D`},
		principals: []principal{
			{kind: "user", name: "ann", arn: "arn:ann", groups: []string{"builders"}},
			{kind: "user", name: "bob", arn: "arn:bob", managed: []string{"arn:other"}, boundary: arnP},
			{kind: "role", name: "deploy", arn: "arn:deploy", managed: []string{arnP}},
			{kind: "role", name: "help", arn: "arn:help", managed: []string{"arn:aws:iam::aws:policy/IAMFullAccess"}},
			{kind: "group", name: "builders", arn: "arn:builders", managed: []string{arnP}},
		},
	}
	use := a.useOf(arnP, little)
	want := PolicyUse{
		Attachments: []Attachment{
			{Kind: "group", Name: "builders", ARN: "arn:builders"},
			{Kind: "role", Name: "deploy", ARN: "arn:deploy"},
			{Kind: "user", Name: "ann", ARN: "arn:ann", Via: "builders"},
			{Kind: "user", Name: "bob", ARN: "arn:bob", Boundary: true},
		},
		CanSwitchBack:      []string{"role help", "user bob"},
		LastAdministrators: []string{"role deploy", "user ann"},
	}
	if diff := cmp.Diff(want, use); diff != "" {
		t.Error(diff)
	}
	// Somebody whom a boundary caps administers nothing.
	a.principals = append(a.principals, principal{kind: "role", name: "capped", boundary: arnP, managed: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}})
	if use = a.useOf(arnP, little); len(use.LastAdministrators) == 0 {
		t.Error("a capped administrator counts as one")
	}
	a.principals = a.principals[:len(a.principals)-1]
	// The document stays the one that was read; and with another administrator nobody is the last one.
	a.principals = append(a.principals, principal{kind: "role", name: "ops", managed: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}})
	if use = a.useOf(arnP, little); use.LastAdministrators != nil || a.documents[arnP] != admin {
		t.Errorf("last administrators %v, document %s", use.LastAdministrators, a.documents[arnP])
	}
	if diff := cmp.Diff([]string{"role help", "role ops", "user bob"}, use.CanSwitchBack); diff != "" {
		t.Error(diff)
	}
}

func TestOwnedByAWS(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:iam::aws:policy/AdministratorAccess":            "AdministratorAccess",
		"arn:aws-cn:iam::aws:policy/job-function/DataScientist":  "DataScientist",
		"arn:aws:iam::111122223333:policy/AdministratorAccess":   "",
		"arn:aws:iam::111122223333:policy/aws:policy/Misleading": "",
	} {
		if name, owned := awsOwned(arn); owned != (want != "") || owned && name != want {
			t.Errorf("%s: %q, %v; want %q", arn, name, owned, want)
		}
	}
}
