package s3api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Put writes an object of our own, over one of that name if there is one; it is not for customers' objects. The bucket's default encrypts it. IAM action:
// s3:PutObject.
func Put(ctx context.Context, s awsapi.Session, bucket, key, contentType string, content []byte) error {
	c, err := awsapi.Client(s, client)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(content), ContentType: &contentType, CacheControl: aws.String("no-store"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}, patiently)
	if err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}
