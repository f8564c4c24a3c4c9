package infra

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// role is a role of ours before it becomes resources.
type role struct {
	name, does string
	trust      object
	grants     []grant
	writes     bool   // it changes customers' resources: protected ones are denied
	condition  string // it exists only where this holds
}

// grant is a part of what a role may do.
type grant struct {
	statements []statement
	condition  string // empty: always
}

const protectID = "ProtectPolicy"

// roleID is the logical id of a role: "shoreup-remediate-storage" is RemediateStorageRole.
func roleID(name string) string { return id(strings.TrimPrefix(name, prefix+"-"), "role") }

// roles adds roles, and the boundaries around them.
func (s stack) roles(all []role) {
	s.boundaryPolicies(all)
	for _, r := range all {
		s.role(r)
	}
}

// protect adds the policy of what no role of ours may change.
func (s stack) protect() {
	awsiam.NewCfnManagedPolicy(s.in, jsii.String(protectID), &awsiam.CfnManagedPolicyProps{
		Path: jsii.String(path), Description: jsii.String("What no role of shoreup may change"), PolicyDocument: document(protected(s.props.Protected), protectedKeys()),
	})
}

// role adds a role, with its policies as managed ones: they hold more than inline ones, and IAM counts each apart.
func (s stack) role(r role) {
	logical := roleID(r.name)
	var arns []any
	for _, g := range r.grants {
		for _, doc := range documents(g.statements) {
			policy := logical + "Policy" + strconv.Itoa(len(arns)+1)
			res := awsiam.NewCfnManagedPolicy(s.in, &policy, &awsiam.CfnManagedPolicyProps{
				Path: jsii.String(path), Description: jsii.String(r.does), PolicyDocument: doc,
			})
			arn := ref(policy)
			switch {
			case r.condition != "":
				only(res, s, r.condition)
			case g.condition != "":
				only(res, s, g.condition)
				arn = choose(g.condition, arn, ref("AWS::NoValue"))
			}
			arns = append(arns, *text(arn))
		}
	}
	if r.writes {
		arns = append(arns, *text(ref(protectID)))
	}
	res := awsiam.NewCfnRole(s.in, &logical, &awsiam.CfnRoleProps{
		RoleName: &r.name, Path: jsii.String(path), Description: &r.does, AssumeRolePolicyDocument: r.trust,
		ManagedPolicyArns: &arns, PermissionsBoundary: text(s.boundaryOf(r)),
	})
	only(res, s, r.condition)
}

// merged puts the grants of one condition together, so that they make one policy.
func merged(grants []grant) []grant {
	var out []grant
	at := map[string]int{}
	for _, g := range grants {
		i, ok := at[g.condition]
		if !ok {
			at[g.condition] = len(out)
			out = append(out, g)
			continue
		}
		out[i].statements = append(out[i].statements, g.statements...)
	}
	return out
}
