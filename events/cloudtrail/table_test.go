package wirecloudtrail

// watched is a realistic table of id paths, one function a service, in the form in which the services' packages hold theirs.
// Where both request and response hold an id, the one that AWS assigned or normalised (the response) comes first.
func watched() IDPaths {
	return IDPaths{
		"s3.amazonaws.com":       s3Paths(),
		"ec2.amazonaws.com":      ec2Paths(),
		"iam.amazonaws.com":      iamPaths(),
		"rds.amazonaws.com":      rdsPaths(),
		"kms.amazonaws.com":      kmsPaths(),
		"sqs.amazonaws.com":      sqsPaths(),
		"sns.amazonaws.com":      snsPaths(),
		"dynamodb.amazonaws.com": dynamoDBPaths(),
	}
}

func one(resourceType, normalize string, paths ...string) []IDPath {
	return []IDPath{{ResourceType: resourceType, Paths: paths, Normalize: normalize}}
}

func account() []IDPath { return one("AWS::::Account", "", AccountPath) }

func s3Paths() map[string][]IDPath {
	bucket := one("AWS::S3::Bucket", IDFromARN, "requestParameters.bucketName")
	// Access point records are not documented field by field: the common spellings.
	accessPoint := one("AWS::S3::AccessPoint", IDFromARN, "requestParameters.name", "requestParameters.accessPointName",
		"requestParameters.CreateAccessPointRequest.Name")
	return map[string][]IDPath{
		"CreateBucket":                  bucket,
		"PutBucketPolicy":               bucket,
		"DeleteBucketPolicy":            bucket,
		"PutBucketAcl":                  bucket,
		"PutBucketPublicAccessBlock":    bucket,
		"DeleteBucketPublicAccessBlock": bucket,
		"PutBucketEncryption":           bucket,
		"DeleteBucketEncryption":        bucket,
		"PutBucketWebsite":              bucket,
		"PutBucketTagging": {{ResourceType: "AWS::S3::Bucket", Paths: []string{"requestParameters.bucketName"}, Normalize: IDFromARN,
			TagKeys: []string{"requestParameters.Tagging.TagSet.Tag[].Key"}}},
		"PutBucketOwnershipControls":      bucket,
		"PutAccountPublicAccessBlock":     account(),
		"DeleteAccountPublicAccessBlock":  account(),
		"CreateAccessPoint":               accessPoint,
		"PutAccessPointPolicy":            accessPoint,
		"DeleteAccessPointPolicy":         accessPoint,
		"PutAccessPointPublicAccessBlock": accessPoint,
	}
}

func ec2Paths() map[string][]IDPath {
	group := one("AWS::EC2::SecurityGroup", "", "requestParameters.groupId", "responseElements.groupId",
		"responseElements.securityGroupRuleSet.items[].groupId")
	snapshot := one("AWS::EC2::Snapshot", "", "responseElements.snapshotId", "requestParameters.snapshotId")
	image := one("AWS::EC2::Image", "", "responseElements.imageId", "requestParameters.imageId")
	tags := func(resourceType, prefix string) IDPath {
		return IDPath{ResourceType: resourceType, Prefix: prefix, Paths: []string{"requestParameters.resourcesSet.items[].resourceId"}, TagKeys: []string{"requestParameters.tagSet.items[].key"}}
	}
	return map[string][]IDPath{
		"CreateTags":                    {tags("AWS::EC2::SecurityGroup", "sg-"), tags("AWS::EC2::Volume", "vol-"), tags("AWS::EC2::Image", "ami-")},
		"AuthorizeSecurityGroupIngress": group,
		"CreateSecurityGroup":           group,
		"ModifySecurityGroupRules":      one("AWS::EC2::SecurityGroup", "", "requestParameters.ModifySecurityGroupRulesRequest.GroupId"),
		// The default group's id is not in the record: whoever evaluates a VPC looks it up.
		"CreateVpc":        one("AWS::EC2::VPC", "", "responseElements.vpc.vpcId"),
		"CreateDefaultVpc": one("AWS::EC2::VPC", "", "responseElements.CreateDefaultVpcResponse.vpc.vpcId", "responseElements.vpc.vpcId"),
		"CreateManagedPrefixList": one("AWS::EC2::PrefixList", "", "responseElements.CreateManagedPrefixListResponse.prefixList.prefixListId",
			"responseElements.prefixList.prefixListId"),
		"ModifyManagedPrefixList": one("AWS::EC2::PrefixList", "", "requestParameters.ModifyManagedPrefixListRequest.PrefixListId",
			"requestParameters.prefixListId"),
		"CreateVolume":   one("AWS::EC2::Volume", "", "responseElements.volumeId"),
		"CreateSnapshot": snapshot,
		"CreateSnapshots": one("AWS::EC2::Snapshot", "", "responseElements.CreateSnapshotsResponse.snapshotSet.item[].snapshotId",
			"responseElements.CreateSnapshotsResponse.snapshotSet.items[].snapshotId", "responseElements.snapshotSet.items[].snapshotId"),
		// The request's snapshotId is the source, perhaps in another Region: never fall back to it.
		"CopySnapshot":                  one("AWS::EC2::Snapshot", "", "responseElements.snapshotId"),
		"ModifySnapshotAttribute":       snapshot,
		"ModifyImageAttribute":          image,
		"CreateImage":                   image,
		"CopyImage":                     one("AWS::EC2::Image", "", "responseElements.imageId"),
		"RegisterImage":                 image,
		"DisableEbsEncryptionByDefault": account(),
		"EnableEbsEncryptionByDefault":  account(),
	}
}

