package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// operations is every call that a script can make, by name.
var operations = index(slices.Concat(s3Operations, s3controlOperations, ec2Operations, iamOperations, rdsOperations, otherOperations))

func index(list []operation) map[string]operation {
	m := make(map[string]operation, len(list))
	for _, o := range list {
		m[o.name] = o
	}
	return m
}

var s3Operations = []operation{
	op(s3Client, (*s3.Client).CreateBucket),
	op(s3Client, (*s3.Client).DeleteBucket),
	op(s3Client, (*s3.Client).GetBucketAcl),
	op(s3Client, (*s3.Client).GetBucketPolicy),
	op(s3Client, (*s3.Client).ListBuckets),
	op(s3Client, (*s3.Client).PutBucketPolicy),
	op(s3Client, (*s3.Client).DeleteBucketPolicy),
	op(s3Client, (*s3.Client).PutBucketAcl),
	op(s3Client, (*s3.Client).PutPublicAccessBlock),
	op(s3Client, (*s3.Client).DeletePublicAccessBlock),
	op(s3Client, (*s3.Client).PutBucketWebsite),
	op(s3Client, (*s3.Client).PutBucketTagging),
	op(s3Client, (*s3.Client).PutBucketEncryption),
	op(s3Client, (*s3.Client).DeleteBucketEncryption),
	op(s3Client, (*s3.Client).PutBucketOwnershipControls),
	op(s3Client, (*s3.Client).PutBucketVersioning),
	op(s3Client, (*s3.Client).PutBucketLogging),
	{"s3:PutObject", putObject},
}

var s3controlOperations = []operation{
	op(s3control.NewFromConfig, (*s3control.Client).CreateAccessPoint),
	op(s3control.NewFromConfig, (*s3control.Client).DeleteAccessPoint),
	op(s3control.NewFromConfig, (*s3control.Client).PutAccessPointPolicy),
	op(s3control.NewFromConfig, (*s3control.Client).DeleteAccessPointPolicy),
	op(s3control.NewFromConfig, (*s3control.Client).PutPublicAccessBlock),
	op(s3control.NewFromConfig, (*s3control.Client).DeletePublicAccessBlock),
}

// s3Client puts the bucket into the path: the emulator has no host name for each bucket.
func s3Client(cfg aws.Config, opts ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append(opts, func(o *s3.Options) { o.UsePathStyle = true })...)
}

// putObject is written out since the body of an object is a reader; in a script it is a text.
func putObject(ctx context.Context, s awsapi.Session, raw json.RawMessage) (any, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("reading the input: %w", err)
	}
	var body string
	if b, ok := members["Body"]; ok {
		if err := json.Unmarshal(b, &body); err != nil {
			return nil, fmt.Errorf("reading the input: Body is a text here: %w", err)
		}
		delete(members, "Body")
	}
	rest, err := marshal(members)
	if err != nil {
		return nil, err
	}
	in := new(s3.PutObjectInput)
	if err := decode(rest, in); err != nil {
		return nil, err
	}
	in.Body = strings.NewReader(body)
	c, err := awsapi.Client(s, s3Client)
	if err != nil {
		return nil, err
	}
	return c.PutObject(ctx, in)
}
