package iampolicy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func passRole(rest string) string { return grantIt + `"Action":"iam:PassRole",` + rest + `}` }

func run(actions string) string {
	return grantIt + `"Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"],` + all + `}`
}

// TestCombinations: every path of the table, what each of its parts is worth alone, and the service that closes it.
func TestCombinations(t *testing.T) {
	t.Parallel()
	for actions, service := range map[string]string{
		"ec2:RunInstances": "ec2",
		"lambda:CreateFunction lambda:InvokeFunction":           "lambda",
		"lambda:CreateFunction lambda:CreateEventSourceMapping": "lambda",
		"lambda:CreateFunction lambda:AddPermission":            "lambda",
		"glue:CreateDevEndpoint":                                "glue",
		"glue:CreateJob glue:StartJobRun":                       "glue",
		"cloudformation:CreateStack":                            "cloudformation",
		"datapipeline:CreatePipeline datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline": "datapipeline",
		"codebuild:CreateProject codebuild:StartBuild":                                                 "codebuild",
		"sagemaker:CreateNotebookInstance":                                                             "sagemaker",
		"ecs:RegisterTaskDefinition ecs:RunTask":                                                       "ecs-tasks",
		"ec2:RequestSpotInstances":                                                                     "ec2",
		"ecs:CreateService":                                                                            "ecs-tasks",
		"apprunner:CreateService":                                                                      "tasks.apprunner",
		"cloudformation:CreateStackSet cloudformation:CreateStackInstances":                            "cloudformation",
		"autoscaling:CreateLaunchConfiguration autoscaling:CreateAutoScalingGroup":                     "ec2",
	} {
		has := func(want bool, statements ...string) {
			t.Helper()
			found := JudgeIdentity(parse(t, `[`+strings.Join(statements, ",")+`]`))
			if got := strings.Contains(rungs(found), "combination"); got != want {
				t.Errorf("%v: got %v: %+v", statements, got, found)
			}
		}
		has(true, passRole(all), run(actions))
		has(false, run(actions))
		has(false, passRole(all))
		only := func(s string) string {
			return `,"Condition":{"StringEquals":{"iam:PassedToService":"` + s + `.amazonaws.com"}}`
		}
		has(true, passRole(all+only(service)), run(actions))
		has(false, passRole(all+only("other")), run(actions))
		has(false, passRole(all), run(actions), denyIt+`"Action":"`+strings.Fields(actions)[0]+`",`+all+`}`)
		has(false, passRole(all), run(actions), denyIt+`"Action":"iam:Pass*",`+all+`}`)
		if first, _, several := strings.Cut(actions, " "); several {
			has(false, passRole(all), run(first))
		}
	}
}

