package iamsim_test

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/localcloud/iamsim"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// TestSessionsOfOddNames: whoever makes a policy chooses its path, in which any character may stand (IAM API reference, CreatePolicy). The session that fixes
// such a policy must reach it, and no other.
func TestSessionsOfOddNames(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:iam::" + member + ":policy/"
	w := world()
	w.Roles[fixer] = iamsim.Role{Policies: []iamsim.Policy{policy("Writes", `{"Effect":"Allow","Action":"iam:*","Resource":"*"}`)}}
	for path, others := range map[string][]string{ // none of the others has a star: the evaluator takes a request for one to be about all
		"team/p":                {"team/q", "p"},
		"*/p":                   {"any/p", "a/b/p", "/p"},
		"te?m/p":                {"team/p", "tem/p"},
		"${aws:username}/p":     {"ann/p", "/p", "${$}{aws:username}/p"},
		"${*}/p":                {"any/p", "${any}/p"},
		"$/p":                   {"/p", "a/p", "${$}/p"},
		"a*?$b/p":               {"axy$b/p", "ax?b/p"},
		"${aws:username,'*'}/p": {"any/p", "ann/p", "${aws:username,'any'}/p"},
	} {
		r := awsapi.Resource{Type: iamapi.ManagedPolicy.Name, ID: prefix + path, Account: member, Region: "us-east-1", Partition: "aws"}
		session, err := awsapi.SessionPolicy([]awsapi.Op{iamapi.CreateVersion.Op}, iamapi.ManagedPolicy, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, arn := range append([]string{path}, others...) {
			c := with(call(fixer, "iam:CreatePolicyVersion", prefix+arn), func(c *wiretap.Call) { c.SessionPolicy = session })
			report, err := w.Evaluate(evaluator(t), []wiretap.Call{c})
			if err != nil {
				t.Fatal(err)
			}
			if own, allowed := arn == path, len(report.Refused) == 0; allowed != own {
				t.Errorf("the session for policy/%s, %s: on policy/%s allowed %v, want %v (%v)", path, session, arn, allowed, own, report.Refused)
			}
			if len(report.Refused) > 0 && !strings.Contains(report.Refused[0].String(), "session policy: ImplicitlyDenied") {
				t.Errorf("refused for another reason: %v", report.Refused)
			}
		}
	}
}
