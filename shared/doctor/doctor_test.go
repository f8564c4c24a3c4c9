package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/doctor"
)

func TestHealthy(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.record("111122223333", time.Now())
	report := c.run(t.Context())
	for _, check := range report.Checks {
		if check.Status != doctor.OK {
			t.Errorf("%s: %s: %+v", check.ID, check.Status, check.Findings)
		}
	}
	if report.Status != doctor.OK || report.Counts[doctor.OK] != len(doctor.Checks()) {
		t.Errorf("the report says %s, %v", report.Status, report.Counts)
	}
}

// broken is one thing that is not as it should be, what must be found, and what else may come of it.
type broken struct {
	name     string
	do       func(*cloud)
	check    string
	status   doctor.Status
	seen     string   // is part of what was seen
	advice   string   // is part of what to do; for an OK finding empty
	alsoHurt []string // checks that may not be OK either
}

func TestOneThingBroken(t *testing.T) {
	t.Parallel()
	for _, b := range slices.Concat(brokenStores(), brokenQueues(), brokenEvents(), brokenRoles(), brokenRecord(), hiddenChains(), brokenSlack(), drifted(), callable()) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			c := deploy(t)
			b.do(c)
			report := c.run(t.Context())
			for _, check := range report.Checks {
				switch {
				case check.ID == b.check:
					if check.Status != b.status || !slices.ContainsFunc(check.Findings, func(f doctor.Finding) bool {
						return f.Status == b.status && strings.Contains(f.Subject+": "+f.Seen, b.seen) && strings.Contains(f.Do, b.advice)
					}) {
						t.Errorf("%s is %s: %+v\nwant %s, with %q and the advice %q", check.ID, check.Status, check.Findings, b.status, b.seen, b.advice)
					}
				case check.Status != doctor.OK && !slices.Contains(b.alsoHurt, check.ID):
					t.Errorf("%s is %s, too: %+v", check.ID, check.Status, check.Findings)
				}
			}
		})
	}
}

