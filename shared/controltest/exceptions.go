package controltest

// exception is an operation that the emulator lacks or answers wrongly, so that a hand-written exchange may stand in for it.
type exception struct {
	operation string
	reason    string
}

// exceptions is the one list of what is not proved against the emulator. Each operation here is covered by an exchange testdata/synthetic/….json
// in the folders of the controls that use it; an exchange for any other operation is an error.
var exceptions = []exception{
	{"cloudfront:ListDistributions", "shows no origins, and all distributions at once"},
	{"dynamodb:UpdateTable", "SSESpecification is ignored"},
	{"dynamodb:DescribeTable", "SSEDescription shows only what CreateTable was given"},
	{"ec2:GetEbsDefaultKmsKeyId", "not implemented"},
	{"ec2:ModifyEbsDefaultKmsKeyId", "fails with an internal error"},
	{"ec2:ResetSnapshotAttribute", "not implemented"},
	{"ec2:ResetImageAttribute", "not implemented"},
	{"ec2:GetSnapshotBlockPublicAccessState", "not implemented"},
	{"ec2:EnableSnapshotBlockPublicAccess", "not implemented"},
	{"ec2:GetImageBlockPublicAccessState", "not implemented"},
	{"ec2:EnableImageBlockPublicAccess", "not implemented"},
	{"iam:GenerateServiceLastAccessedDetails", "not implemented"},
	{"iam:GetServiceLastAccessedDetails", "not implemented"},
	{"iam:PutUserPermissionsBoundary", "not implemented"},
	{"iam:GetUser", "never shows a permissions boundary, since none can be put"},
	{"s3:GetBucketPolicyStatus", "answers without a status"},
}

func excepted(operation string) (exception, bool) {
	for _, e := range exceptions {
		if e.operation == operation {
			return e, true
		}
	}
	return exception{}, false
}
