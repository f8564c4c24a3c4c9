package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// upgrade is what to do where something deployed is not what this version's template says.
const upgrade = "deploy this version's template again (infra/DEPLOY.md, Upgrade); if you deployed templates that you made with options of your own, compare with these " +
	"(--template, --member-template); if neither, somebody changed it by hand: find out who"

// patternFinding compares a rule's pattern with the template's.
func patternFinding(f Finding, want blueprint.Rule, pattern string) Finding {
	if want.Pattern == nil {
		return f
	}
	var have any
	if err := json.Unmarshal([]byte(pattern), &have); err != nil || !blueprint.Fits(want.Pattern, have) {
		f.Status, f.Do = Problem, upgrade
		f.Seen = "its pattern is not that of this version's template: it may not hear what this version's controls want, or hear what they do not expect"
	}
	return f
}

// policies compares what the roles may do with what the templates give them: those that functions run in, and those that they take in every account.
func policies(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, want := range v.runningRoles() {
		out = append(out, v.policyFinding(ctx, v.Account, want)...)
	}
	for _, p := range v.places(ctx) {
		for _, want := range v.takenRoles() {
			out = append(out, v.policyFinding(ctx, p.account, want)...)
		}
	}
	return summed(out, v.Account, "", plural(count(out, OK), "role")+" may do what this version's templates say, and no more")
}

// runningRoles returns the roles that functions run in.
func (v *visit) runningRoles() []blueprint.Role {
	var out []blueprint.Role
	for _, f := range v.Want.Functions {
		r, err := v.Want.Role(f.Role)
		if err == nil && !slices.ContainsFunc(out, func(have blueprint.Role) bool { return have.Name == r.Name }) {
			out = append(out, r)
		}
	}
	return out
}

func (v *visit) policyFinding(ctx context.Context, account string, want blueprint.Role) []Finding {
	f := Finding{Status: OK, Account: account, Subject: want.Name}
	role, err := v.role(ctx, account, want.Name)
	if awsapi.IsNotFound(err) {
		return nil // check roles says so, where it has to be there
	}
	s, _ := v.session(ctx, account) // it was good enough to read the role
	s = s.In(v.HomeRegion)
	var held []iamapi.Held
	if err == nil {
		held, err = iamapi.ReadRolePolicies(ctx, s, want.Name)
	}
	if err == nil {
		f, err = differs(f, "it", want.Statements, held...)
	}
	if err == nil && f.Status == OK {
		f, err = boundary(ctx, s, f, want, role.Boundary)
	}
	if err != nil {
		return []Finding{failed(f, err, needs(iamapi.GetRole.Op, iamapi.ListRolePolicies.Op, iamapi.GetRolePolicy.Op, iamapi.ListRoleAttachments.Op, iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op)...)}
	}
	return []Finding{f}
}

// boundary compares the permissions boundary, if the template gives the role one.
func boundary(ctx context.Context, s awsapi.Session, f Finding, want blueprint.Role, arn string) (Finding, error) {
	if want.Boundary == "" {
		return f, nil
	}
	if !strings.HasSuffix(arn, "/"+want.Boundary) {
		f.Status, f.Do, f.Seen = Problem, upgrade, "its permissions boundary is not "+want.Boundary
		return f, nil
	}
	if len(want.Bounds) == 0 { // another template makes it
		return f, nil
	}
	held, err := iamapi.ReadBoundary(ctx, s, arn)
	if err != nil {
		return f, err
	}
	return differs(f, "its permissions boundary", want.Bounds, *held)
}

// differs compares the statements of policies. What is in addition is worse than what is missing: it may be somebody's way in.
func differs(f Finding, what string, want []blueprint.Statement, held ...iamapi.Held) (Finding, error) {
	var have []any
	for _, h := range held {
		var document struct{ Statement any }
		if err := json.Unmarshal([]byte(h.Text), &document); err != nil {
			return f, fmt.Errorf("reading %s: %w", h, err)
		}
		if list, ok := document.Statement.([]any); ok {
			have = append(have, list...)
		} else {
			have = append(have, document.Statement)
		}
	}
	missing, extra := blueprint.Compare(want, have)
	var seen []string
	if len(extra) > 0 {
		seen = append(seen, fmt.Sprintf("%s holds %s that the template does not give: %s", what, plural(len(extra), "statement"), shown(extra[0])))
	}
	if len(missing) > 0 {
		seen = append(seen, fmt.Sprintf("%s lacks %s of the template: %s", what, plural(len(missing), "statement"), shown(missing[0].Document)))
	}
	if len(seen) > 0 {
		f.Status, f.Seen, f.Do = Problem, strings.Join(seen, "; "), upgrade
	}
	return f, nil
}

// shown is a statement in a few words.
func shown(v any) string {
	s, _ := v.(map[string]any)
	what := map[string]any{}
	for _, key := range []string{"Sid", "Effect", "Action", "NotAction", "Resource"} {
		if s[key] != nil {
			what[key] = s[key]
		}
	}
	raw, err := json.Marshal(what)
	if err != nil {
		return "it cannot be shown"
	}
	const most = 300
	if len(raw) > most {
		return string(raw[:most]) + "..."
	}
	return string(raw)
}

// senders compares who may put messages into the queues with who should.
func senders(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, want := range v.Want.Queues {
		if want.Policy == nil {
			continue
		}
		f := v.here(OK, want.Name, "", "")
		q, err := ownapi.ReadQueue(ctx, v.Own, want.Name)
		var have any
		switch {
		case awsapi.IsNotFound(err): // check queues says so
		case err != nil:
			f = failed(f, err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...)
		case json.Unmarshal([]byte(q.Policy), &have) != nil || !blueprint.Fits(want.Policy["Statement"], statementsOf(have)):
			f = v.here(Problem, want.Name, "its policy is not that of the template: others than should may write into it, and be believed", upgrade)
		}
		out = append(out, f)
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" take messages from whom they should")
}

func statementsOf(policy any) any {
	m, _ := policy.(map[string]any)
	return m["Statement"]
}

// environment says which settings a function has too few or too many of. Their values are not compared: parameters decide about them.
func (v *visit) environment(want blueprint.Function, have lambdaapi.Function) Finding {
	f := v.here(OK, want.Name, "", "")
	lacks := absent(want.Environment, have.Environment)
	more := absent(have.Environment, want.Environment)
	switch {
	case len(lacks) > 0:
		f.Status, f.Do, f.Seen = Problem, upgrade, "its environment lacks "+strings.Join(lacks, ", ")
	case len(more) > 0:
		f.Status, f.Do, f.Seen = Warning, upgrade, "its environment has what the template does not give it: "+strings.Join(more, ", ")
	}
	return f
}

// absent returns the names in one environment that are not in another, sorted.
func absent(in, from map[string]string) []string {
	var out []string
	for name := range in {
		if _, ok := from[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
