package doctor_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/doctor"
)

func (c *cloud) trust(role, from, to string) {
	api := iam.NewFromConfig(c.cfg)
	want, err := c.config.Want.Role(role)
	c.ok(err)
	text := strings.ReplaceAll(strings.ReplaceAll(asJSON(c.t, want.Trust), "\n", ""), from, to)
	_, err = api.UpdateAssumeRolePolicy(c.t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: &text})
	c.ok(err)
}

func brokenRoles() []broken {
	return []broken{
		{"a role is missing", func(c *cloud) {
			_, err := iam.NewFromConfig(c.cfg).DeleteRole(c.t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("shoreup-remediate-storage")})
			c.ok(err)
		}, "roles", doctor.Problem, "shoreup-remediate-storage: there is no such role", "deploy", nil},
		{"a role lets in somebody else", func(c *cloud) {
			apply := `"arn:aws:iam::` + c.account + `:role/shoreup/shoreup-apply"`
			c.trust("shoreup-remediate-storage", apply, `[`+apply+`,"arn:aws:iam::111122223333:role/friend"]`)
		}, "roles", doctor.Problem, "shoreup-remediate-storage: it also lets in arn:aws:iam::111122223333:role/friend", "deploy", nil},
		{"a role lets in the whole account", func(c *cloud) {
			c.trust("shoreup-read", `aws:PrincipalArn`, `aws:SourceArn`)
		}, "roles", doctor.Problem, "shoreup-read: it does not let in arn:aws:iam::", "deploy", nil},
		{"a role is of another hub", func(c *cloud) {
			c.trust("shoreup-remediate-storage", c.account, "111122223333")
		}, "roles", doctor.Problem, "shoreup-remediate-storage: it does not let in arn:aws:iam::", "hub in account", nil},
		{"a role wants no source identity", func(c *cloud) {
			c.trust("shoreup-remediate-storage", `sts:SourceIdentity`, `aws:RequestTag/who`)
		}, "roles", doctor.Problem, "shoreup-remediate-storage: it can be taken without a source identity", "deploy", nil},
		{"a role that cannot be given a source identity", func(c *cloud) {
			c.trust("shoreup-read", `,"sts:SetSourceIdentity"`, ``)
		}, "roles", doctor.Problem, "shoreup-read: it can be taken without a source identity", "deploy", nil},
		{"the roles that write are taken on demand", func(c *cloud) { c.config.Assume = true }, "roles", doctor.OK, "taken with a source identity and a session policy: shoreup-remediate-storage", "", nil},
		{"an account that nobody looks into", func(c *cloud) {
			c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: own}\n  - {id: \"111122223333\", name: prod}\n", c.account))
		}, "trail", doctor.NotChecked, "nobody looked into this account", "--member-role", []string{"event-rules", "roles", "policies"}},
		{"an account without anything", func(c *cloud) {
			c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: own}\n  - {id: \"444455556666\", name: prod}\n", c.account))
			c.config.MemberRole = "OrganizationAccountAccessRole"
		}, "roles", doctor.Problem, "shoreup-read: there is no such role", "deploy", []string{"event-rules", "trail"}},
		{"an account that was not asked for", func(c *cloud) {
			c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: own}\n  - {id: \"444455556666\", name: prod}\n", c.account))
			c.config.Accounts = []string{c.account}
		}, "trail", doctor.OK, "1 account and Region", "", nil},
	}
}

// record appends a record to a chain, as if it were written then.
func (c *cloud) record(chain string, then time.Time) {
	log := audit.New(dynamodbapi.NewStore(c.session()), "shoreup-audit", func() time.Time { return then }, "test")
	_, err := log.Append(c.t.Context(), chain, audit.Entry{Kind: audit.Plan, Outcome: "planned", Control: "s3-bucket-public", Resource: "arn:aws:s3:::logs"})
	c.ok(err)
}

