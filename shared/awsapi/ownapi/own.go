// Package ownapi declares what shoreup reads of its own resources in services that have a package for customers' ones: tables, queues and buckets of
// the installation. Source of actions: Service Authorization Reference, "Amazon DynamoDB", "Amazon SQS" and "Amazon S3".
package ownapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	DescribeTable     = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).DescribeTable, "dynamodb:DescribeTable")
	DescribeBackups   = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).DescribeContinuousBackups, "dynamodb:DescribeContinuousBackups")
	GetQueueURL       = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).GetQueueUrl, "sqs:GetQueueUrl")
	GetQueue          = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).GetQueueAttributes, "sqs:GetQueueAttributes")
	GetVersioning     = awsapi.NewRead(s3Client, (*s3.Client).GetBucketVersioning, "s3:GetBucketVersioning")
	GetObjectLock     = awsapi.NewRead(s3Client, (*s3.Client).GetObjectLockConfiguration, "s3:GetBucketObjectLockConfiguration")
	GetPublicAccess   = awsapi.NewRead(s3Client, (*s3.Client).GetPublicAccessBlock, "s3:GetBucketPublicAccessBlock")
	GetBucketPolicy   = awsapi.NewRead(s3Client, (*s3.Client).GetBucketPolicy, "s3:GetBucketPolicy")
	ListBucketObjects = awsapi.NewRead(s3Client, (*s3.Client).ListObjectsV2, "s3:ListBucket")
)

// s3Client puts the bucket into the path when the endpoint is not AWS's own: an emulator has no host name for each bucket.
func s3Client(cfg aws.Config, opts ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append(opts, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })...)
}

// Table is what is known of one of our tables.
type Table struct {
	Status    string // ACTIVE, UPDATING, ...
	Protected bool   // it cannot be deleted without taking the protection off first
}

// ReadTable returns the table of this name, or an error of class NotFound.
func ReadTable(ctx context.Context, s awsapi.Session, name string) (Table, error) {
	out, err := DescribeTable.Do(ctx, s, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return Table{}, err
	}
	if out.Table == nil {
		return Table{}, fmt.Errorf("reading table %s: the answer holds no table", name)
	}
	return Table{string(out.Table.TableStatus), aws.ToBool(out.Table.DeletionProtectionEnabled)}, nil
}

