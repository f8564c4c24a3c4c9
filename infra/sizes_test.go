package infra

import (
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

// TestSizes keeps the templates within CloudFormation's, IAM's and EventBridge's limits, today and with all controls that are planned.
func TestSizes(t *testing.T) {
	t.Parallel()
	planned()
	if slowest > 30*time.Second {
		t.Errorf("synthesising a shape for the planned controls took %s", slowest)
	}
	t.Logf("slowest shape for the planned controls: %s", slowest.Round(time.Millisecond))
	for _, c := range []struct {
		name      string
		templates map[string]template
		controls  []core.Control
	}{{"today", full(), catalog.Controls()}, {"planned", planned(), plannedControls()}} {
		for stack, tpl := range c.templates {
			policy, pattern, perRole := 0, 0, 0
			for logical, p := range tpl.of("AWS::IAM::ManagedPolicy") {
				n := policySize(p.Properties["PolicyDocument"].(map[string]any))
				if policy = max(policy, n); n > 6144 {
					t.Errorf("%s %s: policy %s has %d characters", c.name, stack, logical, n)
				}
			}
			for logical, r := range tpl.of("AWS::IAM::Role") {
				n := len(list(r.Properties["ManagedPolicyArns"]))
				if perRole = max(perRole, n); n > 10 {
					t.Errorf("%s %s: role %s has %d policies", c.name, stack, logical, n)
				}
				if n := policySize(r.Properties["AssumeRolePolicyDocument"].(map[string]any)); n > 2048 {
					t.Errorf("%s %s: the trust policy of %s has %d characters", c.name, stack, logical, n)
				}
			}
			for logical, r := range tpl.Resources {
				if r.Type == "AWS::IAM::Policy" || r.Properties["Policies"] != nil {
					t.Errorf("%s %s: %s is an inline policy: the sums of this test do not hold", c.name, stack, logical)
				}
			}
			rules := tpl.of("AWS::Events::Rule")
			for logical, r := range rules {
				if m, ok := r.Properties["EventPattern"].(map[string]any); ok {
					n := patternSize(m)
					if pattern = max(pattern, n); n > 2048 {
						t.Errorf("%s %s: pattern of %s has %d characters", c.name, stack, logical, n)
					}
				}
			}
			if len(tpl.Resources) >= 500 || len(tpl.raw) >= 1<<20 || len(rules) > 300 {
				t.Errorf("%s %s: %d resources, %d bytes, %d rules", c.name, stack, len(tpl.Resources), len(tpl.raw), len(rules))
			}
			t.Logf("%s, %d controls, %s: %d resources of 500, %d kB of 1,024, %d rules of 300, largest pattern %d of 2,048, largest policy %d of 6,144, most policies on a role %d of 10",
				c.name, len(c.controls), stack, len(tpl.Resources), len(tpl.raw)/1024, len(rules), pattern, policy, perRole)
		}
	}
}
