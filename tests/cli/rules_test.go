package cli

import (
	"strings"
	"testing"
)

func TestRulesCheck(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.write("shoreup.yaml", approve)
	if s := p.want(0, "", "rules", "check"); !strings.Contains(s.out, "in order") {
		t.Errorf("said %q", s.out)
	}
	var got map[string]any
	p.json(0, "", &got, "rules", "check")
	keys(t, "rules check", got, "string:version string:hash list:warnings")
	var trace map[string]any
	p.json(0, "", &trace, "rules", "check", "--control", "s3-bucket-public", "--resource", "arn:aws:s3:::logs", "--account", "111122223333", "--region", region)
	keys(t, "the explanation", trace, "list:steps object:decision")
	decision, _ := trace["decision"].(map[string]any)
	keys(t, "the decision", decision, "string:mode string:reason string:rule")
	if decision["mode"] != "approve" || decision["rule"] != "ask" {
		t.Errorf("decided %v, want approve by the rule ask", decision)
	}
	p.want(1, "", "rules", "check", "--control", "no-such-control")
}

func TestMistakesInTheRulesFileAreErrors(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	for name, content := range map[string]string{
		"no YAML": "{", "unknown key": "version: 1\nnonsense: true\n", "unknown mode": "version: 1\nrules:\n  - { name: x, mode: always }\n", "no version": "rules: []\n",
	} {
		path := p.write("broken.yaml", content)
		if s := p.run("", "rules", "check", "--rules", path); s.code != 1 || s.stderr == "" {
			t.Errorf("%s: rules check ended with %d: %s%s", name, s.code, s.out, s.stderr)
		}
		if s := p.run("", append(planBucket, "--rules", path)...); s.code != 1 || s.stderr == "" {
			t.Errorf("%s: plan ended with %d: %s%s", name, s.code, s.out, s.stderr)
		}
	}
	p.want(1, "", "rules", "check", "--rules", "not-there.yaml")
}

// An exempt resource is nothing to do.
func TestAnExceptionIsNothingToDo(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	p.write("shoreup.yaml", "version: 1\nexceptions:\n  - { control: s3-bucket-public, resource: \"arn:aws:s3:::"+p.bucket()+"\", owner: dana, reason: a public data set, expires: 2099-01-01 }\n")
	var got plans
	p.json(0, "", &got, planBucket...)
	if len(got.Plans) != 1 || got.Plans[0].Outcome != "exception" {
		t.Errorf("got %+v, want one exception", got.Plans)
	}
}
