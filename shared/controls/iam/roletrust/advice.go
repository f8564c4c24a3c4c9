package roletrust

import (
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// advice is for a trust policy that cannot be written without its open statements: nothing would remain, or IAM would refuse what remains.
func advice(r awsapi.Resource, doc iampolicy.Document, wrong []int, deleted string) core.Advice {
	steps := []string{"Ask the role's owner who has to take it, and see who did: aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=" + r.ID}
	if deleted != "" {
		steps = append(steps, fmt.Sprintf("A statement that has to stay names %s, a principal that was deleted: IAM refuses to write such a policy. Replace or remove it in the same edit.", deleted))
	}
	for _, i := range wrong {
		s := doc.Statements[i]
		steps = append(steps, fmt.Sprintf("In %s, %s", s.Name(), remedy(s)))
	}
	steps = append(steps,
		fmt.Sprintf("Write it back: aws iam update-assume-role-policy --role-name %s --policy-document file://trust.json", r.ID),
		"If nobody has to take the role, let its owner delete it. S"+strings.TrimPrefix(revoke(r), "s"),
	)
	return core.Advice{
		Title: "Say who may take role " + r.ID, Steps: steps,
		Outage: "whoever took the role and is not named afterwards is refused; sessions that exist stay valid",
		Cost:   "none",
	}
}

// remedy says what would close a statement.
func remedy(s iampolicy.Statement) string {
	for _, p := range s.Principals {
		if p.Type != iampolicy.Federated {
			continue
		}
		return fmt.Sprintf(`add a condition on a claim that names your tenant at %s, for GitHub {"StringLike":{"token.actions.githubusercontent.com:sub":"repo:YOUR-ORG/YOUR-REPO:*"}}; the audience (aud) is the same for all its customers`, p.ID)
	}
	return `replace the wildcard by the accounts, roles or services that need it, or add {"StringEquals":{"aws:PrincipalOrgID":"o-YOURS"}}; MFA, TLS and source addresses do not say who`
}

// revoke says how to end sessions: a trust policy is only asked when one begins (IAM user guide, "Revoke IAM role temporary security credentials").
func revoke(r awsapi.Resource) string {
	return "sessions that were taken before stay valid until they run out (up to 12 hours). To end them: aws iam put-role-policy --role-name " + r.ID +
		` --policy-name AWSRevokeOlderSessions --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"NOW"}}}]}'`
}

// cautions are the reasons why a person has to look first.
func cautions(s State, doc iampolicy.Document, wrong []int) []string {
	var out, named []string
	if s.Role.LastUsed != "" {
		out = append(out, "the role is in use: "+s.Role.Fact())
	}
	for _, i := range wrong {
		for _, p := range doc.Statements[i].Principals {
			if p.ID != "*" {
				named = append(named, p.ID)
			}
		}
	}
	if len(named) > 0 {
		out = append(out, "the open statement also names "+strings.Join(named, ", ")+": they can no longer take the role by it")
	}
	return out
}
