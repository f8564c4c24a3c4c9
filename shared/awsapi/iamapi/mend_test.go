package iamapi

import (
	"slices"
	"strings"
	"testing"

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
