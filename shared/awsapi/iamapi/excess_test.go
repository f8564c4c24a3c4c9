package iamapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/iampolicy"
)

func own(name, text string) Held { return Held{Inline: name, Text: text} }

func of(arn, text string) Held { return Held{ARN: arn, Text: text} }

func via(group string, h Held) Held {
	h.Via = group
	return h
}

func allow(action, resource string) string {
	return `{"Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}}`
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const customer, amazon = "arn:aws:iam::111122223333:policy/p", "arn:aws:iam::aws:policy/X"
	create := `{"Statement":{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"*"}}`
	passLambda := `{"Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}}`
	for name, c := range map[string]struct {
		held     []Held
		boundary string
		want     []string
	}{
		"administrator anywhere": {
			[]Held{own("a", admin), of(customer, admin), via("g", of(amazon, admin))}, "",
			[]string{`administrator | inline policy "a", statement 1`, "administrator | managed policy " + customer, "administrator | managed policy " + amazon + " of group g | manual"},
		},
		"escalation in a customer managed policy is that policy's": {[]Held{of(customer, allow("iam:CreateAccessKey", "*"))}, "", nil},
		"escalation in AWS's own policy of IAM":                    {[]Held{of(amazon, allow("iam:CreateAccessKey", "*"))}, "", []string{"privilege-escalation | managed policy " + amazon}},
		"escalation in another policy of AWS": {
			[]Held{of(amazon, allow("lambda:UpdateFunctionCode", "*"))}, "", []string{"privilege-escalation | managed policy " + amazon + " | manual"},
		},
		"escalation through a group is the group's":  {[]Held{via("g", own("a", allow("iam:CreateAccessKey", "*")))}, "", nil},
		"administrator through a group's own policy": {[]Held{via("g", own("a", admin))}, "", []string{`administrator | inline policy "a" of group g, statement 1 | manual`}},
		"dangerous and harmless in one statement": {
			[]Held{own("a", `{"Statement":[{"Effect":"Allow","Action":["iam:PassRole","sqs:SendMessage"],"Resource":"*"},`+inner(allow("iam:CreateAccessKey", "*"))+`]}`)}, "",
			[]string{`privilege-escalation | inline policy "a", statement 2`, `pass-role-any | inline policy "a", statement 1 | manual`},
		},
		"PassRole on a named role in line":       {[]Held{own("a", allow("iam:PassRole", "arn:aws:iam::111122223333:role/app"))}, "", []string{`pass-role-named | inline policy "a", statement 1 | unsettled`}},
		"PassRole on a named role elsewhere":     {[]Held{of(customer, allow("iam:PassRole", "arn:aws:iam::111122223333:role/app"))}, "", nil},
		"service wildcard in line":               {[]Held{own("a", allow("sqs:*", "*"))}, "", []string{`service-wildcard | inline policy "a", statement 1 | manual`}},
		"service wildcard elsewhere":             {[]Held{of(customer, allow("sqs:*", "*")), of(amazon, allow("sns:*", "*"))}, "", nil},
		"combination within one customer policy": {[]Held{of(customer, `{"Statement":[`+inner(create)+`,`+inner(passLambda)+`]}`)}, "", nil},
		"combination over two policies": {
			[]Held{of(customer, create), own("pass", passLambda)}, "", []string{`privilege-escalation-combination | inline policy "pass", statement 1`},
		},
		"combination of AWS's policies": {
			[]Held{of(amazon, create), of(amazon+"2", passLambda)}, "", []string{"privilege-escalation-combination | managed policy " + amazon + "2 | manual"},
		},
		"combination through two groups, one of them by a policy of AWS": {
			[]Held{via("g", of(amazon, create)), via("h", own("pass", passLambda))}, "",
			[]string{`privilege-escalation-combination | inline policy "pass" of group h, statement 1 | manual`},
		},
		"combination through two groups' customer managed policies": {
			[]Held{via("g", of(customer, create)), via("h", of(customer+"2", passLambda))}, "",
			[]string{`privilege-escalation-combination | managed policy ` + customer + `2 of group h | manual`},
		},
		"combination through two groups' policies of AWS": {
			[]Held{via("g", of(amazon, create)), via("h", of(amazon+"2", passLambda))}, "",
			[]string{`privilege-escalation-combination | managed policy ` + amazon + `2 of group h | manual`},
		},
		"combination through three groups": {
			[]Held{via("f", own("code", allow("lambda:CreateFunction", "*"))), via("g", own("run", allow("lambda:InvokeFunction", "*"))), via("h", own("pass", passLambda))}, "",
			[]string{`privilege-escalation-combination | inline policy "pass" of group h, statement 1 | manual`},
		},
		"combination within one group is the group's":                  {[]Held{via("g", of(amazon, create)), via("g", own("pass", passLambda))}, "", nil},
		"combination within one group, and a part of it in another":    {[]Held{via("g", of(amazon, create)), via("g", own("pass", passLambda)), via("h", own("too", create))}, "", nil},
		"PassRole on any role in one group, of one service in another": {[]Held{via("g", own("any", allow("iam:PassRole", "*"))), via("h", own("too", passLambda))}, "", nil},
		"unreadable":              {[]Held{own("a", "{")}, "", []string{`policy-unreadable | inline policy "a" | unsettled`}},
		"capped service wildcard": {[]Held{own("a", allow("sqs:*", "*"))}, little, []string{`service-wildcard | inline policy "a", statement 1 | unsettled`}},
		"sum over two policies": {
			[]Held{own("a", `{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`), own("b", allow("iam:*", "*"))}, "",
			[]string{
				`administrator | inline policy "a", statement 1 and inline policy "b", statement 1`, `service-wildcard | inline policy "a", statement 1 | manual`,
				`service-wildcard | inline policy "b", statement 1 | manual`,
			},
		},
		"capped administrator":            {[]Held{own("a", admin)}, little, []string{`administrator | inline policy "a", statement 1 | unsettled`}},
		"boundary that caps nothing":      {[]Held{own("a", admin)}, admin, []string{`administrator | inline policy "a", statement 1`}},
		"boundary that leaves the danger": {[]Held{own("a", allow("iam:CreateAccessKey", "*"))}, allow("iam:*", "*"), []string{`privilege-escalation | inline policy "a", statement 1`}},
		"boundary that takes the danger":  {[]Held{own("a", allow("iam:CreateAccessKey", "*"))}, allow("iam:PutUserPolicy", "*"), []string{`privilege-escalation | inline policy "a", statement 1 | unsettled`}},
		"boundary that takes IAM":         {[]Held{own("a", admin)}, `{"Statement":[` + inner(admin) + `,{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}`, []string{`administrator | inline policy "a", statement 1 | unsettled`}},
		"boundary that takes one way":     {[]Held{own("a", allow("iam:CreateAccessKey", "*"))}, `{"Statement":[` + inner(admin) + `,{"Effect":"Deny","Action":"iam:Create*","Resource":"*"}]}`, []string{`privilege-escalation | inline policy "a", statement 1 | unsettled`}},
		"boundary that takes another way": {[]Held{own("a", allow("iam:CreateAccessKey", "*"))}, `{"Statement":[` + inner(admin) + `,{"Effect":"Deny","Action":"iam:Put*","Resource":"*"}]}`, []string{`privilege-escalation | inline policy "a", statement 1`}},
		"boundary that takes PassRole":    {[]Held{own("a", allow("iam:PassRole", "*"))}, `{"Statement":[` + inner(admin) + `,{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}]}`, []string{`pass-role-any | inline policy "a", statement 1 | unsettled`}},
		"boundary that some may pass":     {[]Held{own("a", admin)}, `{"Statement":[` + inner(admin) + `,{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`, []string{`administrator | inline policy "a", statement 1`}},
		"boundary that cannot be read":    {[]Held{own("a", admin)}, "{", []string{`administrator | inline policy "a", statement 1`}},
		"nothing":                         {nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var boundary *Held
			if c.boundary != "" {
				boundary = &Held{ARN: "arn:cap", Text: c.boundary}
			}
			var got []string
			for _, e := range Judge(c.held, boundary) {
				line := e.Rule + " | " + e.Where
				if e.Unsettled {
					line += " | unsettled"
				}
				if e.Manual {
					line += " | manual"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestJudgeNamesTheOtherGroup: who looks at the group with iam:PassRole alone finds nothing wrong with it.
func TestJudgeNamesTheOtherGroup(t *testing.T) {
	t.Parallel()
	passEC2 := `{"Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}}`
	held := []Held{via("pass", own("p", passEC2)), via("run", own("r", allow("ec2:RunInstances", "*")))}
	excess := Judge(held, nil)
	if len(excess) != 1 || !strings.HasSuffix(excess[0].Reason, `; the rest comes from inline policy "r" of group run`) {
		t.Fatalf("got %+v", excess)
	}
	m := Mend(Principal{Kind: "user", Name: "ann", Account: "111122223333"}, held, nil)
	if len(m.Steps) != 0 || !m.Wrong || len(m.Advice) != 1 || strings.Contains(m.Advice[0], "shoreup plan") ||
		!strings.Contains(m.Advice[0], "aws iam remove-user-from-group --user-name ann --group-name pass") {
		t.Errorf("got %+v", m)
	}
}

// inner takes the single statement out of a document.
func inner(doc string) string {
	return strings.TrimSuffix(strings.TrimPrefix(doc, `{"Statement":`), "}")
}

func TestWholly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statement string
		dangerous []string
		want      bool
	}{
		"just the action":          {`"Action":"IAM:passrole"`, []string{"iam:PassRole"}, true},
		"wildcard over IAM":        {`"Action":["iam:*"]`, []string{"iam:CreateAccessKey"}, true},
		"harmless beside it":       {`"Action":["iam:PassRole","s3:GetObject"]`, []string{"iam:PassRole"}, false},
		"reads of IAM beside it":   {`"Action":["iam:PassRole","iam:Get*"]`, []string{"iam:PassRole"}, false},
		"wildcard over a service":  {`"Action":"lambda:*"`, []string{"lambda:UpdateFunctionCode"}, false},
		"everything but something": {`"NotAction":"s3:*"`, []string{"iam:CreateAccessKey"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := iampolicy.Parse([]byte(`{"Statement":{"Effect":"Allow",` + c.statement + `,"Resource":"*"}}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := Wholly(d.Statements[0], c.dangerous); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestMendLeavesHarmlessPoliciesAlone(t *testing.T) {
	t.Parallel()
	p := Principal{Kind: "role", Name: "deploy", Account: "111122223333"}
	held := []Held{own("all", admin), own("list", little), of("arn:aws:iam::aws:policy/X", little)}
	m := Mend(p, held, nil)
	if len(m.Steps) != 1 || m.Steps[0].Do.Op != "iam:DeleteRolePolicy" || len(m.Advice) != 0 {
		t.Fatalf("got %+v", m)
	}
	if diff := cmp.Diff(held[1:], m.After); diff != "" {
		t.Error(diff)
	}
}

// TestMendMixes: what can be mended is, and people are told about the rest, which stays certain.
func TestMendMixes(t *testing.T) {
	t.Parallel()
	p := Principal{Kind: "user", Name: "ann", Account: "111122223333"}
	boss := of("arn:aws:iam::111122223333:policy/boss", `{"Statement":[`+inner(admin)+`,{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}]}`)
	mixed := `{"Statement":[{"Effect":"Allow","Action":["iam:PassRole","sqs:SendMessage"],"Resource":"*"},` + inner(allow("iam:CreateAccessKey", "*")) + `]}`
	for name, c := range map[string]struct {
		held   []Held
		ops    []string
		advice []string // a part of each line
	}{
		"own, and through a group": {
			[]Held{own("all", admin), via("admins", own("all", admin))}, []string{"iam:DeleteUserPolicy"}, []string{"--group-name admins"},
		},
		"through a group, and what is reported only": {
			[]Held{own("queue", allow("sqs:*", "*")), via("admins", own("all", admin))}, nil, []string{"--group-name admins", `inline policy "queue", statement 1: allows sqs:*`},
		},
		"a mixed statement and one that goes behind it": {
			[]Held{own("mix", mixed)}, []string{"iam:PutUserPolicy"}, []string{"Statements are counted as in the policy now", `inline policy "mix": in policy statement 1 replace iam:PassRole`},
		},
		"statements that go before and behind a mixed one": {
			[]Held{own("mix", `{"Statement":[`+inner(allow("iam:PutUserPolicy", "*"))+","+inner(allow("sqs:SendMessage", "*"))+","+mixed[len(`{"Statement":[`):])},
			[]string{"iam:PutUserPolicy"}, []string{"Statements are counted as in the policy now", `inline policy "mix": in policy statement 3 replace iam:PassRole`},
		},
		"the Deny over a mixed statement would go": {
			[]Held{boss, own("mix", mixed[:strings.LastIndex(mixed, `,{"Effect"`)]+"]}")}, nil,
			[]string{`first narrow inline policy "mix", statement 1`, "aws iam detach-user-policy --user-name ann --policy-arn " + boss.ARN},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Mend(p, c.held, nil)
			var ops []string
			for _, s := range m.Steps {
				ops = append(ops, s.Do.Op)
			}
			if diff := cmp.Diff(c.ops, ops); diff != "" {
				t.Error(diff)
			}
			if len(m.Advice) != len(c.advice) {
				t.Fatalf("advice %q, want %q", m.Advice, c.advice)
			}
			for i, part := range c.advice {
				if !strings.Contains(m.Advice[i], part) {
					t.Errorf("advice %q lacks %q", m.Advice[i], part)
				}
			}
			if len(Over(Judge(m.After, nil))) > 0 {
				t.Errorf("left over: %+v", Over(Judge(m.After, nil)))
			}
		})
	}
}
