package s3api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Grant is one entry of a bucket's ACL.
type Grant struct {
	Type       string `json:"type"` // CanonicalUser, Group, AmazonCustomerByEmail
	Grantee    string `json:"grantee"`
	Permission string `json:"permission"`
}

// The groups of S3's predefined grantees. Source: S3 user guide, "Access control list (ACL) overview".
const (
	AllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers" // any AWS account: public too
	LogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// Public reports whether the grant is to everybody.
func (g Grant) Public() bool { return g.Grantee == AllUsers || g.Grantee == AuthenticatedUsers }

// ReadPolicy returns the bucket's policy text, empty where it has none.
func ReadPolicy(ctx context.Context, s awsapi.Session, bucket string) (string, error) {
	out, err := GetBucketPolicy.Do(ctx, s, &s3.GetBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if isCode(err, "NoSuchBucketPolicy") {
		return "", nil
	}
	if err != nil {
		return "", gone(s, err)
	}
	return aws.ToString(out.Policy), nil
}

// SetPolicy describes the call that gives the bucket this policy, or takes it away where the text is empty: S3 refuses an empty document.
func SetPolicy(bucket, account, policy string) awsapi.Call {
	if policy == "" {
		return DeleteBucketPolicy.Call(&s3.DeleteBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: &account})
	}
	return PutBucketPolicy.Call(&s3.PutBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: &account, Policy: &policy})
}

// ReadACL returns the bucket's owner (a canonical user id) and its effective grants, sorted. What IgnorePublicAcls hides is not shown by S3.
func ReadACL(ctx context.Context, s awsapi.Session, bucket string) (owner string, grants []Grant, err error) {
	out, err := GetBucketACL.Do(ctx, s, &s3.GetBucketAclInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if err != nil {
		return "", nil, gone(s, err)
	}
	grants = []Grant{} // never nil: read or planned, no grants is an empty list
	for _, g := range out.Grants {
		if g.Grantee != nil {
			id := cmp.Or(aws.ToString(g.Grantee.URI), aws.ToString(g.Grantee.ID), aws.ToString(g.Grantee.EmailAddress))
			grants = append(grants, Grant{string(g.Grantee.Type), id, string(g.Permission)})
		}
	}
	slices.SortFunc(grants, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Grantee, b.Grantee), cmp.Compare(a.Permission, b.Permission))
	})
	if out.Owner != nil {
		owner = aws.ToString(out.Owner.ID)
	}
	return owner, grants, nil
}

// ReadACLsDisabled reports whether the bucket's Object Ownership is BucketOwnerEnforced: then S3 pays no heed to any ACL of bucket or objects. Without the
// setting, ACLs count. Source: S3 user guide, "Controlling ownership of objects and disabling ACLs for your bucket".
func ReadACLsDisabled(ctx context.Context, s awsapi.Session, bucket string) (bool, error) {
	out, err := GetBucketOwnership.Do(ctx, s, &s3.GetBucketOwnershipControlsInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if isCode(err, "OwnershipControlsNotFoundError") {
		return false, nil
	}
	if err != nil || out.OwnershipControls == nil {
		return false, gone(s, err)
	}
	return slices.ContainsFunc(out.OwnershipControls.Rules, func(r s3types.OwnershipControlsRule) bool {
		return r.ObjectOwnership == s3types.ObjectOwnershipBucketOwnerEnforced
	}), nil
}

// SetACL describes the call that gives the bucket exactly these grants.
func SetACL(bucket, account, owner string, grants []Grant) awsapi.Call {
	list := make([]s3types.Grant, len(grants))
	for i, g := range grants {
		to := &s3types.Grantee{Type: s3types.Type(g.Type)}
		switch to.Type {
		case s3types.TypeGroup:
			to.URI = aws.String(g.Grantee)
		case s3types.TypeAmazonCustomerByEmail:
			to.EmailAddress = aws.String(g.Grantee)
		default:
			to.ID = aws.String(g.Grantee)
		}
		list[i] = s3types.Grant{Grantee: to, Permission: s3types.Permission(g.Permission)}
	}
	return PutBucketACL.Call(&s3.PutBucketAclInput{Bucket: &bucket, ExpectedBucketOwner: &account,
		AccessControlPolicy: &s3types.AccessControlPolicy{Owner: &s3types.Owner{ID: &owner}, Grants: list}})
}

// ReadWebsite reports whether the bucket serves a website.
func ReadWebsite(ctx context.Context, s awsapi.Session, bucket string) (bool, error) {
	_, err := GetBucketWebsite.Do(ctx, s, &s3.GetBucketWebsiteInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if isCode(err, "NoSuchWebsiteConfiguration") {
		return false, nil
	}
	return err == nil, gone(s, err)
}

// ReadTags returns the bucket's tags.
func ReadTags(ctx context.Context, s awsapi.Session, bucket string) (map[string]string, error) {
	out, err := GetBucketTagging.Do(ctx, s, &s3.GetBucketTaggingInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if isCode(err, "NoSuchTagSet") {
		return nil, nil
	}
	if err != nil {
		return nil, gone(s, err)
	}
	tags := make(map[string]string, len(out.TagSet))
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// gone marks the error of a bucket that does not exist, and tells in which Region one is that another was asked about. Source: S3 API reference, "Error
// responses"; S3 user guide, "Making requests", part "Request redirection".
func gone(s awsapi.Session, err error) error {
	switch {
	case isCode(err, "NoSuchBucket"):
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	case isCode(err, "PermanentRedirect") || isCode(err, "AuthorizationHeaderMalformed"):
		return elsewhere(s, err)
	}
	return err
}

func elsewhere(s awsapi.Session, err error) error {
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) || resp.Response == nil {
		return err
	}
	switch region := resp.Response.Header.Get("x-amz-bucket-region"); {
	case region != "" && region != s.Region:
		return fmt.Errorf("the bucket is in Region %s, not in %s: %w", region, s.Region, err)
	case isCode(err, "PermanentRedirect"):
		return fmt.Errorf("the bucket is in another Region than %s: %w", s.Region, err)
	}
	return err
}

// isCode tells S3's several kinds of absence apart: no such bucket is not the same as a bucket without a policy.
func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
