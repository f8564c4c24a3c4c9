package wiresecurityhub

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// look is the signal expected of a resource in the usual account; finding ids differ from sample to sample and are compared apart.
func look(resourceType, id, control string) signal.Signal {
	return signal.Signal{Class: "securityhub_imported", Relevant: true, ResourceType: resourceType, ResourceID: id, SecurityControlID: control,
		ConfigRule: "securityhub-example-rule-abc123", ProductARN: "arn:aws:securityhub:us-east-1::product/aws/securityhub",
		Account: "111122223333", Region: "us-east-1", Partition: "aws", Time: time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC)}
}

func at(s signal.Signal, account, region, partition string) signal.Signal {
	s.Account, s.Region, s.Partition = account, region, partition
	p := partition
	if p == "" {
		p = "aws"
	}
	s.ProductARN = "arn:" + p + ":securityhub:" + region + "::product/aws/securityhub"
	return s
}

// from replaces what the finding's product says of itself.
func from(s signal.Signal, product, rule string) signal.Signal {
	s.ProductARN, s.ConfigRule = product, rule
	return s
}

func byHand(s signal.Signal) signal.Signal {
	s.Class, s.Asked = "securityhub_custom_action", "fix"
	return s
}

func asked(s signal.Signal, what string) signal.Signal {
	s.Class, s.Asked = "securityhub_custom_action", what
	return s
}

const (
	bucketType = "AWS::S3::Bucket"
	groupType  = "AWS::EC2::SecurityGroup"
	hub        = "arn:aws:securityhub:us-east-1::product/aws/securityhub"
	topic      = "arn:aws:sns:us-east-1:111122223333:alarms"
)

func bucket() signal.Signal { return look(bucketType, "example-reports", "S3.2") }

func cases() map[string][]signal.Signal {
	return map[string][]signal.Signal{
		"bucket":                               {bucket()},
		"custom_action_resolved_with_our_note": {byHand(bucket())},
		"custom_action_plan":                   {asked(bucket(), "plan")},
		"custom_action_of_others":              {asked(bucket(), "fix")},
		"custom_action_suppressed":             {byHand(bucket()).Drop("the finding is suppressed")},
		"several_findings_several_resources": {
			look(groupType, "sg-0aaaaaaaaaaaaaaa1", "EC2.19"), look(groupType, "sg-0bbbbbbbbbbbbbbb2", "EC2.19"),
			at(look("AWS::IAM::Role", "app", "IAM.21"), "444455556666", "us-east-1", "aws"),
			bucket().Drop(`compliance is "PASSED", not FAILED`)},
		"administrator_envelope": {at(look("AWS::RDS::DBInstance", "orders-db", "RDS.3"), "444455556666", "eu-west-1", "aws")},
		"gov": {at(look("AWS::SQS::Queue", "https://sqs.us-gov-east-1.amazonaws.com/123456789012/orders", "SQS.1"),
			"123456789012", "us-gov-east-1", "aws-us-gov")},
		"cn":         {at(look("AWS::KMS::Key", "1234abcd-12ab-34cd-56ef-1234567890ab", "KMS.4"), "444455556666", "cn-north-1", "aws-cn")},
		"every_type": everyType(),
		"access_keys": {
			from(look("AWS::IAM::User", "dave", ""), hub, ""),
			from(look("AWS::IAM::Role", "app", ""), hub, ""),
			from(look("", "AWS::IAM::AccessKey:AKIAI44QH8DHBEXAMPLE", ""), hub, "").Drop(`access key of a "Root", not of a user or role`),
			from(look("", "AWS::IAM::AccessKey:AKIAI44QH8DHBEXAMPLE", ""), hub, "").Drop("the finding does not say whose access key it is"),
		},
		"no_compliance": {from(look(bucketType, "example-reports", ""), "arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default", "")},
		"old_standard_generator": {
			look(bucketType, "example-reports", "S3.8"), from(look(bucketType, "example-reports", "S3.1"), hub, ""), from(look(bucketType, "example-reports", ""), hub, "")},
		"archived":       {bucket().Drop(`record state is "ARCHIVED", not ACTIVE`)},
		"suppressed":     {bucket().Drop(`workflow status is "SUPPRESSED", not NEW or NOTIFIED`)},
		"resolved":       {bucket().Drop(`workflow status is "RESOLVED", not NEW or NOTIFIED`)},
		"our_own_note":   {bucket().Drop("updated by shoreup itself")},
		"our_old_note":   {bucket()}, // its provider has spoken since
		"somebodys_note": {bucket()},
		"unknown_type_and_none": {
			look("", "", "S3.2").Drop(`resource type "AwsLambdaFunction" of the finding is not one of ours`),
			look("", "", "S3.2").Drop(`resource type "Other" of the finding is not one of ours`),
			look("", "", "S3.2").Drop("no resource in finding")},
		"disagreeing": disagreeing(),
		"region_of_finding_or_arn": {
			look("AWS::IAM::Role", "app", "S3.2"),
			from(at(look("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:alarms", "S3.2"), "111122223333", "eu-west-1", "aws"), hub, "securityhub-example-rule-abc123"),
			at(bucket(), "111122223333", "eu-central-1", "aws")},
		"resource_elsewhere_than_finding": {from(at(bucket(), "111122223333", "eu-west-1", "aws"), hub, bucket().ConfigRule)},
		"one_unreadable": {
			{Class: "invalid", Reason: "unreadable", Time: bucket().Time},
			bucket()},
	}
}

