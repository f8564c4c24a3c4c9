package doctor_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const region = "us-east-1"

func TestMain(m *testing.M) { emulatortest.Main(m) }

// cloud is an account of its own on the emulator, with the installation of testdata deployed in it.
type cloud struct {
	t        *testing.T
	account  string
	cfg      aws.Config
	config   doctor.Config
	slack    http.HandlerFunc
	mappings map[string]string // UUIDs by function
}

func (c *cloud) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) s3() *s3.Client {
	return s3.NewFromConfig(c.cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func (c *cloud) queueURL(name string) *string {
	out, err := sqs.NewFromConfig(c.cfg).GetQueueUrl(c.t.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
	c.ok(err)
	return out.QueueUrl
}

func (c *cloud) bucket(part string) *string {
	return aws.String("shoreup-" + part + "-" + c.account + "-" + region)
}

func (c *cloud) session() awsapi.Session { return awsapi.NewSession(c.cfg, c.account, region) }

func (c *cloud) book() *occurrence.Book {
	return occurrence.New(dynamodbapi.NewStore(c.session()), "shoreup-state", time.Now)
}

// deploy makes what the template of testdata says.
func deploy(t *testing.T) *cloud {
	t.Helper()
	account := emulatortest.Account(t)
	c := &cloud{t: t, account: account, cfg: emulatortest.ForTest(t).Config(account, region), mappings: map[string]string{}}
	client, err := awsapi.Pinned(emulatortest.ForTest(t).URL())
	c.ok(err)
	c.cfg.HTTPClient = client
	raw, err := os.ReadFile("testdata/installation.template.json")
	c.ok(err)
	want, err := blueprint.Read(string(raw), blueprint.Values{Partition: "aws", Account: account, Region: region})
	c.ok(err)
	c.slack = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-OAuth-Scopes", "chat:write,users:read")
		_, _ = w.Write([]byte(`{"ok":true,"team":"Acme","user":"shoreup"}`))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.slack(w, r) }))
	t.Cleanup(server.Close)
	c.config = doctor.Config{
		Own: c.session(), AWS: c.cfg, Account: account, Caller: "arn:aws:iam::" + account + ":user/ann", Region: region, HomeRegion: region, Tables: "shoreup", Want: want,
		Watched:  []doctor.Event{{Source: "s3.amazonaws.com", Name: "PutBucketPolicy"}, {Source: "kms.amazonaws.com", Name: "DisableKeyRotation"}, {Source: "iam.amazonaws.com", Name: "CreateRole", Global: true}},
		SlackURL: server.URL + "/", Now: time.Now, Wait: 10 * time.Millisecond,
	}
	c.roles(want)
	c.queues(want)
	c.functions(want)
	c.rules(want)
	c.tables()
	c.buckets()
	c.trail()
	for name, text := range map[string]string{"shoreup/slack": `{"bot_token":"xoxb-test"}`, "shoreup/slack-signing": `{"signing_secret":"s"}`} {
		_, err = secretsmanager.NewFromConfig(c.cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text})
		c.ok(err)
	}
	return c
}

func (c *cloud) roles(want *blueprint.Blueprint) {
	api := iam.NewFromConfig(c.cfg)
	boundaries := map[string]bool{}
	for _, r := range want.Roles {
		if r.Condition != "" {
			continue
		}
		c.role(r.Name, r.Trust)
		if documents := always(r.Statements); len(documents) > 0 {
			c.inline(r.Name, documents)
		}
		if r.Boundary == "" {
			continue
		}
		if !boundaries[r.Boundary] {
			boundaries[r.Boundary] = true
			text := document(c.t, always(r.Bounds))
			_, err := api.CreatePolicy(c.t.Context(), &iam.CreatePolicyInput{PolicyName: &r.Boundary, Path: aws.String("/shoreup/"), PolicyDocument: &text})
			c.ok(err)
		}
		c.bound(r.Name, r.Boundary)
	}
}

