package cli

import (
	"fmt"
	"slices"
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
	keys(t, "the explanation", trace, "string:control string:resource string:arn list:steps object:decision")
	decision, _ := trace["decision"].(map[string]any)
	keys(t, "the decision", decision, "string:mode string:reason string:rule")
	if decision["mode"] != "approve" || decision["rule"] != "ask" {
		t.Errorf("decided %v, want approve by the rule ask", decision)
	}
	p.want(1, "", "rules", "check", "--control", "no-such-control")
}

// Several controls are explained one by one, and nothing that was asked is passed over.
func TestRulesCheckExplainsEachControl(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.write("shoreup.yaml", approve)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--control", "s3-*"}, []string{"s3-bucket-encryption", "s3-bucket-public", "s3-bucket-tls-only"}},
		{[]string{"--control", "*-public"}, []string{"s3-bucket-public"}},
		{nil, []string{"s3-bucket-encryption", "s3-bucket-public", "s3-bucket-tls-only"}},
	} {
		args := append([]string{"rules", "check", "--resource", "arn:aws:s3:::logs", "--account", "111122223333", "--region", region}, c.args...)
		var got struct{ Explanations []map[string]any }
		p.json(0, "", &got, args...)
		var controls []string
		for _, e := range got.Explanations {
			keys(t, "an explanation", e, "string:control string:resource string:arn list:steps object:decision")
			controls = append(controls, fmt.Sprint(e["control"]))
		}
		if !slices.Equal(controls, c.want) {
			t.Errorf("%v explains %v, want %v", c.args, controls, c.want)
		}
		text := p.want(0, "", args...).out
		for _, control := range c.want {
			if !strings.Contains(text, control+", arn:aws:s3:::logs\n") {
				t.Errorf("%v says nothing of %s:\n%s", c.args, control, text)
			}
		}
	}
	for _, args := range [][]string{
		{"--resource", "logs", "--account", "111122223333"}, {"--control", "ec2-*", "--resource", "arn:aws:s3:::logs", "--account", "111122223333"}, {"--control", "s3-bucket-public"},
		{"--control", "iam-role-trust-open", "--resource", "arn:aws:s3:::logs", "--account", "111122223333"}, {"--account", "111122223333"}, {"--region", region}, {"--tag", "a=b"}, {"--origin", "cli"}, {"--age", "2h"},
	} {
		if s := p.want(1, "", append([]string{"rules", "check"}, args...)...); s.out != "" {
			t.Errorf("%v prints %q", args, s.out)
		}
	}
}

func TestRulesCheckWarnsOfWhatCanNeverMatch(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.write("shoreup.yaml", "version: 1\nrules:\n  - { name: a, match: { families: [iam], regions: [eu-west-1] }, mode: report }\n  - { name: b, match: { families: [iam], regions: [us-east-1] }, mode: report }\n"+
		"freezes: [ { name: f, weekly: { days: [sat] }, regions: [us-east-1, eu-west-1] } ]\n")
	var got struct{ Warnings []struct{ Path string } }
	p.json(0, "", &got, "rules", "check")
	if len(got.Warnings) != 1 || got.Warnings[0].Path != "rules[0].match" {
		t.Errorf("warns of %+v, want the first rule's Region", got.Warnings)
	}
}

// What is explained by an ARN is what happens, and so is what is explained by the id.
func TestRulesCheckSaysWhatPlanDecides(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	arn := "arn:aws:s3:::" + p.bucket()
	const all = "version: 1\nrules:\n  - { name: all, match: { families: [storage], origin: [cli] }, mode: auto }\n"
	exit := map[string]int{"auto": 2, "approve": 2, "report": 2, "exception": 0}
	for rest, want := range map[string]string{
		"  - { name: careful, match: { services: [s3] }, except: { resources: [" + p.bucket() + "] }, mode: approve }\n":                             "auto",
		"  - { name: careful, match: { resources: [" + p.bucket() + "] }, mode: approve }\n":                                                         "approve",
		"  - { name: careful, match: { services: [s3], resources: [\"" + arn + "\"] }, mode: report }\n":                                             "report",
		"exceptions: [ { control: s3-bucket-public, resource: " + p.bucket() + ", owner: dana, reason: a public data set, expires: 2099-01-01 } ]\n": "exception",
	} {
		p.write("shoreup.yaml", all+rest)
		for _, name := range []string{arn, p.bucket()} {
			var plan plans
			p.json(exit[want], "", &plan, append(slices.Clone(planBucket), "--resource", name)...)
			var said struct{ Decision struct{ Mode string } }
			p.json(0, "", &said, "rules", "check", "--control", "s3-bucket-public", "--resource", name, "--account", p.account, "--region", region, "--origin", "cli")
			if len(plan.Plans) != 1 || plan.Plans[0].Decision.Mode != want || said.Decision.Mode != want {
				t.Errorf("%s: rules check says %s, plan %+v, want %s\n%s", name, said.Decision.Mode, plan.Plans, want, rest)
			}
		}
	}
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
