package infra

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// maxPolicy is the most characters of a managed policy, white space not counted. Source: IAM and STS quotas.
const maxPolicy = 6144

// statement is one statement of an IAM policy; resources and the values of conditions may hold the placeholders of names.go.
type statement struct {
	effect    string // empty: Allow
	actions   []string
	resources []string
	condition object
}

func (s statement) object() object {
	o := object{"Effect": "Allow", "Action": one(s.actions), "Resource": one(s.resources)}
	if s.effect != "" {
		o["Effect"] = s.effect
	}
	if s.condition != nil {
		o["Condition"] = s.condition
	}
	return o
}

// one writes a list of one as its only element, as IAM does.
func one(list []string) any {
	if len(list) == 1 {
		return sub(list[0])
	}
	return subs(list)
}

func document(statements ...statement) object {
	list := make([]any, len(statements))
	for i, s := range statements {
		list[i] = s.object()
	}
	return object{"Version": "2012-10-17", "Statement": list}
}

// policySize is a document's length once CloudFormation has filled it in.
func policySize(doc object) int {
	raw, err := json.Marshal(filled(doc))
	if err != nil {
		return maxPolicy + 1
	}
	return len(raw)
}

// documents packs statements into as few documents as IAM's limit allows. A statement that is too long on its own is cut in its list of actions.
func documents(statements []statement) []object {
	var out []object
	var open []statement
	for len(statements) > 0 {
		next := statements[0]
		if policySize(document(append(slices.Clip(open), next)...)) <= maxPolicy {
			open, statements = append(open, next), statements[1:]
			continue
		}
		if len(open) == 0 {
			half := len(next.actions) / 2
			first, second := next, next
			first.actions, second.actions = next.actions[:half], next.actions[half:]
			statements = append([]statement{first, second}, statements[1:]...)
			continue
		}
		out, open = append(out, document(open...)), nil
	}
	if len(open) > 0 {
		out = append(out, document(open...))
	}
	return out
}

// reads returns the one statement of the read role: all that the controls read, and what sweeps list and events need resolved. Most of these actions
// have no resource type, and a sweep must see what it does not know yet; hence every resource.
func reads(controls []core.Control) statement {
	var all []string
	for _, c := range controls {
		all = append(all, actions(slices.Concat(c.Reads, c.Type.ListOps, c.Type.ResolveOps))...)
	}
	return statement{actions: distinct(all), resources: []string{"*"}}
}

// undoes picks the calls that take fixes back, and writes those that make them.
func undoes(c core.Control) []awsapi.Op { return c.Undoes }
func writes(c core.Control) []awsapi.Op { return c.Writes }

// writing returns what the picked operations of a family's controls may do, on nothing but resources of the types that the controls judge.
func writing(controls []core.Control, family string, pick func(core.Control) []awsapi.Op) []statement {
	var out []statement
	for _, c := range controls {
		if c.Family != family {
			continue
		}
		for _, op := range pick(c) {
			for _, action := range op.Actions {
				resources := scope(c.Type, action)
				out = allow(out, statement{actions: []string{action}, resources: resources, condition: narrowed(op, action)})
			}
		}
	}
	slices.SortFunc(out, func(a, b statement) int {
		return cmp.Or(slices.Compare(a.resources, b.resources), cmp.Compare(conditionKey(a.condition), conditionKey(b.condition)))
	})
	for i := range out {
		out[i].actions = distinct(out[i].actions)
	}
	return out
}

// allow adds a statement's actions to the one on the same resources under the same condition.
func allow(list []statement, more statement) []statement {
	for i, s := range list {
		if slices.Equal(s.resources, more.resources) && sameCondition(s.condition, more.condition) {
			list[i].actions = append(s.actions, more.actions...)
			return list
		}
	}
	return append(list, more)
}

// scope returns the ARNs of all resources of a type in this account. A type whose id is its ARN does not say what ARNs look like: there it is
// everything of the action's service.
func scope(t awsapi.ResourceType, action string) []string {
	r := awsapi.Resource{Type: t.Name, ID: "*", Account: account, Region: "*", Partition: partition}
	if t.Global {
		r.Region = ""
	}
	arns := t.WriteScope(r)
	if t.Scope == nil && slices.Equal(arns, []string{r.ID}) {
		return []string{"arn:" + partition + ":" + service(action) + r.Region + ":" + account + ":*"}
	}
	return widest(arns)
}

// widest leaves out the ARNs that another one covers, "role/*/*" beside "role/*" for example.
func widest(arns []string) []string {
	all := distinct(arns)
	return slices.DeleteFunc(slices.Clone(all), func(arn string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return other != arn && wildcard.Match(other, arn) })
	})
}

func actions(ops []awsapi.Op) []string {
	var out []string
	for _, o := range ops {
		out = append(out, o.Actions...)
	}
	return out
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// service cuts an action to its service: "ec2:".
func service(action string) string {
	s, _, _ := strings.Cut(action, ":")
	return s + ":"
}
