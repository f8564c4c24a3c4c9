package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// role is a role as its stack declares it. The policies of ARNs are looked up when they are asked for: they may be of a later stack.
type role struct {
	Role
	trust    document
	inline   []Policy
	managed  []string // ARNs
	boundary string   // ARN
}

// Role is a role of the stacks, with everything that decides what it may do.
type Role struct {
	Stack, ID string // where it is declared
	ARN, Name string
	Account   string
	Trust     json.RawMessage
	Policies  []Policy        // identity policies: inline ones, then managed ones
	Boundary  json.RawMessage // nil: none
}

// Policy is an identity policy.
type Policy struct {
	Name     string // its ARN, or what an inline one is called
	Document json.RawMessage
}

func makeManagedPolicy(d *deployment, r resource) error {
	arn, err := d.fill(kinds()[r.kind].ref, r.id, r.id)
	if err != nil {
		return err
	}
	d.cloud.policies[arn], err = parseDocument(r.props["PolicyDocument"])
	return err
}

func makeRole(d *deployment, r resource) error {
	out := &role{Role: Role{Stack: d.stack, ID: r.id, Name: r.name, Account: d.account}}
	var err error
	if out.ARN, err = d.arn(r); err != nil {
		return err
	}
	if out.trust, err = parseDocument(r.props["AssumeRolePolicyDocument"]); err != nil {
		return err
	}
	out.Trust = out.trust.Raw
	inline, _ := r.props["Policies"].([]any)
	for _, v := range inline {
		p, _ := v.(map[string]any)
		doc, err := parseDocument(p["PolicyDocument"])
		if err != nil {
			return err
		}
		out.inline = append(out.inline, Policy{fmt.Sprint(p["PolicyName"]), doc.Raw})
	}
	out.managed = texts(r.props["ManagedPolicyArns"])
	if v, ok := r.props["PermissionsBoundary"]; ok {
		out.boundary = fmt.Sprint(v)
	}
	d.cloud.roles[out.ARN] = out
	return nil
}

func makeInlinePolicy(d *deployment, r resource) error {
	doc, err := parseDocument(r.props["PolicyDocument"])
	if err != nil {
		return err
	}
	for _, name := range texts(r.props["Roles"]) {
		found := false
		for _, to := range d.cloud.roles {
			if to.Account == d.account && to.Name == name {
				to.inline, found = append(to.inline, Policy{r.name, doc.Raw}), true
			}
		}
		if !found {
			return fmt.Errorf("there is no role %s", name)
		}
	}
	return nil
}

// resolved returns the role with its managed policies and its boundary. A policy that no stack has is an error.
func (c *Cloud) resolved(r *role) (Role, error) {
	out := r.Role
	out.Policies = slices.Clone(r.inline)
	for _, arn := range r.managed {
		doc, ok := c.policies[arn]
		if !ok {
			return out, fmt.Errorf("reading role %s: no stack has its policy %s", r.ARN, arn)
		}
		out.Policies = append(out.Policies, Policy{arn, doc.Raw})
	}
	if r.boundary != "" {
		doc, ok := c.policies[r.boundary]
		if !ok {
			return out, fmt.Errorf("reading role %s: no stack has its boundary %s", r.ARN, r.boundary)
		}
		out.Boundary = doc.Raw
	}
	return out, nil
}

// Roles returns every role of the stacks, by ARN. A policy that no stack has is an error.
func (c *Cloud) Roles() ([]Role, error) {
	var out []Role
	for _, arn := range slices.Sorted(maps.Keys(c.roles)) {
		r, err := c.resolved(c.roles[arn])
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// ResourcePolicies returns what stands before queues, buckets and event buses, by ARN; several policies of one are put together.
func (c *Cloud) ResourcePolicies() (map[string]json.RawMessage, error) {
	all := map[string][]document{}
	for arn, q := range c.queues {
		all[arn] = q.policies
	}
	for arn, b := range c.buses {
		all[arn] = b.policies
	}
	maps.Copy(all, c.buckets)
	out := map[string]json.RawMessage{}
	for arn, docs := range all {
		statements := []any{}
		for _, doc := range docs {
			var one struct{ Statement any }
			if err := json.Unmarshal(doc.Raw, &one); err != nil {
				return nil, fmt.Errorf("reading the policy of %s: %w", arn, err)
			}
			if list, ok := one.Statement.([]any); ok {
				statements = append(statements, list...)
			} else {
				statements = append(statements, one.Statement)
			}
		}
		if len(statements) == 0 {
			continue
		}
		raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
		if err != nil {
			return nil, err
		}
		out[arn] = raw
	}
	return out, nil
}

// admits tells whether the role's trust policy lets a service take it, on behalf of a source.
func (r *role) admits(service, source, account string) error {
	d, err := decide([]document{r.trust}, request{
		action: "sts:AssumeRole", service: service, context: map[string]string{"aws:SourceArn": source, "aws:SourceAccount": account},
	}, false)
	if err != nil {
		return err
	}
	if !d.allow || d.deny {
		return fmt.Errorf("role %s does not trust %s for %s", r.ARN, service, source)
	}
	return nil
}

// may tells whether the role's own policies and its boundary allow an action.
func (c *Cloud) may(r *role, q request) error {
	own, err := c.resolved(r)
	if err != nil {
		return err
	}
	layers := [][]json.RawMessage{{}}
	for _, p := range own.Policies {
		layers[0] = append(layers[0], p.Document)
	}
	if own.Boundary != nil {
		layers = append(layers, []json.RawMessage{own.Boundary})
	}
	for _, layer := range layers {
		var docs []document
		for _, raw := range layer {
			doc, err := parseDocument(raw)
			if err != nil {
				return err
			}
			docs = append(docs, doc)
		}
		d, err := decide(docs, q, true)
		if err != nil {
			return err
		}
		if !d.allow || d.deny {
			return fmt.Errorf("role %s may not %s on %s", r.ARN, q.action, q.resource)
		}
	}
	return nil
}

// accountOf is the account in an ARN.
func accountOf(arn string) string { return part(arn, 4) }

// part returns one of an ARN's parts: 2 is the service, 3 the Region, 4 the account, 5 the rest.
func part(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[i]
}