// Recoverable reports whether the table can be put back to any point of the last days.
func Recoverable(ctx context.Context, s awsapi.Session, name string) (bool, error) {
	out, err := DescribeBackups.Do(ctx, s, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
	if err != nil {
		return false, err
	}
	d := out.ContinuousBackupsDescription
	return d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == dynamodbtypes.PointInTimeRecoveryStatusEnabled, nil
}

// Queue is what is known of one of our queues. The counts are approximate.
type Queue struct {
	URL             string
	Waiting, Flying int            // messages that nobody has, and that somebody has and has not deleted
	Settings        map[string]int // those of QueueSettings, in seconds
	DeadLetters     string         // ARN of the queue that takes messages that always fail; empty: there is none
	Tries           int            // after how many of them
	Policy          string         // JSON; empty: it has none
}

// QueueSettings are the attributes of a queue that say how long something lasts.
var QueueSettings = []string{string(sqstypes.QueueAttributeNameVisibilityTimeout), string(sqstypes.QueueAttributeNameMessageRetentionPeriod), string(sqstypes.QueueAttributeNameDelaySeconds)}

// ReadQueue returns the queue of this name, or an error of class NotFound.
func ReadQueue(ctx context.Context, s awsapi.Session, name string) (Queue, error) {
	url, err := GetQueueURL.Do(ctx, s, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return Queue{}, err
	}
	out, err := GetQueue.Do(ctx, s, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return Queue{}, err
	}
	q := Queue{URL: aws.ToString(url.QueueUrl), Settings: map[string]int{}, Policy: out.Attributes[string(sqstypes.QueueAttributeNamePolicy)]}
	if err := q.read(out.Attributes); err != nil {
		return Queue{}, fmt.Errorf("reading queue %s: %w", name, err)
	}
	return q, nil
}

// read takes numbers from attributes, all of which are text; the redrive policy is JSON, with its number as a number or as text.
func (q *Queue) read(attributes map[string]string) error {
	number := func(name string) (n int, err error) {
		if n, err = strconv.Atoi(attributes[name]); err != nil {
			err = fmt.Errorf("%s is no number: %w", name, err)
		}
		return n, err
	}
	var err error
	if q.Waiting, err = number(string(sqstypes.QueueAttributeNameApproximateNumberOfMessages)); err != nil {
		return err
	}
	if q.Flying, err = number(string(sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible)); err != nil {
		return err
	}
	for _, name := range QueueSettings {
		if q.Settings[name], err = number(name); err != nil {
			return err
		}
	}
	redrive := attributes[string(sqstypes.QueueAttributeNameRedrivePolicy)]
	if redrive == "" {
		return nil
	}
	var to struct {
		DeadLetterTargetArn string      `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.Number `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(redrive), &to); err != nil {
		return fmt.Errorf("its redrive policy: %w", err)
	}
	q.DeadLetters = to.DeadLetterTargetArn
	if q.Tries, err = strconv.Atoi(to.MaxReceiveCount.String()); err != nil {
		return fmt.Errorf("its redrive policy: %w", err)
	}
	return nil
}

// Versioned reports whether a bucket keeps the versions of its objects.
func Versioned(ctx context.Context, s awsapi.Session, bucket string) (bool, error) {
	out, err := GetVersioning.Do(ctx, s, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil {
		return false, err
	}
	return out.Status == s3types.BucketVersioningStatusEnabled, nil
}

// Lock is a bucket's Object Lock.
type Lock struct {
	On   bool
	Mode string // GOVERNANCE or COMPLIANCE; empty: new objects are not held by themselves
	Days int
}

// ReadLock returns a bucket's Object Lock.
func ReadLock(ctx context.Context, s awsapi.Session, bucket string) (Lock, error) {
	out, err := GetObjectLock.Do(ctx, s, &s3.GetObjectLockConfigurationInput{Bucket: &bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ObjectLockConfigurationNotFoundError" {
		return Lock{}, nil
	}
	if err != nil {
		return Lock{}, err
	}
	c := out.ObjectLockConfiguration
	if c == nil || c.ObjectLockEnabled != s3types.ObjectLockEnabledEnabled {
		return Lock{}, nil
	}
	l := Lock{On: true}
	if c.Rule != nil && c.Rule.DefaultRetention != nil {
		r := c.Rule.DefaultRetention
		l.Mode, l.Days = string(r.Mode), int(aws.ToInt32(r.Days)+365*aws.ToInt32(r.Years))
	}
	return l, nil
}

// ReadBucketPolicy returns a bucket's policy in JSON; empty: it has none.
func ReadBucketPolicy(ctx context.Context, s awsapi.Session, bucket string) (string, error) {
	out, err := GetBucketPolicy.Do(ctx, s, &s3.GetBucketPolicyInput{Bucket: &bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchBucketPolicy" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

// ReadQueuePolicy returns a queue's policy in JSON; empty: it has none.
func ReadQueuePolicy(ctx context.Context, s awsapi.Session, name string) (string, error) {
	q, err := ReadQueue(ctx, s, name)
	return q.Policy, err
}

// Blocked reports whether all four settings of Block Public Access are on.
func Blocked(ctx context.Context, s awsapi.Session, bucket string) (bool, error) {
	out, err := GetPublicAccess.Do(ctx, s, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchPublicAccessBlockConfiguration" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	b := out.PublicAccessBlockConfiguration
	return b != nil && aws.ToBool(b.BlockPublicAcls) && aws.ToBool(b.BlockPublicPolicy) && aws.ToBool(b.IgnorePublicAcls) && aws.ToBool(b.RestrictPublicBuckets), nil
}

// LastKey returns the last key below the prefix, in S3's order, that comes after the given one; empty if there is none.
func LastKey(ctx context.Context, s awsapi.Session, bucket, prefix, after string) (string, error) {
	last := ""
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	for {
		out, err := ListBucketObjects.Do(ctx, s, in)
		if err != nil {
			return "", err
		}
		if n := len(out.Contents); n > 0 {
			last = aws.ToString(out.Contents[n-1].Key)
		}
		if !aws.ToBool(out.IsTruncated) {
			return last, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}
