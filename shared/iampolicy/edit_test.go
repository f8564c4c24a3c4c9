package iampolicy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	stA = `{"Sid":"a" , "Effect":"Allow","Action":"a:a"}`
	stB = "{\n    \"Effect\": \"Deny\",\n    \"Action\": \"b:b\"}"
	stC = `{"Sid":"c","Effect":"Allow","Action":"c:c"}`
)

func TestWithout(t *testing.T) {
	t.Parallel()
	three := `{ "Version":"2012-10-17", "Statement" : [ ` + stA + ` ,  ` + stB + "\n,\t" + stC + ` ] ,"Id":"x" }`
	object := `{"Statement":` + stA + `,"Version":"2012-10-17"}`
	for name, c := range map[string]struct {
		doc   string
		drop  []int
		want  string
		empty bool
	}{
		"none":      {three, nil, three, false},
		"first":     {three, []int{0}, `{ "Version":"2012-10-17", "Statement" : [ ` + stB + "\n,\t" + stC + ` ] ,"Id":"x" }`, false},
		"middle":    {three, []int{1}, `{ "Version":"2012-10-17", "Statement" : [ ` + stA + "\n,\t" + stC + ` ] ,"Id":"x" }`, false},
		"last":      {three, []int{2}, `{ "Version":"2012-10-17", "Statement" : [ ` + stA + ` ,  ` + stB + ` ] ,"Id":"x" }`, false},
		"two":       {three, []int{2, 0}, `{ "Version":"2012-10-17", "Statement" : [ ` + stB + ` ] ,"Id":"x" }`, false},
		"twice":     {three, []int{0, 0, 1}, `{ "Version":"2012-10-17", "Statement" : [ ` + stC + ` ] ,"Id":"x" }`, false},
		"all":       {three, []int{0, 1, 2}, "", true},
		"object":    {object, []int{0}, "", true},
		"no change": {object, nil, object, false},
		"no list":   {`{"Statement":[]}`, nil, "", true},
		"BOM stays": {"\xef\xbb\xbf" + `{"Statement":[` + stA + `,` + stC + `]}`, []int{1}, "\xef\xbb\xbf" + `{"Statement":[` + stA + `]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, empty, err := parse(t, c.doc).Without(c.drop...)
			if err != nil || empty != c.empty || string(got) != c.want {
				t.Errorf("got %q %v %v, want %q %v", got, empty, err, c.want, c.empty)
			}
		})
	}
	for _, i := range []int{-1, 3} {
		if _, _, err := parse(t, three).Without(i); err == nil || !strings.Contains(err.Error(), "removing statement") {
			t.Errorf("index %d: %v", i, err)
		}
	}
}

func TestWithStatement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"object becomes a list": {`{"Statement": ` + stA + ` ,"Id":"x"}`, `{"Statement": [` + stA + `,` + stC + `] ,"Id":"x"}`},
		"empty list":            {`{"Statement":[ ]}`, `{"Statement":[` + stC + ` ]}`},
		"one":                   {"{\"Statement\":[\n  " + stA + "\n]}", "{\"Statement\":[\n  " + stA + ",\n  " + stC + "\n]}"},
		"two":                   {`{"Statement":[` + stA + ` ,  ` + stB + ` ]}`, `{"Statement":[` + stA + ` ,  ` + stB + ` ,  ` + stC + ` ]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(t, c.doc).WithStatement([]byte(" " + stC + "\n"))
			if err != nil || string(got) != c.want {
				t.Errorf("got %q %v, want %q", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"", "{", "[]", `{"Effect":"Allow"}`, stA + "," + stB, `{"Effect":"Allow","Action":"*","x":1}`} {
		if _, err := parse(t, `[`+stA+`]`).WithStatement([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, err := (Document{}).WithStatement([]byte(stA)); err == nil {
		t.Error("the zero document was accepted")
	}
}

func TestUniqueSid(t *testing.T) {
	t.Parallel()
	d := parse(t, `[{"Sid":"TLS","Effect":"Deny","Action":"*"},{"Sid":"TLS2","Effect":"Deny","Action":"*"}]`)
	for base, want := range map[string]string{"TLS": "TLS3", "Other": "Other", "T-L S": "TLS3", "é1": "1"} {
		if got := UniqueSid(d, base); got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
	}
}

func TestDeletedPrincipals(t *testing.T) {
	t.Parallel()
	d := parse(t, `[`+allowText(`{"AWS":["arn:aws:iam::111122223333:role/AROAx","AROAJQABLZS4A3QDU576Q"]}`, "")+`,`+
		`{"Effect":"Deny","NotPrincipal":{"AWS":"AIDAJQABLZS4A3QDU576Q"},"Action":"*","Resource":"*"},`+
		allowText(`{"AWS":["111122223333","*"],"Service":"AROAJQABLZS4A3QDU576Q","CanonicalUser":"ANPAJQABLZS4A3QDU576Q"}`, "")+`,`+
		allowText(`{"AWS":["ANPAJQABLZS4A3QDU576Q","arn:aws:iam::cloudfront:user/AIDA1"]}`, "")+`]`)
	want := []DeletedPrincipal{{0, "AROAJQABLZS4A3QDU576Q"}, {1, "AIDAJQABLZS4A3QDU576Q"}, {3, "ANPAJQABLZS4A3QDU576Q"}}
	if diff := cmp.Diff(want, d.DeletedPrincipals()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
