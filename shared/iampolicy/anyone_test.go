package iampolicy

import (
	"strings"
	"testing"
)

func TestWithoutAnyone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal string
		want      string // empty: an error
	}{
		"first":                 {`{"AWS":["*","arn:aws:iam::111122223333:root"]}`, `{"AWS":["arn:aws:iam::111122223333:root"]}`},
		"last":                  {`{"AWS": [ "111122223333" , "*" ] }`, `{"AWS": ["111122223333"] }`},
		"beside a service":      {`{"Service":"s3.amazonaws.com","AWS":["111122223333","*","444455556666"]}`, `{"Service":"s3.amazonaws.com","AWS":["111122223333","444455556666"]}`},
		"in other letters":      {`{"AWS":["\u002a","111122223333"]}`, `{"AWS":["111122223333"]}`},
		"twice":                 {`{"AWS":["*","111122223333","*"]}`, `{"AWS":["111122223333"]}`},
		"star, then service":    {`{"AWS":"*","Service":"s3.amazonaws.com"}`, `{"Service":"s3.amazonaws.com"}`},
		"service, then star":    {`{ "Service" : "s3.amazonaws.com" , "AWS" : ["*"] }`, `{ "Service" : "s3.amazonaws.com"  }`},
		"star between":          {`{"Service":"s3.amazonaws.com","AWS":["*","*"],"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, `{"Service":"s3.amazonaws.com","CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`},
		"star, space, service":  {`{ "AWS": "*" , "Service":"s3.amazonaws.com" }`, `{  "Service":"s3.amazonaws.com" }`},
		"a role of any account": {`{"AWS":["arn:aws:iam::*:role/x","arn:aws:iam::111122223333:role/y"]}`, `{"AWS":["arn:aws:iam::111122223333:role/y"]}`},
		"both, and in pieces":   {`{"AWS":["*","arn:aws:iam::??????????*:root","111122223333"]}`, `{"AWS":["111122223333"]}`},
		"any account, service":  {`{"AWS":"arn:aws:iam::*:root","Service":"s3.amazonaws.com"}`, `{"Service":"s3.amazonaws.com"}`},
		"alone":                 {`{"AWS":["*"]}`, ``},
		"a wildcard alone":      {`{"AWS":["arn:aws:iam::*:root","*"]}`, ``},
		"bare":                  {`"*"`, ``},
		"not there":             {`{"AWS":["111122223333"]}`, ``},
	} {
		before := `{ "Version":"2012-10-17", "Statement":[ {"Sid":"Other","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"},` + "\n" +
			`{"Effect":"Allow","Condition":{"Bool":{"aws:SecureTransport":true}}, "Principal": ` + c.principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
		d, err := Parse([]byte(before))
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.WithoutAnyone(1)
		if want := strings.Replace(before, c.principal+",", c.want+",", 1); c.want != "" && (err != nil || string(got) != want) {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, want)
		}
		if c.want == "" && err == nil {
			t.Errorf("%s: %s, want an error", name, got)
		}
		if c.want != "" {
			if again, err := Parse(got); err != nil || len(PublicStatements(again, S3Bucket)) != 0 {
				t.Errorf("%s: still public or unreadable: %v", name, err)
			}
		}
	}
}

// TestOpening: what has to go of open statements.
func TestOpening(t *testing.T) {
	t.Parallel()
	const gone = "AROAJQABLZS4A3QDU576Q"
	fine := func(s Statement) bool { return JudgePublic(s, S3Bucket).Verdict == NotPublic }
	one := func(principal string) string {
		return `{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"*"}`
	}
	for name, c := range map[string]struct {
		principal     string
		whole, narrow int
	}{
		"everybody":                    {`"*"`, 1, 0},
		"a partner beside":             {`{"AWS":["*","111122223333"]}`, 0, 1},
		"a service beside":             {`{"AWS":"*","Service":"s3.amazonaws.com"}`, 0, 1},
		"somebody deleted beside":      {`{"AWS":["*","` + gone + `"]}`, 1, 0},
		"a partner and one deleted":    {`{"AWS":["*","111122223333","` + gone + `"]}`, 0, 1},
		"a partner beside a wildcard":  {`{"AWS":["arn:aws:iam::*:role/x","arn:aws:iam::111122223333:role/y"]}`, 0, 1},
		"beside somebody just as open": {`{"AWS":["*","arn:aws:iam::*:root"]}`, 1, 0},
		"everybody of another kind":    {`{"AWS":"111122223333","CanonicalUser":"*"}`, 1, 0},
	} {
		d := parse(t, `[`+one(c.principal)+`,`+one(`{"AWS":"444455556666"}`)+`]`)
		o := d.Opening([]int{0}, fine)
		if len(o.Whole) != c.whole || len(o.Narrow) != c.narrow {
			t.Errorf("%s: whole %v, narrow %v", name, o.Whole, o.Narrow)
		}
		text, empty, err := o.Closed()
		if err != nil || empty {
			t.Errorf("%s: empty %v, %v", name, empty, err)
			continue
		}
		if left := PublicStatements(parse(t, string(text)), S3Bucket); len(left) > 0 {
			t.Errorf("%s: %s is still public", name, text)
		}
	}
	if _, empty, err := parse(t, `[`+one(`"*"`)+`]`).Opening([]int{0}, fine).Closed(); !empty || err != nil {
		t.Errorf("nothing would remain: empty %v, %v", empty, err)
	}
}
