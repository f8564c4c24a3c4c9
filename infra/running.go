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
	r := role{name: name(f.name), does: "Runs the function " + f.name, condition: f.condition, trust: object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
	}}}}
	r.grants = []grant{{statements: slices.Concat(plumbing(f), stores(f), f.more)}}
	if f.slack {
		r.grants = append(r.grants, grant{[]statement{f.secrets()}, within(f.condition, ifSlack)})
	}
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

// within is a condition inside of another: nothing where it is the same one, or holds wherever the other does.
func within(outer, inner string) string {
	if outer == inner || outer == ifClicks && inner == ifSlack {
		return ""
	}
	return inner
}

// take allows a function to take a role of ours, and to say on whose decision. In other accounts it must be one of the organisation: a stranger's account can
// have a role of that name, too.
func (s stack) take(role string) statement {
	out := statement{actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity"}, resources: []string{roleARN(s.members, role)}}
	if s.members != account {
		out.condition = object{"StringEquals": object{"aws:ResourceOrgID": ref(paramOrganization)}}
	}
	return out
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

// stores is what a function needs of our tables and buckets.
func stores(f function) []statement {
	out := keyed(f)
	for _, t := range []struct {
		suffix  string
		actions []string
	}{{occurrence.StateTable, without(f.state, changing)}, {occurrence.AuditTable, f.audit}, {occurrence.ApprovalTable, f.approvals}} {
		if len(t.actions) > 0 {
			out = append(out, statement{actions: distinct(t.actions), resources: []string{tableARN(t.suffix)}})
		}
	}
	if f.rules {
		out = append(out, statement{actions: []string{getObject}, resources: []string{"${" + rulesBucket + ".Arn}/" + rulesKey}})
	}
	if f.seals {
		out = append(out,
			statement{actions: []string{getObject, putObject}, resources: []string{"${" + auditBucket + ".Arn}/" + segments + "*"}},
			statement{actions: []string{"s3:ListBucket"}, resources: []string{"${" + auditBucket + ".Arn}"}},
		)
	}
	if f.reports {
		out = append(out, statement{actions: []string{putObject}, resources: []string{"${" + reportsBucket + ".Arn}/*"}})
	}
	return out
}

// secrets is what a function needs of Slack's two secrets: one to post with, and one that only the function reads which hears clicks, so that whoever takes
// another one over cannot make them. Secrets Manager ends an ARN in six characters of its own.
func (f function) secrets() statement {
	arn := func(name string) string {
		return "arn:" + partition + ":secretsmanager:" + region + ":" + account + ":secret:${" + name + "}-??????"
	}
	out := statement{actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{arn(paramSecret)}}
	if f.clicks {
		out.resources = append(out.resources, arn(paramSigning))
	}
	return out
}

// changing are the actions that change an item.
var changing = []string{putItem, updateItem, deleteItem}

// The partitions of the state that only one function writes: the kill switch, and what was heard from Slack.
const (
	switchKey = "switch"
	heardKeys = "heard#*"
)

// keyed is what a function may change of the state, by partition: nobody lifts the kill switch but the function that people's word goes to, and nobody
// makes Slack's clicks heard or unheard but the one that hears them. Source: DynamoDB developer guide, "Using IAM policy conditions for
// fine-grained access control" (a request that has no key matches a condition on all of its keys, hence the second condition).
func keyed(f function) []statement {
	on := func(actions []string, test string, keys ...string) []statement {
		return []statement{{actions: distinct(actions), resources: []string{tableARN(occurrence.StateTable)}, condition: object{
			"ForAllValues:" + test: object{leadingKeys: one(keys)}, "Null": object{leadingKeys: "false"},
		}}}
	}
	switch writes := without(f.state, []string{getItem, query, checkItem}); {
	case f.switches:
		return on([]string{putItem}, "StringEquals", switchKey)
	case f.hears:
		return on([]string{putItem}, "StringLike", heardKeys)
	case len(writes) > 0:
		return on(writes, "StringNotLike", heardKeys, switchKey)
	}
	return nil
}

const leadingKeys = "dynamodb:LeadingKeys"

func tableARN(suffix string) string {
	return "arn:" + partition + ":dynamodb:" + region + ":" + account + ":table/" + name(suffix)
}

// without returns a list without the elements of another.
func without(list, those []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(those, s) })
}

const getObject = "s3:GetObject"
