package blueprint_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

func parse(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, have string
		fits       bool
	}{
		"the same":                    {`{"a":["b",{"exists":false}]}`, `{"a":["b",{"exists":false}]}`, true},
		"in another order":            {`["a","b"]`, `["b","a"]`, true},
		"one element less":            {`["a","b"]`, `["a"]`, false},
		"one element more":            {`["a"]`, `["a","b"]`, false},
		"twice the same":              {`["a","b"]`, `["a","a"]`, false},
		"one for a list of one":       {`{"Action":["a"]}`, `{"Action":"a"}`, true},
		"a list of one for one":       {`{"Action":"a"}`, `{"Action":["a"]}`, true},
		"a list of two for one":       {`{"Action":"a"}`, `{"Action":["a","b"]}`, false},
		"a key more":                  {`{"a":1}`, `{"a":1,"b":2}`, false},
		"a key less":                  {`{"a":1,"b":2}`, `{"a":1}`, false},
		"truth as text":               {`{"Bool":{"x":true}}`, `{"Bool":{"x":"true"}}`, true},
		"another truth":               {`{"exists":false}`, `{"exists":true}`, false},
		"an open part":                {`"arn:aws:iam::${AWS::AccountId}:role/x"`, `"arn:aws:iam::111122223333:role/x"`, true},
		"an open part and other text": {`"arn:aws:iam::${AWS::AccountId}:role/x"`, `"arn:aws:iam::111122223333:role/y"`, false},
		"dots are dots":               {`"a.b${X}"`, `"aXbc"`, false},
		"text for an object":          {`{"a":"b"}`, `"b"`, false},
		"nothing":                     {`{"a":"b"}`, `null`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := blueprint.Fits(parse(t, c.want), parse(t, c.have)); got != c.fits {
				t.Errorf("%s and %s: %v", c.want, c.have, got)
			}
		})
	}
}

func TestFitsWhatAParameterDecides(t *testing.T) {
	t.Parallel()
	b := read(t)
	var policy any
	for _, q := range b.Queues {
		if q.Name == "shoreup-events" {
			policy = q.Policy["Statement"]
		}
	}
	const arn = `"arn:aws-cn:sqs:cn-north-1:111122223333:shoreup-events"`
	nobody := `[{"Sid":"Nobody","Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":` + arn + `}]`
	operator := `[{"Sid":"FromOperator","Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::111122223333:role/ops"},"Action":"sqs:SendMessage","Resource":` + arn + `}]`
	everybody := `[{"Sid":"FromOperator","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":` + arn + `}]`
	for have, want := range map[string]bool{nobody: true, operator: true, everybody: false, `[]`: false} {
		if got := blueprint.Fits(policy, parse(t, have)); got != want {
			t.Errorf("%s: %v, want %v", have, got, want)
		}
	}
	optional := []any{"a", blueprint.Choice{"b", nil}}
	for have, want := range map[string]bool{`["a","b"]`: true, `["a"]`: true, `["b"]`: false, `["a","c"]`: false} {
		if got := blueprint.Fits(optional, parse(t, have)); got != want {
			t.Errorf("%s: %v, want %v", have, got, want)
		}
	}
	if !blueprint.Fits(map[string]any{"a": blueprint.Choice{"b", nil}}, map[string]any{}) {
		t.Error("a key that may be left out has to be there")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	b := read(t)
	r, err := b.Role("shoreup-evaluate")
	if err != nil {
		t.Fatal(err)
	}
	secret := `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:team/slack-??????"}`
	have := []any{parse(t, secret), r.Statements[1].Document, parse(t, `{"Effect":"Allow","Action":"*","Resource":"*"}`)}
	missing, extra := blueprint.Compare(r.Statements, have)
	if len(missing) != 1 || missing[0].Actions[0] != "sqs:SendMessage" {
		t.Errorf("missing %v", missing)
	}
	if diff := cmp.Diff([]any{parse(t, `{"Effect":"Allow","Action":"*","Resource":"*"}`)}, extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
	apply, err := b.Role("shoreup-apply") // its second statement is optional
	if err != nil {
		t.Fatal(err)
	}
	if missing, extra := blueprint.Compare(apply.Statements, []any{apply.Statements[0].Document}); len(missing)+len(extra) > 0 {
		t.Errorf("missing %v, extra %v", missing, extra)
	}
}

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	type access struct {
		URL, Condition string
		Reserved       bool
		Callers        []blueprint.Caller
	}
	got := map[string]access{}
	for _, f := range read(t).Functions {
		got[f.Name] = access{f.URL, f.Condition, f.Reserved, f.Callers}
	}
	want := map[string]access{
		"shoreup-apply":    {},
		"shoreup-evaluate": {Callers: []blueprint.Caller{{Principal: "events.amazonaws.com", Action: "lambda:InvokeFunction"}}},
		"shoreup-interact": {URL: "NONE", Condition: "HasSlack", Reserved: true, Callers: []blueprint.Caller{{Principal: "*", Action: "lambda:InvokeFunctionUrl", ViaURL: true}}},
		"shoreup-review":   {URL: "AWS_IAM"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzFits(f *testing.F) {
	f.Add(`{"a":["b",{"exists":false}]}`, `["x"]`)
	f.Add(`"arn:${X}:y"`, `"arn:1:y"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		var x, y any
		if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
			return
		}
		if !blueprint.Fits(x, x) || !blueprint.Fits(y, y) {
			t.Fatal("something does not fit itself")
		}
		blueprint.Fits(x, y)
	})
}
