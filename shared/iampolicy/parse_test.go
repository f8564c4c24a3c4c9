package iampolicy

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseForms(t *testing.T) {
	t.Parallel()
	full := Statement{
		Sid: "A", Allow: true, Principals: []Principal{{AWS, "1"}, {Service, "s3.amazonaws.com"}},
		Actions: []string{"s3:GetObject"}, Resources: []string{"*"},
		Conditions: []Condition{{Operator: "stringequals", Quantifier: ForAnyValue, IfExists: true, Key: "aws:sourcevpc", Values: []string{"v"}}},
	}
	for name, c := range map[string]struct {
		text string
		want Statement
	}{
		"single values": {`{"Statement":{"Sid":"A","Effect":"Allow","Principal":{"AWS":"1","Service":"s3.amazonaws.com"},"Action":"s3:GetObject","Resource":"*",
			"Condition":{"ForAnyValue:StringEqualsIfExists":{"aws:SourceVpc":"v"}}}}`, full},
		"lists": {`{"Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["1"],"Service":["s3.amazonaws.com"]},"Action":["s3:GetObject"],"Resource":["*"],
			"Condition":{"foranyvalue:stringequalsifexists":{"AWS:SOURCEVPC":["v"]}}}]}`, full},
		"Not forms": {`{"Statement":{"Effect":"Deny","NotPrincipal":"*","NotAction":"a:b","NotResource":["x","y"]}}`, Statement{
			NotPrincipals: []Principal{{Anyone, "*"}}, NotActions: []string{"a:b"}, NotResources: []string{"x", "y"}}},
		"booleans and numbers": {`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a":true},"NumericEquals":{"b":[1.5,"2"]}}}}`, Statement{
			Allow: true, Actions: []string{"*"}, Conditions: []Condition{
				{Operator: "bool", Key: "a", Values: []string{"true"}}, {Operator: "numericequals", Key: "b", Values: []string{"1.5", "2"}}}}},
		"escapes":         {`{"Statement":{"Effect":"All\u006fw","\u0041ction":"\u002a"}}`, Statement{Allow: true, Actions: []string{"*"}}},
		"byte order mark": {"\xef\xbb\xbf \n{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\"}}\n ", Statement{Allow: true, Actions: []string{"*"}}},
		"principal list": {`{"Statement":{"Effect":"Allow","Action":"*","Principal":["*","123456789012"]}}`, Statement{
			Allow: true, Actions: []string{"*"}, Principals: []Principal{{Anyone, "*"}, {AWS, "123456789012"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, c.text).Statements[0]
			opts := []cmp.Option{cmpopts.IgnoreUnexported(Statement{}, Condition{})}
			if diff := cmp.Diff(c.want, got, opts...); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseDocument(t *testing.T) {
	t.Parallel()
	one := `{ "Effect":"Allow", "Action":"a:b" }`
	two := "{\n \"Action\" : \"c:d\",\"Effect\":\"Deny\"}"
	text := `{"Version":"2008-10-17","Id":"x","Statement":[ ` + one + ` , ` + two + `]}`
	d := parse(t, text)
	if d.Version != "2008-10-17" || d.ID != "x" || string(d.Source()) != text {
		t.Errorf("got %q %q %q", d.Version, d.ID, d.Source())
	}
	if got := []string{string(d.Statements[0].Raw()), string(d.Statements[1].Raw())}; got[0] != one || got[1] != two || d.Statements[1].Index != 1 {
		t.Errorf("raw statements: %q", got)
	}
	if d := parse(t, `{"Statement":[]}`); len(d.Statements) != 0 {
		t.Errorf("empty list: %+v", d)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	ok := `"Effect":"Allow","Action":"*"`
	for name, c := range map[string]struct{ text, say string }{
		"empty":                   {``, "not one JSON value"},
		"not JSON":                {`hello`, "not one JSON value"},
		"text after the end":      {`{"Statement":[]} x`, "not one JSON value"},
		"a list":                  {`[]`, "a policy is a JSON object"},
		"a string":                {`"x"`, "a policy is a JSON object"},
		"no Statement":            {`{"Version":"2012-10-17"}`, "no Statement"},
		"Statement is a string":   {`{"Statement":"x"}`, "a statement is a JSON object"},
		"Statement is null":       {`{"Statement":null}`, "a statement is a JSON object"},
		"wrong case at the top":   {`{"statement":[]}`, `write "Statement"`},
		"unknown element":         {`{"Statement":[],"Extra":1}`, `unknown name "Extra"`},
		"wrong version":           {`{"Version":"2013-01-01","Statement":[]}`, "neither 2012-10-17"},
		"wrong case of a element": {`{"Statement":{"effect":"Allow","Action":"*"}}`, `write "Effect"`},
		"wrong case of Allow":     {`{"Statement":{"Effect":"allow","Action":"*"}}`, "neither Allow nor Deny"},
		"no Effect":               {`{"Statement":{"Action":"*"}}`, "no Effect"},
		"no Action":               {`{"Statement":{"Effect":"Allow"}}`, "neither Action nor NotAction"},
		"Action and NotAction":    {`{"Statement":{` + ok + `,"NotAction":"x:y"}}`, "both Action"},
		"both Resource forms":     {`{"Statement":{` + ok + `,"Resource":"*","NotResource":"*"}}`, "both Resource"},
		"both Principal forms":    {`{"Statement":{` + ok + `,"Principal":"*","NotPrincipal":"*"}}`, "both Principal"},
		"Action is a number":      {`{"Statement":{"Effect":"Allow","Action":1}}`, "want a string"},
		"Action is null":          {`{"Statement":{"Effect":"Allow","Action":null}}`, "want a string"},
		"nested list":             {`{"Statement":{"Effect":"Allow","Action":[["*"]]}}`, "want a string"},
		"principal type":          {`{"Statement":{` + ok + `,"Principal":{"aws":"*"}}}`, `write "AWS"`},
		"unknown principal type":  {`{"Statement":{` + ok + `,"Principal":{"Group":"*"}}}`, "unknown name"},
		"principal is a number":   {`{"Statement":{` + ok + `,"Principal":1}}`, "want a string, a list or an object"},
		"condition is a list":     {`{"Statement":{` + ok + `,"Condition":[]}}`, "want an object of operators"},
		"operator is a string":    {`{"Statement":{` + ok + `,"Condition":{"Bool":"x"}}}`, "want an object of keys"},
		"condition value object":  {`{"Statement":{` + ok + `,"Condition":{"Bool":{"a":{}}}}}`, "want a string"},
		"condition value null":    {`{"Statement":{` + ok + `,"Condition":{"Bool":{"a":null}}}}`, "want a string"},
		"duplicate key":           {`{"Statement":{` + ok + `,"Effect":"Deny"}}`, `"Effect" stands twice`},
		"duplicate, escaped":      {`{"Statement":[],"\u0053tatement":[]}`, `"Statement" stands twice`},
		"duplicate condition key": {`{"Statement":{` + ok + `,"Condition":{"Bool":{"aws:x":"1","AWS:X":"2"}}}}`, "stands twice"},
		"invalid UTF-8":           {"{\"Statement\":[],\"Id\":\"\xff\"}", "UTF-8"},
		"too deep":                {strings.Repeat("[", 100) + strings.Repeat("]", 100), "deeper"},
		"far too deep":            {strings.Repeat("[", 100000), "not one JSON value"},
		"too long":                {strings.Repeat(" ", maxBytes) + `{}`, "bytes"},
		"single object no Effect": {`{"Statement":[{` + ok + `},{}]}`, "statement 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.say) || !strings.HasPrefix(err.Error(), "parsing policy: ") {
				t.Errorf("got error %v, want one with %q", err, c.say)
			}
		})
	}
}

func TestParseURLEncoded(t *testing.T) {
	t.Parallel()
	plain := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a+b/%2F ü"}}`
	for name, text := range map[string]string{
		"plain":                 plain,
		"percent-encoded":       strings.ReplaceAll(url.QueryEscape(plain), "+", "%20"),
		"form-encoded":          strings.ReplaceAll(url.QueryEscape(plain), "%3A", ":"),
		"percent, small digits": strings.ToLower(strings.ReplaceAll(url.QueryEscape(`{"Statement":[]}`), "+", "%20")),
	} {
		d, err := ParseURLEncoded(text)
		switch {
		case name == "percent, small digits":
			if err == nil {
				t.Errorf("%s: the element name is small, yet there is no error", name)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case name != "form-encoded" && d.Statements[0].Resources[0] != "arn:aws:s3:::a+b/%2F ü":
			t.Errorf("%s: resource %q", name, d.Statements[0].Resources[0])
		}
	}
	for _, text := range []string{"", "%", "%7B", "%zz{}", "{", "+"} {
		if _, err := ParseURLEncoded(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	spaced := `%7B+%22Statement%22+%3A+%5B%5D+%7D`
	if d, err := ParseURLEncoded(spaced); err != nil || string(d.Source()) != `{ "Statement" : [] }` {
		t.Errorf("plus for space: %q %v", d.Source(), err)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	d := parse(t, `[{"Effect":"Deny","Action":"*"},{"Sid":"A","Effect":"Deny","Action":"*"}]`)
	if a, b := d.Statements[0].Name(), d.Statements[1].Name(); a != "policy statement 1" || b != `policy statement 2 (Sid "A")` {
		t.Errorf("got %q and %q", a, b)
	}
}