// always are the statements that a role holds under no condition.
func always(list []blueprint.Statement) []any {
	var out []any
	for _, s := range list {
		if s.Optional == "" {
			out = append(out, s.Document)
		}
	}
	return out
}

func document(t *testing.T, statements []any) string {
	return asJSON(t, map[string]any{"Version": "2012-10-17", "Statement": statements})
}

// inline gives a role its policy.
func (c *cloud) inline(role string, statements []any) {
	text := document(c.t, statements)
	_, err := iam.NewFromConfig(c.cfg).PutRolePolicy(c.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("own"), PolicyDocument: &text})
	c.ok(err)
}

func (c *cloud) bound(role, policy string) {
	arn := "arn:aws:iam::" + c.account + ":policy/shoreup/" + policy
	_, err := iam.NewFromConfig(c.cfg).PutRolePermissionsBoundary(c.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: &role, PermissionsBoundary: &arn})
	c.ok(err)
}

func (c *cloud) role(name string, trust map[string]any) {
	raw, err := json.Marshal(trust)
	c.ok(err)
	_, err = iam.NewFromConfig(c.cfg).CreateRole(c.t.Context(), &iam.CreateRoleInput{RoleName: &name, Path: aws.String("/shoreup/"), AssumeRolePolicyDocument: aws.String(string(raw))})
	c.ok(err)
}

func (c *cloud) queues(want *blueprint.Blueprint) {
	api := sqs.NewFromConfig(c.cfg)
	for _, q := range want.Queues {
		attributes := map[string]string{}
		for name, n := range q.Settings {
			attributes[name] = strconv.Itoa(n)
		}
		_, err := api.CreateQueue(c.t.Context(), &sqs.CreateQueueInput{QueueName: &q.Name, Attributes: attributes})
		c.ok(err)
	}
	for _, q := range want.Queues { // the queues that redrive policies name are there now
		c.setQueue(q.Name, nil)
	}
}

// setQueue gives a queue its policies and some attributes. The emulator forgets the policy wherever it is not told again.
func (c *cloud) setQueue(name string, attributes map[string]string) {
	q := c.config.Want.Queues[slices.IndexFunc(c.config.Want.Queues, func(q blueprint.Queue) bool { return q.Name == name })]
	all := map[string]string{}
	if q.Policy != nil {
		all["Policy"] = asJSON(c.t, asDeployed(q.Policy))
	}
	if q.DeadLetters != "" {
		all["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%q}`, q.DeadLetters, strconv.Itoa(q.Tries))
	}
	maps.Copy(all, attributes)
	if len(all) == 0 {
		return
	}
	_, err := sqs.NewFromConfig(c.cfg).SetQueueAttributes(c.t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: c.queueURL(name), Attributes: all})
	c.ok(err)
}

func (c *cloud) functions(want *blueprint.Blueprint) {
	api := lambda.NewFromConfig(c.cfg)
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	_, err := z.Create("bootstrap")
	c.ok(err)
	c.ok(z.Close())
	for _, f := range want.Functions {
		_, err := api.CreateFunction(c.t.Context(), &lambda.CreateFunctionInput{
			FunctionName: &f.Name, Role: &f.Role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()}, Environment: &lambdatypes.Environment{Variables: f.Environment},
		})
		c.ok(err)
	}
	for _, f := range want.Functions {
		c.callers(api, f)
	}
	for _, s := range want.Sources {
		in := &lambda.CreateEventSourceMappingInput{FunctionName: &s.Function, EventSourceArn: aws.String("arn:aws:sqs:" + region + ":" + c.account + ":" + s.Queue)}
		if s.Partial {
			in.FunctionResponseTypes = []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures}
		}
		out, err := api.CreateEventSourceMapping(c.t.Context(), in)
		c.ok(err)
		c.mappings[s.Function] = *out.UUID
	}
}

// guard gives a queue its policy.
func (c *cloud) guard(queue string, policy any) {
	c.setQueue(queue, map[string]string{"Policy": asJSON(c.t, policy)})
}

