package review

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
)

// Stranger says why a caller is nobody whom AWS vouches for, and what to do.
type Stranger struct{ Why string }

func (s *Stranger) Error() string { return s.Why }

func stranger(format string, args ...any) error { return &Stranger{fmt.Sprintf(format, args...)} }

// Identities finds the person behind a request's context.
//
// The context gives the ARN of a role session without the role's path, and anybody who may make roles can call one AWSReservedSSO_something. So the role
// is asked for at IAM: it must be the very role that the session is of, by its unique id, which no other role ever gets, and lie under the path
// that only IAM Identity Center can make roles in. IAM answers for its own account alone; sessions of other accounts are strangers. Sessions of other roles are,
// too: their name is the caller's choice, and the context does not tell the source identity.
// Sources: IAM user guide, "IAM identifiers" (unique identifiers); IAM Identity Center user guide, "Referencing permission sets in resource policies".
type Identities struct {
	Account string // the installation's own
	// Role returns the ARN and the unique id of a role of the account; an error that wraps [awsapi.ErrGone] if there is none.
	Role func(ctx context.Context, name string) (arn, id string, err error)

	proved sync.Map // unique id of a role -> its ARN; neither ever changes
}

// RolesOf asks IAM. The action is iam:GetRole on role/aws-reserved/sso.amazonaws.com/*: any other role is a stranger anyway.
func RolesOf(s awsapi.Session) func(context.Context, string) (string, string, error) {
	return func(ctx context.Context, name string) (string, string, error) {
		out, err := iamapi.GetRole.Do(ctx, s, &iam.GetRoleInput{RoleName: &name})
		switch {
		case awsapi.IsNotFound(err):
			return "", "", fmt.Errorf("%w: %w", awsapi.ErrGone, err)
		case err != nil:
			return "", "", fmt.Errorf("asking IAM about role %s: %w", name, err)
		}
		return aws.ToString(out.Role.Arn), aws.ToString(out.Role.RoleId), nil
	}
}

var ssoSession = regexp.MustCompile(`^arn:aws[a-z-]*:sts::([0-9]{12}):assumed-role/(AWSReservedSSO_[^/]+_[0-9a-f]{16})/[^/]+$`)

// Of returns the person in the words of the rules file. The error is a [*Stranger] if there is none; any other means that it could not be found out.
func (i *Identities) Of(ctx context.Context, c *events.LambdaFunctionURLRequestContextAuthorizerIAMDescription) (string, error) {
	if c == nil || c.UserARN == "" || c.AccountID == "" {
		return "", stranger("AWS does not say who you are: the function URL's auth type must be AWS_IAM")
	}
	if part := strings.SplitN(c.UserARN, ":", 6); len(part) != 6 || part[4] != c.AccountID {
		return "", stranger("AWS names %s in account %s: that is nobody", cut(c.UserARN), cut(c.AccountID))
	}
	caller := approval.Caller{ARN: c.UserARN}
	if session := ssoSession.FindStringSubmatch(c.UserARN); session != nil {
		var err error
		if caller.Issuer, err = i.issuer(ctx, session[1], session[2], c.UserID); err != nil {
			return "", err
		}
	}
	if person := approval.IdentityOf(caller); person != "" {
		return person, nil
	}
	switch {
	case strings.HasSuffix(c.UserARN, ":root"):
		return "", stranger("the root user may be several people: sign in as yourself")
	case strings.Contains(c.UserARN, ":assumed-role/"):
		return "", stranger("AWS does not vouch for a person behind a role session, whose name is the caller's choice: sign in through IAM Identity Center to account %s, as an IAM user, or decide in Slack", i.Account)
	}
	return "", stranger("AWS does not vouch for a person behind %s: sign in through IAM Identity Center to account %s, as an IAM user, or decide in Slack", cut(c.UserARN), i.Account)
}

// issuer proves the role of an Identity Center session and returns its ARN with the path.
func (i *Identities) issuer(ctx context.Context, account, name, userID string) (string, error) {
	if account != i.Account {
		return "", stranger("which role is behind a session of account %s cannot be proved here: sign in with a permission set of account %s and try again", account, i.Account)
	}
	id, _, found := strings.Cut(userID, ":") // "AROA...:session"
	if !found || id == "" {
		return "", stranger("AWS does not say which role is behind the session")
	}
	if arn, ok := i.proved.Load(id); ok {
		return arn.(string), nil
	}
	arn, really, err := i.Role(ctx, name)
	switch {
	case errors.Is(err, awsapi.ErrGone):
		return "", stranger("there is no role %s any more: sign in again", name)
	case awsapi.IsAccessDenied(err): // the function may ask about roles under the reserved path only
		return "", stranger("role %s could not be shown to be one of IAM Identity Center: if it is, let the function's role do iam:GetRole on role/aws-reserved/sso.amazonaws.com/*", name)
	case err != nil:
		return "", err
	case really != id || !strings.Contains(arn, "::"+i.Account+":role/aws-reserved/sso.amazonaws.com/") || !strings.HasSuffix(arn, "/"+name):
		return "", stranger("role %s is not made by IAM Identity Center, however it is called", name)
	}
	i.proved.Store(id, arn)
	return arn, nil
}
