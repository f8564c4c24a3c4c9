package signal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseARN(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]ARN{
		"arn:aws:s3:::b":                                           {"aws", "s3", "", "", "b"},
		"arn:aws:iam::111122223333:role/a/b":                       {"aws", "iam", "", "111122223333", "role/a/b"},
		"arn:aws:iam::aws:policy/AdministratorAccess":              {"aws", "iam", "", "aws", "policy/AdministratorAccess"},
		"arn:aws-cn:sns:cn-north-1:111122223333:t":                 {"aws-cn", "sns", "cn-north-1", "111122223333", "t"},
		"arn:aws-us-gov:rds:us-gov-west-1:111122223333:db:x":       {"aws-us-gov", "rds", "us-gov-west-1", "111122223333", "db:x"},
		"arn:aws:rds:eu-west-1:111122223333:snapshot:rds:x-2026":   {"aws", "rds", "eu-west-1", "111122223333", "snapshot:rds:x-2026"},
		"arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0":       {"aws", "ec2", "us-east-1", "", "image/ami-0123456789abcdef0"},
		"arn:aws-iso:s3:::b":                                       {"aws-iso", "s3", "", "", "b"},
		"arn:aws-eusc:sqs:eusc-de-east-1:111122223333:q":           {"aws-eusc", "sqs", "eusc-de-east-1", "111122223333", "q"},
		"arn:aws:s3:us-east-1:111122223333:accesspoint/finance-ap": {"aws", "s3", "us-east-1", "111122223333", "accesspoint/finance-ap"},
	} {
		got, err := ParseARN(s)
		if err != nil || got != want {
			t.Errorf("ParseARN(%q) = %+v, %v", s, got, err)
		}
		if got.String() != s {
			t.Errorf("%q came back as %q", s, got.String())
		}
	}
}

func TestParseARNRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "arn", "arn:aws:s3", "arn:aws:s3:::", "ARN:aws:s3:::b", " arn:aws:s3:::b", "arn:aws:s3:::b ", "arn:aws:s3:::b\n",
		"arn:awz:s3:::b", "arn::s3:::b", "arn:aws::::b", "arn:aws:S3:::b", "arn:aws:s3:nowhere::b", "arn:aws:s3:*::b",
		"arn:aws:sns:cn-north-1:111122223333:t", "arn:aws-cn:sns:us-east-1:111122223333:t",
		"arn:aws:iam::11112222333:role/x", "arn:aws:iam::1111222233334:role/x", "arn:aws:iam::11112222333x:role/x", "arn:aws:iam::*:role/x",
		"arn:aws:s3:::\xff", "arn:aws:s3:::" + strings.Repeat("a", 2048),
	} {
		if got, err := ParseARN(s); err == nil {
			t.Errorf("ParseARN(%.80q) = %+v, want an error", s, got)
		}
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"us-east-1": "aws", "ap-southeast-4": "aws", "mx-central-1": "aws", "il-central-1": "aws", "ca-west-1": "aws",
		"us-gov-west-1": "aws-us-gov", "us-gov-east-1": "aws-us-gov", "cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc",
		"": "", "us": "", "us-": "", "us-east": "", "us-east-": "", "us-east-x": "", "us-east-1a": "", "us-east-100": "", "US-EAST-1": "", "global": "",
		"aws-global": "", "moon-base-1": "", "us-east-1 ": "", "us-gov-west-1-x": "",
	} {
		if got := PartitionOf(region); got != want {
			t.Errorf("PartitionOf(%q) = %q, want %q", region, got, want)
		}
	}
	for partition, want := range map[string][2]string{
		"aws": {"us-east-1", "amazonaws.com"}, "aws-cn": {"cn-north-1", "amazonaws.com.cn"}, "aws-us-gov": {"us-gov-west-1", "amazonaws.com"}, "": {}, "aws-x": {},
	} {
		if got := [2]string{HomeRegion(partition), DNSSuffix(partition)}; got != want {
			t.Errorf("home Region and suffix of %q = %v, want %v", partition, got, want)
		}
	}
	for _, p := range partitions() {
		if PartitionOf(p.home) != p.name || p.dnsSuffix == "" {
			t.Errorf("partition %s: home Region %q or suffix %q is wrong", p.name, p.home, p.dnsSuffix)
		}
	}
}

