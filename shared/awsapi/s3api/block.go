package s3api

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Block is a Block Public Access configuration. Source: S3 user guide, "Blocking public access to your Amazon S3 storage".
type Block struct {
	BlockPublicAcls       bool `json:"blockPublicAcls"`       // refuses new public ACLs
	IgnorePublicAcls      bool `json:"ignorePublicAcls"`      // takes the effect from existing ones
	BlockPublicPolicy     bool `json:"blockPublicPolicy"`     // refuses new public policies
	RestrictPublicBuckets bool `json:"restrictPublicBuckets"` // takes the effect from existing ones, and all other cross-account access with it
}

// FullBlock is all four settings on.
var FullBlock = Block{true, true, true, true}

// Or returns the effective block of two levels: what either sets is set.
func (b Block) Or(o Block) Block {
	return Block{b.BlockPublicAcls || o.BlockPublicAcls, b.IgnorePublicAcls || o.IgnorePublicAcls, b.BlockPublicPolicy || o.BlockPublicPolicy, b.RestrictPublicBuckets || o.RestrictPublicBuckets}
}

// ReadBlock returns the bucket's own configuration, nil where it has none.
func ReadBlock(ctx context.Context, s awsapi.Session, bucket string) (*Block, error) {
	out, err := GetPublicAccess.Do(ctx, s, &s3.GetPublicAccessBlockInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	switch {
	case isCode(err, "NoSuchPublicAccessBlockConfiguration"):
		return nil, nil
	case err != nil:
		return nil, gone(s, err)
	case out.PublicAccessBlockConfiguration == nil:
		return nil, nil
	}
	c := out.PublicAccessBlockConfiguration
	return &Block{aws.ToBool(c.BlockPublicAcls), aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.BlockPublicPolicy), aws.ToBool(c.RestrictPublicBuckets)}, nil
}

// SetBlock describes the call that gives the bucket this configuration, or with nil takes it away: the same function writes do and undo.
func SetBlock(bucket, account string, b *Block) awsapi.Call {
	if b == nil {
		return DeletePublicAccess.Call(&s3.DeletePublicAccessBlockInput{Bucket: &bucket, ExpectedBucketOwner: &account})
	}
	return PutPublicAccess.Call(&s3.PutPublicAccessBlockInput{Bucket: &bucket, ExpectedBucketOwner: &account, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: &b.BlockPublicAcls, IgnorePublicAcls: &b.IgnorePublicAcls, BlockPublicPolicy: &b.BlockPublicPolicy, RestrictPublicBuckets: &b.RestrictPublicBuckets,
	}})
}

// ReadAccountBlock returns the account's configuration, nil where it has none.
func ReadAccountBlock(ctx context.Context, s awsapi.Session) (*Block, error) {
	out, err := GetAccountPublicAccess.Do(ctx, s, &s3control.GetPublicAccessBlockInput{AccountId: &s.Account})
	switch {
	case isCode(err, "NoSuchPublicAccessBlockConfiguration"):
		return nil, nil
	case err != nil:
		return nil, err
	case out.PublicAccessBlockConfiguration == nil:
		return nil, nil
	}
	c := out.PublicAccessBlockConfiguration
	return &Block{aws.ToBool(c.BlockPublicAcls), aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.BlockPublicPolicy), aws.ToBool(c.RestrictPublicBuckets)}, nil
}

// SetAccountBlock describes the call that gives the account this configuration, or with nil takes it away.
func SetAccountBlock(account string, b *Block) awsapi.Call {
	if b == nil {
		return DeleteAccountPublicAccess.Call(&s3control.DeletePublicAccessBlockInput{AccountId: &account})
	}
	return PutAccountPublicAccess.Call(&s3control.PutPublicAccessBlockInput{AccountId: &account, PublicAccessBlockConfiguration: &controltypes.PublicAccessBlockConfiguration{
		BlockPublicAcls: &b.BlockPublicAcls, IgnorePublicAcls: &b.IgnorePublicAcls, BlockPublicPolicy: &b.BlockPublicPolicy, RestrictPublicBuckets: &b.RestrictPublicBuckets,
	}})
}
