// Package stsapi gets credentials: cached read sessions, and write sessions that are cut down to one fix.
package stsapi

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Assume says which role to take and how.
type Assume struct {
	RoleARN  string
	Name     string // session name: who or what this session is for; other characters than STS allows become -
	Identity string // source identity, kept by every later role session; empty: none
	Policy   string // inline session policy; empty: the role's own rights
	Account  string
	Region   string
}

var badName = regexp.MustCompile(`[^\w+=,.@-]`)

// Session takes the role with the configuration's credentials and returns a session, and when it ends.
func Session(ctx context.Context, cfg aws.Config, a Assume) (awsapi.Session, time.Time, error) {
	in := &sts.AssumeRoleInput{RoleArn: &a.RoleARN, RoleSessionName: aws.String(clean(a.Name)), DurationSeconds: aws.Int32(900)}
	if a.Identity != "" {
		in.SourceIdentity = aws.String(clean(a.Identity))
	}
	if a.Policy != "" {
		in.Policy = &a.Policy
	}
	out, err := client(cfg).AssumeRole(ctx, in)
	if err != nil {
		return awsapi.Session{}, time.Time{}, fmt.Errorf("assuming role %s: %w", a.RoleARN, err)
	}
	c := out.Credentials
	cfg = cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return awsapi.NewSession(cfg, a.Account, a.Region), aws.ToTime(c.Expiration), nil
}

// client repeats what failed for a passing reason: neither call changes anything.
func client(cfg aws.Config) *sts.Client {
	return sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = retry.NewStandard() })
}

func clean(s string) string {
	s = badName.ReplaceAllString(s, "-")
	return s[:min(len(s), 64)]
}

// Caller returns the account and ARN of the configuration's credentials.
func Caller(ctx context.Context, cfg aws.Config) (account, arn string, err error) {
	out, err := client(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", fmt.Errorf("asking AWS who we are: %w", err)
	}
	return aws.ToString(out.Account), aws.ToString(out.Arn), nil
}
