package doctor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// guards is what the template of testdata lacks: a bus, policies of buckets and of the bus, how long what is sealed is held, and schedules.
const guards = `{"Parameters": {"AuditLockMode": {"Default": "COMPLIANCE"}, "AuditRetentionDays": {"Default": 365}, "DeployRole": {}, "SweepSchedule": {"Default": "rate(6 hours)"}, "OrganizationId": {}},
	"Resources": {
	"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shoreup"}},
	"BusFromMembers": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"EventBusName": {"Ref": "Bus"}, "Statement": {"Sid": "FromMembers", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
		"Resource": {"Fn::GetAtt": ["Bus", "Arn"]}, "Condition": {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}}}}},
	"RulesBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "shoreup-rules-${AWS::AccountId}-${AWS::Region}"}, "VersioningConfiguration": {"Status": "Enabled"}}},
	"RulesBucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "RulesBucket"}, "PolicyDocument": {"Statement": [{"Sid": "OnlyWriter", "Effect": "Deny", "Principal": "*",
		"Action": "s3:PutObject", "Resource": {"Fn::Sub": "${RulesBucket.Arn}/*"}, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": {"Ref": "DeployRole"}}}}]}}},
	"AuditBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "shoreup-audit-${AWS::AccountId}-${AWS::Region}"}, "VersioningConfiguration": {"Status": "Enabled"}, "ObjectLockEnabled": true,
		"ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Days": {"Ref": "AuditRetentionDays"}, "Mode": {"Ref": "AuditLockMode"}}}}}},
	"AuditBucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "AuditBucket"}, "PolicyDocument": {"Statement": [{"Sid": "OnlyOnce", "Effect": "Deny", "Principal": "*",
		"Action": "s3:PutObject", "Resource": {"Fn::Sub": "${AuditBucket.Arn}/chains/*"}, "Condition": {"Null": {"s3:if-none-match": "true"}}}]}}},
	"SealRule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "shoreup-seal", "ScheduleExpression": "rate(1 hour)", "Targets": [{"Id": "seal", "Arn": {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:shoreup-apply"}}]}},
	"SweepRule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "shoreup-sweep", "ScheduleExpression": {"Fn::Sub": "${SweepSchedule}"}, "Targets": [{"Id": "sweep", "Arn": {"Fn::Sub": "arn:aws:lambda:us-east-1:${AWS::AccountId}:function:shoreup-apply"}}]}}}}`

