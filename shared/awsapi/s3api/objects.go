package s3api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// ErrThere says that an object of that name exists already; nothing was written.
var ErrThere = errors.New("the object exists already")

// PutNew writes an object of our own that must not exist yet, with its SHA-256 as checksum, which S3 compares and a bucket with Object Lock asks for. An
// object of that name is [ErrThere], and may be our own whose answer was lost. IAM action: s3:PutObject. Source: S3 user guide, "How to prevent object overwrites with conditional writes".
func PutNew(ctx context.Context, s awsapi.Session, bucket, key, contentType string, content []byte) error {
	c, err := awsapi.Client(s, client)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(content), ContentType: &contentType, IfNoneMatch: aws.String("*"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}, patiently)
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "PreconditionFailed":
		return fmt.Errorf("writing s3://%s/%s: %w", bucket, key, ErrThere)
	case err != nil:
		return fmt.Errorf("writing s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// ReadObject returns the content of an object of our own of at most so many bytes; a larger one is an error. IAM action: s3:GetObject.
func ReadObject(ctx context.Context, s awsapi.Session, bucket, key string, most int64) ([]byte, error) {
	return ReadVersion(ctx, s, bucket, key, "", most)
}

// ReadVersion returns the content of one version of an object, as [ReadObject] does of the newest; that is also what no version stands for. IAM action:
// s3:GetObjectVersion.
func ReadVersion(ctx context.Context, s awsapi.Session, bucket, key, version string, most int64) ([]byte, error) {
	c, err := awsapi.Client(s, client)
	if err != nil {
		return nil, err
	}
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: given(version)}, patiently)
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", bucket, key, err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(io.LimitReader(out.Body, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", bucket, key, err)
	}
	return content, nil
}

// Keys walks the names of a bucket's objects that begin with prefix and come after the given name, in the order of their bytes. With a delimiter, names that
// have it after the prefix are given once, up to and with it: folders. It ends at the first error. IAM action: s3:ListBucket.
func Keys(ctx context.Context, s awsapi.Session, bucket, prefix, after, delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c, err := awsapi.Client(s, client)
		if err != nil {
			yield("", err)
			return
		}
		in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, StartAfter: given(after), Delimiter: given(delimiter)}
		for {
			out, err := c.ListObjectsV2(ctx, in, patiently)
			if err != nil {
				yield("", fmt.Errorf("listing s3://%s/%s: %w", bucket, prefix, err))
				return
			}
			for _, name := range names(out) {
				if !yield(name, nil) {
					return
				}
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.ContinuationToken = out.NextContinuationToken
		}
	}
}

// Version is one version of an object, or a delete marker that hides those before it.
type Version struct {
	Key, ID string
	Latest  bool
	Deleted bool // a delete marker
}

// Versions walks all versions of a bucket's objects that begin with prefix, and the delete markers over them. It ends at the first error. IAM action:
// s3:ListBucketVersions.
func Versions(ctx context.Context, s awsapi.Session, bucket, prefix string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		c, err := awsapi.Client(s, client)
		if err != nil {
			yield(Version{}, err)
			return
		}
		in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix}
		for {
			out, err := c.ListObjectVersions(ctx, in, patiently)
			if err != nil {
				yield(Version{}, fmt.Errorf("listing the versions in s3://%s/%s: %w", bucket, prefix, err))
				return
			}
			for _, v := range versions(out) {
				if !yield(v, nil) {
					return
				}
			}
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
		}
	}
}

func versions(page *s3.ListObjectVersionsOutput) []Version {
	var out []Version
	for _, v := range page.Versions {
		out = append(out, Version{Key: aws.ToString(v.Key), ID: aws.ToString(v.VersionId), Latest: aws.ToBool(v.IsLatest)})
	}
	for _, m := range page.DeleteMarkers {
		out = append(out, Version{Key: aws.ToString(m.Key), ID: aws.ToString(m.VersionId), Latest: aws.ToBool(m.IsLatest), Deleted: true})
	}
	return out
}

// names are a page's objects and folders. A page has them apart; callers that ask for folders have no objects beside them.
func names(page *s3.ListObjectsV2Output) []string {
	var out []string
	for _, p := range page.CommonPrefixes {
		out = append(out, aws.ToString(p.Prefix))
	}
	for _, o := range page.Contents {
		out = append(out, aws.ToString(o.Key))
	}
	return out
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// patiently repeats requests about our own objects; there is no limiter for them as there is for customers' accounts.
func patiently(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return rand.N(objectWait << attempt), nil })
	})
}

// objectWait is how long the first repetition waits at most, twice that the second.
const objectWait = 100 * time.Millisecond
