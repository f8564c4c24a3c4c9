package s3api

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// AccessPointInfo is what is known of an access point besides its policy.
type AccessPointInfo struct {
	Bucket string
	Alias  string // stands for it where a bucket's name is wanted
	Owner  string // the account that the bucket belongs to; empty where S3 does not say
	VPC    bool   // reachable from one VPC alone
	Block  Block  // its own Block Public Access, fixed when it was created
}

// ReadAccessPoint returns the access point, or an error that wraps [awsapi.ErrGone].
func ReadAccessPoint(ctx context.Context, s awsapi.Session, name string) (AccessPointInfo, error) {
	out, err := GetAccessPoint.Do(ctx, s, &s3control.GetAccessPointInput{AccountId: &s.Account, Name: &name})
	if isCode(err, "NoSuchAccessPoint") {
		return AccessPointInfo{}, fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	if err != nil {
		return AccessPointInfo{}, err
	}
	info := AccessPointInfo{Bucket: aws.ToString(out.Bucket), Alias: aws.ToString(out.Alias), Owner: aws.ToString(out.BucketAccountId), VPC: out.NetworkOrigin == controltypes.NetworkOriginVpc}
	if c := out.PublicAccessBlockConfiguration; c != nil {
		info.Block = Block{aws.ToBool(c.BlockPublicAcls), aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.BlockPublicPolicy), aws.ToBool(c.RestrictPublicBuckets)}
	}
	return info, nil
}

// ReadAccessPointPolicy returns the access point's policy text, empty where it has none.
func ReadAccessPointPolicy(ctx context.Context, s awsapi.Session, name string) (string, error) {
	out, err := GetAccessPointPolicy.Do(ctx, s, &s3control.GetAccessPointPolicyInput{AccountId: &s.Account, Name: &name})
	switch {
	case isCode(err, "NoSuchAccessPointPolicy"):
		return "", nil
	case isCode(err, "NoSuchAccessPoint"):
		return "", fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	case err != nil:
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

// SetAccessPointPolicy describes the call that gives the access point this policy, or takes it away where the text is empty.
func SetAccessPointPolicy(name, account, policy string) awsapi.Call {
	if policy == "" {
		return DeleteAccessPointPolicy.Call(&s3control.DeleteAccessPointPolicyInput{AccountId: &account, Name: &name})
	}
	return PutAccessPointPolicy.Call(&s3control.PutAccessPointPolicyInput{AccountId: &account, Name: &name, Policy: &policy})
}
