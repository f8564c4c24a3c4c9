package approval

import (
	"regexp"
	"strings"
)

// Caller is who made a call, as AWS tells it: in CloudTrail's userIdentity, or in the request context of a function URL.
type Caller struct {
	ARN            string // of the user or of the role session
	Issuer         string // ARN of the role behind a session, with its path; empty where it is not told
	SourceIdentity string
	UserID         string // of Identity Center, for calls made on behalf of a user without a role
}

var (
	userARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:user/.+$`)
	// Roles of IAM Identity Center: AWSReservedSSO_, the permission set, and 16 hexadecimal digits. Only the service can make roles under aws-reserved.
	// Source: IAM Identity Center user guide, "Referencing permission sets in resource policies".
	ssoRole    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-reserved/sso\.amazonaws\.com/.*AWSReservedSSO_[^/]+_[0-9a-f]{16}$`)
	ssoSession = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/AWSReservedSSO_[^/]+_[0-9a-f]{16}/(.+)$`)
)

// IdentityOf returns the person behind a call in the words of the rules file: an IAM user's ARN, "sso:USER" or "source:ID". It is empty where AWS does
// not vouch for a person: for root, which several people may share, for services, and for a role session whose name the caller chose.
// The session name of an Identity Center role is the user name, since only the service takes those roles.
func IdentityOf(c Caller) string {
	if session := ssoSession.FindStringSubmatch(c.ARN); session != nil && ssoRole.MatchString(c.Issuer) {
		return "sso:" + session[1]
	}
	switch {
	case c.UserID != "":
		return "sso:" + c.UserID
	case c.SourceIdentity != "":
		return "source:" + c.SourceIdentity
	case userARN.MatchString(c.ARN):
		return c.ARN
	}
	return ""
}

// same reports whether two identities are one person's: equal, or both of the same entry of the rules file.
func same(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
