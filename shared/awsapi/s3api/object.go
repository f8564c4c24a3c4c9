package s3api

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// maxObject bounds what is read of an object of ours, in bytes.
const maxObject = 1 << 20

// GetObject returns the content and version of an object of our own, such as the rules file; it is not for customers' objects.
func GetObject(ctx context.Context, s awsapi.Session, bucket, key string) (content []byte, version string, err error) {
	c, err := awsapi.Client(s, client)
	if err != nil {
		return nil, "", err
	}
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, "", fmt.Errorf("reading s3://%s/%s: %w", bucket, key, err)
	}
	defer out.Body.Close()
	content, err = io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err == nil && len(content) > maxObject {
		err = fmt.Errorf("it is larger than %d bytes", maxObject)
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading s3://%s/%s: %w", bucket, key, err)
	}
	return content, aws.ToString(out.VersionId), nil
}
