package infra

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/occurrence"
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

const (
	boundaryID = "Boundary"
	protectID  = "ProtectPolicy"
)

// roleID is the logical id of a role: "shoreup-remediate-storage" is RemediateStorageRole.
func roleID(name string) string { return id(strings.TrimPrefix(name, prefix+"-"), "role") }

// roles adds the functions' own roles, those that they take to read and to write, and the boundary around all of them.
func (s stack) roles() {
	all := append(s.taken(), s.functionRoles()...)
	s.boundary(all)
	awsiam.NewCfnManagedPolicy(s.in, jsii.String(protectID), &awsiam.CfnManagedPolicyProps{
		Path: jsii.String(path), Description: jsii.String("What no role of shoreup may change"), PolicyDocument: document(protected(s.props.Protected)),
	})
	for _, r := range all {
		s.role(r)
	}
}

// boundary adds the permissions boundary. It has a name so that the home Region's stack can use it too, and no description, because one could
// never be changed: that replaces a policy, and a named one cannot be replaced.
func (s stack) boundary(all []role) {
	granted := append([]string{}, forward("").actions...)
	for _, r := range all {
		for _, g := range r.grants {
			for _, st := range g.statements {
				granted = append(granted, st.actions...)
			}
		}
	}
	awsiam.NewCfnManagedPolicy(s.in, jsii.String(boundaryID), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: jsii.String(name("boundary")), Path: jsii.String(path), PolicyDocument: bounds(granted),
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
		ManagedPolicyArns: &arns, PermissionsBoundary: text(ref(boundaryID)),
	})
	if r.condition != "" {
		only(res, s, r.condition)
	}
}

// taken returns the roles that functions take: one to read, one for each family to fix, and one to take fixes back.
func (s stack) taken() []role {
	out := []role{{
		name: roleName(hub.ReadRole), does: "Reads what the controls judge", trust: trustFunctions(func(f function) bool { return f.reads }),
		grants: []grant{{statements: []statement{reads(s.props.Controls)}}},
	}}
	writer := trustFunctions(func(f function) bool { return f.writes })
	restore := role{name: roleName(hub.RestoreRole), does: "Takes fixes back", trust: writer, writes: true}
	for _, family := range families(s.props.Controls) {
		out = append(out, role{
			name: roleName(hub.WriteRole + family), does: "Fixes " + family, trust: writer, writes: true, condition: optional(family),
			grants: []grant{{statements: writing(s.props.Controls, family, writes)}},
		})
		restore.grants = append(restore.grants, grant{writing(s.props.Controls, family, undoes), optional(family)})
	}
	restore.grants = merged(restore.grants)
	return append(out, restore)
}

// optional returns the condition under which a family is fixed at all.
func optional(family string) string {
	if family == core.FamilyIAM {
		return ifIAM
	}
	return ""
}

// trustFunctions lets the functions' roles take a role, by name, and only with a source identity: it says in CloudTrail on whose decision.
func trustFunctions(which func(function) bool) object {
	var arns []string
	for _, f := range functions {
		if which(f) {
			arns = append(arns, roleARN(name(f.name)))
		}
	}
	return object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"AWS": sub("arn:" + partition + ":iam::" + account + ":root")},
		"Action": []any{"sts:AssumeRole", "sts:SetSourceIdentity"},
		"Condition": object{
			"ArnEquals": object{"aws:PrincipalArn": one(arns)}, "StringLike": object{"sts:SourceIdentity": "?*"},
		},
	}}}
}

// functionRoles returns the roles that the functions run in. None may do anything in a customer's resources itself.
func (s stack) functionRoles() []role {
	var out []role
	for _, f := range functions {
		r := role{name: name(f.name), does: "Runs the function " + f.name, trust: object{"Version": "2012-10-17", "Statement": []any{object{
			"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
		}}}}
		r.grants = []grant{{statements: append(plumbing(f), stores(f)...)}}
		if f.reads {
			r.grants[0].statements = append(r.grants[0].statements, take(hub.ReadRole))
		}
		if f.writes {
			r.grants = append(r.grants, grant{statements: []statement{take(hub.RestoreRole)}})
			for _, family := range families(s.props.Controls) {
				r.grants = append(r.grants, grant{[]statement{take(hub.WriteRole + family)}, optional(family)})
			}
			r.grants = merged(r.grants)
		}
		out = append(out, r)
	}
	return out
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

// take allows a function to take a role of ours, and to say on whose decision.
func take(role string) statement {
	return statement{actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity"}, resources: []string{roleARN(roleName(role))}}
}

// plumbing is what a function needs of its own queue, of the queues that it sends to, and of its log.
func plumbing(f function) []statement {
	out := []statement{{
		actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []string{"arn:" + partition + ":logs:" + region + ":" + account + ":log-group:" + logGroup(f) + ":*"},
	}}
	to := statement{actions: []string{"sqs:SendMessage"}}
	for _, queue := range f.sends {
		to.resources = append(to.resources, queueARN(queue))
	}
	if f.batch > 0 {
		// Lambda polls the queue with the function's role. Source: Lambda developer guide, "Using Lambda with Amazon SQS".
		out = append(out, statement{actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, resources: []string{queueARN(f.name)}})
	} else {
		to.resources = append(to.resources, queueARN(dlq(f.name)))
	}
	if len(to.resources) > 0 {
		out = append(out, to)
	}
	return out
}

// stores is what a function needs of our tables, the rules file and the Slack secret.
func stores(f function) []statement {
	var out []statement
	for _, t := range []struct {
		suffix  string
		actions []string
	}{{occurrence.StateTable, f.state}, {occurrence.AuditTable, f.audit}} {
		if len(t.actions) > 0 {
			out = append(out, statement{actions: distinct(t.actions), resources: []string{"arn:" + partition + ":dynamodb:" + region + ":" + account + ":table/" + name(t.suffix)}})
		}
	}
	if f.rules {
		out = append(out, statement{actions: []string{"s3:GetObject"}, resources: []string{"${" + rulesBucket + ".Arn}/" + rulesKey}})
	}
	if f.slack { // Secrets Manager ends an ARN in six characters of its own
		out = append(out, statement{
			actions:   []string{"secretsmanager:GetSecretValue"},
			resources: []string{"arn:" + partition + ":secretsmanager:" + region + ":" + account + ":secret:${" + paramSecret + "}-??????"},
		})
	}
	return out
}

// forward allows events to be put on a bus.
func forward(bus string) statement {
	return statement{actions: []string{"events:PutEvents"}, resources: []string{bus}}
}
