package reporttest

import (
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// kind is one kind of finding that the sample has: a declaration and what its findings look like.
type kind struct {
	meta   core.Meta
	where  string
	reason string
	call   string
	input  string // {name} is the resource, {account} and {region} where it is
	why    string
	path   string // of the difference
	before string
	after  string
	undo   string
	name   string // of resources; %s is a word, %d a number
	arn    string // the same
}

func meta(id, title, service, family, resource string, severity core.Severity, undo core.Reversal, breaks core.Disruption, doc string) core.Meta {
	return core.Meta{ID: id, Version: 1, Title: title, Service: service, Family: family, Type: awsapi.ResourceType{Name: resource}, Severity: severity, Reversible: undo, Disruption: breaks,
		Doc: "# " + title + "\n\n## Why it matters\n" + doc + "\n\n## What could break\nWhoever relied on it is refused from then on.\nThe owner's next deployment may put it back, so tell them.\n\n## How to undo\nUndo puts back what was there, byte for byte.\n"}
}

func kinds() []kind {
	return []kind{
		{
			meta:  meta("s3-bucket-public", "Close buckets that anybody can read or write", "s3", "storage", "AWS::S3::Bucket", core.Critical, core.Reversible, core.DisruptsMuch, "A public bucket is the commonest way for data to leak."),
			where: `policy statement 2 (Sid "Everyone")`, reason: "anyone on the internet may do s3:GetObject", call: "s3:PutBucketPolicy",
			input: `{"Bucket":"{name}","ExpectedBucketOwner":"{account}","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Partner\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::{name}/*\"}]}"}`,
			why:   "take 1 public of 2 statements out of the policy", path: "policy.Statement[1]",
			before: `{"Sid":"Everyone","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{name}/*"}`,
			undo:   "s3:PutBucketPolicy", name: "acme-%s-%d", arn: "arn:aws:s3:::{name}",
		},
		{
			meta:  meta("ec2-security-group-open", "Close sensitive ports to the internet", "ec2", "network", "AWS::EC2::SecurityGroup", core.Critical, core.Reversible, core.DisruptsLittle, "An open administration port is found by scanners within minutes."),
			where: "ingress tcp 22 from 0.0.0.0/0", reason: "anyone on the internet can reach SSH", call: "ec2:RevokeSecurityGroupIngress",
			input: `{"GroupId":"{name}","SecurityGroupRuleIds":["sgr-0123456789abcdef0"]}`, why: "shut out the world; 2 other rules stay as they are", path: "rules[0]",
			before: `{"cidr":"0.0.0.0/0","from":22,"protocol":"tcp","to":22}`, undo: "ec2:AuthorizeSecurityGroupIngress", name: "sg-0%s%06x", arn: "arn:aws:ec2:{region}:{account}:security-group/{name}",
		},
		{
			meta:  meta("iam-role-trust-open", "Narrow roles that anybody may assume", "iam", "iam", "AWS::IAM::Role", core.Critical, core.Reversible, core.DisruptsMuch, "Whoever may assume a role has all that it may do."),
			where: "trust policy statement 1", reason: "any AWS account may assume the role", call: "iam:UpdateAssumeRolePolicy", input: `{"RoleName":"{name}","PolicyDocument":"{}"}`,
			why: "take 1 open of 2 statements out of the trust policy", path: "trust.Statement[0]", before: `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`,
			undo: "iam:UpdateAssumeRolePolicy", name: "%s-deploy-%d", arn: "arn:aws:iam::{account}:role/{name}",
		},
		{
			meta:  meta("rds-snapshot-public", "Take back snapshots that are shared with everybody", "rds", "storage", "AWS::RDS::DBSnapshot", core.Critical, core.Reversible, core.DisruptsLittle, "A public snapshot is a copy of the database for whoever wants it."),
			where: "restore attribute", reason: "all AWS accounts may restore it", call: "rds:ModifyDBSnapshotAttribute",
			input: `{"DBSnapshotIdentifier":"{name}","AttributeName":"restore","ValuesToRemove":["all"]}`, why: "stop sharing with everybody", path: "shared_with[0]", before: `"all"`,
			undo: "rds:ModifyDBSnapshotAttribute", name: "%s-final-%d", arn: "arn:aws:rds:{region}:{account}:snapshot:{name}",
		},
		{
			meta:  meta("iam-policy-admin", "Take full administrator access out of policies", "iam", "iam", "AWS::IAM::ManagedPolicy", core.High, core.Reversible, core.DisruptsMuch, "A policy that allows everything makes every mistake a big one."),
			where: "statement 1", reason: "it allows every action on every resource", call: "iam:CreatePolicyVersion", input: `{"PolicyArn":"{name}","PolicyDocument":"{}","SetAsDefault":true}`,
			why: "make a version without the statement the default one", path: "document.Statement[0]", before: `{"Effect":"Allow","Action":"*","Resource":"*"}`,
			undo: "iam:SetDefaultPolicyVersion", name: "%s-power-%d", arn: "arn:aws:iam::{account}:policy/{name}",
		},
		{
			meta:  meta("ec2-default-security-group", "Empty the default security group", "ec2", "network", "AWS::EC2::SecurityGroup", core.High, core.Reversible, core.DisruptsMuch, "What names no group gets the default one."),
			where: "ingress all from itself", reason: "the default group lets its members talk to each other", call: "ec2:RevokeSecurityGroupIngress", input: `{"GroupId":"{name}"}`,
			why: "take away 1 rule", path: "rules[0]", before: `{"group":"{name}","protocol":"-1"}`, undo: "ec2:AuthorizeSecurityGroupIngress", name: "sg-0%s%06x",
			arn: "arn:aws:ec2:{region}:{account}:security-group/{name}",
		},
		{
			meta:  meta("s3-bucket-encryption", "Encrypt new objects by default", "s3", "storage", "AWS::S3::Bucket", core.Medium, core.Reversible, core.DisruptsNothing, "Default encryption covers every writer that does not ask for it."),
			where: "default encryption", reason: "the bucket has none", call: "s3:PutBucketEncryption", input: `{"Bucket":"{name}","ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}}`,
			why: "make SSE-S3 the default", path: "encryption", after: `"AES256"`, undo: "s3:DeleteBucketEncryption", name: "acme-%s-logs-%d", arn: "arn:aws:s3:::{name}",
		},
		{
			meta:  meta("kms-key-rotation", "Rotate customer managed keys", "kms", "storage", "AWS::KMS::Key", core.Medium, core.Reversible, core.DisruptsNothing, "A key that never changes protects ever more."),
			where: "rotation", reason: "the key is not rotated", call: "kms:EnableKeyRotation", input: `{"KeyId":"{name}"}`, why: "turn on yearly rotation", path: "rotation",
			before: `false`, after: `true`, undo: "kms:DisableKeyRotation", name: "%s-4d5e-6f70-%012d", arn: "arn:aws:kms:{region}:{account}:key/{name}",
		},
		{
			meta:  meta("ec2-volume-encrypted", "Encrypt EBS volumes", "ec2", "storage", "AWS::EC2::Volume", core.Medium, core.AdviceOnly, core.DisruptsNothing, "A volume that is not encrypted gives snapshots that are not."),
			where: "volume", reason: "the volume is not encrypted", name: "vol-0%s%06x", arn: "arn:aws:ec2:{region}:{account}:volume/{name}",
		},
		{
			meta:  meta("iam-policy-service-wildcard", "Name the actions that a policy allows", "iam", "iam", "AWS::IAM::ManagedPolicy", core.Low, core.AdviceOnly, core.DisruptsNothing, "A wildcard grants tomorrow's actions, too."),
			where: "statement 1", reason: "it allows all actions of a service", name: "%s-app-%d", arn: "arn:aws:iam::{account}:policy/{name}",
		},
	}
}
