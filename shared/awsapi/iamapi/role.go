package iamapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// RoleFacts is what is known of a role besides its policies.
type RoleFacts struct {
	ARN      string            `json:"arn"`
	Trust    string            `json:"trust"` // the trust policy's text, decoded
	Boundary string            `json:"boundary"`
	LastUsed string            `json:"lastUsed"` // date and Region; empty: not in the tracking period of 400 days
	Tags     map[string]string `json:"tags"`
}

// Fact says when the role was used last.
func (f RoleFacts) Fact() string {
	if f.LastUsed == "" {
		return "not used in the last 400 days, as far as IAM tracks it"
	}
	return "last used " + f.LastUsed
}

// ReadRole returns the role, or an error that wraps [awsapi.ErrGone].
func ReadRole(ctx context.Context, s awsapi.Session, name string) (RoleFacts, error) {
	out, err := GetRole.Do(ctx, s, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return RoleFacts{}, gone(err)
	}
	r := out.Role
	f := RoleFacts{ARN: aws.ToString(r.Arn), Boundary: boundary(r.PermissionsBoundary), Tags: tags(r.Tags)}
	if u := r.RoleLastUsed; u != nil && u.LastUsedDate != nil {
		f.LastUsed = u.LastUsedDate.Format(time.DateOnly) + " in " + aws.ToString(u.Region)
	}
	f.Trust, err = decoded(aws.ToString(r.AssumeRolePolicyDocument))
	return f, err
}

// SetTrust describes the call that gives the role this trust policy.
func SetTrust(role, text string) awsapi.Call {
	return UpdateRoleTrust.Call(&iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: &text})
}
