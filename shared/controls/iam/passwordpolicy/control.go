// Package passwordpolicy makes the account ask for strong console passwords.
package passwordpolicy

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// The one standard that is judged: length and reuse by CIS, kinds of characters by Security Hub IAM.7.
const (
	minimumLength = 14
	reuse         = 24 // the most that IAM remembers
)

// State is the account's password policy; nil where it has none of its own.
type State struct {
	Policy *iamapi.PasswordPolicy `json:"policy"`
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-password-policy", Version: 1, Title: "Ask for strong console passwords",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.AccountPasswords, AccountWide: true,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"IAM.7", "IAM.11", "IAM.12", "IAM.13", "IAM.14", "IAM.15", "IAM.16"},
		ConfigRules: []string{"IAM_PASSWORD_POLICY"},
		Frameworks:  map[string][]string{"cis_v3": {"1.8", "1.9"}, "cis_v5": {"1.7", "1.8"}, "nist_csf_2": {"PR.AA-01"}},
		Events:      []string{"iam.amazonaws.com:UpdateAccountPasswordPolicy", "iam.amazonaws.com:DeleteAccountPasswordPolicy"},
		Reads:       []awsapi.Op{iamapi.GetPasswordPolicy.Op},
		Writes:      []awsapi.Op{iamapi.PutPasswordPolicy.Op},
		Undoes:      []awsapi.Op{iamapi.PutPasswordPolicy.Op, iamapi.DeletePasswordPolicy.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes one request.
func read(ctx context.Context, s awsapi.Session, _ awsapi.Resource) (State, error) {
	p, err := iamapi.ReadPasswordPolicy(ctx, s)
	return State{p}, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Policy == nil {
		return []core.Violation{{
			Rule: "no-password-policy", Where: "password policy", Reason: "the account has no password policy of its own; the default asks for 8 characters of three kinds, and remembers none",
		}}
	}
	var out []core.Violation
	p := *s.Policy
	for _, c := range []struct {
		rule   string
		wrong  bool
		reason string
	}{
		{"password-length", p.MinimumLength < minimumLength, fmt.Sprintf("passwords may be %s long; they should have %d", core.Count(int(p.MinimumLength), "character"), minimumLength)},
		{"password-reuse", p.Reuse < reuse, fmt.Sprintf("a password can come back after %d others; it should take %d", p.Reuse, reuse)},
		{"password-uppercase", !p.Uppercase, "passwords need no upper-case letter"},
		{"password-lowercase", !p.Lowercase, "passwords need no lower-case letter"},
		{"password-number", !p.Numbers, "passwords need no number"},
		{"password-symbol", !p.Symbols, "passwords need no symbol"},
	} {
		if c.wrong {
			out = append(out, core.Violation{Rule: c.rule, Where: "password policy", Reason: c.reason})
		}
	}
	return out
}

// plan raises what is too low and keeps the rest: whether passwords expire, whether users may change them, and above all hard expiry, which
// locks out whoever does not change a password in time.
func plan(_ awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	var want iamapi.PasswordPolicy
	if s.Policy != nil {
		want = *s.Policy
	}
	want.MinimumLength, want.Reuse = max(want.MinimumLength, minimumLength), max(want.Reuse, reuse)
	want.Uppercase, want.Lowercase, want.Numbers, want.Symbols = true, true, true, true
	fix := core.Fix[State]{
		After: State{&want},
		Changes: []core.Change{{
			Why: "ask for stronger passwords; expiry and who may change passwords stay as they are",
			Do:  iamapi.SetPasswordPolicy(&want), Undo: []awsapi.Call{iamapi.SetPasswordPolicy(s.Policy)},
		}},
		Notes: []string{"passwords that exist stay valid; the next change of each has to meet the policy"},
	}
	if want.MaxAge > 0 {
		fix.NeverAuto = []string{fmt.Sprintf("passwords expire after %s here: the change that each user makes then has to meet the stronger policy", core.Count(int(want.MaxAge), "day"))}
	}
	return fix, nil
}
