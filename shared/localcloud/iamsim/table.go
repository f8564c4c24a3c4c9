package iamsim

import (
	"slices"
	"sync"
)

// need is one IAM action that an operation needs, from the Service Authorization
// Reference ("Actions, resources, and condition keys for ..."), which for each
// action names the resource types that a policy can name.
type need struct {
	action string
	kind   string // resource type, a key of kinds; empty: the action takes "*" alone
	part   string // only for resources of that part of the call, see wiretap.Resource
	when   string // only if this condition key is in the request
	may    bool   // only if the call names such a resource
}

// one is an operation that needs the action of its own name, on one kind.
func one(service, kind string, operations ...string) map[string][]need {
	table := map[string][]need{}
	for _, o := range operations {
		table[service+":"+o] = []need{{action: service + ":" + o, kind: kind}}
	}
	return table
}

// as is an operation whose action goes by another name.
func as(operation, action, kind string) map[string][]need {
	return map[string][]need{operation: {{action: action, kind: kind}}}
}

// needs is the table, by signing name and operation; operations of S3 Control
// stand under s3control. What is missing here is to be added here.
var needs = sync.OnceValue(func() map[string][]need {
	table := map[string][]need{}
	for _, part := range slices.Concat(storage(), compute(), identity(), messaging(), observing()) {
		for operation, needs := range part {
			table[operation] = needs
		}
	}
	return table
})