func brokenStores() []broken {
	protect := func(c *cloud, table string, on bool) {
		_, err := dynamodb.NewFromConfig(c.cfg).UpdateTable(c.t.Context(), &dynamodb.UpdateTableInput{TableName: &table, DeletionProtectionEnabled: &on})
		c.ok(err)
	}
	return []broken{
		{"a table is missing", func(c *cloud) {
			protect(c, "shoreup-approvals", false)
			_, err := dynamodb.NewFromConfig(c.cfg).DeleteTable(c.t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("shoreup-approvals")})
			c.ok(err)
		}, "tables", doctor.Problem, "shoreup-approvals: there is no such table", "--table", nil},
		{"another prefix", func(c *cloud) { c.config.Tables = "elsewhere" }, "tables", doctor.Problem, "elsewhere-state: there is no such table", "--region", []string{"kill-switch", "audit", "sealed"}},
		{"a table can be deleted", func(c *cloud) { protect(c, "shoreup-audit", false) }, "tables", doctor.Problem, "shoreup-audit: it can be deleted", "--deletion-protection-enabled", nil},
		{"a table cannot be recovered", func(c *cloud) { c.recovery("shoreup-state", false) }, "tables", doctor.Problem, "shoreup-state: point-in-time recovery is off", "update-continuous-backups --table-name shoreup-state", nil},
		{"a function is missing", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).DeleteFunction(c.t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("shoreup-apply")})
			c.ok(err)
		}, "functions", doctor.Problem, "shoreup-apply: there is no such function", "deploy", []string{"sources"}},
		{"a bucket is missing", func(c *cloud) {
			_, err := c.s3().DeleteBucket(c.t.Context(), &s3.DeleteBucketInput{Bucket: c.bucket("audit")})
			c.ok(err)
		}, "buckets", doctor.Problem, "there is no such bucket", "deploy", nil},
		{"a bucket keeps no versions", func(c *cloud) {
			_, err := c.s3().PutBucketVersioning(c.t.Context(), &s3.PutBucketVersioningInput{Bucket: c.bucket("rules"), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
			c.ok(err)
		}, "buckets", doctor.Problem, "it keeps no versions", "put-bucket-versioning", nil},
		{"a bucket may be made public", func(c *cloud) {
			_, err := c.s3().PutPublicAccessBlock(c.t.Context(), &s3.PutPublicAccessBlockInput{Bucket: c.bucket("audit"), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}})
			c.ok(err)
		}, "buckets", doctor.Problem, "Block Public Access is not wholly on", "put-public-access-block", nil},
		{"a bucket has no block at all", func(c *cloud) {
			_, err := c.s3().DeletePublicAccessBlock(c.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: c.bucket("rules")})
			c.ok(err)
		}, "buckets", doctor.Problem, "Block Public Access is not wholly on", "put-public-access-block", nil},
		{"the sealed log is not locked", func(c *cloud) {
			_, err := c.s3().DeleteBucket(c.t.Context(), &s3.DeleteBucketInput{Bucket: c.bucket("audit")})
			c.ok(err)
			_, err = c.s3().CreateBucket(c.t.Context(), &s3.CreateBucketInput{Bucket: c.bucket("audit")})
			c.ok(err)
			_, err = c.s3().PutBucketVersioning(c.t.Context(), &s3.PutBucketVersioningInput{Bucket: c.bucket("audit"), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
			c.ok(err)
			_, err = c.s3().PutPublicAccessBlock(c.t.Context(), &s3.PutPublicAccessBlockInput{Bucket: c.bucket("audit"), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
			c.ok(err)
		}, "buckets", doctor.Problem, "it has no Object Lock", "deploy", nil},
		{"no rules file", func(c *cloud) {
			_, err := c.s3().DeleteObject(c.t.Context(), &s3.DeleteObjectInput{Bucket: c.bucket("rules"), Key: aws.String("shoreup.yaml")})
			c.ok(err)
		}, "rules-file", doctor.Warning, "there is no rules file", "put it there", nil},
		{"a rules file with a mistake", func(c *cloud) { c.rulesFile("version: 1\nmode: auto\n") }, "rules-file", doctor.Problem, "it has a mistake, so nothing is changed", "shoreup rules check", nil},
		{"a rules file of this machine that is not there", func(c *cloud) { c.config.Rules = "testdata/none.yaml" }, "rules-file", doctor.Warning, "there is no rules file", "put it there", nil},
	}
}

func (c *cloud) mapping(function string, change func(*lambda.Client, string)) {
	change(lambda.NewFromConfig(c.cfg), c.mappings[function])
}

func (c *cloud) disable(function string) {
	c.mapping(function, func(api *lambda.Client, id string) {
		_, err := api.UpdateEventSourceMapping(c.t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: &id, Enabled: aws.Bool(false)})
		c.ok(err)
	})
}

func (c *cloud) send(queue string) {
	_, err := sqs.NewFromConfig(c.cfg).SendMessage(c.t.Context(), &sqs.SendMessageInput{QueueUrl: c.queueURL(queue), MessageBody: aws.String("x")})
	c.ok(err)
}

func brokenQueues() []broken {
	return []broken{
		{"evaluate is not fed", func(c *cloud) { c.disable("shoreup-evaluate") }, "sources", doctor.Problem, "shoreup-events: its event source mapping is Disabled", "update-event-source-mapping --enabled --uuid ", nil},
		{"the outer brake is on", func(c *cloud) { c.disable("shoreup-apply") }, "sources", doctor.Warning, "the outer brake is on: shoreup-apply is not fed, so nothing is written", "update-event-source-mapping --enabled --uuid ", nil},
		{"a mapping is missing", func(c *cloud) {
			c.mapping("shoreup-apply", func(api *lambda.Client, id string) {
				_, err := api.DeleteEventSourceMapping(c.t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: &id})
				c.ok(err)
			})
		}, "sources", doctor.Problem, "shoreup-apply: nothing takes its messages", "deploy", nil},
		{"a queue is missing", func(c *cloud) {
			_, err := sqs.NewFromConfig(c.cfg).DeleteQueue(c.t.Context(), &sqs.DeleteQueueInput{QueueUrl: c.queueURL("shoreup-events")})
			c.ok(err)
		}, "queues", doctor.Problem, "shoreup-events: there is no such queue", "deploy", nil},
		{"a queue does not drain", func(c *cloud) { c.send("shoreup-events") }, "queues", doctor.Warning, "shoreup-events: 1 message wait", "/aws/lambda/shoreup-evaluate", nil},
		{"a queue has no dead-letter queue", func(c *cloud) {
			c.setQueue("shoreup-apply", map[string]string{"RedrivePolicy": ""})
		}, "queues", doctor.Problem, "shoreup-apply: messages that always fail", "deploy", nil},
		{"messages that nobody can read", func(c *cloud) { c.send("shoreup-dead-letters"); c.send("shoreup-dead-letters") }, "dead-letters", doctor.Problem, "shoreup-dead-letters: 2 messages", "attribute reason", nil},
		{"calls of our own that nobody has compared yet", func(c *cloud) { c.send("shoreup-reconciliation") }, "dead-letters", doctor.OK, "2 queues are empty", "", nil},
		{"a dead-letter queue is missing", func(c *cloud) {
			_, err := sqs.NewFromConfig(c.cfg).DeleteQueue(c.t.Context(), &sqs.DeleteQueueInput{QueueUrl: c.queueURL("shoreup-dead-letters")})
			c.ok(err)
		}, "dead-letters", doctor.Problem, "what fails for good is lost", "deploy", nil},
	}
}

