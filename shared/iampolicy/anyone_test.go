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
		"first":            {`{"AWS":["*","arn:aws:iam::111122223333:root"]}`, `{"AWS":["arn:aws:iam::111122223333:root"]}`},
		"last":             {`{"AWS": [ "111122223333" , "*" ] }`, `{"AWS": ["111122223333"] }`},
		"beside a service": {`{"Service":"s3.amazonaws.com","AWS":["111122223333","*","444455556666"]}`, `{"Service":"s3.amazonaws.com","AWS":["111122223333","444455556666"]}`},
		"twice":            {`{"AWS":["*","111122223333","*"]}`, `{"AWS":["111122223333"]}`},
		"alone":            {`{"AWS":["*"]}`, ``},
		"bare":             {`"*"`, ``},
		"not there":        {`{"AWS":["111122223333"]}`, ``},
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
