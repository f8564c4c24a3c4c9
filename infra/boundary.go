package infra

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// The two permissions boundaries: one around what the functions do themselves and what is only read or noted, one around the roles that write to customers'
// resources. One for all would be wider than either needs, and not fit into a policy as the catalogue grows.
const (
	boundaryID       = "Boundary"
	writesBoundaryID = "WritesBoundary"
	writesPart       = "-writes" // ends the name of the second
)

// never are actions that no role of ours may ever do, whoever attaches a policy to it: they would make whoever runs as the role an administrator, keep hold of
// an account, or end evidence. One that a control declares as its write is left out: then its role's own policies are what there is against it.
var never = []string{
	"cloudtrail:DeleteTrail", "cloudtrail:StopLogging",
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary", "iam:PassRole",
	"iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:UpdateLoginProfile",
	"kms:ScheduleKeyDeletion", "organizations:LeaveOrganization", "s3:DeleteBucket",
}

// boundaryPolicies adds the permissions boundaries. They have names so that the home Region's stack can use the first too, and no descriptions, because these
// could never be changed: that replaces a policy, and a named one cannot be replaced.
func (s stack) boundaryPolicies(all []role) {
	for _, b := range []struct {
		id, name string
		writes   bool
		always   []string
	}{{boundaryID, s.boundary, false, forward("").actions}, {writesBoundaryID, s.boundary + writesPart, true, nil}} {
		always, iam := slices.Clone(b.always), []string{}
		for _, r := range all {
			if r.writes != b.writes {
				continue
			}
			for _, g := range r.grants {
				for _, st := range g.statements {
					if r.condition == ifIAM || g.condition == ifIAM {
						iam = append(iam, st.actions...)
					} else {
						always = append(always, st.actions...)
					}
				}
			}
		}
		if len(always) > 0 {
			awsiam.NewCfnManagedPolicy(s.in, jsii.String(b.id), &awsiam.CfnManagedPolicyProps{ManagedPolicyName: jsii.String(b.name), Path: jsii.String(path), PolicyDocument: bounds(always, iam)})
		}
	}
}

// boundaryOf is the boundary of a role: the one in this stack, or by its name where another stack makes it.
func (s stack) boundaryOf(r role) any {
	switch {
	case s.boundaryIsElsewhere:
		return sub("arn:" + partition + ":iam::" + account + ":policy" + path + s.boundary)
	case r.writes:
		return ref(writesBoundaryID)
	}
	return ref(boundaryID)
}

// bounds is a permissions boundary: the union of what roles are given, so that a policy attached by somebody else adds nothing, and a denial of what none may
// ever do. What is given only where IAM is fixed is denied where it is not. Where the union does not fit, actions of one service that begin with the same word
// become one ("ec2:Describe*"), the largest groups first, but those of IAM; never all of a service.
func bounds(always, iam []string) object {
	always = distinct(always)
	iam = without(distinct(iam), always)
	statements := func() []any {
		out := []any{statement{actions: always, resources: []string{"*"}}.object()}
		if len(iam) > 0 {
			fixes := statement{actions: iam, resources: []string{"*"}}.object()
			fixes["Effect"] = choose(ifIAM, "Allow", "Deny")
			out = append(out, fixes)
		}
		return append(out, statement{effect: "Deny", actions: without(never, append(slices.Clip(iam), always...)), resources: []string{"*"}}.object())
	}
	for {
		doc := object{"Version": "2012-10-17", "Statement": statements()}
		shorter := shorten(always)
		if policySize(doc) <= maxPolicy || len(shorter) == len(always) { // what is too long still is refused by a test and by CloudFormation
			return doc
		}
		always = shorter
	}
}

// shorten replaces the largest group of actions that begin with the same word by one with a wildcard.
func shorten(all []string) []string {
	size := map[string]int{}
	largest := ""
	for _, a := range all {
		if g := firstWord(a); service(a) != "iam:" {
			if size[g]++; size[g] > size[largest] {
				largest = g
			}
		}
	}
	if size[largest] < 2 {
		return all
	}
	out := slices.DeleteFunc(slices.Clone(all), func(a string) bool { return firstWord(a) == largest })
	return distinct(append(out, largest+"*"))
}

// firstWord cuts an action to its service and verb: "ec2:Describe".
func firstWord(action string) string {
	service, verb, _ := strings.Cut(action, ":")
	end := strings.IndexFunc(verb[min(1, len(verb)):], func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		return action
	}
	return service + ":" + verb[:end+1]
}