func everyType() []signal.Signal {
	var out []signal.Signal
	for _, r := range [][2]string{
		{"AWS::S3::AccessPoint", "finance-ap"}, {"AWS::::Account", "111122223333"}, {"AWS::EC2::Volume", "vol-0123456789abcdef0"},
		{"AWS::EC2::Snapshot", "snap-0123456789abcdef0"}, {"AWS::EC2::VPC", "vpc-0abc1234def567890"}, {"AWS::IAM::User", "dave"}, {"AWS::IAM::Group", "devs"},
		{"AWS::IAM::ManagedPolicy", "arn:aws:iam::111122223333:policy/teams/data-admin"}, {"AWS::RDS::DBCluster", "ledger"},
		{"AWS::RDS::DBSnapshot", "rds:orders-db-2026-03-01"}, {"AWS::RDS::DBClusterSnapshot", "ledger-final"}, {"AWS::DynamoDB::Table", "Orders"},
		{"AWS::SNS::Topic", topic}, {bucketType, "example-reports"}, {groupType, "sg-0a1b2c3d4e5f60718"},
	} {
		out = append(out, look(r[0], r[1], "S3.2"))
	}
	return out
}

func disagreeing() []signal.Signal {
	const otherAccount = "arn:aws:ec2:us-east-1:444455556666:security-group/sg-0aaaaaaaaaaaaaaa1"
	const otherRegion = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0aaaaaaaaaaaaaaa1"
	partition := func(s signal.Signal, p string) signal.Signal {
		s.Partition = p
		return s
	}
	group := look(groupType, "sg-0aaaaaaaaaaaaaaa1", "S3.2")
	return []signal.Signal{
		group.Invalid("ARN " + otherAccount + " does not agree with account 111122223333 of the event"),
		group.Invalid("ARN " + otherRegion + " does not agree with Region us-east-1 of the event"),
		bucket().Invalid("ARN arn:aws-cn:s3:::example-reports is not in partition aws of the event"),
		partition(bucket(), "aws-cn").Invalid(`partition "aws-cn" does not agree with Region us-east-1`),
		look("AWS::::Account", "444455556666", "S3.2").Invalid(`account "444455556666" named as resource does not agree with account 111122223333`),
		from(at(bucket(), "0123", "us-east-1", "aws"), hub, bucket().ConfigRule).Invalid(`malformed account id "0123"`),
		look(bucketType, "arn:aws:sqs:us-east-1:111122223333:example-reports", "S3.2").
			Invalid(`"arn:aws:sqs:us-east-1:111122223333:example-reports" does not identify an AwsS3Bucket`),
		look("AWS::SNS::Topic", "alarms", "S3.2").Invalid(`"alarms" does not identify an AwsSnsTopic`),
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(cases()) {
		t.Fatalf("%d samples for %d cases (%v): every sample needs a case", len(files), len(cases()), err)
	}
	for name, want := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range want {
			want[i].EventID = "env-" + name
			if i >= len(got) {
				continue
			}
			if got[i].FindingID == "" && want[i].Reason != "unreadable" {
				t.Errorf("%s: signal %d has no finding id", name, i)
			}
			got[i].FindingID = ""
			if want[i].Reason == "unreadable" && strings.Contains(got[i].Reason, "reading finding") {
				got[i].Reason = "unreadable"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: signals (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, detail := range []string{``, `null`, `[]`, `{}`, `{"findings":[]}`, `{"findings":{}}`} {
		if _, err := Parse(wire.Envelope{Detail: []byte(detail)}); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("detail %q: got error %v, want ErrMalformed", detail, err)
		}
	}
}

func TestControlID(t *testing.T) {
	t.Parallel()
	for generator, want := range map[string]string{
		"security-control/S3.2":                                                         "S3.2",
		"aws-foundational-security-best-practices/v/1.0.0/EC2.19":                       "EC2.19",
		"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/1.22": "",
		"cis-aws-foundations-benchmark/v/1.4.0/2.1.5.1":                                 "",
		"S3.2":              "", // some other product's name for something else
		"acme/S3":           "",
		"acme/S3.":          "",
		"acme/.2":           "",
		"acme/S3.two":       "",
		"security-control/": "",
		"":                  "",
	} {
		if got := (Finding{GeneratorID: generator}).controlID(); got != want {
			t.Errorf("control of generator %q = %q, want %q", generator, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name := range cases() {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		env, err := wire.Decode(raw)
		if err != nil {
			return
		}
		out, err := Parse(env)
		if (err == nil) == (len(out) == 0) || err != nil && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("%d signals, error %v", len(out), err)
		}
		for _, s := range out {
			if s.Relevant != (s.Reason == "") {
				t.Fatalf("relevant %v with reason %q", s.Relevant, s.Reason)
			}
			if s.Relevant && (s.ResourceType == "" || s.ResourceID == "" || !signal.IsAccountID(s.Account) || s.Partition == "") {
				t.Fatalf("relevant, but not to be trusted: %+v", s)
			}
		}
	})
}
