package s3api

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// ReadEncryption returns the algorithm of the bucket's default encryption (AES256, aws:kms, aws:kms:dsse). There is none if the bucket has
// no encryption configuration; a configuration without a default counts as AES256, which is what S3 does then.
func ReadEncryption(ctx context.Context, s awsapi.Session, bucket string) (string, error) {
	out, err := GetBucketEncryption.Do(ctx, s, &s3.GetBucketEncryptionInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	switch {
	case isCode(err, "ServerSideEncryptionConfigurationNotFoundError"):
		return "", nil
	case err != nil:
		return "", gone(s, err)
	case out.ServerSideEncryptionConfiguration == nil:
		return "", nil
	}
	for _, r := range out.ServerSideEncryptionConfiguration.Rules {
		if d := r.ApplyServerSideEncryptionByDefault; d != nil {
			return string(d.SSEAlgorithm), nil
		}
	}
	return string(s3types.ServerSideEncryptionAes256), nil
}

// EncryptWithS3Keys describes the call that makes SSE-S3 the bucket's default: readers and writers need no rights on any key.
func EncryptWithS3Keys(bucket, account string) awsapi.Call {
	return PutBucketEncryption.Call(&s3.PutBucketEncryptionInput{Bucket: &bucket, ExpectedBucketOwner: &account,
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{
			{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}},
		}}})
}

// ForgetEncryption describes the call that takes the bucket's encryption configuration away.
func ForgetEncryption(bucket, account string) awsapi.Call {
	return DeleteBucketEncryption.Call(&s3.DeleteBucketEncryptionInput{Bucket: &bucket, ExpectedBucketOwner: &account})
}