// asDeployed decides what the template leaves to parameters: nothing that is optional is there.
func asDeployed(v any) any {
	switch v := v.(type) {
	case blueprint.Choice:
		return asDeployed(v[1])
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = asDeployed(x)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, asDeployed(x))
		}
		return out
	}
	return v
}

// callers lets those call a function who should.
func (c *cloud) callers(api *lambda.Client, f blueprint.Function) {
	ctx := c.t.Context()
	if f.URL != "" {
		_, err := api.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: &f.Name, AuthType: lambdatypes.FunctionUrlAuthType(f.URL)})
		c.ok(err)
	}
	for i, caller := range f.Callers {
		c.permit(f.Name, fmt.Sprint("template", i), caller.Action, caller.Principal, caller.ViaURL)
	}
	if f.Reserved {
		_, err := api.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &f.Name, ReservedConcurrentExecutions: aws.Int32(5)})
		c.ok(err)
	}
}

func (c *cloud) permit(function, id, action, principal string, viaURL bool) {
	in := &lambda.AddPermissionInput{FunctionName: &function, StatementId: &id, Action: &action, Principal: &principal}
	if viaURL {
		in.FunctionUrlAuthType = lambdatypes.FunctionUrlAuthTypeNone
	}
	_, err := lambda.NewFromConfig(c.cfg).AddPermission(c.t.Context(), in)
	c.ok(err)
}

func (c *cloud) rules(want *blueprint.Blueprint) {
	api := eventbridge.NewFromConfig(c.cfg)
	for _, r := range want.Rules {
		pattern, err := json.Marshal(r.Pattern)
		c.ok(err)
		_, err = api.PutRule(c.t.Context(), &eventbridge.PutRuleInput{Name: &r.Name, EventPattern: aws.String(string(pattern))})
		c.ok(err)
		for _, target := range r.Targets {
			_, err = api.PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{Rule: &r.Name, Targets: []eventtypes.Target{{Id: aws.String("1"), Arn: &target}}})
			c.ok(err)
		}
	}
}

func (c *cloud) tables() {
	api := dynamodb.NewFromConfig(c.cfg)
	c.ok(occurrence.CreateTables(c.t.Context(), c.session(), "shoreup"))
	for _, t := range occurrence.Tables() {
		name := t.Name("shoreup")
		_, err := api.UpdateTable(c.t.Context(), &dynamodb.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(true)})
		c.ok(err)
		c.recovery(name, true)
	}
}

func (c *cloud) recovery(table string, on bool) {
	_, err := dynamodb.NewFromConfig(c.cfg).UpdateContinuousBackups(c.t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: &table, PointInTimeRecoverySpecification: &dynamodbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on},
	})
	c.ok(err)
}

func (c *cloud) buckets() {
	api, ctx := c.s3(), c.t.Context()
	for _, part := range []string{"rules", "audit"} {
		_, err := api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: c.bucket(part), ObjectLockEnabledForBucket: aws.Bool(part == "audit")})
		c.ok(err)
		_, err = api.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: c.bucket(part), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
		c.ok(err)
		_, err = api.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: c.bucket(part), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
		c.ok(err)
	}
	_, err := api.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: c.bucket("audit"), ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
		ObjectLockEnabled: s3types.ObjectLockEnabledEnabled, Rule: &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeCompliance, Days: aws.Int32(365)}}}})
	c.ok(err)
	c.rulesFile("version: 1\n")
}

func (c *cloud) rulesFile(text string) {
	_, err := c.s3().PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: c.bucket("rules"), Key: aws.String("shoreup.yaml"), Body: strings.NewReader(text)})
	c.ok(err)
}

func (c *cloud) trail() {
	api, ctx := cloudtrail.NewFromConfig(c.cfg), c.t.Context()
	bucket := "trail-" + c.account
	_, err := c.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	c.ok(err)
	_, err = api.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("all"), S3BucketName: &bucket, IsMultiRegionTrail: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(true)})
	c.ok(err)
	_, err = api.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("all")})
	c.ok(err)
}

func (c *cloud) run(ctx context.Context) doctor.Report { return doctor.Run(ctx, c.config) }
