package iamsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// World is who may do what: plain data, filled from a synthesised template whose
// intrinsic functions are resolved.
type World struct {
	Roles        map[string]Role            // by ARN
	Resources    map[string]json.RawMessage // resource policies by ARN: of buckets, queues, topics, keys, secrets, tables
	Organization string                     // aws:PrincipalOrgID of all principals; empty: none
	Facts        map[string]string          // further condition keys of every request
}

// Role is an IAM role and all policies that belong to it.
type Role struct {
	Trust    json.RawMessage // AssumeRolePolicyDocument
	Policies []Policy        // managed and inline
	Boundary json.RawMessage // permissions boundary; nil: none
	// ByAWS are actions that AWS itself takes with this role, so that no call of a program shows them: Lambda reads the queue and writes
	// the log of a function with the function's role. They count as used.
	ByAWS []string
}

// Policy is an identity policy. Its name stands in the reasons of answers.
type Policy struct {
	Name     string
	Document json.RawMessage
}

// Report is what an evaluation of recorded calls found.
type Report struct {
	Asked   int                 // different requests
	Refused []Refusal           // that would have been refused, by principal, action and resource
	Unused  map[string][]string // actions that a role's policies allow and no recorded call needed; by role's ARN, sorted
	Others  []string            // principals of calls that are none of the world's roles: their calls were not judged
}

// Refusal is a recorded call that IAM would have refused.
type Refusal struct {
	Call    wiretap.Call
	Request Request
	Answer  Answer
}

func (r Refusal) String() string {
	return fmt.Sprintf("%s may not %s on %s (for %s:%s): %s", r.Request.Principal, r.Request.Action, r.Request.Resource, r.Call.Service, r.Call.Operation, r.Answer.Why)
}

// Evaluate has every recorded call of the world's roles judged. Equal requests
// are judged once. It fails if a call cannot be mapped, or if the evaluator does
// not understand a policy.
func (w World) Evaluate(s *Simulator, calls []wiretap.Call) (Report, error) {
	report := Report{Unused: map[string][]string{}}
	var questions []Question
	var from []wiretap.Call
	seen, others := map[string]bool{}, map[string]bool{}
	used := map[string][]string{}
	for _, call := range calls {
		if _, ours := w.Roles[call.Principal]; !ours {
			others[call.Principal] = true
			continue
		}
		requests, err := Map(call)
		if err != nil {
			return report, err
		}
		for _, r := range requests {
			used[call.Principal] = append(used[call.Principal], r.Action)
			if key := r.key(); !seen[key] {
				seen[key] = true
				questions, from = append(questions, w.question(r)), append(from, call)
			}
		}
	}
	answers, err := s.Ask(questions)
	if err != nil {
		return report, err
	}
	for i, a := range answers {
		if !a.Allowed {
			report.Refused = append(report.Refused, Refusal{from[i], questions[i].Request, a})
		}
	}
	report.Asked, report.Others = len(questions), slices.Sorted(maps.Keys(others))
	slices.SortStableFunc(report.Refused, func(a, b Refusal) int { return strings.Compare(a.String(), b.String()) })
	for arn, role := range w.Roles {
		unused, err := role.unused(slices.Concat(used[arn], role.ByAWS))
		if err != nil {
			return report, fmt.Errorf("reading the policies of %s: %w", arn, err)
		}
		if len(unused) > 0 {
			report.Unused[arn] = unused
		}
	}
	return report, nil
}

// key tells requests apart that could be answered differently. Partition keys that begin alike, up to a #, are taken for one: no policy tells them apart.
func (r Request) key() string {
	facts := maps.Clone(r.Context)
	if key, ok := facts[leadingKeys]; ok {
		facts[leadingKeys], _, _ = strings.Cut(key, "#")
	}
	delete(facts, "aws:CurrentTime")
	delete(facts, "sts:RoleSessionName")
	raw, _ := json.Marshal([]any{r.Principal, r.Action, r.Resource, r.Account, r.SessionPolicy, facts}) // text always encodes
	return string(raw)
}

// question gathers all policies that have a say in a request.
func (w World) question(r Request) Question {
	role := w.Roles[r.Principal]
	context := maps.Clone(w.Facts)
	if context == nil {
		context = map[string]string{}
	}
	if w.Organization != "" {
		context["aws:PrincipalOrgID"], context["aws:ResourceOrgID"] = w.Organization, w.Organization
	}
	maps.Copy(context, r.Context)
	r.Context = context
	return Question{Request: r, Policies: role.Policies, Boundary: role.Boundary, Resource: w.resourcePolicy(r)}
}

// resourcePolicy is the policy of what the request is about: a role's trust
// policy, a bucket's for its objects, a table's for its indexes. A key of which
// nothing is known has the policy that AWS gives to keys made without one: the
// account's IAM policies decide.
func (w World) resourcePolicy(r Request) json.RawMessage {
	if strings.HasPrefix(r.Action, "sts:") {
		return w.Roles[r.Resource].Trust
	}
	arn := r.Resource
	for {
		if policy, ok := w.Resources[arn]; ok {
			return policy
		}
		i := strings.LastIndex(arn, "/")
		if i < 0 {
			break
		}
		arn = arn[:i]
	}
	if strings.HasPrefix(r.Action, "kms:") && r.Resource != "*" {
		prefix, _, _ := strings.Cut(r.Principal, ":iam::")
		return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + prefix + `:iam::` + r.Account +
			`:root"},"Action":"kms:*","Resource":"*"}]}`)
	}
	return nil
}

// unused are the actions that the role's policies allow and that nobody used.
func (r Role) unused(used []string) ([]string, error) {
	var all []string
	for _, p := range r.Policies {
		granted, err := grants(p.Document)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name, err)
		}
		for _, action := range granted {
			needed := slices.ContainsFunc(used, func(u string) bool { return wildcard.Match(strings.ToLower(action), strings.ToLower(u)) })
			if !needed {
				all = append(all, action)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// grants lists the actions of a document's Allow statements, as they stand
// there. NotAction is listed as such: it grants what nobody can list.
func grants(document json.RawMessage) ([]string, error) {
	var policy struct{ Statement oneOrMore[statement] }
	if err := json.Unmarshal(document, &policy); err != nil {
		return nil, err
	}
	var all []string
	for _, s := range policy.Statement {
		if s.Effect != "Allow" {
			continue
		}
		all = append(all, s.Action...)
		for _, but := range s.NotAction {
			all = append(all, "everything but "+but)
		}
	}
	return all, nil
}

type statement struct {
	Effect            string
	Action, NotAction oneOrMore[string]
}

// oneOrMore is a list that may be written without brackets if it has one entry.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]T)(l))
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*l = oneOrMore[T]{v}
	return nil
}
