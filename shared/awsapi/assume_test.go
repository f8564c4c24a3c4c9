package awsapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// byARN is a type whose id is its ARN, byName one whose ARN has the id behind its path, free one without resources.
var (
	byARN  = ResourceType{ARN: func(r Resource) string { return r.ID }}
	byName = ResourceType{
		ARN:   func(r Resource) string { return "arn:aws:iam::" + r.Account + ":role/" + r.ID },
		Scope: func(r Resource) []string { return []string{"arn:aws:iam::" + r.Account + ":role/*/" + r.ID} },
	}
	free = ResourceType{Scope: func(Resource) []string { return []string{"*"} }}
)

func thing(id string) Resource {
	return Resource{ID: id, Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
}

func TestSessionPolicy(t *testing.T) {
	t.Parallel()
	ops := []Op{{Actions: []string{"b:Y", "a:X"}}, {Actions: []string{"a:X"}}}
	for _, c := range []struct {
		name, id, want string
		kind           ResourceType
	}{
		{"plain ARN", "arn:aws:iam::111122223333:policy/p", "arn:aws:iam::111122223333:policy/p", byARN},
		{"path of a star", "arn:aws:iam::111122223333:policy/*/p", "arn:aws:iam::111122223333:policy/${*}/p", byARN},
		{"path of a question mark", "arn:aws:iam::111122223333:policy/a?/p", "arn:aws:iam::111122223333:policy/a${?}/p", byARN},
		{"path like a variable", "arn:aws:iam::111122223333:policy/${aws:username}/p", "arn:aws:iam::111122223333:policy/${$}{aws:username}/p", byARN},
		{"path like an escape", "arn:aws:iam::111122223333:policy/${*}/p", "arn:aws:iam::111122223333:policy/${$}{${*}}/p", byARN},
		{"the type's own pattern stays", "b*", "arn:aws:iam::111122223333:role/*/b${*}", byName},
		{"account-wide", "111122223333", "*", free},
	} {
		got, err := SessionPolicy(ops, c.kind, thing(c.id))
		if want := `{"Statement":[{"Action":["a:X","b:Y"],"Effect":"Allow","Resource":["` + c.want + `"]}],"Version":"2012-10-17"}`; err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, want)
		}
	}
}

func TestSessionPolicyIsRefused(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Resource{
		"any account in the ARN":     thing("arn:aws:iam::*:policy/p"),
		"any partition in the ARN":   thing("arn:a?s:iam::111122223333:policy/p"),
		"a variable for the account": thing("arn:aws:iam::${aws:PrincipalAccount}:policy/p"),
		"half an ARN":                thing("arn:aws:iam:*"),
		"no id":                      thing(""),
		"any account":                {ID: "p", Account: "*", Region: "eu-west-1", Partition: "aws"},
		"any Region":                 {ID: "p", Account: "111122223333", Region: "eu-*", Partition: "aws"},
		"any partition":              {ID: "p", Account: "111122223333", Region: "eu-west-1", Partition: "aws*"},
	} {
		for _, kind := range []ResourceType{byARN, byName} {
			if policy, err := SessionPolicy([]Op{{Actions: []string{"a:X"}}}, kind, r); !errors.Is(err, ErrNoPattern) {
				t.Errorf("%s: %s, %v; want it refused", name, policy, err)
			}
		}
	}
	for _, id := range []string{strings.Repeat("x", 2048), "arn:aws:iam::111122223333:policy/" + strings.Repeat("*", 510) + "/p"} {
		if _, err := SessionPolicy(nil, byARN, thing(id)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a policy that STS would refuse: %v", err)
		}
	}
}

// FuzzSessionPolicy: the policy of any id covers that id's own ARN and not that of another.
func FuzzSessionPolicy(f *testing.F) {
	for _, id := range []string{"a", "*", "?", "$", "${*}", "${", "*}", "a*b", "${aws:username}"} {
		f.Add(id, "a")
	}
	f.Fuzz(func(t *testing.T, id, other string) {
		const prefix = "arn:aws:iam::111122223333:policy/"
		policy, err := SessionPolicy([]Op{{Actions: []string{"a:X"}}}, byARN, thing(prefix+id))
		if err != nil {
			return
		}
		var doc struct{ Statement []struct{ Resource []string } }
		if err := json.Unmarshal([]byte(policy), &doc); err != nil {
			t.Fatal(err)
		}
		pattern := doc.Statement[0].Resource[0]
		if strings.ToValidUTF8(id, "") == id {
			if diff := cmp.Diff(prefix+id, meant(pattern)); diff != "" {
				t.Errorf("%s of %q:\n%s", pattern, id, diff)
			}
		}
		if id != other && wildcard.Match(plain(pattern), prefix+other) && plain(pattern) != prefix+other {
			t.Errorf("%s of %q covers %q", pattern, id, other)
		}
	})
}

// meant reads a pattern as IAM does, where ${*}, ${?} and ${$} stand for the characters themselves.
func meant(pattern string) string {
	return strings.NewReplacer("${*}", "*", "${?}", "?", "${$}", "$").Replace(pattern)
}

// plain leaves of a pattern what is special to IAM: the escapes are letters to it.
func plain(pattern string) string {
	return strings.NewReplacer("${*}", "<star>", "${?}", "<mark>", "${$}", "<dollar>").Replace(pattern)
}
