package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// TestAdviceSurvivesAShell: advice holds commands that people copy, and the path of a policy is for whoever makes it to choose.
func TestAdviceSurvivesAShell(t *testing.T) {
	t.Parallel()
	const odd = "arn:aws:iam::111122223333:policy/$(id)/;id;/p"
	const text = `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	const mixed = `{"Statement":[{"Effect":"Allow","Action":["iam:CreateAccessKey","s3:ListAllMyBuckets"],"Resource":"*"},{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`
	const half, other = `{"Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}]}`, `{"Statement":[{"Effect":"Allow","Action":["ec2:RunInstances","s3:ListAllMyBuckets"],"Resource":"*"}]}`
	held := func(text string) map[string]any { // by itself, and by somebody who has it along with what makes it dangerous
		document := iampolicy.Value(text)
		return map[string]any{
			"default": map[string]any{"document": document, "text": text, "id": "v1"},
			"use":     map[string]any{"attachments": []map[string]any{{"kind": "role", "name": "r", "arn": "arn:aws:iam::111122223333:role/r"}}},
			"policies": []map[string]any{
				{"arn": odd, "text": text, "document": document}, {"inline": "i", "text": other, "document": iampolicy.Value(other)},
			},
		}
	}
	shown := map[string]int{}
	for _, c := range catalog.Controls() {
		if c.Family != core.FamilyIAM || c.Type.Name == "AWS::::Account" {
			continue
		}
		for _, state := range []map[string]any{held(text), held(mixed), held(half)} {
			raw, err := json.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			sight, err := c.JudgeState(raw, core.Settings{})
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			r := awsapi.Resource{Type: c.Type.Name, ID: "r", Account: "111122223333", Region: "us-east-1", Partition: "aws"}
			if c.Type.Name == iamapi.ManagedPolicy.Name {
				r.ID = odd
			}
			p, err := c.Propose(sight, r, core.Settings{})
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			for _, a := range p.Advice {
				for _, step := range a.Steps {
					_, command, _ := strings.Cut(step, "aws iam ")
					shown[c.ID] += strings.Count(command, odd)
					if strings.Count(command, odd) != strings.Count(command, "'"+odd+"'") {
						t.Errorf("%s: a shell would run a part of %s", c.ID, step)
					}
				}
			}
		}
	}
	for _, id := range []string{"iam-policy-admin", "iam-policy-escalation", "iam-policy-service-wildcard", "iam-role-overbroad"} {
		if shown[id] == 0 {
			t.Errorf("no advice of %s has a command for the policy: this tests nothing", id)
		}
	}
}
