// Package accesskeyunused deactivates access keys that nobody uses, and reports console passwords that nobody signs in with.
package accesskeyunused

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// defaultDays is how long a key may be idle, where the rules file says nothing (Security Hub IAM.8).
const defaultDays = 90

// State is a user's credentials. When one was used last moves on its own and is not part of what is wrong.
type State struct {
	Keys     []iamapi.AccessKey `json:"keys"`
	Password *iamapi.Password   `json:"password"` // nil: the user cannot sign in to the console
	User     iamapi.UserFacts   `json:"user" aws:"context"`
}

// Context says whose keys they are and what they did last.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.User.Tags, Owner: s.User.Tags["owner"]}
	for _, k := range s.Keys {
		c.Facts = append(c.Facts, fact(k))
	}
	if s.Password != nil {
		c.Facts = append(c.Facts, s.passwordFact())
	}
	return c
}

func (s State) passwordFact() string {
	if s.User.SignedIn == nil {
		return "console password, made on " + s.Password.Created.Format(time.DateOnly) + ": never used"
	}
	return "console password: last used on " + s.User.SignedIn.Format(time.DateOnly)
}

func fact(k iamapi.AccessKey) string {
	text := fmt.Sprintf("access key %s, made on %s", k.ID, k.Created.Format(time.DateOnly))
	switch {
	case !k.Active:
		return text + ": inactive"
	case k.Used == nil:
		return text + ": never used"
	}
	return fmt.Sprintf("%s: last used on %s for %s in %s", text, k.Used.Format(time.DateOnly), k.Service, k.Region)
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-access-key-unused", Version: 1, Title: "Deactivate access keys that nobody uses",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.User,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"IAM.8", "IAM.22"},
		ConfigRules: []string{"IAM_USER_UNUSED_CREDENTIALS_CHECK"},
		Frameworks:  map[string][]string{"cis_v3": {"1.12"}, "cis_v5": {"1.11"}, "nist_csf_2": {"PR.AA-01", "PR.AA-05"}},
		Events:      []string{"iam.amazonaws.com:CreateAccessKey", "iam.amazonaws.com:UpdateAccessKey", "iam.amazonaws.com:CreateLoginProfile"},
		Reads:       []awsapi.Op{iamapi.ListAccessKeys.Op, iamapi.GetKeyLastUsed.Op, iamapi.GetLoginProfile.Op, iamapi.GetUser.Op},
		Writes:      []awsapi.Op{iamapi.UpdateAccessKey.Op},
		Undoes:      []awsapi.Op{iamapi.UpdateAccessKey.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes two requests for a user without active keys and password, and else one for each of the keys (at most two) and one for the user.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	keys, err := iamapi.ReadAccessKeys(ctx, s, r.ID)
	state := State{Keys: keys}
	if err != nil {
		return state, err
	}
	if state.Password, err = iamapi.ReadPassword(ctx, s, r.ID); err != nil {
		return state, err
	}
	if state.Password == nil && !slices.ContainsFunc(keys, func(k iamapi.AccessKey) bool { return k.Active }) {
		return state, nil
	}
	state.User, err = iamapi.ReadUser(ctx, s, r.ID)
	return state, err
}

func judge(s State, set core.Settings) []core.Violation {
	var out []core.Violation
	for _, k := range s.Keys {
		if unused(k, set) {
			out = append(out, core.Violation{
				Rule: "access-key-unused", Where: "access key " + k.ID, Reason: "the key works and was not used for " + core.Count(days(set), "day"),
			})
		}
	}
	if s.Password != nil && idle(s.Password.Created, s.User.SignedIn, set) {
		out = append(out, core.Violation{
			Rule: "console-password-unused", Where: "console password", Manual: true, Reason: "the user can sign in to the console and did not for " + core.Count(days(set), "day"),
		})
	}
	return out
}

// unused: the key works, and neither its last use nor its making is recent. A key that is used is never unused, however old.
func unused(k iamapi.AccessKey, set core.Settings) bool {
	return k.Active && idle(k.Created, k.Used, set)
}

func idle(made time.Time, used *time.Time, set core.Settings) bool {
	since := made
	if used != nil && used.After(since) {
		since = *used
	}
	return set.Now.Sub(since) > time.Duration(days(set))*24*time.Hour
}

func days(set core.Settings) int {
	if set.UnusedKeyDays > 0 {
		return set.UnusedKeyDays
	}
	return defaultDays
}

func plan(r awsapi.Resource, s State, _ []core.Violation, set core.Settings) (core.Fix[State], error) {
	fix := core.Fix[State]{Refused: set.ProtectedBy(s.User.ARN), Notes: []string{
		"a key that is used by something rare (a yearly job, a disaster recovery) looks unused; it is not deleted, and can be made to work again at once",
	}}
	if s.Password != nil && idle(s.Password.Created, s.User.SignedIn, set) {
		fix.Advice = []core.Advice{passwordAdvice(r, s)}
	}
	fix.After = s
	fix.After.Keys = slices.Clone(s.Keys)
	for i, k := range s.Keys {
		if !unused(k, set) {
			continue
		}
		fix.Notes = append(fix.Notes, fact(k))
		fix.After.Keys[i].Active = false
		fix.Changes = append(fix.Changes, core.Change{
			Why: fmt.Sprintf("make access key %s stop working; it is not deleted", k.ID), Touches: []string{"keys"},
			Do: iamapi.SetKeyActive(r.ID, k.ID, false), Undo: []awsapi.Call{iamapi.SetKeyActive(r.ID, k.ID, true)},
		})
	}
	if len(fix.Changes) == 0 {
		return core.Fix[State]{Advice: fix.Advice}, nil
	}
	return fix, nil
}
