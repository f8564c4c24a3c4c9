package iamapi

import (
	"strconv"
	"strings"
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

func TestBoundaryOnly(t *testing.T) {
	t.Parallel()
	bound, held := Attachment{Kind: "role", Name: "a", Boundary: true}, Attachment{Kind: "role", Name: "b"}
	for _, c := range []struct {
		use  []Attachment
		want bool
	}{{nil, false}, {[]Attachment{bound}, true}, {[]Attachment{bound, held}, false}, {[]Attachment{held}, false}} {
		if got := (PolicyUse{Attachments: c.use}).BoundaryOnly(); got != c.want {
			t.Errorf("%v: got %v", c.use, got)
		}
	}
}

func TestListed(t *testing.T) {
	t.Parallel()
	names := strings.Fields("a b c d e f g h i j k l")
	for n, want := range map[int]string{0: "", 1: "a", 10: "a, b, c, d, e, f, g, h, i, j", 12: "a, b, c, d, e, f, g, h, i, j and 2 more"} {
		if got := listed(names[:n]); got != want {
			t.Errorf("%d names: %q", n, got)
		}
	}
}

func TestSpareIsTheOldestThatIsTooBroad(t *testing.T) {
	t.Parallel()
	keys := allow("iam:CreateAccessKey", "*")
	for _, c := range []struct {
		texts []string
		want  string
		why   string
	}{
		{[]string{little, little, admin, keys}, "v3", "itself too broad"},
		{[]string{little, keys, admin, little}, "v2", "itself too broad"},
		{[]string{little, little, little, little}, "v1", "none of the others is too broad"},
	} {
		var others []Version
		for i, text := range c.texts {
			others = append(others, Version{ID: "v" + strconv.Itoa(i+1), Text: text})
		}
		got := spareOf(others)
		notes := strings.Join(PolicyUse{Spare: got}.Notes(DefaultVersion{ID: "v5"}), "; ")
		if got.ID != c.want || !strings.Contains(notes, c.why) {
			t.Errorf("%v: %s, want %s; notes %s", c.texts, got.ID, c.want, notes)
		}
	}
}
