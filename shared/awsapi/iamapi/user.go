package iamapi

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// UserFacts is what is known of a user besides its policies.
type UserFacts struct {
	ARN      string            `json:"arn"`
	Boundary string            `json:"boundary"`
	Tags     map[string]string `json:"tags"`
	SignedIn *time.Time        `json:"signedIn"` // the last sign-in with the password; nil: never, as far as IAM tracks it (since October 2014)
}

// ReadUser returns the user, or an error that wraps [awsapi.ErrGone].
func ReadUser(ctx context.Context, s awsapi.Session, name string) (UserFacts, error) {
	out, err := GetUser.Do(ctx, s, &iam.GetUserInput{UserName: &name})
	if err != nil {
		return UserFacts{}, gone(err)
	}
	return UserFacts{ARN: aws.ToString(out.User.Arn), Boundary: boundary(out.User.PermissionsBoundary), Tags: tags(out.User.Tags), SignedIn: out.User.PasswordLastUsed}, nil
}

// AccessKey is a user's long-lived key. Its secret is never readable.
type AccessKey struct {
	ID      string     `json:"id"` // AKIA…; it is no secret, and is never given out again
	Active  bool       `json:"active"`
	Created time.Time  `json:"created" aws:"assigned"`
	Used    *time.Time `json:"used" aws:"assigned"`    // last use; nil: never, as far as IAM tracks it (since April 2015). Read for active keys only.
	Service string     `json:"service" aws:"assigned"` // of the last use
	Region  string     `json:"region" aws:"assigned"`
}

// ReadAccessKeys returns the user's keys by id: one request, and one more for each that is active.
func ReadAccessKeys(ctx context.Context, s awsapi.Session, user string) ([]AccessKey, error) {
	keys := []AccessKey{}
	in := &iam.ListAccessKeysInput{UserName: &user}
	for {
		page, err := ListAccessKeys.Do(ctx, s, in)
		if err != nil {
			return nil, gone(err)
		}
		for _, k := range page.AccessKeyMetadata {
			keys = append(keys, AccessKey{ID: aws.ToString(k.AccessKeyId), Active: k.Status == iamtypes.StatusTypeActive, Created: aws.ToTime(k.CreateDate)})
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			break
		}
	}
	slices.SortFunc(keys, func(a, b AccessKey) int { return cmp.Compare(a.ID, b.ID) })
	for i, k := range keys {
		if !k.Active {
			continue
		}
		out, err := GetKeyLastUsed.Do(ctx, s, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &k.ID})
		if err != nil {
			return nil, err
		}
		if u := out.AccessKeyLastUsed; u != nil && u.LastUsedDate != nil {
			keys[i].Used, keys[i].Service, keys[i].Region = u.LastUsedDate, aws.ToString(u.ServiceName), aws.ToString(u.Region)
		}
	}
	return keys, nil
}

// Password is a user's console password: when it was made.
type Password struct {
	Created time.Time `json:"created" aws:"assigned"`
}

// ReadPassword returns the user's console password, nil for a user who has none.
func ReadPassword(ctx context.Context, s awsapi.Session, user string) (*Password, error) {
	out, err := GetLoginProfile.Do(ctx, s, &iam.GetLoginProfileInput{UserName: &user})
	if errors.Is(gone(err), awsapi.ErrGone) || err == nil && out.LoginProfile == nil {
		return nil, nil // a user who is gone has just been seen by the read before
	}
	if err != nil {
		return nil, err
	}
	return &Password{aws.ToTime(out.LoginProfile.CreateDate)}, nil
}

// SetKeyActive describes the call that makes a key work, or no longer work. A key is never deleted: that cannot be taken back.
func SetKeyActive(user, key string, active bool) awsapi.Call {
	status := iamtypes.StatusTypeInactive
	if active {
		status = iamtypes.StatusTypeActive
	}
	return UpdateAccessKey.Call(&iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &key, Status: status})
}
