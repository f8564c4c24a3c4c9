package infra

import (
	"slices"

	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// functionRoles returns the roles that the functions run in. None may do anything in a customer's resources itself.
func (s stack) functionRoles() []role {
	var out []role
	for _, f := range s.fleet {
		out = append(out, s.functionRole(f))
	}
	return out
}

func (s stack) functionRole(f function) role {
	r := role{name: name(f.name), does: "Runs the function " + f.name, trust: object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
	}}}}
	r.grants = []grant{{statements: slices.Concat(plumbing(f), stores(f), f.more)}}
	for _, other := range f.takes {
		r.grants = append(r.grants, grant{statements: []statement{s.take(other)}})
	}
	if f.writes {
		r.grants = append(r.grants, grant{statements: []statement{s.take(hub.RestoreRole)}})
		for _, family := range families(s.props.Controls) {
			r.grants = append(r.grants, grant{[]statement{s.take(hub.WriteRole + family)}, optional(family)})
		}
	}
	r.grants = merged(r.grants)
	return r
}

// take allows a function to take a role of ours, and to say on whose decision.
func (s stack) take(role string) statement {
	return statement{actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity"}, resources: []string{roleARN(s.members, role)}}
}

// plumbing is what a function needs of its own queues, of the queues that it sends to, and of its log.
func plumbing(f function) []statement {
	to := statement{actions: []string{send}}
	for _, queue := range f.sends {
		to.resources = append(to.resources, queueARN(queue))
	}
	if f.async() {
		to.resources = append(to.resources, queueARN(dlq(f.name)))
	}
	// Lambda polls a queue with the function's role. Source: Lambda developer guide, "Using Lambda with Amazon SQS".
	from := statement{actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}}
	for _, in := range f.feeds {
		from.resources = append(from.resources, queueARN(in.queue))
	}
	out := []statement{{
		actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []string{"arn:" + partition + ":logs:" + region + ":" + account + ":log-group:" + logGroup(f) + ":*"},
	}}
	for _, s := range []statement{from, to} {
		if len(s.resources) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// stores is what a function needs of our tables and buckets, and of the Slack secret.
func stores(f function) []statement {
	var out []statement
	for _, t := range []struct {
		suffix  string
		actions []string
	}{{occurrence.StateTable, f.state}, {occurrence.AuditTable, f.audit}, {occurrence.ApprovalTable, f.approvals}} {
		if len(t.actions) > 0 {
			out = append(out, statement{actions: distinct(t.actions), resources: []string{"arn:" + partition + ":dynamodb:" + region + ":" + account + ":table/" + name(t.suffix)}})
		}
	}
	if f.rules {
		out = append(out, statement{actions: []string{getObject}, resources: []string{"${" + rulesBucket + ".Arn}/" + rulesKey}})
	}
	if f.seals {
		out = append(out,
			statement{actions: []string{getObject, putObject}, resources: []string{"${" + auditBucket + ".Arn}/*"}},
			statement{actions: []string{"s3:ListBucket"}, resources: []string{"${" + auditBucket + ".Arn}"}},
		)
	}
	if f.slack { // Secrets Manager ends an ARN in six characters of its own
		out = append(out, statement{
			actions:   []string{"secretsmanager:GetSecretValue"},
			resources: []string{"arn:" + partition + ":secretsmanager:" + region + ":" + account + ":secret:${" + paramSecret + "}-??????"},
		})
	}
	return out
}

const getObject = "s3:GetObject"
