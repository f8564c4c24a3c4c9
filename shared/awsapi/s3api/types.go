// Package s3api declares what shoreup uses of Amazon S3 and S3 Control: operations with the IAM actions that each needs, the resource
// types, and the readers and call builders that several controls share. Source of actions: Service Authorization Reference, "Amazon S3".
package s3api

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Bucket is a general purpose bucket; its id is its name.
var Bucket = awsapi.ResourceType{
	Name:    "AWS::S3::Bucket",
	ARN:     func(r awsapi.Resource) string { return "arn:" + r.Partition + ":s3:::" + r.ID },
	List:    listBuckets,
	ListOps: []awsapi.Op{ListBuckets.Op},
	Resolve: func(_ context.Context, _ awsapi.Session, id string) (string, error) {
		return id[strings.LastIndex(id, ":")+1:], nil // an ARN ends in the name
	},
	Events: bucketEvents(
		"CreateBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock",
		"PutBucketEncryption", "DeleteBucketEncryption", "PutBucketWebsite", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"),
	Tagging: map[string]awsapi.Tagging{
		"s3.amazonaws.com:PutBucketTagging": {Paths: []string{"requestParameters.bucketName"}, Keys: []string{"requestParameters.Tagging.TagSet.Tag[].Key"}},
	},
}

// AccountBlock is the account's own S3 Block Public Access setting; its id is the account's.
var AccountBlock = awsapi.ResourceType{
	Name:   "AWS::::Account",
	Global: true,
	ARN:    func(r awsapi.Resource) string { return "arn:" + r.Partition + ":s3::" + r.Account + ":account" }, // the setting has no ARN of its own
	Scope:  func(awsapi.Resource) []string { return []string{"*"} },                                           // s3:PutAccountPublicAccessBlock has no resource type
	List:   func(_ context.Context, s awsapi.Session) ([]string, error) { return []string{s.Account}, nil },
	Events: map[string][]string{
		"s3.amazonaws.com:PutAccountPublicAccessBlock":    {"account"},
		"s3.amazonaws.com:DeleteAccountPublicAccessBlock": {"account"},
	},
}

// AccessPoint is an S3 access point; its id is its name.
var AccessPoint = awsapi.ResourceType{
	Name: "AWS::S3::AccessPoint",
	ARN: func(r awsapi.Resource) string {
		return "arn:" + r.Partition + ":s3:" + r.Region + ":" + r.Account + ":accesspoint/" + r.ID
	},
	List:    listAccessPoints,
	ListOps: []awsapi.Op{ListAccessPoints.Op},
	Resolve: func(_ context.Context, _ awsapi.Session, id string) (string, error) {
		return id[strings.LastIndex(id, "/")+1:], nil // an ARN ends in accesspoint/NAME
	},
	Events: map[string][]string{
		"s3.amazonaws.com:CreateAccessPoint":       {"requestParameters.name", "requestParameters.Name"},
		"s3.amazonaws.com:PutAccessPointPolicy":    {"requestParameters.name", "requestParameters.Name"},
		"s3.amazonaws.com:DeleteAccessPointPolicy": {"requestParameters.name", "requestParameters.Name"},
	},
}

func bucketEvents(names ...string) map[string][]string {
	m := map[string][]string{}
	for _, n := range names {
		m["s3.amazonaws.com:"+n] = []string{"requestParameters.bucketName"}
	}
	return m
}

// listBuckets returns the buckets of the session's Region.
func listBuckets(ctx context.Context, s awsapi.Session) ([]string, error) {
	var names []string
	in := &s3.ListBucketsInput{BucketRegion: aws.String(s.Region), MaxBuckets: aws.Int32(1000)}
	for {
		out, err := ListBuckets.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, b := range out.Buckets {
			if r := aws.ToString(b.BucketRegion); r == "" || r == s.Region {
				names = append(names, aws.ToString(b.Name))
			}
		}
		if aws.ToString(out.ContinuationToken) == "" {
			return names, nil
		}
		in.ContinuationToken = out.ContinuationToken
	}
}

func listAccessPoints(ctx context.Context, s awsapi.Session) ([]string, error) {
	var names []string
	in := &s3control.ListAccessPointsInput{AccountId: aws.String(s.Account)}
	for {
		out, err := ListAccessPoints.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, p := range out.AccessPointList {
			names = append(names, aws.ToString(p.Name))
		}
		if aws.ToString(out.NextToken) == "" {
			return names, nil
		}
		in.NextToken = out.NextToken
	}
}