func brokenEvents() []broken {
	selectors := func(s ...cloudtrailtypes.AdvancedFieldSelector) func(*cloud) {
		return func(c *cloud) {
			management := cloudtrailtypes.AdvancedFieldSelector{Field: aws.String("eventCategory"), Equals: []string{"Management"}}
			_, err := cloudtrail.NewFromConfig(c.cfg).PutEventSelectors(c.t.Context(), &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("all"),
				AdvancedEventSelectors: []cloudtrailtypes.AdvancedEventSelector{{FieldSelectors: append(s, management)}}})
			c.ok(err)
		}
	}
	return []broken{
		{"a rule is disabled", func(c *cloud) {
			_, err := eventbridge.NewFromConfig(c.cfg).DisableRule(c.t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("shoreup-calls-s3")})
			c.ok(err)
		}, "event-rules", doctor.Problem, "shoreup-calls-s3: it is disabled", "enable-rule --region us-east-1 --name shoreup-calls-s3", nil},
		{"a rule leads nowhere", func(c *cloud) {
			_, err := eventbridge.NewFromConfig(c.cfg).RemoveTargets(c.t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("shoreup-calls-s3"), Ids: []string{"1"}})
			c.ok(err)
		}, "event-rules", doctor.Problem, "shoreup-calls-s3: it does not lead to arn:aws:sqs:us-east-1:", "deploy", nil},
		{"a rule is missing", func(c *cloud) {
			api := eventbridge.NewFromConfig(c.cfg)
			_, err := api.RemoveTargets(c.t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("shoreup-reconciliation"), Ids: []string{"1"}})
			c.ok(err)
			_, err = api.DeleteRule(c.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("shoreup-reconciliation")})
			c.ok(err)
		}, "event-rules", doctor.Problem, "shoreup-reconciliation: there is no such rule", "deploy", nil},
		{"a Region that nothing hears", func(c *cloud) {
			c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: own, regions: [us-east-1, eu-west-1]}\n", c.account))
		}, "event-rules", doctor.Warning, "only sweeps look at this Region", "take the Region out", nil},
		{"no trail", func(c *cloud) {
			_, err := cloudtrail.NewFromConfig(c.cfg).DeleteTrail(c.t.Context(), &cloudtrail.DeleteTrailInput{Name: aws.String("all")})
			c.ok(err)
		}, "trail", doctor.Problem, "blind: no trail covers this Region", "make a trail", nil},
		{"a trail that does not log", func(c *cloud) {
			_, err := cloudtrail.NewFromConfig(c.cfg).StopLogging(c.t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("all")})
			c.ok(err)
		}, "trail", doctor.Problem, "blind: not logging: all", "start-logging --region us-east-1", nil},
		{"a trail without KMS", selectors(cloudtrailtypes.AdvancedFieldSelector{Field: aws.String("eventSource"), NotEquals: []string{"kms.amazonaws.com"}}),
			"trail", doctor.Problem, "blind to kms.amazonaws.com DisableKeyRotation: the trail", "put-event-selectors", nil},
		{"a trail of reads", selectors(cloudtrailtypes.AdvancedFieldSelector{Field: aws.String("readOnly"), Equals: []string{"true"}}),
			"trail", doctor.Problem, "blind to s3.amazonaws.com PutBucketPolicy, kms.amazonaws.com DisableKeyRotation, iam.amazonaws.com CreateRole", "put-event-selectors", nil},
		{"a trail that leaves somebody out", selectors(cloudtrailtypes.AdvancedFieldSelector{Field: aws.String("userIdentity.arn"), NotEquals: []string{"arn:aws:iam::111122223333:role/deploy"}}),
			"trail", doctor.Warning, "may leave out some calls of iam.amazonaws.com, kms.amazonaws.com, s3.amazonaws.com", "eventCategory", nil},
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.slack = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	if text := asJSON(t, c.run(t.Context())); strings.Contains(text, "xoxb-test") {
		t.Errorf("the token is in the report: %s", text)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := deploy(t)
	cancel()
	for _, check := range c.run(ctx).Checks {
		if check.ID != "caller" && check.Status == doctor.Problem {
			t.Errorf("%s is a problem though nobody looked: %+v", check.ID, check.Findings)
		}
	}
}
