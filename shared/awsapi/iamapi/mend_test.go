package iamapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/iampolicy"
)

// TestMendAlwaysHolds mends what principals of all sorts hold: nothing of ours to mend is left, nobody gets more or loses what was not wrong, groups are
// not touched, and people are told about all that stays wrong for certain.
func TestMendAlwaysHolds(t *testing.T) {
	t.Parallel()
	statements := []string{
		`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*"}`, `{"Effect":"Allow","Action":["iam:PassRole","sqs:SendMessage"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`, `{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}`, `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`,
		`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`, `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`,
		`{"Effect":"Deny","Action":"iam:*","Resource":"*"}`, `{"Effect":"Deny","Action":"iam:PassRole","NotResource":"arn:aws:iam::111122223333:role/app"}`,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app"}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		var held []Held
		for i := range rapid.IntRange(1, 4).Draw(t, "policies") {
			text := `{"Statement":[` + strings.Join(rapid.SliceOfN(rapid.SampledFrom(statements), 1, 3).Draw(t, "statements"), ",") + `]}`
			name := string(rune('a' + i))
			h := rapid.SampledFrom([]Held{own(name, text), own(name, text), of("arn:aws:iam::111122223333:policy/"+name, text), of("arn:aws:iam::aws:policy/"+name, text)}).Draw(t, "kind")
			if rapid.IntRange(0, 3).Draw(t, "via") == 0 {
				h.Via = "g"
			}
			held = append(held, h)
		}
		m := Mend(Principal{Kind: "user", Name: "ann", Account: "111122223333"}, held, nil)
		if len(m.Steps) == 0 {
			if m.Wrong && len(m.Advice) == 0 {
				t.Fatalf("%+v is wrong, and nobody is told", held)
			}
			return
		}
		if left := Over(Judge(m.After, nil)); len(left) > 0 {
			t.Fatalf("%+v: left over is %+v", held, left)
		}
		checkFewest(t, held, m.After)
		for _, h := range held {
			after := slices.IndexFunc(m.After, func(o Held) bool { return o.String() == h.String() })
			switch {
			case after < 0 && h.Via != "":
				t.Fatalf("%s of a group is gone", h)
			case after >= 0 && (h.Via != "" || h.ARN != "") && m.After[after].Text != h.Text:
				t.Fatalf("%s says something else", h)
			}
			for _, s := range lost(t, h, m.After, after) {
				if h.Inline != "" && (slices.Contains(s.Actions, "s3:GetObject") || slices.Contains(s.Actions, "sqs:SendMessage")) {
					t.Fatalf("%s lost what was not wrong: %s", h, s.Raw())
				}
			}
		}
		if len(certain(Judge(m.After, nil))) > 0 && len(m.Advice) == 0 {
			t.Fatalf("%+v stays wrong, and nobody is told", m.After)
		}
	})
}

// checkFewest proves that no part of what was taken away would have been enough.
func checkFewest(t *rapid.T, held, after []Held) {
	type removal struct{ policy, statement int } // statement -1: the whole managed policy
	var gone []removal
	for i, h := range held {
		at := slices.IndexFunc(after, func(o Held) bool { return o.String() == h.String() })
		switch {
		case at >= 0 && after[at].Text == h.Text:
		case h.ARN != "":
			gone = append(gone, removal{i, -1})
		default:
			for _, s := range lost(t, h, after, at) {
				gone = append(gone, removal{i, s.Index})
			}
		}
	}
	before := Judge(held, nil)
	for some := range 1<<len(gone) - 1 {
		statements := map[int][]int{}
		for n, r := range gone {
			if some>>n&1 == 1 {
				statements[r.policy] = append(statements[r.policy], r.statement)
			}
		}
		var rest []Held
		for i, h := range held {
			if _, h, err := (Principal{Kind: "user"}).without(h, statements[i]); err != nil {
				t.Fatal(err)
			} else if h != nil {
				rest = append(rest, *h)
			}
		}
		if len(fresh(held, before, rest, Judge(rest, nil))) == 0 {
			t.Fatalf("%+v: %v went, where %v would have been enough", held, gone, statements)
		}
	}
}

// lost are the statements of a policy that are no longer in it.
func lost(t *rapid.T, before Held, after []Held, index int) []iampolicy.Statement {
	d, err := iampolicy.Parse([]byte(before.Text))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(d.Statements), func(s iampolicy.Statement) bool {
		return index >= 0 && strings.Contains(after[index].Text, string(s.Raw()))
	})
}

// TestMendTakesTheFewest: what is an administrator together is none once one part is gone, and the part that goes is the one that gives away IAM.
func TestMendTakesTheFewest(t *testing.T) {
	t.Parallel()
	const butIAM, iam = `{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`, `{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`
	const arn = "arn:aws:iam::111122223333:policy/"
	for name, c := range map[string]struct {
		held []Held
		want []string
	}{
		"two managed policies":                   {[]Held{of(arn+"a", iam), of(arn+"b", butIAM)}, []string{"iam:DetachRolePolicy a"}},
		"in the other order":                     {[]Held{of(arn+"a", butIAM), of(arn+"b", iam)}, []string{"iam:DetachRolePolicy b"}},
		"a managed policy, and IAM in line":      {[]Held{own("iam", iam), of(arn+"a", butIAM)}, []string{"iam:DeleteRolePolicy iam"}},
		"all but IAM in line":                    {[]Held{own("most", butIAM), of(arn+"a", iam)}, []string{"iam:DetachRolePolicy a"}},
		"all but two services, which two others": {[]Held{of(arn+"a", strings.Replace(butIAM, `"iam:*"`, `["iam:*","sqs:*"]`, 1)), of(arn+"b", iam), of(arn+"c", allow("sqs:*", "*"))}, []string{"iam:DetachRolePolicy b"}},
		"administrator beside it":                {[]Held{of(arn+"a", admin), of(arn+"b", butIAM), of(arn+"c", iam)}, []string{"iam:DetachRolePolicy a", "iam:DetachRolePolicy b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range Mend(Principal{Kind: "role", Name: "r", Account: "111122223333"}, c.held, nil).Steps {
				var in struct{ PolicyArn, PolicyName string }
				if err := json.Unmarshal(s.Do.Input, &in); err != nil {
					t.Fatal(err)
				}
				got = append(got, s.Do.Op+" "+strings.TrimPrefix(in.PolicyArn, arn)+in.PolicyName)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
