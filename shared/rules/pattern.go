package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// resourceMatches compares a pattern that begins with arn: to the full ARN and any other to the id. Some ids are ARNs
// themselves, so ARN patterns are compared to both. A user, role or group is the same with its path and without.
func resourceMatches(pattern, id, arn string) bool {
	if wildcard.Match(pattern, id) {
		return true
	}
	return strings.HasPrefix(pattern, "arn:") && (wildcard.Match(pattern, arn) || wildcard.Match(pathless(pattern), pathless(arn)))
}

// pathless leaves the path out of the ARN of one user, role or group: a finding knows it by its name, which is its own in the account whatever
// the path (IAM user guide, "IAM identifiers"). An ARN of several keeps it: without it, more would be meant.
func pathless(arn string) string {
	kind, path, name := principalParts(arn)
	if path == "" || name == "" || hasWildcard(name) {
		return arn
	}
	return strings.TrimSuffix(arn, kind+"/"+path+name) + kind + "/" + name
}

// principalParts takes the ARN of users, roles or groups apart: role, team/, deploy. All are empty for other ARNs.
func principalParts(arn string) (kind, path, name string) {
	kind, rest, _ := strings.Cut(arnField(arn, 5), "/")
	if arnField(arn, 2) != "iam" || !slices.Contains([]string{"user", "role", "group"}, kind) {
		return "", "", ""
	}
	last := strings.LastIndex(rest, "/") + 1
	return kind, rest[:last], rest[last:]
}

func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

var (
	slugShape      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	controlShape   = regexp.MustCompile(`^[a-z0-9*?-]+$`)
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	resourceShape  = regexp.MustCompile(`^[A-Za-z0-9_.:/@+=,#$%&!~^|;()*?-]+$`)
	principalShape = regexp.MustCompile(`^arn:aws(-[a-z0-9]+)*:iam::([0-9]{12}|\*):(root|(role|user|group)/[A-Za-z0-9_+=,.@/-]*([A-Za-z0-9_+=,.@-]|[A-Za-z0-9_+=,.@-]/\*))$`)
	tagShape       = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$`)
	pageShape      = regexp.MustCompile(`^https://[^\s"'<>#?|]{4,492}$`)
	channelShape   = regexp.MustCompile(`^(#[\p{Ll}\p{Lo}\p{N}_-]+|[CG][A-Z0-9]+)$`)
)

func shaped(shape *regexp.Regexp, instead string) check {
	return func(s string) string {
		if shape.MatchString(s) {
			return ""
		}
		return fmt.Sprintf("%q does not fit; write %s", s, instead)
	}
}

var (
	checkAccount   = shaped(accountShape, `12 digits in quotes, like "111122223333"`)
	checkSlug      = shaped(slugShape, "lower-case words joined by hyphens, like close-public-buckets")
	checkRegion    = shaped(regionShape, "a Region code like eu-west-1")
	checkChannel   = within(2, 81, shaped(channelShape, `a Slack channel in quotes, like "#alerts", or its id, like C0123456789`))
	checkPage      = within(12, 500, shaped(pageShape, "the https address of a page that shows the report, without # and ?"))
	checkPrincipal = shaped(principalShape, "a full ARN like arn:aws:iam::111122223333:role/admin, or a path like arn:aws:iam::*:role/break-glass/* (* only as the account or after a path)")
)

func checkControl(s string) string {
	if hasWildcard(s) {
		return fmt.Sprintf("%q has a wildcard; here every control is named in full", s)
	}
	return checkSlug(s)
}

func checkControlPattern(s string) string {
	return shaped(controlShape, "a control like s3-bucket-public or a pattern like s3-*")(s)
}

// checkResource accepts an id or ARN with * and ?. Brackets and backslashes are refused because people would expect
// them to mean what they mean to a shell.
func checkResource(s string) string {
	if !resourceShape.MatchString(s) {
		return fmt.Sprintf("%q is no resource pattern; write an id or ARN in which only * and ? stand for other characters", s)
	}
	if strings.HasPrefix(s, "arn") && (arnField(s, 5) == "" || arnField(s, 1) == "" || arnField(s, 2) == "") {
		return fmt.Sprintf("%q is no complete ARN; write arn:partition:service:region:account:resource", s)
	}
	if account := arnField(s, 4); strings.Trim(account, "0123456789") == "" && account != "" && len(account) != 12 {
		return fmt.Sprintf("%q names account %s; an account id has 12 digits", s, account)
	}
	return ""
}

// untyped services have ARNs whose resource part is the bare name.
var untyped = []string{"s3", "sns", "sqs"}

// namesResource is false for patterns that cover every resource of a type, such as *, arn:aws:s3:::* or sg-*.
func namesResource(pattern string) bool {
	if !hasWildcard(pattern) {
		return true
	}
	name := pattern
	if strings.HasPrefix(pattern, "arn:") {
		name = arnField(pattern, 5)
		kind, rest, typed := name, "", false
		if i := strings.IndexAny(name, "/:"); i >= 0 {
			kind, rest, typed = name[:i], name[i+1:], true
		}
		switch {
		case typed && !hasWildcard(kind):
			name = rest // "security-group/*": the type names no resource
		case !slices.Contains(untyped, arnField(pattern, 2)):
			return false // "security-group*" or "*/name": the wildcard swallows the type
		}
	}
	for _, prefix := range []string{"sg-", "vol-", "snap-", "ami-", "sgr-", "vpc-", "AKIA", "AROA", "AIDA", "ANPA"} {
		name = strings.TrimPrefix(name, prefix)
	}
	literal := strings.Map(func(r rune) rune {
		if strings.ContainsRune("*?-/:", r) {
			return -1
		}
		return r
	}, name)
	return len(literal) >= 3
}
