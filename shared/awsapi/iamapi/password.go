package iamapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// PasswordPolicy is what an account asks of its users' console passwords.
type PasswordPolicy struct {
	MinimumLength  int32 `json:"minimumLength"`
	Uppercase      bool  `json:"uppercase"`
	Lowercase      bool  `json:"lowercase"`
	Numbers        bool  `json:"numbers"`
	Symbols        bool  `json:"symbols"`
	Reuse          int32 `json:"reuse"`  // how many earlier passwords are refused; 0: none
	MaxAge         int32 `json:"maxAge"` // days; 0: passwords do not expire
	HardExpiry     bool  `json:"hardExpiry"`
	UsersMayChange bool  `json:"usersMayChange"`
}

// ReadPasswordPolicy returns the account's policy, nil where it has none of its own.
func ReadPasswordPolicy(ctx context.Context, s awsapi.Session) (*PasswordPolicy, error) {
	out, err := GetPasswordPolicy.Do(ctx, s, &iam.GetAccountPasswordPolicyInput{})
	if errors.Is(gone(err), awsapi.ErrGone) || err == nil && out.PasswordPolicy == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := out.PasswordPolicy
	return &PasswordPolicy{
		MinimumLength: aws.ToInt32(p.MinimumPasswordLength), Uppercase: p.RequireUppercaseCharacters, Lowercase: p.RequireLowercaseCharacters,
		Numbers: p.RequireNumbers, Symbols: p.RequireSymbols, Reuse: aws.ToInt32(p.PasswordReusePrevention), MaxAge: aws.ToInt32(p.MaxPasswordAge),
		HardExpiry: aws.ToBool(p.HardExpiry), UsersMayChange: p.AllowUsersToChangePassword,
	}, nil
}

// SetPasswordPolicy describes the call that gives the account exactly this policy, or with nil takes it away. The call replaces the whole
// policy, and what it leaves out is reset to its default, so every field is sent that has a value (IAM API reference, UpdateAccountPasswordPolicy).
func SetPasswordPolicy(p *PasswordPolicy) awsapi.Call {
	if p == nil {
		return DeletePasswordPolicy.Call(&iam.DeleteAccountPasswordPolicyInput{})
	}
	return PutPasswordPolicy.Call(&iam.UpdateAccountPasswordPolicyInput{
		MinimumPasswordLength: &p.MinimumLength, RequireUppercaseCharacters: p.Uppercase, RequireLowercaseCharacters: p.Lowercase, RequireNumbers: p.Numbers,
		RequireSymbols: p.Symbols, PasswordReusePrevention: positive(p.Reuse), MaxPasswordAge: positive(p.MaxAge), HardExpiry: &p.HardExpiry, AllowUsersToChangePassword: p.UsersMayChange,
	})
}

// positive leaves out a number that the API would refuse: both begin at 1, and none means off.
func positive(n int32) *int32 {
	if n <= 0 {
		return nil
	}
	return &n
}
