package wirecloudtrail

import (
	"cmp"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
)

// actor reads userIdentity. Every part may be missing: services, other accounts and old records leave sessionContext out.
// Source: CloudTrail user guide, "CloudTrail userIdentity element".
func actor(rec record) signal.Actor {
	a := signal.Actor{
		ARN:       rec.string("userIdentity.arn"),
		Type:      rec.string("userIdentity.type"),
		SourceIP:  rec.string("sourceIPAddress"),
		InvokedBy: rec.string("userIdentity.invokedBy"),

		SourceIdentity: rec.string("userIdentity.sessionContext.sourceIdentity"),
	}
	issuer := rec.string("userIdentity.sessionContext.sessionIssuer.arn")
	issuerType := rec.string("userIdentity.sessionContext.sessionIssuer.type")
	if a.Type == "AssumedRole" || issuerType == "Role" {
		a.Role, a.SessionName = assumedRole(a.ARN)
		if name := rec.string("userIdentity.sessionContext.sessionIssuer.userName"); name != "" && issuerType == "Role" {
			a.Role = name
		}
		if a.SessionName == "" {
			// principalId is AROA...:session name.
			_, a.SessionName, _ = strings.Cut(rec.string("userIdentity.principalId"), ":")
		}
	}
	a.Principal = cmp.Or(issuer, a.ARN, a.InvokedBy,
		rec.string("userIdentity.onBehalfOf.userId"), rec.string("userIdentity.principalId"), rec.string("userIdentity.accountId"))
	return a
}

// assumedRole takes role and session name from arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. The role's path is not in it.
func assumedRole(arn string) (role, session string) {
	a, err := signal.ParseARN(arn)
	if err != nil {
		return "", ""
	}
	parts := strings.SplitN(a.Resource, "/", 3)
	if len(parts) != 3 || parts[0] != "assumed-role" {
		return "", ""
	}
	return parts[1], parts[2]
}

// byOwnRole tells whether the call was made in a session of one of our own roles. An entry is the role's ARN or its name; a name counts only in the
// event's own account, as anybody may give a role of another account the same name. Session names are chosen by callers and prove nothing.
func byOwnRole(rec record, own []string, at place) bool {
	issuer := rec.string("userIdentity.sessionContext.sessionIssuer.arn")
	if issuer == "" {
		return ownSession(rec.string("userIdentity.arn"), own, at)
	}
	if rec.string("userIdentity.sessionContext.sessionIssuer.type") != "Role" {
		return false
	}
	a, err := signal.ParseARN(issuer)
	if err != nil {
		return false
	}
	name, isRole := signal.IDFromARN("AWS::IAM::Role", a)
	for _, entry := range own {
		if entry == issuer || isRole && entry == name && a.Account == at.account {
			return true
		}
	}
	return false
}

// ownSession recognises an own role by the session's ARN alone. Role names are unique in an account whatever their path, so account and name suffice.
func ownSession(session string, own []string, at place) bool {
	role, _ := assumedRole(session)
	if role == "" {
		return false
	}
	s, err := signal.ParseARN(session)
	if err != nil {
		return false
	}
	for _, entry := range own {
		if entry == role && s.Account == at.account {
			return true
		}
		a, err := signal.ParseARN(entry)
		if err != nil {
			continue
		}
		if name, ok := signal.IDFromARN("AWS::IAM::Role", a); ok && name == role && a.Account == s.Account && a.Partition == s.Partition {
			return true
		}
	}
	return false
}
