package infra

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// TestWhatToDeny reads the policy that infra/DEPLOY.md gives to be pasted, and asks it about what it is for.
func TestWhatToDeny(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("DEPLOY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "### What to deny people")
	_, text, _ = strings.Cut(text, "```json")
	text, _, _ = strings.Cut(text, "```")
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	denied := func(action, resource string) any {
		for _, s := range statements(doc) {
			for _, r := range s.resources {
				if s.effect == "Deny" && len(s.actions) > 0 && strings.Contains(" "+strings.Join(s.actions, " ")+" ", " "+action+" ") && wildcard.Match(r, resource) {
					return s.condition
				}
			}
		}
		return nil
	}
	unlessByURL := map[string]any{"BoolIfExists": map[string]any{"lambda:InvokedViaFunctionUrl": "false"}}
	for _, f := range functions {
		if diff := cmp.Diff(any(unlessByURL), denied("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:HUB:function:"+name(f.name))); diff != "" {
			t.Errorf("%s may be invoked (-want +got):\n%s", f.name, diff)
		}
	}
	for _, c := range []struct{ action, resource string }{
		{"events:PutTargets", "arn:aws:events:eu-west-1:HUB:rule/shoreup-calls-s3"}, {"events:PutRule", "arn:aws:events:eu-west-1:HUB:rule/shoreup/shoreup-mine"},
		{"lambda:UpdateFunctionConfiguration", "arn:aws:lambda:eu-west-1:HUB:function:shoreup-interact"}, {"sqs:SetQueueAttributes", "arn:aws:sqs:eu-west-1:HUB:shoreup-words"},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:HUB:secret:shoreup/slack-signing-AbCdEf"}, {"dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:HUB:table/shoreup-approvals"},
	} {
		if at(denied(c.action, c.resource), "ArnNotLike", "aws:PrincipalArn") == nil {
			t.Errorf("people may %s on %s", c.action, c.resource)
		}
	}
	if denied("lambda:UpdateEventSourceMapping", "arn:aws:lambda:eu-west-1:HUB:event-source-mapping:x") != nil {
		t.Error("nobody can take apply off its queues in an emergency")
	}
}