func iamPaths() map[string][]IDPath {
	role := one("AWS::IAM::Role", "", "requestParameters.roleName")
	user := one("AWS::IAM::User", "", "requestParameters.userName")
	group := one("AWS::IAM::Group", "", "requestParameters.groupName")
	policy := one("AWS::IAM::ManagedPolicy", IDFromARN, "requestParameters.policyArn")
	return map[string][]IDPath{
		"CreatePolicy":            one("AWS::IAM::ManagedPolicy", IDFromARN, "responseElements.policy.arn"),
		"CreatePolicyVersion":     policy,
		"SetDefaultPolicyVersion": policy,
		"AttachRolePolicy":        role,
		"PutRolePolicy":           role,
		"CreateRole":              role,
		"UpdateAssumeRolePolicy":  role,
		"AttachUserPolicy":        user,
		"PutUserPolicy":           user,
		"AttachGroupPolicy":       group,
		"PutGroupPolicy":          group,
		// Users may leave their own name out.
		"CreateAccessKey":             one("AWS::IAM::User", "", "requestParameters.userName", "responseElements.accessKey.userName"),
		"UpdateAccessKey":             one("AWS::IAM::User", "", "requestParameters.userName", "userIdentity.userName"),
		"UpdateAccountPasswordPolicy": account(),
		"DeleteAccountPasswordPolicy": account(),
	}
}

func rdsPaths() map[string][]IDPath {
	instance := one("AWS::RDS::DBInstance", RDSIdentifier, "responseElements.dBInstanceIdentifier", "requestParameters.dBInstanceIdentifier")
	cluster := one("AWS::RDS::DBCluster", RDSIdentifier, "responseElements.dBClusterIdentifier", "requestParameters.dBClusterIdentifier")
	return map[string][]IDPath{
		"CreateDBInstance": instance,
		"ModifyDBInstance": instance,
		"CreateDBCluster":  cluster,
		"ModifyDBCluster":  cluster,
		"ModifyDBSnapshotAttribute": one("AWS::RDS::DBSnapshot", RDSIdentifier, "responseElements.dBSnapshotIdentifier",
			"requestParameters.dBSnapshotIdentifier"),
		"ModifyDBClusterSnapshotAttribute": one("AWS::RDS::DBClusterSnapshot", RDSIdentifier, "responseElements.dBClusterSnapshotIdentifier",
			"requestParameters.dBClusterSnapshotIdentifier"),
	}
}

func kmsPaths() map[string][]IDPath {
	// keyId may be an alias; the list of resources then holds the key (and perhaps the alias).
	key := []IDPath{
		{ResourceType: "AWS::KMS::Key", Normalize: KeyIDFromARN, Paths: []string{
			"responseElements.keyMetadata.keyId", "requestParameters.keyId", "resources[].ARN"}},
	}
	return map[string][]IDPath{"CreateKey": key, "DisableKeyRotation": key, "EnableKeyRotation": key}
}

func sqsPaths() map[string][]IDPath {
	return map[string][]IDPath{
		"CreateQueue":        one("AWS::SQS::Queue", CanonicalQueueURL, "responseElements.queueUrl"),
		"SetQueueAttributes": one("AWS::SQS::Queue", CanonicalQueueURL, "requestParameters.queueUrl"),
	}
}

func snsPaths() map[string][]IDPath {
	return map[string][]IDPath{
		"CreateTopic":        one("AWS::SNS::Topic", OnlyFromARN, "responseElements.topicArn"),
		"SetTopicAttributes": one("AWS::SNS::Topic", OnlyFromARN, "requestParameters.topicArn"),
	}
}

func dynamoDBPaths() map[string][]IDPath {
	table := one("AWS::DynamoDB::Table", IDFromARN, "requestParameters.tableName", "responseElements.tableDescription.tableName")
	return map[string][]IDPath{"CreateTable": table, "UpdateTable": table}
}
