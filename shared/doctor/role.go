package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// harmless is the session policy of a trial: the one action in it needs no permission, and no other is left.
const harmless = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}`

// roles looks at the roles that functions take, in every account that is looked after.
func roles(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, p := range v.places(ctx) {
		for _, want := range v.takenRoles() {
			out = append(out, v.roleFinding(ctx, p.account, want))
		}
	}
	if len(out) == 0 {
		return v.nowhere()
	}
	var seen []string
	for _, f := range out {
		if f.Status == OK && f.Seen != "" && !slices.Contains(seen, f.Seen) {
			seen = append(seen, f.Seen)
		}
	}
	return summed(out, v.Account, "", strings.Join(append([]string{plural(count(out, OK), "role") + " are as deployed"}, seen...), "; "))
}

// takenRoles returns the roles that a function may take, from whichever template makes them.
func (v *visit) takenRoles() []blueprint.Role {
	all := v.Want
	if v.Member != nil {
		all = blueprint.Join(v.Want, v.Member)
	}
	var out []blueprint.Role
	for _, f := range all.Functions {
		own, err := all.Role(f.Role)
		if err != nil {
			continue
		}
		for _, arn := range own.Takes() {
			r, err := all.Role(arn)
			if err == nil && !slices.ContainsFunc(out, func(have blueprint.Role) bool { return have.Name == r.Name }) {
				out = append(out, r)
			}
		}
	}
	return out
}

func (v *visit) roleFinding(ctx context.Context, account string, want blueprint.Role) Finding {
	f := Finding{Status: OK, Account: account, Subject: want.Name}
	have, err := v.role(ctx, account, want.Name)
	switch {
	case awsapi.IsNotFound(err) && want.Condition != "":
		return f // it is turned off
	case awsapi.IsNotFound(err):
		f.Status, f.Seen, f.Do = Problem, "there is no such role: what needs it fails", "deploy the template with the roles in this account"
		return f
	case err == nil:
		if f = v.trustFinding(f, want, have); f.Status != OK {
			return f
		}
	}
	return v.trial(ctx, f, want, err)
}

// trustFinding compares who may take the role with who should.
func (v *visit) trustFinding(f Finding, want blueprint.Role, have iamapi.RoleFacts) Finding {
	var trust map[string]any
	if err := json.Unmarshal([]byte(have.Trust), &trust); err != nil {
		f.Status, f.Seen, f.Do = Problem, "its trust policy cannot be read", "deploy the template with the roles in this account again"
		return f
	}
	let, should := blueprint.Trusted(trust), want.Trusted()
	again := "deploy the template with the roles in this account again, for the hub in account " + v.Account
	for _, who := range should {
		if !slices.Contains(let, who) {
			f.Status, f.Seen, f.Do = Problem, "it does not let in "+who, again
			return f
		}
	}
	for _, who := range let {
		if !slices.Contains(should, who) {
			f.Status, f.Seen, f.Do = Problem, "it also lets in "+who+", who holds all its rights then, without a session policy", again
			return f
		}
	}
	if !blueprint.AsksForIdentity(trust) {
		f.Status, f.Seen, f.Do = Problem, "it can be taken without a source identity, so CloudTrail does not say on whose decision", again
	}
	return f
}

// trial takes the role as the functions do, with a source identity and a session policy, and does nothing with it. That is refused to everybody but
// the functions' roles, as it should be; what is known then comes from the trust policy. Looked says why that could not be read, if so.
func (v *visit) trial(ctx context.Context, f Finding, want blueprint.Role, looked error) Finding {
	if !v.Assume && strings.Contains(want.Name, "-remediate-") || !v.Assume && strings.HasSuffix(want.Name, "-restore") {
		return v.untried(f, looked)
	}
	_, _, err := stsapi.Session(ctx, v.AWS, stsapi.Assume{
		RoleARN: v.roleARN(f.Account, path(want)), Name: "doctor", Identity: "doctor", Policy: harmless, Account: f.Account, Region: v.Region,
	})
	switch {
	case err == nil:
		f.Seen = "taken with a source identity and a session policy: " + want.Name
		return f
	case awsapi.IsAccessDenied(err):
		return v.untried(f, looked)
	}
	return failed(f, err, "sts:AssumeRole", "sts:SetSourceIdentity")
}

func (v *visit) untried(f Finding, looked error) Finding {
	if looked != nil {
		return failed(f, looked, needs(iamapi.GetRole.Op)...)
	}
	f.Seen = "not taken (only the functions may), known by their trust policies"
	return f
}

// path is a role's path and name.
func path(r blueprint.Role) string {
	_, name, _ := strings.Cut(r.ARN, ":role/")
	return name
}

type roleFacts struct {
	iamapi.RoleFacts
	err error
}

// role returns a role as it is in an account.
func (v *visit) role(ctx context.Context, account, name string) (iamapi.RoleFacts, error) {
	s, err := v.session(ctx, account)
	if err != nil {
		return iamapi.RoleFacts{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.roles[account+"/"+name]
	if !ok {
		r.RoleFacts, r.err = iamapi.ReadRole(ctx, s.In(v.HomeRegion), name)
		v.roles[account+"/"+name] = r
	}
	return r.RoleFacts, r.err
}
