package iampolicy

import (
	"slices"
	"strings"
	"testing"
)

const (
	all     = `"Resource":"*"`
	grantIt = `{"Effect":"Allow",`
	denyIt  = `{"Effect":"Deny",`
)

// rungs writes findings as "admin escalation?": a question mark is unsettled.
func rungs(findings []Finding) string {
	names := map[Rung]string{Admin: "admin", Escalation: "escalation", Combination: "combination", PassRoleAny: "passrole",
		ServiceWildcard: "wildcard", DataExfiltration: "exfiltration", PassRoleNamed: "named"}
	var out []string
	for _, f := range findings {
		name := names[f.Rung]
		if f.Unsettled {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// TestAdmin has a case for each form of the first rung; only the admin findings are looked at.
func TestAdmin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statements, want string }{
		"star on star":                      {grantIt + `"Action":"*",` + all + `}`, "admin"},
		"star:star":                         {grantIt + `"Action":"*:*",` + all + `}`, "admin"},
		"double star":                       {grantIt + `"Action":"**",` + all + `}`, "admin"},
		"star in lists":                     {grantIt + `"Action":["s3:Get*","*"],"Resource":["arn:aws:s3:::b","*"]}`, "admin"},
		"every ARN":                         {grantIt + `"Action":"*","Resource":"arn:aws:*"}`, "admin"},
		"every ARN, field by field":         {grantIt + `"Action":"*","Resource":"arn:aws-cn:*:*:*:*"}`, "admin"},
		"MFA condition":                     {grantIt + `"Action":"*",` + all + `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`, "admin"},
		"IP condition":                      {grantIt + `"Action":"*",` + all + `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`, "admin"},
		"conditional Deny":                  {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"*",` + all + `,"Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`, "admin"},
		"scoped Deny":                       {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/x"}`, "admin"},
		"Deny of something else":            {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":["s3:DeleteBucket","organizations:*"],` + all + `}`, "admin"},
		"Deny of one IAM action":            {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"iam:CreateUser",` + all + `}`, "admin"},
		"Deny of IAM":                       {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"iam:*",` + all + `}`, "admin?"},
		"Deny of IAM, any case":             {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"IAM:*",` + all + `}`, "admin?"},
		"Deny of all but IAM reads":         {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"iam:Get*",` + all + `}`, ""},
		"Deny of all but reads of objects":  {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":["s3:GetObject"],` + all + `}`, ""},
		"Deny of all but a service":         {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"s3:*",` + all + `}`, ""},
		"Deny of all but IAM":               {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"iam:*",` + all + `}`, "admin"},
		"Deny of all but everything":        {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"*",` + all + `}`, "admin"},
		"Deny of all but reads, by MFA":     {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"s3:GetObject",` + all + `,"Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`, "admin"},
		"Deny of all but reads, of buckets": {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":"s3:GetObject","Resource":"arn:aws:s3:::*"}`, "admin"},
		"Deny of all but one, and of IAM":   {grantIt + `"Action":"*",` + all + `},` + denyIt + `"NotAction":["iam:*","s3:*"],` + all + `},` + denyIt + `"Action":"iam:*",` + all + `}`, ""},
		"Deny of everything":                {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"*",` + all + `}`, ""},
		"NotAction without IAM":             {grantIt + `"NotAction":"aws-portal:*",` + all + `}`, "admin"},
		"NotAction of one IAM action":       {grantIt + `"NotAction":["iam:CreateUser","organizations:*"],` + all + `}`, "admin"},
		"Deny of all but one bucket":        {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"*","NotResource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`, "admin?"},
		"Deny of all but one role":          {grantIt + `"NotAction":"s3:*",` + all + `},` + denyIt + `"Action":"iam:*","NotResource":"arn:aws:iam::111122223333:role/x"}`, "admin?"},
		"Deny of nothing":                   {grantIt + `"Action":"*",` + all + `},` + denyIt + `"Action":"*","NotResource":"*"}`, "admin"},
		"PowerUser and IAM":                 {grantIt + `"NotAction":["iam:*","sts:*"],` + all + `},` + grantIt + `"Action":["IAM:*","sts:*"],` + all + `}`, "admin"},
		"PowerUser and IAM's resources":     {grantIt + `"NotAction":"iam:*",` + all + `},` + grantIt + `"Action":"iam:*","Resource":"arn:aws:iam::*:*"}`, "admin"},
		"PowerUser and half of the rest":    {grantIt + `"NotAction":["iam:*","sts:*"],` + all + `},` + grantIt + `"Action":"iam:*",` + all + `}`, ""},
		"PowerUser and IAM reads":           {grantIt + `"NotAction":"iam:*",` + all + `},` + grantIt + `"Action":"iam:Get*",` + all + `}`, ""},
		"PowerUser and IAM, denied":         {grantIt + `"NotAction":"iam:*",` + all + `},` + grantIt + `"Action":"iam:*",` + all + `},` + denyIt + `"Action":"iam:*",` + all + `}`, ""},
		"PowerUser and IAM on one role":     {grantIt + `"NotAction":"iam:*",` + all + `},` + grantIt + `"Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/x"}`, ""},
		"PowerUser":                         {grantIt + `"NotAction":["iam:*","organizations:*","account:*"],` + all + `}`, ""},
		"PowerUser, any case":               {grantIt + `"NotAction":["IAM:**"],` + all + `}`, ""},
		"NotAction, IAM denied":             {grantIt + `"NotAction":"s3:*",` + all + `},` + denyIt + `"Action":"iam:*",` + all + `}`, ""},
		"NotAction of everything":           {grantIt + `"NotAction":"*",` + all + `}`, ""},
		"NotAction on one bucket":           {grantIt + `"NotAction":"s3:DeleteBucket","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`, ""},
		"NotResource spares a bucket":       {grantIt + `"Action":"*","NotResource":"arn:aws:s3:::b/*"}`, "admin"},
		"NotResource spares one role":       {grantIt + `"Action":"*","NotResource":"arn:aws:iam::111122223333:role/x"}`, "admin"},
		"NotResource spares IAM":            {grantIt + `"Action":"*","NotResource":"arn:aws:iam::*:*"}`, ""},
		"NotResource spares everything":     {grantIt + `"Action":"*","NotResource":"*"}`, ""},
		"NotAction and NotResource":         {grantIt + `"NotAction":"s3:*","NotResource":"arn:aws:ec2:*:*:*"}`, "admin"},
		"star on one bucket":                {grantIt + `"Action":"*","Resource":"arn:aws:s3:::b/*"}`, ""},
		"star on one service":               {grantIt + `"Action":"*","Resource":"arn:aws:s3:::*"}`, ""},
		"all of IAM":                        {grantIt + `"Action":"iam:*",` + all + `}`, ""},
		"all reads":                         {grantIt + `"Action":["*:Get*","*:List*","*:Describe*"],` + all + `}`, ""},
		"star is denied, not granted":       {denyIt + `"Action":"*",` + all + `}`, ""},
		"two administrators":                {grantIt + `"Action":"*",` + all + `},` + grantIt + `"Action":"*:*",` + all + `}`, "admin admin"},
		"statement without Resource":        {grantIt + `"Action":"*"}`, ""},
		"star among the letters of actions": {grantIt + `"Action":"s3:*Object*",` + all + `}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := JudgeIdentity(parse(t, `[`+c.statements+`]`))
			admins := slices.DeleteFunc(found, func(f Finding) bool { return f.Rung != Admin })
			if got := rungs(admins); got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, found)
			}
		})
	}
}

// TestAllButDenied: what a Deny of everything else leaves of an administrator is judged, and the words name it.
func TestAllButDenied(t *testing.T) {
	t.Parallel()
	for left, want := range map[string]struct{ rungs, reason string }{
		`"s3:ListBucket"`:            {"", ""},
		`["s3:GetObject"]`:           {"exfiltration", "s3:GetObject on every resource"},
		`["s3:ListBucket","sqs:*"]`:  {"wildcard", "allows sqs:*"},
		`"iam:*"`:                    {"admin", "a Deny takes away all but iam:*, which leaves IAM to its holder"},
		`"*"`:                        {"admin", "allows every action on every resource"},
		`["iam:AttachRolePolicy"]`:   {"admin", "a Deny takes away all but iam:AttachRolePolicy, which leaves IAM to its holder"},
		`["ssm:SendCommand"]`:        {"escalation", "ssm:SendCommand makes its holder an administrator"},
		`["sqs:*","sqs:GetQueue*"]`:  {"wildcard", "allows sqs:*"},
		`["s3:ListBucket","s3:L*t"]`: {"", ""},
	} {
		found := JudgeIdentity(parse(t, `[`+grantIt+`"Action":"*",`+all+`},`+denyIt+`"NotAction":`+left+`,`+all+`}]`))
		if got := rungs(found); got != want.rungs {
			t.Errorf("all but %s denied: %q, want %q", left, got, want.rungs)
		} else if len(found) > 0 && found[0].Reason != want.reason {
			t.Errorf("all but %s denied: %q, want %q", left, found[0].Reason, want.reason)
		}
	}
	two := JudgeIdentity(parse(t, `[`+grantIt+`"Action":"*",`+all+`},`+denyIt+`"NotAction":["sqs:*","sns:*"],`+all+`},`+denyIt+`"NotAction":["sns:*","s3:*"],`+all+`}]`))
	if got := rungs(two); got != "wildcard" || two[0].Reason != "allows sns:*" {
		t.Errorf("what two of them leave: %+v", two)
	}
}

// TestEscalationPaths: every single action is a path of its own on every resource, and none when denied.
func TestEscalationPaths(t *testing.T) {
	t.Parallel()
	for _, action := range strings.Fields(`iam:CreatePolicyVersion iam:SetDefaultPolicyVersion iam:CreateAccessKey iam:CreateLoginProfile
		iam:UpdateLoginProfile iam:AttachUserPolicy iam:AttachGroupPolicy iam:AttachRolePolicy iam:PutUserPolicy iam:PutGroupPolicy
		iam:PutRolePolicy iam:AddUserToGroup iam:UpdateAssumeRolePolicy lambda:UpdateFunctionCode glue:UpdateDevEndpoint ssm:SendCommand
		ssm:StartSession cloudformation:UpdateStack codebuild:StartBuild`) {
		for _, spelling := range []string{action, strings.ToUpper(action), action[:len(action)-1] + "?", action + "*"} {
			found := JudgeIdentity(parse(t, `[`+grantIt+`"Action":"`+spelling+`",`+all+`}]`))
			if len(found) != 1 || found[0].Rung != Escalation || found[0].Unsettled || !slices.Contains(found[0].Actions, action) {
				t.Errorf("%s: got %+v", spelling, found)
			}
		}
		found := JudgeIdentity(parse(t, `[`+grantIt+`"Action":"`+action+`",`+all+`},`+denyIt+`"Action":"`+action+`",`+all+`}]`))
		if len(found) != 0 {
			t.Errorf("%s denied: got %+v", action, found)
		}
	}
}

// TestEscalationScope: what "unrestricted" means, what conditions do, and what is no escalation.
func TestEscalationScope(t *testing.T) {
	t.Parallel()
	one := func(action, rest string) string { return grantIt + `"Action":"` + action + `",` + rest + `}` }
	for name, c := range map[string]struct{ statements, want string }{
		"all roles of any account":     {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::*:role/*"`), "escalation"},
		"all roles of one account":     {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::111122223333:role/*"`), "escalation"},
		"all roles, gov":               {one("iam:AttachRolePolicy", `"Resource":"arn:aws-us-gov:iam::111122223333:role/*"`), "escalation"},
		"all of an account":            {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::111122223333:*"`), "escalation"},
		"all roles of the own account": {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::${aws:PrincipalAccount}:role/*"`), "escalation"},
		"all users":                    {one("iam:CreateAccessKey", `"Resource":["arn:aws:iam::111122223333:group/x","arn:aws:iam::*:user/*"]`), "escalation"},
		"all policies":                 {one("iam:CreatePolicyVersion", `"Resource":"arn:aws:iam::*:policy/*"`), "escalation"},
		"NotResource spares one":       {one("iam:AttachRolePolicy", `"NotResource":"arn:aws:iam::111122223333:role/admin"`), "escalation"},
		"NotResource spares all roles": {one("iam:AttachRolePolicy", `"NotResource":"arn:aws:iam::*:role/*"`), ""},
		"wrong type of resource":       {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::*:policy/*"`), ""},
		"roles of one path":            {one("iam:AttachRolePolicy", `"Resource":"arn:aws:iam::111122223333:role/app/*"`), ""},
		"roles of one prefix":          {one("iam:PutRolePolicy", `"Resource":"arn:aws:iam::111122223333:role/app-*"`), ""},
		"one role":                     {one("iam:UpdateAssumeRolePolicy", `"Resource":"arn:aws:iam::111122223333:role/app"`), ""},
		"one group":                    {one("iam:AddUserToGroup", `"Resource":"arn:aws:iam::111122223333:group/devs"`), ""},
		"one bucket, by star":          {one("*", `"Resource":"arn:aws:s3:::b"`), "wildcard?"},
		"own access keys":              {one("iam:*AccessKey*", `"Resource":"arn:aws:iam::*:user/${aws:username}"`), ""},
		"own password":                 {grantIt + `"Action":["iam:CreateLoginProfile","iam:UpdateLoginProfile","iam:ChangePassword"],"Resource":"arn:aws:iam::111122223333:user/${aws:username}"}`, ""},
		"own MFA device":               {grantIt + `"Action":["iam:EnableMFADevice","iam:CreateVirtualMFADevice"],"Resource":["arn:aws:iam::*:mfa/*","arn:aws:iam::*:user/${aws:username}"]}`, ""},
		"a policy for oneself":         {one("iam:PutUserPolicy", `"Resource":"arn:aws:iam::*:user/${aws:username}"`), "escalation"},
		"attaching to oneself":         {one("iam:Attach*", `"Resource":"arn:aws:iam::111122223333:user/${aws:username}"`), "escalation"},
		"IAM reads":                    {grantIt + `"Action":["iam:Get*","iam:List*","iam:Simulate*"],` + all + `}`, ""},
		"IAM deletes":                  {grantIt + `"Action":["iam:Delete*","iam:Detach*"],` + all + `}`, ""},
		"MFA does not help":            {one("iam:AttachRolePolicy", all+`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), "escalation"},
		"boundary required":            {one("iam:PutRolePolicy", all+`,"Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}`), "escalation?"},
		"policies chosen":              {one("iam:AttachRolePolicy", all+`,"Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}`), "escalation?"},
		"tagged resources":             {one("ssm:SendCommand", all+`,"Condition":{"StringEquals":{"ssm:resourceTag/env":"dev"}}`), "escalation?"},
		"any tag value":                {one("ssm:SendCommand", all+`,"Condition":{"StringLike":{"ssm:resourceTag/env":"*"}}`), "escalation"},
		"tag IfExists":                 {one("iam:PutRolePolicy", all+`,"Condition":{"StringEqualsIfExists":{"aws:ResourceTag/env":"dev"}}`), "escalation"},
		"all of IAM":                   {one("iam:*", all), "escalation passrole wildcard"},
		"PowerUser":                    {grantIt + `"NotAction":["iam:*","organizations:*","account:*"],` + all + `}`, "escalation wildcard exfiltration"},
		"conditional Deny":             {one("iam:AttachRolePolicy", all) + `,` + denyIt + `"Action":"iam:*",` + all + `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, "escalation"},
		"scoped Deny":                  {one("iam:AttachRolePolicy", all) + `,` + denyIt + `"Action":"iam:*","Resource":"arn:aws:iam::111122223333:role/admin"}`, "escalation"},
		"Deny on all roles":            {one("iam:AttachRolePolicy", all) + `,` + denyIt + `"Action":"iam:*","Resource":"arn:aws:iam::*:role/*"}`, ""},
		"Deny on all but one role":     {one("iam:AttachRolePolicy", all) + `,` + denyIt + `"Action":"iam:*","NotResource":"arn:aws:iam::111122223333:role/x"}`, "escalation?"},
		"Deny NotAction":               {one("iam:AttachRolePolicy", all) + `,` + denyIt + `"NotAction":["s3:*"],` + all + `}`, ""},
		"functions of one Region":      {one("lambda:UpdateFunctionCode", `"Resource":"arn:aws:lambda:eu-west-1:111122223333:function:*"`), "escalation"},
		"functions of one prefix":      {one("lambda:UpdateFunctionCode", `"Resource":"arn:aws:lambda:eu-west-1:111122223333:function:app-*"`), ""},
		"sessions to one instance":     {one("ssm:StartSession", `"Resource":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1"`), ""},
		"documents only":               {one("ssm:SendCommand", `"Resource":"arn:aws:ssm:*:*:document/*"`), ""},
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

// TestServiceWildcards: IAM.21 in every spelling.
func TestServiceWildcards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statements, want string }{
		"plain":                        {grantIt + `"Action":"sqs:*",` + all + `}`, "wildcard"},
		"capitals":                     {grantIt + `"Action":"SQS:*",` + all + `}`, "wildcard"},
		"two stars":                    {grantIt + `"Action":"sqs:**",` + all + `}`, "wildcard"},
		"question mark and star":       {grantIt + `"Action":"sqs:?*",` + all + `}`, "wildcard"},
		"star and question mark":       {grantIt + `"Action":"sqs:*?",` + all + `}`, "wildcard"},
		"in a list":                    {grantIt + `"Action":["sns:Get*","sqs:*"],` + all + `}`, "wildcard"},
		"all resources of the service": {grantIt + `"Action":"sqs:*","Resource":"arn:aws:sqs:*:*:*"}`, "wildcard"},
		"one resource":                 {grantIt + `"Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:111122223333:q"}`, "wildcard?"},
		"star on one resource":         {grantIt + `"Action":"*","Resource":["arn:aws:sqs:us-east-1:111122223333:q","arn:aws:s3:::b/*"]}`, "wildcard?"},
		"star on a service's all":      {grantIt + `"Action":"*","Resource":"arn:aws:sqs:*:*:*"}`, "wildcard"},
		"star on an account's queues":  {grantIt + `"Action":"*","Resource":"arn:aws:sqs:eu-west-1:111122223333:*"}`, "wildcard"},
		"star on a prefix of queues":   {grantIt + `"Action":"*","Resource":"arn:aws:sqs:eu-west-1:111122223333:app-*"}`, "wildcard?"},
		"two services on one resource": {grantIt + `"Action":["sqs:*","sns:Publish"],"Resource":"arn:aws:sqs:us-east-1:111122223333:q"}`, "wildcard?"},
		"with a condition":             {grantIt + `"Action":"sqs:*",` + all + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, "wildcard"},
		"a prefix of actions":          {grantIt + `"Action":"sqs:Describe*",` + all + `}`, ""},
		"a suffix of actions":          {grantIt + `"Action":"sqs:*Queue",` + all + `}`, ""},
		"one letter, then all":         {grantIt + `"Action":"sqs:G*",` + all + `}`, ""},
		"NotAction of a service":       {grantIt + `"NotAction":["iam:*","lambda:*","glue:*","ssm:*","cloudformation:*","codebuild:*","s3:*","kms:*","rds:*","secretsmanager:*"],` + all + `}`, "wildcard"},
		"NotAction of some actions":    {grantIt + `"NotAction":"sqs:Delete*","Resource":"arn:aws:sqs:*:*:*"}`, ""},
		"Deny is no grant":             {denyIt + `"Action":"sqs:*",` + all + `}`, ""},
		"denied as a whole":            {grantIt + `"Action":"sqs:*",` + all + `},` + denyIt + `"Action":"sqs:*",` + all + `}`, ""},
		"denied in part":               {grantIt + `"Action":"sqs:*",` + all + `},` + denyIt + `"Action":"sqs:Delete*",` + all + `}`, "wildcard"},
		"beside a literal admin":       {grantIt + `"Action":["*","sqs:*"],` + all + `}`, "admin wildcard"},
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

// TestExfiltration: reads on every resource.
func TestExfiltration(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"s3:GetObject", "s3:Get*", "secretsmanager:GetSecretValue", "ssm:GetParameter*", "ssm:GetParameters",
		"ssm:GetParametersByPath", "ssm:GetParameterHistory", "kms:Decrypt", "rds:ModifyDBSnapshotAttribute", "rds:ModifyDBClusterSnapshotAttribute"} {
		if got := rungs(JudgeIdentity(parse(t, `[`+grantIt+`"Action":"`+action+`",`+all+`}]`))); got != "exfiltration" {
			t.Errorf("%s: got %q", action, got)
		}
	}
	for statement, want := range map[string]string{
		grantIt + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::*"}`:                                                             "exfiltration",
		grantIt + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::*/*"}`:                                                           "exfiltration",
		grantIt + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                           "",
		grantIt + `"Action":"s3:ListBucket",` + all + `}`:                                                                            "",
		grantIt + `"Action":"kms:Decrypt",` + all + `,"Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}}`: "exfiltration?",
	} {
		if got := rungs(JudgeIdentity(parse(t, `[`+statement+`]`))); got != want {
			t.Errorf("%s: got %q, want %q", statement, got, want)
		}
	}
}