func TestIDFromARN(t *testing.T) {
	t.Parallel()
	const a = "arn:aws:"
	for _, c := range []struct{ resourceType, arn, want string }{
		{"AWS::S3::Bucket", a + "s3:::b", "b"},
		{"AWS::S3::Bucket", a + "s3:::b/key", ""},
		{"AWS::S3::Bucket", a + "s3:us-east-1:111122223333:accesspoint/ap", ""},
		{"AWS::S3::AccessPoint", a + "s3:us-east-1:111122223333:accesspoint/ap", "ap"},
		{"AWS::S3::AccessPoint", a + "s3:us-east-1:111122223333:accesspoint/ap/object/key", ""},
		{"AWS::EC2::SecurityGroup", a + "ec2:us-east-1:111122223333:security-group/sg-1", "sg-1"},
		{"AWS::EC2::SecurityGroup", a + "ec2:us-east-1:111122223333:security-group-rule/sgr-1", ""},
		{"AWS::EC2::Volume", a + "ec2:us-east-1:111122223333:volume/vol-1", "vol-1"},
		{"AWS::EC2::Snapshot", a + "ec2:us-east-1::snapshot/snap-1", "snap-1"},
		{"AWS::EC2::Image", a + "ec2:us-east-1::image/ami-1", "ami-1"},
		{"AWS::EC2::PrefixList", a + "ec2:us-east-1:111122223333:prefix-list/pl-1", "pl-1"},
		{"AWS::EC2::VPC", a + "ec2:us-east-1:111122223333:vpc/vpc-1", "vpc-1"},
		{"AWS::IAM::Role", a + "iam::111122223333:role/p/q/r", "r"},
		{"AWS::IAM::Role", a + "iam::111122223333:role/", ""},
		{"AWS::IAM::Role", a + "iam::111122223333:role/p/", ""},
		{"AWS::IAM::Role", a + "iam::111122223333:user/r", ""},
		{"AWS::IAM::Role", a + "sts::111122223333:assumed-role/r/s", ""},
		{"AWS::IAM::User", a + "iam::111122223333:user/u", "u"},
		{"AWS::IAM::Group", a + "iam::111122223333:group/g", "g"},
		{"AWS::IAM::ManagedPolicy", a + "iam::111122223333:policy/p/x", a + "iam::111122223333:policy/p/x"},
		{"AWS::IAM::Policy", a + "iam::111122223333:policy/x", a + "iam::111122223333:policy/x"},
		{"AWS::RDS::DBInstance", a + "rds:us-east-1:111122223333:db:x", "x"},
		{"AWS::RDS::DBCluster", a + "rds:us-east-1:111122223333:cluster:x", "x"},
		{"AWS::RDS::DBCluster", a + "rds:us-east-1:111122223333:cluster-snapshot:x", ""},
		{"AWS::RDS::DBSnapshot", a + "rds:us-east-1:111122223333:snapshot:rds:x-1", "rds:x-1"},
		{"AWS::RDS::DBClusterSnapshot", a + "rds:us-east-1:111122223333:cluster-snapshot:x", "x"},
		{"AWS::DynamoDB::Table", a + "dynamodb:us-east-1:111122223333:table/T", "T"},
		{"AWS::DynamoDB::Table", a + "dynamodb:us-east-1:111122223333:table/T/index/I", ""},
		{"AWS::SQS::Queue", a + "sqs:us-east-1:111122223333:q", "https://sqs.us-east-1.amazonaws.com/111122223333/q"},
		{"AWS::SQS::Queue", "arn:aws-cn:sqs:cn-north-1:111122223333:q", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q"},
		{"AWS::SQS::Queue", a + "sqs:::q", ""},
		{"AWS::SNS::Topic", a + "sns:us-east-1:111122223333:t", a + "sns:us-east-1:111122223333:t"},
		{"AWS::SNS::Topic", a + "sns:us-east-1:111122223333:t:11111111-2222", ""},
		{"AWS::KMS::Key", a + "kms:us-east-1:111122223333:key/k", "k"},
		{"AWS::KMS::Key", a + "kms:us-east-1:111122223333:alias/k", ""},
		{"AWS::Lambda::Function", a + "lambda:us-east-1:111122223333:function:f", ""},
	} {
		arn, err := ParseARN(c.arn)
		if err != nil {
			t.Fatal(err)
		}
		id, ok := IDFromARN(c.resourceType, arn)
		if ok != (c.want != "") || ok && id != c.want {
			t.Errorf("IDFromARN(%s, %s) = %q, %v; want %q", c.resourceType, c.arn, id, ok, c.want)
		}
	}
}

func TestDropAndInvalidKeepTheFirstRefusal(t *testing.T) {
	t.Parallel()
	s := Signal{Class: ClassSweep, Relevant: true, ResourceID: "x"}
	dropped := Signal{Class: ClassSweep, Reason: "a", ResourceID: "x"}
	invalid := Signal{Class: ClassInvalid, Reason: "b", ResourceID: "x"}
	for name, c := range map[string][2]Signal{
		"drop":               {s.Drop("a"), dropped},
		"invalid":            {s.Invalid("b"), invalid},
		"drop, then invalid": {s.Drop("a").Invalid("b"), invalid},
		"invalid, then drop": {s.Invalid("b").Drop("a"), invalid},
		"invalid twice":      {s.Invalid("b").Invalid("c"), invalid},
	} {
		if diff := cmp.Diff(c[1], c[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestIsWild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		resourceType, id string
		want             bool
	}{
		{"AWS::S3::Bucket", "*", true}, {"AWS::S3::Bucket", "logs-*", true}, {"AWS::S3::Bucket", "logs-?", true}, {"AWS::S3::Bucket", "logs.example.com", false},
		{"AWS::EC2::SecurityGroup", "sg-*", true}, {"AWS::IAM::Role", "a+=,.@-_b", false}, {TypeAccount, "*", true}, {TypeAccount, "111122223333", false},
		{"AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/*", true}, {"AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:*", true},
		{"AWS::IAM::ManagedPolicy", "arn:aws:iam::111122223333:policy/*", true}, {"AWS::IAM::ManagedPolicy", "*", true},
		{"AWS::IAM::ManagedPolicy", "arn:aws:iam::111122223333:policy/why?/*/p", false}, {"AWS::IAM::Policy", "arn:aws:iam::111122223333:policy/why?/p", false}, // a path may hold anything
		{"AWS::IAM::Policy", "ANPA?", true}, {"AWS::New::Type", "*", true}, {"", "", false},
	} {
		if got := IsWild(c.resourceType, c.id); got != c.want {
			t.Errorf("%s %q: %v", c.resourceType, c.id, got)
		}
	}
}

func TestOnlyASweepMeansEverything(t *testing.T) {
	t.Parallel()
	for _, class := range []string{ClassCloudTrail, ClassConfigCompliance, ClassConfigItem, ClassSecurityHub, ClassSecurityHubAction, ClassGuardDuty, ClassOther, ClassInvalid, "", ClassSweep} {
		for id, all := range map[string]bool{"*": true, "**": false, "b*": false, "b": false, "": false} {
			if got := (Signal{Class: class, ResourceID: id}).Everything(); got != (all && class == ClassSweep) {
				t.Errorf("%q of class %q: %v", id, class, got)
			}
		}
	}
}

func FuzzParseARN(f *testing.F) {
	for _, s := range []string{"arn:aws:s3:::b", "arn:aws-cn:sns:cn-north-1:111122223333:t", "arn:aws:iam::aws:policy/x", "arn:::::", "arn:aws:sqs:us-east-1:111122223333:q"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseARN(s)
		if err != nil {
			if a != (ARN{}) {
				t.Fatalf("error with %+v", a)
			}
			return
		}
		if a.String() != s || !KnownPartition(a.Partition) || a.Region != "" && PartitionOf(a.Region) != a.Partition {
			t.Fatalf("%q accepted as %+v", s, a)
		}
		for _, resourceType := range []string{"AWS::S3::Bucket", "AWS::IAM::Role", "AWS::SQS::Queue", "AWS::SNS::Topic"} {
			if id, ok := IDFromARN(resourceType, a); ok && (id == "" || !IsPlainText(id)) {
				t.Fatalf("%q gives %s id %q", s, resourceType, id)
			}
		}
	})
}
