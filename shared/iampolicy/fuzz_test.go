package iampolicy

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/shoreup/shoreup/shared/wildcard"
)

var seeds = []string{
	`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`,
	"{\"Statement\" : [ {\"Effect\":\"Allow\",\"Action\":\"*\"} ,\n {\"Effect\":\"Deny\",\"NotAction\":[\"a:b\"],\"NotResource\":\"x\"}],\"Id\":\"\"}",
	`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["AROAJQABLZS4A3QDU576Q","${x}"],"Federated":"arn:aws:iam::1:oidc-provider/gitlab.com"},"Action":"sts:*","Condition":{"StringLikeIfExists":{"gitlab.com:sub":["project_path:*",1,true]},"IpAddress":{"aws:SourceIp":"::ffff:1.2.3.4/0"},"ForAllValues:StringEquals":{"aws:userid":"\u002a"}}}]}`,
	"\xef\xbb\xbf{\"Statement\":[]}",
	`%7B%22Statement%22%3A%5B%5D%7D`,
	`[[[[`, `{"a":1,"a":2}`, `{"Statement":null}`, "",
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Source(), data) {
			t.Fatal("the source is not the input")
		}
		for _, s := range d.Statements {
			if !json.Valid(s.Raw()) {
				t.Fatalf("statement %d is not JSON: %q", s.Index, s.Raw())
			}
			for kind := Generic; kind <= Lambda; kind++ {
				if e := JudgePublic(s, kind); (e.Reason == "") != (e.Verdict == NotPublic) || !s.Allow && e.Verdict != NotPublic {
					t.Fatalf("exposure %+v of %q", e, s.Raw())
				}
				StatementGrantees(s, kind, "111122223333")
			}
		}
		PublicStatements(d, S3Bucket)
		for _, finding := range JudgeIdentity(d, d) {
			if finding.Rung < Admin || len(finding.Statements) == 0 || len(finding.Actions) == 0 || finding.Reason == "" {
				t.Fatalf("finding %+v", finding)
			}
		}
		for _, finding := range JudgeTrust(d, "111122223333") {
			if finding.Kind < Open || len(finding.Principals) == 0 || finding.Reason == "" {
				t.Fatalf("finding %+v", finding)
			}
		}
		EnforcesTLS(d, "arn:aws:s3:::b")
		again, err := ParseURLEncoded(string(data))
		if err != nil || !bytes.Equal(again.src, d.src) {
			t.Fatalf("a plain document was decoded: %v", err)
		}
	})
}

func FuzzParseURLEncoded(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseURLEncoded(text); err == nil {
			if _, err := Parse(d.Source()); err != nil {
				t.Fatalf("the decoded source does not parse: %v", err)
			}
		}
	})
}

// FuzzEdit: what Without and WithStatement give holds exactly the wanted statements, byte for byte.
func FuzzEdit(f *testing.F) {
	for i, s := range seeds {
		f.Add([]byte(s), uint64(i))
	}
	added := []byte(`{"Effect":"Deny","Action":"x:y"}`)
	f.Fuzz(func(t *testing.T, data []byte, drop uint64) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		var indexes []int
		var want [][]byte
		for _, s := range d.Statements {
			if drop>>(s.Index%64)&1 == 1 {
				indexes = append(indexes, s.Index)
			} else {
				want = append(want, s.Raw())
			}
		}
		out, empty, err := d.Without(indexes...)
		if err != nil || empty != (len(want) == 0) {
			t.Fatalf("Without(%v): empty %v, %v", indexes, empty, err)
		}
		if !empty {
			checkRaw(t, out, want)
			if len(indexes) == 0 && !bytes.Equal(out, data) {
				t.Fatalf("nothing removed, yet %q became %q", data, out)
			}
		}
		out, err = d.WithStatement(added)
		if err != nil {
			if len(data)+len(added) >= maxBytes {
				return
			}
			t.Fatalf("WithStatement(%q): %v", data, err)
		}
		all := make([][]byte, 0, len(d.Statements)+1)
		for _, s := range d.Statements {
			all = append(all, s.Raw())
		}
		checkRaw(t, out, append(all, added))
	})
}

// FuzzWithoutAnyone: the principals beside "*" and wildcards for any account stay, and so does everything else.
func FuzzWithoutAnyone(f *testing.F) {
	f.Add([]byte(`{"Statement":[{"Effect":"Deny","Action":"a:b"},{"Effect":"Allow","Principal":{"AWS":["\u002a","1"],"Service":"x"},"Action":"a:b"}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Principal":{ "Service":["x"] , "AWS" : "*" },"NotAction":"a:b"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		for _, s := range d.Statements {
			beside := s.BesideAnyone()
			text, err := d.WithoutAnyone(s.Index)
			if (err != nil) != (len(beside) == 0) {
				t.Fatalf("statement %d of %q: %v", s.Index, data, err)
			}
			if err != nil {
				continue
			}
			again, err := Parse(text)
			if err != nil || !slices.Equal(again.Statements[s.Index].Principals, beside) {
				t.Fatalf("%q became %q: %v", data, text, err)
			}
			for i, other := range again.Statements {
				if i != s.Index && !bytes.Equal(other.Raw(), d.Statements[i].Raw()) {
					t.Fatalf("statement %d changed: %q", i, text)
				}
			}
		}
	})
}

func checkRaw(t *testing.T, doc []byte, want [][]byte) {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatalf("parsing %q: %v", doc, err)
	}
	if len(d.Statements) != len(want) {
		t.Fatalf("%q has %d statements, want %d", doc, len(d.Statements), len(want))
	}
	for i, s := range d.Statements {
		if !bytes.Equal(s.Raw(), want[i]) {
			t.Fatalf("statement %d is %q, want %q", i, s.Raw(), want[i])
		}
	}
}

// FuzzGlob holds the pattern relations against the matcher.
func FuzzGlob(f *testing.F) {
	f.Add("a*b?", "a*bc", "axbc")
	f.Add("*?", "?*", "x")
	f.Add("**", "", "")
	f.Fuzz(func(t *testing.T, big, small, text string) {
		if len(big)+len(small)+len(text) > 200 {
			return
		}
		inBig, inSmall := wildcard.Match(big, text), wildcard.Match(small, text)
		if covers(big, small) && inSmall && !inBig {
			t.Fatalf("covers(%q, %q), yet %q matches the second only", big, small, text)
		}
		if inBig && inSmall && !overlaps(big, small) {
			t.Fatalf("%q matches %q and %q, yet they do not overlap", text, big, small)
		}
		if !covers(big, big) || !covers("*", small) || overlaps(big, small) != overlaps(small, big) {
			t.Fatalf("relations of %q and %q", big, small)
		}
		if !hasWildcard(text) && covers(big, text) != inBig {
			t.Fatalf("covers(%q, %q) differs from the matcher", big, text)
		}
	})
}
