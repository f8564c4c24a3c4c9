package doctor_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/shoreup/shoreup/shared/doctor"
)

// environment gives a function another one.
func (c *cloud) environment(function string, change func(map[string]string)) {
	api := lambda.NewFromConfig(c.cfg)
	have, err := api.GetFunctionConfiguration(c.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	c.ok(err)
	change(have.Environment.Variables)
	_, err = api.UpdateFunctionConfiguration(c.t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Environment: &lambdatypes.Environment{Variables: have.Environment.Variables}})
	c.ok(err)
}

func (c *cloud) statements(role string) []any {
	r, err := c.config.Want.Role(role)
	c.ok(err)
	return always(r.Statements)
}

func (c *cloud) pattern(rule, pattern string) {
	_, err := eventbridge.NewFromConfig(c.cfg).PutRule(c.t.Context(), &eventbridge.PutRuleInput{Name: &rule, EventPattern: &pattern})
	c.ok(err)
}

// parse is JSON as it is read.
func parse(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// drifted are things that were deployed otherwise than this version's template says, or changed by hand.
func drifted() []broken {
	const evaluate = "shoreup-evaluate"
	return []broken{
		{"a rule hears less", func(c *cloud) {
			c.pattern("shoreup-calls-s3", `{"source":["aws.s3"],"detail":{"eventName":["PutBucketPolicy"]}}`)
		},
			"event-rules", doctor.Problem, "shoreup-calls-s3: its pattern is not that of this version's template", "Upgrade", nil},
		{"a rule is written otherwise and means the same", func(c *cloud) { c.pattern("shoreup-reconciliation", `{ "source": [ { "prefix": "aws." } ] }`) },
			"event-rules", doctor.OK, "2 rules are enabled", "", nil},
		{"a function lacks a setting", func(c *cloud) {
			c.environment("shoreup-apply", func(env map[string]string) { delete(env, "SHOREUP_AUDIT_BUCKET") })
		},
			"functions", doctor.Problem, "shoreup-apply: its environment lacks SHOREUP_AUDIT_BUCKET", "Upgrade", nil},
		{"a function has a setting more", func(c *cloud) {
			c.environment(evaluate, func(env map[string]string) { env["AWS_ENDPOINT_URL"] = "https://example.com" })
		},
			"functions", doctor.Problem, "shoreup-evaluate: its environment has what the template does not give it: AWS_ENDPOINT_URL", "by hand", nil},
		{"Slack is not used", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).DeleteFunction(c.t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("shoreup-interact")})
			c.ok(err)
		}, "functions", doctor.OK, "4 functions can run", "", nil},
		{"a role may do more", func(c *cloud) {
			more := parse(c.t, `{"Effect":"Allow","Action":"iam:*","Resource":"*"}`)
			c.inline(evaluate, append(c.statements(evaluate), more))
		}, "policies", doctor.Problem, `shoreup-evaluate: it holds 1 statement that the template does not give: {"Action":"iam:*"`, "find out who", nil},
		{"a role has another policy besides", func(c *cloud) {
			text := document(c.t, []any{parse(c.t, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)})
			_, err := iam.NewFromConfig(c.cfg).PutRolePolicy(c.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("shoreup-remediate-storage"), PolicyName: aws.String("more"), PolicyDocument: &text})
			c.ok(err)
		}, "policies", doctor.Problem, `shoreup-remediate-storage: it holds 1 statement that the template does not give`, "find out who", nil},
		{"a role may do less", func(c *cloud) { c.inline(evaluate, c.statements(evaluate)[1:]) },
			"policies", doctor.Problem, `shoreup-evaluate: it lacks 1 statement of the template: {"Action":"sqs:SendMessage"`, "Upgrade", nil},
		{"a role names another secret", func(c *cloud) {
			list := c.statements(evaluate)
			list[2] = parse(c.t, `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:us-east-1:`+c.account+`:secret:team/slack-??????"}`)
			c.inline(evaluate, list)
		}, "policies", doctor.OK, "4 roles may do what this version's templates say", "", nil},
		{"a role has what a parameter turns on", func(c *cloud) {
			on := parse(c.t, `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::`+c.account+`:role/shoreup/shoreup-remediate-iam"}`)
			c.inline("shoreup-apply", append(c.statements("shoreup-apply"), on))
		}, "policies", doctor.OK, "4 roles may do what this version's templates say", "", nil},
		{"a role has lost its boundary", func(c *cloud) {
			_, err := iam.NewFromConfig(c.cfg).DeleteRolePermissionsBoundary(c.t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("shoreup-remediate-storage")})
			c.ok(err)
		}, "policies", doctor.Problem, "shoreup-remediate-storage: its permissions boundary is not shoreup-boundary", "Upgrade", nil},
		{"the boundary is wider", func(c *cloud) {
			text := document(c.t, []any{parse(c.t, `{"Effect":"Allow","Action":"*","Resource":"*"}`)})
			_, err := iam.NewFromConfig(c.cfg).CreatePolicyVersion(c.t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: aws.String("arn:aws:iam::" + c.account + ":policy/shoreup/shoreup-boundary"), PolicyDocument: &text, SetAsDefault: true})
			c.ok(err)
		}, "policies", doctor.Problem, `shoreup-remediate-storage: its permissions boundary holds 1 statement that the template does not give: {"Action":"*"`, "find out who", nil},
		{"others may write into a queue", func(c *cloud) {
			c.guard("shoreup-apply", map[string]any{"Version": "2012-10-17", "Statement": []any{parse(c.t, `{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}`)}})
		}, "senders", doctor.Problem, "shoreup-apply: its policy is not that of the template", "Upgrade", nil},
		{"an operator may write into a queue", func(c *cloud) {
			c.guard("shoreup-events", map[string]any{"Version": "2012-10-17", "Statement": []any{parse(c.t, `{"Sid":"FromOperator","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+c.account+
				`:role/ops"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:`+c.account+`:shoreup-events"}`)}})
		}, "senders", doctor.OK, "2 queues take messages", "", nil},
	}
}

// callable are functions that others can call than should.
func callable() []broken {
	auth := func(function string, auth lambdatypes.FunctionUrlAuthType) func(*cloud) {
		return func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).UpdateFunctionUrlConfig(c.t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: &function, AuthType: auth})
			c.ok(err)
		}
	}
	return []broken{
		{"review asks for no signature", auth("shoreup-review", lambdatypes.FunctionUrlAuthTypeNone), "callers", doctor.Problem,
			"shoreup-review: its URL asks for no signature: whoever finds it can say to be anybody", "update-function-url-config --auth-type AWS_IAM", nil},
		{"Slack cannot reach its function", auth("shoreup-interact", lambdatypes.FunctionUrlAuthTypeAwsIam), "callers", doctor.Problem,
			"shoreup-interact: its URL has auth type AWS_IAM and not NONE", "--auth-type NONE", nil},
		{"review has no URL", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).DeleteFunctionUrlConfig(c.t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("shoreup-review")})
			c.ok(err)
		}, "callers", doctor.Problem, "shoreup-review: it has no URL", "deploy", nil},
		{"apply has a URL", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).CreateFunctionUrlConfig(c.t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("shoreup-apply"), AuthType: lambdatypes.FunctionUrlAuthTypeNone})
			c.ok(err)
		}, "callers", doctor.Problem, "shoreup-apply: it answers at a URL (NONE)", "delete-function-url-config", nil},
		{"somebody may call review directly", func(c *cloud) { c.permit("shoreup-review", "friend", "lambda:InvokeFunction", "444455556666", false) }, "callers", doctor.Problem,
			"call it without its URL: whoever may do that can say to be anybody, and is every approver", "remove-permission --function-name shoreup-review --statement-id friend", nil},
		{"a service may start apply", func(c *cloud) { c.permit("shoreup-apply", "s3", "lambda:InvokeFunction", "s3.amazonaws.com", false) }, "callers", doctor.Problem,
			"shoreup-apply: its resource policy lets s3.amazonaws.com (lambda:InvokeFunction) call it", "--statement-id s3", nil},
		{"clicks may use up all concurrency", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).DeleteFunctionConcurrency(c.t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("shoreup-interact")})
			c.ok(err)
		}, "callers", doctor.Warning, "shoreup-interact: it has no share of the account's concurrency", "SlackConcurrency", nil},
		{"clicks are shut out", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).PutFunctionConcurrency(c.t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("shoreup-interact"), ReservedConcurrentExecutions: aws.Int32(0)})
			c.ok(err)
		}, "callers", doctor.Problem, "shoreup-interact: none of it may run", "put-function-concurrency", nil},
	}
}