// seal puts a segment's object into the audit bucket; its content does not matter here.
func (c *cloud) seal(chain string, first, last int) {
	_, err := c.s3().PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: c.bucket("audit"), Key: aws.String(fmt.Sprintf("chains/%s/%016d-%016d.jsonl", chain, first, last)),
		Body: strings.NewReader("{}\n"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
	c.ok(err)
}

func brokenRecord() []broken {
	return []broken{
		{"the kill switch is engaged", func(c *cloud) { c.ok(c.book().Engage(c.t.Context(), "ann", "incident 7")) }, "kill-switch", doctor.Warning, "by ann (incident 7): nothing is written", "lift it", nil},
		{"the rules file stops everything", func(c *cloud) { c.rulesFile("version: 1\nkill_switch: true\n") }, "kill-switch", doctor.Warning, "kill_switch: true", "take that line out", []string{"rules-file"}},
		{"a record was changed", func(c *cloud) {
			c.record("111122223333", time.Now())
			c.record("111122223333", time.Now())
			_, err := dynamodb.NewFromConfig(c.cfg).UpdateItem(c.t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("shoreup-audit"),
				Key:              map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: "111122223333"}, "sk": &dynamodbtypes.AttributeValueMemberS{Value: "0000000000000001"}},
				UpdateExpression: aws.String("SET #h = :x"), ExpressionAttributeNames: map[string]string{"#h": "entry_hash"},
				ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":x": &dynamodbtypes.AttributeValueMemberS{Value: strings.Repeat("0", 64)}}})
			c.ok(err)
		}, "audit", doctor.Problem, "111122223333: record 1: ", "treat it as tampering", []string{"sealed"}},
		{"records that were not sealed", func(c *cloud) { c.record("111122223333", time.Now().Add(-5*time.Hour)) }, "sealed", doctor.Problem, "111122223333: record 1, of ", "event-rules", nil},
		{"records after the last sealed one", func(c *cloud) {
			c.record("111122223333", time.Now().Add(-9*time.Hour))
			c.record("111122223333", time.Now().Add(-8*time.Hour))
			c.seal("111122223333", 1, 1)
		}, "sealed", doctor.Problem, "111122223333: record 2, of ", "event-rules", nil},
		{"all is sealed", func(c *cloud) {
			c.record("111122223333", time.Now().Add(-9*time.Hour))
			c.record("111122223333", time.Now().Add(-8*time.Hour))
			c.seal("111122223333", 1, 1)
			c.seal("111122223333", 2, 2)
		}, "sealed", doctor.OK, "1 chain sealed", "", nil},
		{"there is nowhere to seal", func(c *cloud) {
			c.record("111122223333", time.Now())
			_, err := c.s3().DeleteBucket(c.t.Context(), &s3.DeleteBucketInput{Bucket: c.bucket("audit")})
			c.ok(err)
		}, "sealed", doctor.Problem, "111122223333: there is no bucket", "deploy", []string{"buckets"}},
	}
}

func brokenSlack() []broken {
	say := func(answer, scopes string) func(*cloud) {
		return func(c *cloud) {
			c.slack = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-OAuth-Scopes", scopes)
				_, _ = w.Write([]byte(answer))
			}
		}
	}
	secret := func(value string) func(*cloud) {
		return func(c *cloud) {
			_, err := secretsmanager.NewFromConfig(c.cfg).PutSecretValue(c.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("shoreup/slack"), SecretString: &value})
			c.ok(err)
		}
	}
	return []broken{
		{"no secret", func(c *cloud) {
			_, err := secretsmanager.NewFromConfig(c.cfg).DeleteSecret(c.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("shoreup/slack"), ForceDeleteWithoutRecovery: aws.Bool(true)})
			c.ok(err)
		}, "slack", doctor.Problem, "shoreup/slack: there is no such secret", "create-secret --name shoreup/slack", nil},
		{"a token that Slack does not know", say(`{"ok":false,"error":"invalid_auth"}`, ""), "slack", doctor.Problem, "Slack refuses the token: invalid_auth", "install the app", nil},
		{"a token that may not post", say(`{"ok":true,"team":"Acme","user":"shoreup"}`, "users:read"), "slack", doctor.Problem, "it lacks the scope chat:write", "add the scope", nil},
		{"Slack does not answer", say(`<html>`, ""), "slack", doctor.NotChecked, "Slack could not be asked", "--offline", nil},
		{"a webhook", secret("https://hooks.slack.com/services/T0/B0/x"), "slack", doctor.NotChecked, "cannot be tried without posting", "messages arrive", nil},
		{"a secret that nobody can read", secret(`{"token":"xoxb-test"}`), "slack", doctor.Problem, "it cannot be read as a credential for Slack", "bot_token", nil},
		{"a secret with which clicks can be made", secret(`{"bot_token":"xoxb-test","signing_secret":"s"}`), "slack", doctor.Problem, "the signing secret belongs into a secret of its own", "bot_token", nil},
		{"nobody hears clicks", func(c *cloud) { c.setting("shoreup-interact", "SHOREUP_SLACK_SIGNING", "") }, "slack", doctor.OK, "without the parameter SlackSigning messages have no buttons", "", nil},
		{"no secret to know clicks by", func(c *cloud) { c.setting("shoreup-interact", "SHOREUP_SLACK_SIGNING", "shoreup/elsewhere") }, "slack", doctor.Problem, "no button in Slack works", "create-secret --name shoreup/elsewhere", nil},
		{"offline", func(c *cloud) { c.config.Offline = true }, "slack", doctor.NotChecked, "Slack was not asked", "", nil},
	}
}