func storage() []map[string][]need {
	return []map[string][]need{
		one("s3", "bucket", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy", "GetBucketAcl", "PutBucketAcl", "GetBucketTagging", "GetBucketWebsite",
			"GetBucketVersioning", "GetBucketOwnershipControls", "CreateBucket"),
		one("cloudfront", "", "ListDistributions"),
		as("s3:ListBuckets", "s3:ListAllMyBuckets", ""),
		as("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "bucket"),
		as("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", "bucket"),
		as("s3:DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", "bucket"),
		as("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration", "bucket"),
		as("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration", "bucket"),
		as("s3:DeleteBucketEncryption", "s3:PutEncryptionConfiguration", "bucket"),
		as("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", "bucket"),
		as("s3:HeadBucket", "s3:ListBucket", "bucket"),
		as("s3:ListObjectsV2", "s3:ListBucket", "bucket"),
		as("s3:ListObjectVersions", "s3:ListBucketVersions", "bucket"),
		one("s3", "object", "GetObject", "DeleteObject", "GetObjectRetention"),
		as("s3:HeadObject", "s3:GetObject", "object"),
		{"s3:PutObject": {
			{action: "s3:PutObject", kind: "object"},
			{action: "s3:PutObjectRetention", kind: "object", when: "s3:object-lock-mode"},
			{action: "s3:PutObjectLegalHold", kind: "object", when: "s3:object-lock-legal-hold"},
			{action: "s3:PutObjectTagging", kind: "object", when: "s3:RequestObjectTag"},
			{action: "s3:PutObjectAcl", kind: "object", when: "s3:x-amz-acl"},
		}},
		as("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", ""),
		as("s3control:PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock", ""),
		as("s3control:DeletePublicAccessBlock", "s3:PutAccountPublicAccessBlock", ""),
		as("s3control:ListAccessPoints", "s3:ListAccessPoints", ""),
		as("s3control:GetAccessPoint", "s3:GetAccessPoint", ""),
		as("s3control:GetAccessPointPolicy", "s3:GetAccessPointPolicy", "accesspoint"),
		as("s3control:PutAccessPointPolicy", "s3:PutAccessPointPolicy", "accesspoint"),
		as("s3control:DeleteAccessPointPolicy", "s3:DeleteAccessPointPolicy", "accesspoint"),
		one("dynamodb", "", "ListTables"),
		one("dynamodb", "table", "DescribeTable", "DescribeContinuousBackups", "ListTagsOfResource", "GetResourcePolicy", "GetItem", "PutItem", "UpdateItem", "DeleteItem",
			"Query", "BatchGetItem"),
		// With a customer's key DynamoDB makes its grants in the caller's name; an AWS managed key lets DynamoDB's callers.
		{"dynamodb:UpdateTable": {
			{action: "dynamodb:UpdateTable", kind: "table"},
			{action: "kms:CreateGrant", kind: "key", part: "Key", may: true},
			{action: "kms:DescribeKey", kind: "key", part: "Key", may: true},
		}},
		{"dynamodb:TransactWriteItems": {
			{action: "dynamodb:PutItem", kind: "table", part: "Put", may: true},
			{action: "dynamodb:UpdateItem", kind: "table", part: "Update", may: true},
			{action: "dynamodb:DeleteItem", kind: "table", part: "Delete", may: true},
			{action: "dynamodb:ConditionCheckItem", kind: "table", part: "ConditionCheck", may: true},
		}},
		one("rds", "db", "DescribeDBInstances"),
		one("rds", "cluster", "DescribeDBClusters"),
		one("rds", "snapshot", "DescribeDBSnapshots", "DescribeDBSnapshotAttributes", "ModifyDBSnapshotAttribute"),
		one("rds", "cluster-snapshot", "DescribeDBClusterSnapshots", "DescribeDBClusterSnapshotAttributes", "ModifyDBClusterSnapshotAttribute"),
		one("kms", "", "ListKeys"),
		one("kms", "key", "DescribeKey", "GetKeyRotationStatus", "ListResourceTags", "EnableKeyRotation", "DisableKeyRotation"),
		one("secretsmanager", "secret", "GetSecretValue"),
	}
}

func compute() []map[string][]need {
	tagged := func(action string) []need {
		return []need{{action: action, kind: "security-group"}, {action: "ec2:CreateTags", kind: "security-group-rule", part: "Tag", may: true}}
	}
	return []map[string][]need{
		one("ec2", "", "DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeNetworkInterfaces", "DescribeVolumes", "DescribeSnapshots", "DescribeImages",
			"GetEbsEncryptionByDefault", "GetEbsDefaultKmsKeyId", "EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault"),
		one("ec2", "prefix-list", "GetManagedPrefixListEntries"),
		one("ec2", "ec2-snapshot", "DescribeSnapshotAttribute", "ModifySnapshotAttribute"),
		one("ec2", "image", "DescribeImageAttribute", "ModifyImageAttribute"),
		one("ec2", "security-group", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"),
		{
			"ec2:AuthorizeSecurityGroupIngress": tagged("ec2:AuthorizeSecurityGroupIngress"),
			"ec2:AuthorizeSecurityGroupEgress":  tagged("ec2:AuthorizeSecurityGroupEgress"),
		},
		one("lambda", "", "ListEventSourceMappings"),
		one("lambda", "function", "GetFunction", "GetFunctionConfiguration"),
		as("lambda:Invoke", "lambda:InvokeFunction", "function"),
	}
}

func identity() []map[string][]need {
	return []map[string][]need{
		one("iam", "", "ListUsers", "ListRoles", "ListGroups", "ListPolicies", "GetAccountAuthorizationDetails", "GetAccountPasswordPolicy",
			"UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"),
		one("iam", "user", "GetUser", "GetUserPolicy", "ListUserPolicies", "ListAttachedUserPolicies", "ListGroupsForUser", "ListAccessKeys", "GetAccessKeyLastUsed",
			"GetLoginProfile", "PutUserPolicy", "DeleteUserPolicy", "AttachUserPolicy", "DetachUserPolicy", "UpdateAccessKey"),
		one("iam", "role", "GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy",
			"DetachRolePolicy", "UpdateAssumeRolePolicy"),
		one("iam", "group", "GetGroup", "GetGroupPolicy", "ListGroupPolicies", "ListAttachedGroupPolicies", "PutGroupPolicy", "DeleteGroupPolicy", "AttachGroupPolicy",
			"DetachGroupPolicy"),
		one("iam", "policy", "GetPolicy", "GetPolicyVersion", "ListPolicyVersions", "CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"),
		{"sts:AssumeRole": {
			{action: "sts:AssumeRole", kind: "role"},
			{action: "sts:SetSourceIdentity", kind: "role", when: "sts:SourceIdentity"},
			{action: "sts:TagSession", kind: "role", when: "aws:RequestTag/"},
		}},
		{"sts:GetCallerIdentity": {}}, // needs no permission, and no policy can deny it
	}
}

func messaging() []map[string][]need {
	return []map[string][]need{
		one("sns", "", "ListTopics"),
		one("sns", "topic", "GetTopicAttributes", "SetTopicAttributes", "ListTagsForResource", "Publish"),
		one("sqs", "", "ListQueues"),
		one("sqs", "queue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "ListQueueTags", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
		as("sqs:SendMessageBatch", "sqs:SendMessage", "queue"),
		as("sqs:DeleteMessageBatch", "sqs:DeleteMessage", "queue"),
	}
}

func observing() []map[string][]need {
	return []map[string][]need{
		one("cloudtrail", "", "DescribeTrails"),
		one("cloudtrail", "trail", "GetTrailStatus", "GetEventSelectors"),
		one("events", "", "ListRules"),
		one("events", "rule", "ListTargetsByRule"),
		one("config", "", "PutEvaluations"),
		one("config", "config-rule", "StartConfigRulesEvaluation"),
		one("securityhub", "hub", "BatchUpdateFindings", "GetFindings"),
	}
}

// kind is a resource type: what its ARNs look like. Where a call names none, the
// request is for one of an invented name, which only a policy for all of them
// allows, as AWS does (DescribeDBInstances without an identifier is judged on
// db:*).
type kind struct {
	service         string
	region, account bool
	resource        string // what its last part begins with
}

var kinds = map[string]kind{
	"bucket":              {"s3", false, false, ""},
	"object":              {"s3", false, false, ""},
	"accesspoint":         {"s3", true, true, "accesspoint/"},
	"table":               {"dynamodb", true, true, "table/"},
	"key":                 {"kms", true, true, "key/"},
	"secret":              {"secretsmanager", true, true, "secret:"},
	"db":                  {"rds", true, true, "db:"},
	"cluster":             {"rds", true, true, "cluster:"},
	"snapshot":            {"rds", true, true, "snapshot:"},
	"cluster-snapshot":    {"rds", true, true, "cluster-snapshot:"},
	"prefix-list":         {"ec2", true, true, "prefix-list/"},
	"ec2-snapshot":        {"ec2", true, false, "snapshot/"},
	"image":               {"ec2", true, false, "image/"},
	"security-group":      {"ec2", true, true, "security-group/"},
	"security-group-rule": {"ec2", true, true, "security-group-rule/"},
	"function":            {"lambda", true, true, "function:"},
	"user":                {"iam", false, true, "user/"},
	"role":                {"iam", false, true, "role/"},
	"group":               {"iam", false, true, "group/"},
	"policy":              {"iam", false, true, "policy/"},
	"topic":               {"sns", true, true, ""},
	"queue":               {"sqs", true, true, ""},
	"trail":               {"cloudtrail", true, true, "trail/"},
	"rule":                {"events", true, true, "rule/"},
	"config-rule":         {"config", true, true, "config-rule/"},
	"hub":                 {"securityhub", true, true, "hub/default"},
}
