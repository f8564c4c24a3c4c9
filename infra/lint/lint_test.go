// Package lint tests that the security linter of the templates finds what it is there to find, whatever is suppressed.
package lint

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/infra/template"
)

// bad is what somebody could add to a role's policy, and how the linter names it. The first two resources are suppressed nowhere; the others are, in other roles.
var bad = []struct{ policy, action, resource, finding string }{
	{"RemediateNetworkRolePolicy1", "s3:DeleteBucket", "arn:${AWS::Partition}:s3:::shoreup-*", "Resource::arn:<AWS::Partition>:s3:::shoreup-*"},
	{"RestoreRolePolicy1", "iam:PutRolePolicy", "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/shoreup-*", "Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:role/shoreup/shoreup-*"},
	{"SealRolePolicy1", "s3:DeleteBucket", "arn:${AWS::Partition}:s3:::*", "Resource::arn:<AWS::Partition>:s3:::*"},
	{"RemediateNetworkRolePolicy1", "s3:DeleteBucket", "*", "Resource::*"},
}

// TestBadStatementsAreFound: cdk-nag names a resource with a wildcard, and a suppression is of one such resource in some policies only.
func TestBadStatementsAreFound(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(template.SingleAccount()), &doc); err != nil {
		t.Fatal(err)
	}
	resources := doc["Resources"].(map[string]any)
	for _, b := range bad {
		policy := resources[b.policy].(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
		policy["Statement"] = append(policy["Statement"].([]any), map[string]any{"Effect": "Allow", "Action": b.action, "Resource": map[string]any{"Fn::Sub": b.resource}})
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bad.template.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "./run", file).CombinedOutput()
	if err == nil {
		t.Fatal("the linter finds nothing")
	}
	// Of one template not all suppressions are needed, which is an error, too; what counts here are the findings.
	found := regexp.MustCompile(`template\.json: (\w+: AwsSolutions-IAM5\[.*?\]): `).FindAllStringSubmatch(string(out), -1)
	if len(found) != len(bad) {
		t.Errorf("%d findings: %v", len(found), found)
	}
	for _, b := range bad {
		if !strings.Contains(string(out), b.policy+": AwsSolutions-IAM5["+b.finding+"]: ") {
			t.Errorf("%s may %s on %s, and the linter does not say so: %.2000s", b.policy, b.action, b.resource, out)
		}
	}
}