const (
	fromMembers = `{"Version":"2012-10-17","Statement":[{"Sid":"FromMembers","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"arn:aws:events:us-east-1:ACCOUNT:event-bus/shoreup","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg01"}}}]}`
	onlyWriter  = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyWriter","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::shoreup-rules-ACCOUNT-us-east-1/*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::ACCOUNT:role/deploy"}}}]}`
	onlyOnce    = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOnce","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::shoreup-audit-ACCOUNT-us-east-1/chains/*","Condition":{"Null":{"s3:if-none-match":"true"}}}]}`
)

// deployGuarded is deploy with all of that.
func deployGuarded(t *testing.T) *cloud {
	t.Helper()
	c := deploy(t)
	b, err := blueprint.Read(guards, blueprint.Values{Partition: "aws", Account: c.account, Region: region})
	c.ok(err)
	c.config.Want.Buses, c.config.Want.Buckets, c.config.Want.Rules = b.Buses, b.Buckets, append(c.config.Want.Rules, b.Rules...)
	events := eventbridge.NewFromConfig(c.cfg)
	_, err = events.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("shoreup")})
	c.ok(err)
	c.busPolicy(fromMembers)
	c.bucketPolicy("rules", onlyWriter)
	c.bucketPolicy("audit", onlyOnce)
	c.schedule("shoreup-seal", "rate(1 hour)")
	c.schedule("shoreup-sweep", "rate(12 hours)") // a parameter's choice
	return c
}

func (c *cloud) here(text string) *string {
	return aws.String(strings.ReplaceAll(text, "ACCOUNT", c.account))
}

func (c *cloud) busPolicy(text string) {
	_, err := eventbridge.NewFromConfig(c.cfg).PutPermission(c.t.Context(), &eventbridge.PutPermissionInput{EventBusName: aws.String("shoreup"), Policy: c.here(text)})
	c.ok(err)
}

func (c *cloud) bucketPolicy(part, text string) {
	_, err := c.s3().PutBucketPolicy(c.t.Context(), &s3.PutBucketPolicyInput{Bucket: c.bucket(part), Policy: c.here(text)})
	c.ok(err)
}

func (c *cloud) schedule(rule, expression string) {
	_, err := eventbridge.NewFromConfig(c.cfg).PutRule(c.t.Context(), &eventbridge.PutRuleInput{Name: &rule, ScheduleExpression: &expression})
	c.ok(err)
	c.target(rule, "arn:aws:lambda:us-east-1:"+c.account+":function:shoreup-apply")
}

func (c *cloud) target(rule, arn string) {
	_, err := eventbridge.NewFromConfig(c.cfg).PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{Rule: &rule, Targets: []eventtypes.Target{{Id: aws.String("1"), Arn: &arn}}})
	c.ok(err)
}

// reseal seals records while the bucket's policy is off: the emulator takes no notice of the policy's condition.
func (c *cloud) reseal(chain string, records ...int) {
	_, err := c.s3().DeleteBucketPolicy(c.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: c.bucket("audit")})
	c.ok(err)
	for _, n := range records {
		c.seal(chain, n, n)
	}
	c.bucketPolicy("audit", onlyOnce)
}

// hold sets how long new objects of the audit bucket are held.
func (c *cloud) hold(mode s3types.ObjectLockRetentionMode, days int32) {
	_, err := c.s3().PutObjectLockConfiguration(c.t.Context(), &s3.PutObjectLockConfigurationInput{Bucket: c.bucket("audit"), ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
		ObjectLockEnabled: s3types.ObjectLockEnabledEnabled, Rule: &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: mode, Days: &days}}}})
	c.ok(err)
}

// unguarded are things that somebody opened, or made weaker, by hand.
func unguarded() []broken {
	return []broken{
		{"nothing", func(*cloud) {}, "buckets", doctor.OK, "what is sealed is held: COMPLIANCE 365 days", "", nil},
		{"anybody may put events on the bus", func(c *cloud) {
			c.busPolicy(strings.Replace(fromMembers, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg01"}}`, "", 1))
		},
			"senders", doctor.Problem, "shoreup: its policy is not that of the template: others than the organisation's members", "Upgrade", nil},
		{"anybody may write the rules", func(c *cloud) {
			_, err := c.s3().DeleteBucketPolicy(c.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: c.bucket("rules")})
			c.ok(err)
		}, "buckets", doctor.Problem, "its policy is not that of the template: others than should may read, write or delete", "Upgrade", nil},
		{"what is sealed may be written again", func(c *cloud) { c.bucketPolicy("audit", strings.Replace(onlyOnce, "OnlyOnce", "Was", 1)) },
			"buckets", doctor.Problem, "its policy is not that of the template", "find out who", nil},
		{"what is sealed is held in a weaker mode for a day", func(c *cloud) { c.hold(s3types.ObjectLockRetentionModeGovernance, 1) },
			"buckets", doctor.Warning, "held in mode GOVERNANCE, and the template says COMPLIANCE; for 1 day, and the template says 365", "COMPLIANCE and 365", nil},
		{"what is sealed is held for longer", func(c *cloud) { c.hold(s3types.ObjectLockRetentionModeCompliance, 730) },
			"buckets", doctor.OK, "COMPLIANCE 730 days", "", nil},
		{"sealing is rare", func(c *cloud) { c.schedule("shoreup-seal", "rate(30 days)") },
			"event-rules", doctor.Problem, `shoreup-seal: its schedule is "rate(30 days)", and that of this version's template "rate(1 hour)"`, "Upgrade", nil},
		{"a schedule became a pattern", func(c *cloud) {
			_, err := eventbridge.NewFromConfig(c.cfg).RemoveTargets(c.t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("shoreup-seal"), Ids: []string{"1"}})
			c.ok(err)
			_, err = eventbridge.NewFromConfig(c.cfg).DeleteRule(c.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("shoreup-seal")})
			c.ok(err)
			c.pattern("shoreup-seal", `{"source":["aws.s3"]}`)
			c.target("shoreup-seal", "arn:aws:lambda:us-east-1:"+c.account+":function:shoreup-apply")
		}, "event-rules", doctor.Problem, `shoreup-seal: its schedule is ""`, "Upgrade", nil},
		{"a sealed part was written again", func(c *cloud) {
			c.record("111122223333", time.Now().Add(-9*time.Hour))
			c.reseal("111122223333", 1, 1)
		}, "sealed", doctor.Problem, "111122223333: chains/111122223333/0000000000000001-0000000000000001.jsonl was overwritten or deleted", "treat it as tampering", nil},
		{"a sealed part was hidden", func(c *cloud) {
			for range 2 {
				c.record("111122223333", time.Now().Add(-9*time.Hour))
			}
			c.reseal("111122223333", 1, 2)
			_, err := c.s3().DeleteObject(c.t.Context(), &s3.DeleteObjectInput{Bucket: c.bucket("audit"), Key: aws.String("chains/111122223333/0000000000000001-0000000000000001.jsonl")})
			c.ok(err)
		}, "sealed", doctor.Problem, "0000000000000001-0000000000000001.jsonl was overwritten or deleted", "shoreup audit verify --bucket", nil},
		{"the outer brake is on for one queue of two", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).CreateEventSourceMapping(c.t.Context(), &lambda.CreateEventSourceMappingInput{
				FunctionName: aws.String("shoreup-apply"), EventSourceArn: aws.String("arn:aws:sqs:" + region + ":" + c.account + ":shoreup-reconciliation")})
			c.ok(err)
			c.disable("shoreup-apply")
		}, "sources", doctor.Problem, "shoreup-reconciliation still feeds shoreup-apply: that is no brake", "for each mapping of shoreup-apply", nil},
	}
}

func TestOneThingUnguarded(t *testing.T) {
	t.Parallel()
	for _, b := range unguarded() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			c := deployGuarded(t)
			b.do(c)
			for _, check := range c.run(t.Context()).Checks {
				if check.ID != b.check {
					if check.Status != doctor.OK {
						t.Errorf("%s is %s, too: %+v", check.ID, check.Status, check.Findings)
					}
					continue
				}
				if check.Status != b.status || !slices.ContainsFunc(check.Findings, func(f doctor.Finding) bool {
					return f.Status == b.status && strings.Contains(f.Subject+": "+f.Seen, b.seen) && strings.Contains(f.Do, b.advice)
				}) {
					t.Errorf("%s is %s: %+v\nwant %s, with %q and the advice %q", check.ID, check.Status, check.Findings, b.status, b.seen, b.advice)
				}
			}
		})
	}
}

// TestGuardsNeedPermissions: what may not be read is not checked, and says what it takes.
func TestGuardsNeedPermissions(t *testing.T) {
	t.Parallel()
	c := deployGuarded(t)
	c.record("111122223333", time.Now().Add(-9*time.Hour))
	c.reseal("111122223333", 1)
	for action, want := range map[string]struct{ refuse, check string }{
		"s3:GetBucketPolicy": {"?policy", "buckets"}, "events:DescribeEventBus": {"DescribeEventBus", "senders"}, "s3:ListBucketVersions": {"versions", "sealed"},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			check := find(doctor.Run(t.Context(), c.refusing(operation(want.refuse))), want.check)
			if check.Status != doctor.NotChecked || !strings.Contains(asJSON(t, check.Findings), action) || !slices.Contains(check.Needs, action) {
				t.Errorf("%s is %s and needs %v: %+v", check.ID, check.Status, check.Needs, check.Findings)
			}
		})
	}
}

// TestQueuesOfMembersAreGuarded: the queue beside a member's rules, in each of its Regions, is compared with the member's template.
func TestQueuesOfMembersAreGuarded(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	account := c.member(map[string][]string{"us-east-1": {"shoreup-calls-s3", "shoreup-calls-iam"}, "eu-west-1": {"shoreup-calls-s3"}})
	text := `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyRules","Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:${AWS::Region}:` + account +
		`:shoreup-unforwarded","Condition":{"ArnNotLike":{"aws:SourceArn":"arn:aws:events:${AWS::Region}:` + account + `:rule/shoreup-*"}}}]}`
	policy, ok := parse(t, text).(map[string]any)
	if !ok {
		t.Fatal("the policy is no object")
	}
	c.config.Member.Queues[0].Policy = policy
	for where, let := range map[string]string{"us-east-1": "rule/shoreup-*", "eu-west-1": "*"} {
		api := sqs.NewFromConfig(emulatortest.ForTest(t).Config(account, where))
		url, err := api.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("shoreup-unforwarded")})
		c.ok(err)
		own := strings.NewReplacer("${AWS::Region}", where, "rule/shoreup-*", let).Replace(text)
		_, err = api.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: url.QueueUrl, Attributes: map[string]string{"Policy": own}})
		c.ok(err)
	}
	var got []string
	for _, f := range find(c.run(t.Context()), "senders").Findings {
		if f.Status == doctor.Problem {
			got = append(got, f.Account+" "+f.Region+" "+f.Subject)
		}
	}
	if want := []string{account + " eu-west-1 shoreup-unforwarded"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
