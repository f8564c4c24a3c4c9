package iampolicy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/canon"
)

// openBeside lets in everybody, beside a harmless statement with this condition.
func openBeside(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},` +
		`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":` + condition + `}]}`
}

// What has no canonical form is kept as text and judged all the same.
func TestValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		quoted bool // it stands in a state as text
		open   int  // statements that are public
		fails  bool // it is no policy
	}{
		"plain":                       {openBeside(`{"NumericGreaterThan":{"s3:max-keys":1000}}`), false, 1, false},
		"a fraction":                  {openBeside(`{"NumericGreaterThan":{"s3:max-keys":1000.5}}`), false, 1, false},
		"a number beyond all":         {openBeside(`{"NumericGreaterThan":{"s3:max-keys":1e400}}`), true, 1, false},
		"a long integer":              {openBeside(`{"NumericGreaterThan":{"s3:max-keys":12345678901234567890}}`), true, 1, false},
		"just beyond 2^53":            {openBeside(`{"NumericGreaterThan":{"s3:max-keys":[1,9007199254740993]}}`), true, 1, false},
		"keys equal but for case":     {openBeside(`{"StringEquals":{"s3:prefix":"a"},"stringequals":{"s3:delimiter":"/"}}`), true, 1, false},
		"spaces before":               {" \n" + openBeside(`{"NumericGreaterThan":{"s3:max-keys":1e400}}`), true, 1, false},
		"nothing wrong, odd number":   {strings.Replace(openBeside(`{"NumericGreaterThan":{"s3:max-keys":1e400}}`), `"*"`, `{"AWS":"111122223333"}`, 1), true, 0, false},
		"no JSON":                     {`{"Statement":`, true, 0, true},
		"a list":                      {`[]`, true, 0, true},
		"a text":                      {`"x"`, true, 0, true},
		"a policy in a text":          {`"{\"Statement\":[]}"`, true, 0, true},
		"nothing":                     {"", false, 0, true},
		"an element of nobody":        {`{"Statement":{"Effect":"Allow","Principals":"*","Action":"*"}}`, false, 0, true},
		"a key that stands twice":     {`{"Statement":[],"Statement":[]}`, false, 0, true},
		"not UTF-8":                   {"{\"Statement\":[],\"Id\":\"\xff\"}", true, 0, true},
		"a byte order mark before it": {"\xef\xbb\xbf" + `{"Statement":[]}`, true, 0, false},
	} {
		v := Value(c.text)
		if quoted := strings.HasPrefix(string(v), `"`); quoted != c.quoted {
			t.Errorf("%s: stands as %s", name, v)
		}
		if _, err := canon.Stable(struct{ Policy json.RawMessage }{v}); err != nil {
			t.Errorf("%s: has no fingerprint: %v", name, err)
		}
		doc, err := ParseValue(v)
		if (err != nil) != c.fails || len(PublicStatements(doc, S3Bucket)) != c.open {
			t.Errorf("%s: %d public statements, %v", name, len(PublicStatements(doc, S3Bucket)), err)
		}
	}
}

func FuzzValue(f *testing.F) {
	f.Add(openBeside(`{"NumericGreaterThan":{"s3:max-keys":1e400}}`))
	f.Add(openBeside(`{"StringEquals":{"s3:prefix":"a"},"stringequals":{"s3:delimiter":"/"}}`))
	f.Add(`{"Statement":[]}`)
	f.Add(`"{}"`)
	f.Fuzz(func(t *testing.T, text string) {
		v := Value(text)
		if _, err := canon.Stable(struct{ Policy json.RawMessage }{v}); err != nil {
			t.Fatalf("no fingerprint: %v", err)
		}
		got, gotErr := ParseValue(v)
		want, wantErr := Parse([]byte(text))
		if (gotErr == nil) != (wantErr == nil) || len(got.Statements) != len(want.Statements) {
			t.Fatalf("as a value: %d statements, %v; as text: %d, %v", len(got.Statements), gotErr, len(want.Statements), wantErr)
		}
	})
}
