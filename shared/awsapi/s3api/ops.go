package s3api

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	ListBuckets         = awsapi.NewRead(client, (*s3.Client).ListBuckets, "s3:ListAllMyBuckets")
	GetPublicAccess     = awsapi.NewRead(client, (*s3.Client).GetPublicAccessBlock, "s3:GetBucketPublicAccessBlock")
	GetBucketPolicy     = awsapi.NewRead(client, (*s3.Client).GetBucketPolicy, "s3:GetBucketPolicy")
	GetBucketACL        = awsapi.NewRead(client, (*s3.Client).GetBucketAcl, "s3:GetBucketAcl")
	GetBucketOwnership  = awsapi.NewRead(client, (*s3.Client).GetBucketOwnershipControls, "s3:GetBucketOwnershipControls")
	GetBucketWebsite    = awsapi.NewRead(client, (*s3.Client).GetBucketWebsite, "s3:GetBucketWebsite")
	GetBucketTagging    = awsapi.NewRead(client, (*s3.Client).GetBucketTagging, "s3:GetBucketTagging")
	GetBucketEncryption = awsapi.NewRead(client, (*s3.Client).GetBucketEncryption, "s3:GetEncryptionConfiguration")

	GetAccountPublicAccess = awsapi.NewRead(s3control.NewFromConfig, (*s3control.Client).GetPublicAccessBlock, "s3:GetAccountPublicAccessBlock")
	ListAccessPoints       = awsapi.NewRead(s3control.NewFromConfig, (*s3control.Client).ListAccessPoints, "s3:ListAccessPoints")
	GetAccessPoint         = awsapi.NewRead(s3control.NewFromConfig, (*s3control.Client).GetAccessPoint, "s3:GetAccessPoint")
	GetAccessPointPolicy   = awsapi.NewRead(s3control.NewFromConfig, (*s3control.Client).GetAccessPointPolicy, "s3:GetAccessPointPolicy")
)

// ownBucket keeps roles from buckets of others, whose ARNs name no account. Source: S3 user guide, "Limiting access to specific resource accounts".
var ownBucket = awsapi.Condition{Operator: "StringEquals", Key: "aws:ResourceAccount", Value: awsapi.RoleAccount}

// The writes.
var (
	PutPublicAccess        = awsapi.NewWrite(client, (*s3.Client).PutPublicAccessBlock, "Bucket", "s3:PutBucketPublicAccessBlock").Under(ownBucket)
	DeletePublicAccess     = awsapi.NewWrite(client, (*s3.Client).DeletePublicAccessBlock, "Bucket", "s3:PutBucketPublicAccessBlock").Under(ownBucket)
	PutBucketPolicy        = awsapi.NewWrite(client, (*s3.Client).PutBucketPolicy, "Bucket", "s3:PutBucketPolicy").Under(ownBucket)
	DeleteBucketPolicy     = awsapi.NewWrite(client, (*s3.Client).DeleteBucketPolicy, "Bucket", "s3:DeleteBucketPolicy").Under(ownBucket)
	PutBucketACL           = awsapi.NewWrite(client, (*s3.Client).PutBucketAcl, "Bucket", "s3:PutBucketAcl").Under(ownBucket)
	PutBucketEncryption    = awsapi.NewWrite(client, (*s3.Client).PutBucketEncryption, "Bucket", "s3:PutEncryptionConfiguration").Under(ownBucket)
	DeleteBucketEncryption = awsapi.NewWrite(client, (*s3.Client).DeleteBucketEncryption, "Bucket", "s3:PutEncryptionConfiguration").Under(ownBucket)

	PutAccountPublicAccess    = awsapi.NewWrite(s3control.NewFromConfig, (*s3control.Client).PutPublicAccessBlock, "AccountId", "s3:PutAccountPublicAccessBlock")
	DeleteAccountPublicAccess = awsapi.NewWrite(s3control.NewFromConfig, (*s3control.Client).DeletePublicAccessBlock, "AccountId", "s3:PutAccountPublicAccessBlock")
	PutAccessPointPolicy      = awsapi.NewWrite(s3control.NewFromConfig, (*s3control.Client).PutAccessPointPolicy, "Name", "s3:PutAccessPointPolicy")
	DeleteAccessPointPolicy   = awsapi.NewWrite(s3control.NewFromConfig, (*s3control.Client).DeleteAccessPointPolicy, "Name", "s3:DeleteAccessPointPolicy")
)

// client puts the bucket into the path when the endpoint is not AWS's own: an emulator has no host name for each bucket.
func client(cfg aws.Config, opts ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append(opts, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })...)
}
