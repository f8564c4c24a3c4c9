package iampolicy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// theirs gives, for each single-action path, resources that no policy names: whoever may use the action on all of them is an administrator.
func theirs(on target) []string {
	var out []string
	for _, name := range []string{"x9", "path/x9"} {
		out = append(out, strings.NewReplacer("{p}", "aws", "{r}", "eu-west-1", "{a}", "111122223333", "?*", name).Replace(string(on)))
	}
	return out
}

func drawGrant(t *rapid.T, effect string) string {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	actions := []string{
		"*", "*:*", "iam:*", "IAM:Put*", "iam:*Policy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:*LoginProfile", "iam:Get*", "lambda:*", "lambda:UpdateFunction*",
		"s3:*", "s3:GetObject", "ssm:*", "sts:*", "i?m:AddUserToGroup",
	}
	resources := []string{
		"*", "arn:aws:iam::111122223333:*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:role/app", "arn:aws:iam::*:role/app-*", "arn:*:iam::*:policy/*",
		"arn:aws:lambda:*:*:function:*", "arn:aws:s3:::b/*", "arn:aws:iam::*:group/*",
	}
	list := func(name string, from []string) string {
		return `["` + strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID[string]).Draw(t, name), `","`) + `"]`
	}
	return fmt.Sprintf(`{"Effect":%q,%q:%s,%q:%s}`, effect, pick("action element", "Action", "Action", "Action", "NotAction"), list("actions", actions),
		pick("resource element", "Resource", "Resource", "Resource", "NotResource"), list("resources", resources))
}

// TestNoEscalationIsMissed evaluates random policies by IAM's plain logic: who may use a single-action path on resources that no policy names is found,
// and who is found to be an administrator for certain may.
func TestNoEscalationIsMissed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var statements []string
		for range rapid.IntRange(1, 3).Draw(t, "allows") {
			statements = append(statements, drawGrant(t, "Allow"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "denies") {
			statements = append(statements, drawGrant(t, "Deny"))
		}
		text := `{"Statement":[` + strings.Join(statements, ",") + `]}`
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := JudgeIdentity(d)
		for _, p := range escalationPaths() {
			may := !slices.ContainsFunc(theirs(p.on), func(r string) bool { return !permits(d, p.action, r) })
			known := slices.ContainsFunc(found, func(f Finding) bool {
				return f.Rung == Admin || f.Rung == Escalation && slices.Contains(f.Actions, p.action)
			})
			certain := slices.ContainsFunc(found, func(f Finding) bool {
				return f.Rung == Escalation && !f.Unsettled && slices.Contains(f.Actions, p.action)
			})
			if may && !known {
				t.Fatalf("%s allows %s on whatever there is, and that is not found: %+v", text, p.action, found)
			}
			if certain && !may {
				t.Fatalf("%s is said to allow %s, and does not: %+v", text, p.action, found)
			}
		}
	})
}

// permits is IAM's logic for statements without conditions.
func permits(d Document, action, resource string) bool {
	allowed := false
	for _, s := range d.Statements {
		fits := func(patterns []string, text string) bool {
			return slices.ContainsFunc(patterns, func(p string) bool { return wildcard.Match(strings.ToLower(p), strings.ToLower(text)) })
		}
		if (s.NotActions != nil) == fits(append(slices.Clone(s.Actions), s.NotActions...), action) || (s.NotResources != nil) == fits(append(slices.Clone(s.Resources), s.NotResources...), resource) {
			continue
		}
		if !s.Allow {
			return false
		}
		allowed = true
	}
	return allowed
}
