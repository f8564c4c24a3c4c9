package wiresecurityhub

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// cloudFormationType gives the CloudFormation name of a finding's resource type, "" if it is not one of ours.
// Source: Security Hub user guide, "Resources" (ASFF Type); EC2 images and snapshots have no ASFF type, products name them in the same manner.
func cloudFormationType(asff string) string {
	switch asff {
	case "AwsS3Bucket", "AwsS3Object":
		return "AWS::S3::Bucket"
	case "AwsS3AccessPoint":
		return "AWS::S3::AccessPoint"
	case "AwsAccount", "AwsS3AccountPublicAccessBlock":
		return signal.TypeAccount
	case "AwsEc2SecurityGroup":
		return "AWS::EC2::SecurityGroup"
	case "AwsEc2Volume":
		return "AWS::EC2::Volume"
	case "AwsEc2Snapshot":
		return "AWS::EC2::Snapshot"
	case "AwsEc2Image":
		return "AWS::EC2::Image"
	case "AwsEc2Vpc":
		return "AWS::EC2::VPC"
	case "AwsIamRole":
		return "AWS::IAM::Role"
	case "AwsIamUser":
		return "AWS::IAM::User"
	case "AwsIamGroup":
		return "AWS::IAM::Group"
	case "AwsIamPolicy":
		return "AWS::IAM::ManagedPolicy"
	case "AwsRdsDbInstance":
		return "AWS::RDS::DBInstance"
	case "AwsRdsDbCluster":
		return "AWS::RDS::DBCluster"
	case "AwsRdsDbSnapshot":
		return "AWS::RDS::DBSnapshot"
	case "AwsRdsDbClusterSnapshot":
		return "AWS::RDS::DBClusterSnapshot"
	case "AwsDynamoDbTable":
		return "AWS::DynamoDB::Table"
	case "AwsSqsQueue":
		return "AWS::SQS::Queue"
	case "AwsSnsTopic":
		return "AWS::SNS::Topic"
	case "AwsKmsKey":
		return "AWS::KMS::Key"
	}
	return ""
}

// point fills in what the resource is and where, and checks it against its ARN.
func point(s signal.Signal, f Finding, r Resource) signal.Signal {
	s.Region, s.Partition = region(f, r), r.Partition
	s.ResourceType = cloudFormationType(r.Type)
	switch {
	case r.Type == "AwsIamAccessKey":
		return accessKey(s, r)
	case r.Type == "AwsS3Object":
		// Only the bucket counts; an object's key may hold anything.
		r.ID, _, _ = strings.Cut(r.ID, "/")
	case s.ResourceType == "":
		return wire.Settle(s).Drop(fmt.Sprintf("resource type %.64q of the finding is not one of ours", r.Type))
	}
	id, ok := resourceID(s.ResourceType, r)
	s.ResourceID = id
	s = wire.Agree(wire.Settle(s), r.ID)
	if !ok {
		return s.Invalid(fmt.Sprintf("%.256q does not identify an %s", r.ID, r.Type))
	}
	return s
}

// region is the resource's, else the finding's: products report resources of one Region in another, and the aggregation Region repeats
// findings of all. Names such as "global" are not Regions.
func region(f Finding, r Resource) string {
	for _, candidate := range []string{r.Region, f.Region} {
		if candidate != "" && candidate != "global" && candidate != "aws-global" {
			return candidate
		}
	}
	for _, text := range []string{r.ID, f.ID} {
		if a, err := signal.ParseARN(text); err == nil && a.Region != "" {
			return a.Region
		}
	}
	return f.Region
}

// resourceID derives the primary identifier. Where a product has no ARN it gives the bare identifier, which is taken as it is,
// save for types that are identified by ARN or URL.
func resourceID(resourceType string, r Resource) (id string, ok bool) {
	if resourceType == signal.TypeAccount {
		return accountID(r.ID), true
	}
	if !strings.HasPrefix(r.ID, "arn:") {
		return r.ID, r.ID != "" && !strings.Contains(r.ID, "AWS::") && !needsARN(resourceType)
	}
	a, err := signal.ParseARN(r.ID)
	if err != nil {
		return r.ID, false
	}
	id, ok = signal.IDFromARN(resourceType, a)
	if !ok {
		return r.ID, false
	}
	return id, true
}

func needsARN(resourceType string) bool {
	return resourceType == "AWS::IAM::ManagedPolicy" || resourceType == "AWS::SNS::Topic" || resourceType == "AWS::SQS::Queue"
}

// accountID reads "AWS::::Account:111122223333", a bare id, and the root's ARN. wire.Settle compares the result with the finding's account.
func accountID(id string) string {
	if a, err := signal.ParseARN(id); err == nil {
		return a.Account
	}
	return id[strings.LastIndexByte(id, ':')+1:]
}

// accessKey points at the key's owner, which is what controls look at.
func accessKey(s signal.Signal, r Resource) signal.Signal {
	s.ResourceID = r.ID
	k := r.Details.AccessKey
	if k == nil {
		return wire.Settle(s).Drop("the finding does not say whose access key it is")
	}
	switch k.PrincipalType {
	case "", "User", "IAMUser":
		s.ResourceType = "AWS::IAM::User"
	case "Role", "AssumedRole":
		s.ResourceType = "AWS::IAM::Role"
	default:
		return wire.Settle(s).Drop(fmt.Sprintf("access key of a %.64q, not of a user or role", k.PrincipalType))
	}
	name := cmp.Or(k.PrincipalName, k.UserName)
	if name == "" {
		s.ResourceType = ""
		return wire.Settle(s).Drop("the finding does not say whose access key it is")
	}
	s.ResourceID = name
	return wire.Agree(wire.Settle(s), r.ID)
}