// TestPassRole: the scope of PassRole and every form of iam:PassedToService.
func TestPassRole(t *testing.T) {
	t.Parallel()
	to := func(operator, value string) string {
		return all + `,"Condition":{"` + operator + `":{"iam:PassedToService":` + value + `}}`
	}
	ec2 := run("ec2:RunInstances")
	for name, c := range map[string]struct{ statements, want string }{
		"any role":                       {passRole(all), "passrole"},
		"any role of one account":        {passRole(`"Resource":"arn:aws:iam::111122223333:role/*"`), "passrole"},
		"any role, with EC2":             {passRole(all) + `,` + ec2, "combination passrole"},
		"one statement":                  {grantIt + `"Action":["iam:PassRole","ec2:Run*"],` + all + `}`, "combination passrole"},
		"one named role":                 {passRole(`"Resource":"arn:aws:iam::111122223333:role/app"`) + `,` + ec2, "named?"},
		"roles of one prefix":            {passRole(`"Resource":"arn:aws:iam::111122223333:role/app-*"`) + `,` + ec2, "named?"},
		"one named role, one service":    {passRole(`"Resource":"arn:aws:iam::111122223333:role/app","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`) + `,` + ec2, ""},
		"one named role, like a service": {passRole(`"Resource":"arn:aws:iam::111122223333:role/app","Condition":{"StringLike":{"iam:PassedToService":"*.amazonaws.com"}}`), "named?"},
		"two named roles, one denied":    {passRole(`"Resource":["arn:aws:iam::111122223333:role/app","arn:aws:iam::111122223333:role/x"]`) + `,` + denyIt + `"Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/x"}`, "named?"},
		"one named role, denied":         {passRole(`"Resource":"arn:aws:iam::111122223333:role/app"`) + `,` + denyIt + `"Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/*"}`, ""},
		"no role at all":                 {passRole(`"Resource":"arn:aws:iam::111122223333:policy/*"`), ""},
		"star on a role":                 {grantIt + `"Action":"*","Resource":"arn:aws:iam::111122223333:role/app"}`, "wildcard? named?"},
		"only to EC2":                    {passRole(to("StringEquals", `"ec2.amazonaws.com"`)) + `,` + ec2, "combination"},
		"only to EC2 in China":           {passRole(to("StringEquals", `"ec2.amazonaws.com.cn"`)) + `,` + ec2, "combination"},
		"only to ECS":                    {passRole(to("StringEquals", `"ecs-tasks.amazonaws.com"`)) + `,` + ec2, ""},
		"only to ECS, IfExists":          {passRole(to("StringEqualsIfExists", `"ecs-tasks.amazonaws.com"`)) + `,` + ec2, ""},
		"ForAllValues":                   {passRole(to("ForAllValues:StringEquals", `"ecs-tasks.amazonaws.com"`)), "passrole?"},
		"ForAllValues and presence":      {passRole(all + `,"Condition":{"ForAllValues:StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"},"Null":{"iam:PassedToService":"false"}}`), ""},
		"only to ECS, StringLike":        {passRole(to("StringLike", `"ecs*"`)) + `,` + ec2, ""},
		"one of several services":        {passRole(to("StringEquals", `["ecs-tasks.amazonaws.com","ec2.amazonaws.com"]`)) + `,` + ec2, "combination"},
		"to every service":               {passRole(to("StringLike", `"*.amazonaws.com"`)) + `,` + ec2, "combination passrole"},
		"not to EC2":                     {passRole(to("StringNotEquals", `"ec2.amazonaws.com"`)) + `,` + ec2, "passrole"},
		"presence only":                  {passRole(to("Null", `"false"`)) + `,` + ec2, "combination passrole"},
		"MFA does not help":              {passRole(all+`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`) + `,` + ec2, "combination passrole"},
		"associated resource":            {passRole(all+`,"Condition":{"ArnLike":{"iam:AssociatedResourceArn":"arn:aws:ec2:*:*:instance/i-1"}}`) + `,` + ec2, "combination? passrole"},
		"tagged roles":                   {passRole(all+`,"Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`) + `,` + ec2, "combination? passrole?"},
		"conditional Deny does not help": {passRole(all) + `,` + denyIt + `"Action":"iam:PassRole",` + all + `,"Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}},` + ec2, "combination passrole"},
		"instances of one type":          {passRole(all) + `,` + grantIt + `"Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:instance/*"}`, "combination passrole"},
		"another service's resource":     {passRole(all) + `,` + grantIt + `"Action":"*","Resource":"arn:aws:s3:::b/*"}`, "passrole wildcard?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := JudgeIdentity(parse(t, `[`+c.statements+`]`))
			if got := rungs(found); got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, found)
			}
		})
	}
}

// TestAcrossDocuments: parts in several policies of one principal are found, and named.
func TestAcrossDocuments(t *testing.T) {
	t.Parallel()
	a := parse(t, `[`+run("sqs:SendMessage")+`,`+passRole(all)+`]`)
	b := parse(t, `{"Statement":`+run("lambda:CreateFunction")+`}`)
	c := parse(t, `[`+run("lambda:InvokeFunction")+`]`)
	if got := rungs(JudgeIdentity(a, b)); got != "passrole" {
		t.Errorf("incomplete: got %q", got)
	}
	got := JudgeIdentity(a, b, c)
	want := []Finding{
		{Rung: Combination, Statements: []Ref{{0, 1}}, With: []Ref{{1, 0}, {2, 0}}, Actions: []string{"iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"},
			Reason: "iam:PassRole on any role with lambda:CreateFunction, lambda:InvokeFunction runs code as an administrator"},
		{Rung: PassRoleAny, Statements: []Ref{{0, 1}}, Actions: []string{"iam:PassRole"}, Reason: "iam:PassRole on any role, for any service"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	deny := parse(t, `[`+denyIt+`"Action":"lambda:CreateFunction",`+all+`}]`)
	if got := rungs(JudgeIdentity(a, b, c, deny)); got != "passrole" {
		t.Errorf("denied in another document: got %q", got)
	}
	doc, _, err := a.Without(1)
	if err != nil || len(JudgeIdentity(parse(t, string(doc)), b, c)) != 0 {
		t.Errorf("removing the named statement does not end the finding: %v", err)
	}
}

// TestRefsInOrder: statements are named once, by document and then by place.
func TestRefsInOrder(t *testing.T) {
	t.Parallel()
	a := parse(t, `[`+run("glue:StartJobRun")+`,`+run("glue:CreateJob")+`]`)
	b := parse(t, `[`+run("glue:CreateJob glue:StartJobRun")+`,`+passRole(all)+`]`)
	got := JudgeIdentity(a, b)
	want := []Ref{{0, 0}, {0, 1}, {1, 0}}
	if len(got) == 0 || got[0].Rung != Combination || !cmp.Equal(got[0].With, want) {
		t.Errorf("got %+v, want with %v", got, want)
	}
}
