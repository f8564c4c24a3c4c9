package ec2api

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// EncryptionDefault is the account's setting, one in each Region, whether new EBS volumes are encrypted; its id is the account's.
var EncryptionDefault = awsapi.ResourceType{
	Name: "AWS::::Account",
	ARN: func(r awsapi.Resource) string { // the setting has no ARN of AWS's; this one only names it in reports and rules
		return "arn:" + r.Partition + ":ec2:" + r.Region + ":" + r.Account + ":ebs-encryption-by-default"
	},
	Scope: func(awsapi.Resource) []string { return []string{"*"} }, // ec2:EnableEbsEncryptionByDefault has no resource type
	List:  func(_ context.Context, s awsapi.Session) ([]string, error) { return []string{s.Account}, nil },
	Events: map[string][]string{
		"ec2.amazonaws.com:DisableEbsEncryptionByDefault": {"account"},
	},
}

// Volume is an EBS volume; its id is vol-….
var Volume = awsapi.ResourceType{
	Name:    "AWS::EC2::Volume",
	Prefix:  "vol-",
	Tagging: tagging(map[string]awsapi.Tagging{"ec2.amazonaws.com:CreateVolume": {Paths: []string{"responseElements.volumeId"}, Keys: []string{madeWith}}}),
	ARN:     func(r awsapi.Resource) string { return arn(r, "volume/") },
	List:    listVolumes,
	ListOps: []awsapi.Op{DescribeVolumes.Op},
	Resolve: afterSlash,
	Events: map[string][]string{
		"ec2.amazonaws.com:CreateVolume": {"responseElements.volumeId"},
		"ec2.amazonaws.com:AttachVolume": {"requestParameters.volumeId"},
	},
}

// Snapshot is an EBS snapshot of the account's own; its id is snap-….
var Snapshot = awsapi.ResourceType{
	Name:    "AWS::EC2::Snapshot",
	Prefix:  "snap-",
	Tagging: tagging(map[string]awsapi.Tagging{"ec2.amazonaws.com:CreateSnapshot": {Paths: []string{"responseElements.snapshotId"}, Keys: []string{madeWith}}}),
	ARN:     func(r awsapi.Resource) string { return ownerless(r, "snapshot/") },
	List:    listSnapshots,
	ListOps: []awsapi.Op{DescribeSnapshots.Op},
	Resolve: afterSlash,
	Events: map[string][]string{
		"ec2.amazonaws.com:ModifySnapshotAttribute": {"requestParameters.snapshotId"},
		"ec2.amazonaws.com:CreateSnapshot":          {"responseElements.snapshotId"},
		"ec2.amazonaws.com:CreateSnapshots": {
			"responseElements.CreateSnapshotsResponse.snapshotSet.item[].snapshotId", "responseElements.snapshotSet.items[].snapshotId",
		},
		"ec2.amazonaws.com:CopySnapshot": {"responseElements.snapshotId"}, // the request's id is the source, perhaps in another Region
	},
}

// Image is an AMI of the account's own; its id is ami-….
var Image = awsapi.ResourceType{
	Name:    "AWS::EC2::Image",
	Prefix:  "ami-",
	Tagging: tagging(nil),
	ARN:     func(r awsapi.Resource) string { return ownerless(r, "image/") },
	List:    listImages,
	ListOps: []awsapi.Op{DescribeImages.Op},
	Resolve: afterSlash,
	Events: map[string][]string{
		"ec2.amazonaws.com:ModifyImageAttribute": {"requestParameters.imageId"},
	},
}

// ownerless makes the ARN of a snapshot or image: it has no account id (Service Authorization Reference, "Amazon EC2", resource types).
func ownerless(r awsapi.Resource, kind string) string {
	return "arn:" + r.Partition + ":ec2:" + r.Region + "::" + kind + r.ID
}

func listVolumes(ctx context.Context, s awsapi.Session) ([]string, error) {
	var ids []string
	in := &ec2.DescribeVolumesInput{MaxResults: aws.Int32(500)}
	for {
		out, err := DescribeVolumes.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, v := range out.Volumes {
			ids = append(ids, aws.ToString(v.VolumeId))
		}
		if aws.ToString(out.NextToken) == "" {
			return ids, nil
		}
		in.NextToken = out.NextToken
	}
}

func listSnapshots(ctx context.Context, s awsapi.Session) ([]string, error) {
	var ids []string
	in := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, MaxResults: aws.Int32(1000)}
	for {
		out, err := DescribeSnapshots.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, v := range out.Snapshots {
			if aws.ToString(v.OwnerId) == s.Account {
				ids = append(ids, aws.ToString(v.SnapshotId))
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return ids, nil
		}
		in.NextToken = out.NextToken
	}
}

func listImages(ctx context.Context, s awsapi.Session) ([]string, error) {
	var ids []string
	err := ownImages(ctx, s, func(i ec2types.Image) { ids = append(ids, aws.ToString(i.ImageId)) })
	return ids, err
}

// ownImages visits the images that the account owns.
func ownImages(ctx context.Context, s awsapi.Session, visit func(ec2types.Image)) error {
	in := &ec2.DescribeImagesInput{Owners: []string{"self"}, MaxResults: aws.Int32(1000)}
	for {
		out, err := DescribeImages.Do(ctx, s, in)
		if err != nil {
			return err
		}
		for _, i := range out.Images {
			if aws.ToString(i.OwnerId) == s.Account {
				visit(i)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
}
