package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// upgrade is what to do where something deployed is not what this version's template says.
const upgrade = "deploy this version's template again (infra/DEPLOY.md, Upgrade); if you deployed templates that you made with options of your own, compare with these " +
	"(--template, --member-template); if neither, somebody changed it by hand: find out who"

// hearsFinding compares what starts a rule with the template's: its pattern or its schedule.
func hearsFinding(f Finding, want blueprint.Rule, have eventsapi.Rule) Finding {
	if want.Schedule != "" && !blueprint.Fits(want.Schedule, have.Schedule) {
		f.Status, f.Do, f.Seen = Problem, upgrade, fmt.Sprintf("its schedule is %q, and that of this version's template %q", have.Schedule, want.Schedule)
		return f
	}
	if want.Pattern == nil {
		return f
	}
	var pattern any
	if err := json.Unmarshal([]byte(have.Pattern), &pattern); err != nil || !blueprint.Fits(want.Pattern, pattern) {
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

func statementsOf(policy any) any {
	m, _ := policy.(map[string]any)
	return m["Statement"]
}
