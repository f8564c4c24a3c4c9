package ec2api

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	DescribeSecurityGroups      = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeSecurityGroups, "ec2:DescribeSecurityGroups")
	DescribeSecurityGroupRules  = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeSecurityGroupRules, "ec2:DescribeSecurityGroupRules")
	DescribeNetworkInterfaces   = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeNetworkInterfaces, "ec2:DescribeNetworkInterfaces")
	GetManagedPrefixListEntries = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).GetManagedPrefixListEntries, "ec2:GetManagedPrefixListEntries")

	DescribeVolumes           = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeVolumes, "ec2:DescribeVolumes")
	DescribeSnapshots         = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeSnapshots, "ec2:DescribeSnapshots")
	DescribeSnapshotAttribute = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeSnapshotAttribute, "ec2:DescribeSnapshotAttribute")
	DescribeImages            = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeImages, "ec2:DescribeImages")
	DescribeImageAttribute    = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).DescribeImageAttribute, "ec2:DescribeImageAttribute")
	GetEncryptionByDefault    = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).GetEbsEncryptionByDefault, "ec2:GetEbsEncryptionByDefault")
	GetDefaultKey             = awsapi.NewRead(ec2.NewFromConfig, (*ec2.Client).GetEbsDefaultKmsKeyId, "ec2:GetEbsDefaultKmsKeyId")
)

// tagsOf lets roles tag what an operation makes, and nothing that is there. Source: EC2 user guide, "Grant permission to tag resources during creation".
func tagsOf(operation string) awsapi.Condition {
	return awsapi.Condition{Action: "ec2:CreateTags", Operator: "StringEquals", Key: "ec2:CreateAction", Value: operation}
}

// The writes. An authorised rule's tags are set by the same call, which needs ec2:CreateTags.
var (
	RevokeIngress    = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).RevokeSecurityGroupIngress, "GroupId", "ec2:RevokeSecurityGroupIngress")
	AuthorizeIngress = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).AuthorizeSecurityGroupIngress, "GroupId", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags").Under(tagsOf("AuthorizeSecurityGroupIngress"))
	RevokeEgress     = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).RevokeSecurityGroupEgress, "GroupId", "ec2:RevokeSecurityGroupEgress")
	AuthorizeEgress  = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).AuthorizeSecurityGroupEgress, "GroupId", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags").Under(tagsOf("AuthorizeSecurityGroupEgress"))

	ModifySnapshotAttribute    = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).ModifySnapshotAttribute, "SnapshotId", "ec2:ModifySnapshotAttribute")
	ModifyImageAttribute       = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).ModifyImageAttribute, "ImageId", "ec2:ModifyImageAttribute")
	EnableEncryptionByDefault  = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).EnableEbsEncryptionByDefault, "", "ec2:EnableEbsEncryptionByDefault")
	DisableEncryptionByDefault = awsapi.NewWrite(ec2.NewFromConfig, (*ec2.Client).DisableEbsEncryptionByDefault, "", "ec2:DisableEbsEncryptionByDefault")
)

// UnshareSnapshot is the same operation for a role that takes permissions away and can make no snapshot public. Source: Service Authorization Reference,
// "Amazon EC2", ec2:Add/group: the group that is being added to a snapshot.
var UnshareSnapshot = ModifySnapshotAttribute.Under(awsapi.Condition{Operator: "StringNotEqualsIfExists", Key: "ec2:Add/group", Value: "all"})
