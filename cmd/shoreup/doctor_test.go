package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/report/text"
)

func TestDoctorText(t *testing.T) {
	t.Parallel()
	finding := func(s doctor.Status, region, subject, seen, do string) doctor.Finding {
		return doctor.Finding{Status: s, Account: "111122223333", Region: region, Subject: subject, Seen: seen, Do: do}
	}
	report := doctor.Report{Account: "111122223333", Region: "eu-west-1", Counts: map[doctor.Status]int{doctor.OK: 1, doctor.Problem: 3, doctor.NotChecked: 1}, Checks: []doctor.Result{
		{ID: "tables", Title: "Tables are there", Status: doctor.OK, Findings: []doctor.Finding{finding(doctor.OK, "eu-west-1", "", "3 tables", "")}},
		{ID: "queues", Title: "Queues drain", Status: doctor.Problem, Findings: []doctor.Finding{
			finding(doctor.OK, "eu-west-1", "", "1 queue drain", ""),
			finding(doctor.Problem, "eu-west-1", "shoreup-events", "there is no such queue", "deploy"),
			finding(doctor.NotChecked, "eu-west-1", "shoreup-apply", "needs sqs:GetQueueAttributes", "allow it"),
			finding(doctor.Problem, "eu-west-1", "shoreup-notify", "there is no such queue", "deploy"),
		}},
		{ID: "trail", Title: "A trail logs", Status: doctor.Problem, Findings: []doctor.Finding{
			finding(doctor.Problem, "eu-west-1", "", "blind: no trail", "make a trail"), finding(doctor.Problem, "us-east-1", "", "blind: no trail", "make a trail"),
		}},
		{ID: "roles", Title: "Roles are there", Status: doctor.Problem, Findings: []doctor.Finding{
			{Status: doctor.Problem, Account: "444455556666", Subject: "shoreup-read", Seen: "there is no such role", Do: "deploy"},
			{Status: doctor.Problem, Account: "444455556666", Subject: "shoreup-restore", Seen: "there is no such role", Do: "deploy"},
			{Status: doctor.Problem, Account: "777788889999", Subject: "shoreup-read", Seen: "there is no such role", Do: "deploy"},
		}},
		{ID: "slack", Title: "Slack takes messages", Status: doctor.NotChecked, Findings: []doctor.Finding{finding(doctor.NotChecked, "eu-west-1", "a\x1b[2Jb", "left out", "")}},
	}}
	want := `The installation in account 111122223333, eu-west-1

ok           tables        3 tables
problem      queues        Queues drain
                           - shoreup-events, shoreup-notify: there is no such queue
                             > deploy
                           - not checked: shoreup-apply: needs sqs:GetQueueAttributes
                             > allow it
problem      trail         A trail logs
                           - blind: no trail
                               eu-west-1
                               us-east-1
                             > make a trail
problem      roles         Roles are there
                           - there is no such role
                               444455556666: shoreup-read, shoreup-restore
                               777788889999: shoreup-read
                             > deploy
not checked  slack         Slack takes messages
                           - a\u001b[2Jb: left out

5 checks: 1 ok, 3 problem, 1 not checked.
`
	var b strings.Builder
	if err := doctorText(&b, report, text.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDoctorKnowsTheTemplate: what is checked follows the embedded templates, whatever they hold.
func TestDoctorKnowsTheTemplate(t *testing.T) {
	t.Parallel()
	c := doctor.Config{Account: "111122223333", Region: "eu-west-1", HomeRegion: "us-east-1"}
	if err := (&doctorFlags{shape: "single"}).templates(&c); err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int{
		"queues": len(c.Want.Queues), "sources": len(c.Want.Sources), "rules": len(c.Want.Rules), "functions": len(c.Want.Functions), "tables": len(c.Want.Tables), "buckets": len(c.Want.Buckets),
		"roles": len(c.Want.Roles), "rules of the home Region": len(c.Home.Rules),
	} {
		if n == 0 {
			t.Errorf("no %s are looked for", what)
		}
	}
	empty := 0
	for _, q := range c.Want.Queues {
		if strings.Contains(q.Name, "${") {
			t.Errorf("queue %s has no name before it is deployed", q.Name)
		}
		if strings.HasSuffix(q.Name, "-dlq") && !q.MustBeEmpty {
			t.Errorf("nobody hears of messages in %s", q.Name)
		}
		if q.MustBeEmpty {
			empty++
		}
	}
	if empty == 0 {
		t.Error("no queue must be empty")
	}
	for _, r := range append(c.Want.Rules, c.Home.Rules...) {
		if len(r.Targets) == 0 || strings.Contains(r.Targets[0], "${") {
			t.Errorf("rule %s leads to %v", r.Name, r.Targets)
		}
	}
	for _, name := range []string{"SHOREUP_RULES", "SHOREUP_SLACK_SECRET"} {
		found := false
		for _, f := range c.Want.Functions {
			found = found || f.Environment[name] != "" && !strings.Contains(f.Environment[name], "${")
		}
		if !found {
			t.Errorf("no function has %s", name)
		}
	}
}

func TestDoctorWatchesWhatControlsHear(t *testing.T) {
	t.Parallel()
	have := map[doctor.Event]bool{}
	for _, e := range watched(catalog.Controls()) {
		if have[e] {
			t.Errorf("%+v stands twice", e)
		}
		have[e] = true
	}
	for _, want := range []doctor.Event{
		{Source: "s3.amazonaws.com", Name: "PutBucketPolicy"}, {Source: "ec2.amazonaws.com", Name: "AuthorizeSecurityGroupIngress"}, {Source: "iam.amazonaws.com", Name: "UpdateAssumeRolePolicy", Global: true},
	} {
		if !have[want] {
			t.Errorf("%+v is not watched", want)
		}
	}
}

// TestDoctorCannotRun: without a way to AWS there is nothing to say, and that is an error and no finding.
func TestDoctorCannotRun(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	cmd := doctorCommand()
	cmd.SetArgs([]string{"--region", "eu-west-1"})
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	if code(err) != exitError || out.Len() > 0 {
		t.Errorf("%v, exit code %d, printed %q", err, code(err), out.String())
	}
}

// TestDoctorKnowsTheHub: an installation with members has rules on a bus of its own, and members' rules lead to it.
func TestDoctorKnowsTheHub(t *testing.T) {
	t.Parallel()
	c := doctor.Config{Account: "111122223333", Region: "eu-west-1", HomeRegion: "us-east-1"}
	if err := (&doctorFlags{shape: "hub"}).templates(&c); err != nil {
		t.Fatal(err)
	}
	if c.Home != nil {
		t.Error("members' home Regions have their own rules, and the stack for one account is looked for")
	}
	buses := map[string]int{}
	for _, r := range c.Want.Rules {
		if r.Pattern != nil {
			buses[r.Bus]++
		}
	}
	if buses["shoreup"] == 0 || len(buses) != 1 {
		t.Errorf("the hub's rules are on the buses %v", buses)
	}
	everywhere, home := 0, 0
	for _, r := range c.Member.Rules {
		if !slices.Contains(r.Targets, "arn:aws:events:eu-west-1:111122223333:event-bus/shoreup") {
			t.Errorf("rule %s of a member leads to %v", r.Name, r.Targets)
		}
		if r.Condition == "" {
			everywhere++
		} else {
			home++
		}
	}
	if everywhere == 0 || home == 0 {
		t.Errorf("a member has %d rules everywhere and %d in its home Region", everywhere, home)
	}
	read, err := c.Member.Role("shoreup-read")
	if err != nil {
		t.Fatal(err)
	}
	if trusted := read.Trusted(); !slices.Contains(trusted, "arn:aws:iam::111122223333:role/shoreup/shoreup-evaluate") {
		t.Errorf("a member's read role lets in %v", trusted)
	}
}

func TestDoctorsTemplates(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]doctorFlags{"a shape": {shape: "member"}, "a file": {shape: "hub", template: "testdata/none.json"}, "a member's file": {shape: "hub", members: []string{"testdata/none.json"}}} {
		if err := o.templates(&doctor.Config{Account: "111122223333", Region: "eu-west-1", HomeRegion: "us-east-1"}); err == nil {
			t.Errorf("%s that there is not is taken", name)
		}
	}
}

// TestDeploymentIsDocumented: what infra/DEPLOY.md lists by name is all that the templates have: parameters, functions, queues of its emergency stop,
// and what stays behind when a stack is deleted.
func TestDeploymentIsDocumented(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../infra/DEPLOY.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for shape, text := range map[string]string{
		"single": template.SingleAccount(), "home": template.Home(), "hub": template.Hub(), "member-global": template.MemberGlobal(), "member-regional": template.MemberRegional(),
	} {
		var parsed struct{ Parameters map[string]any }
		if err := json.Unmarshal([]byte(text), &parsed); err != nil {
			t.Fatal(err)
		}
		for name := range parsed.Parameters {
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("parameter %s of shape %s is not documented", name, shape)
			}
		}
		b, err := blueprint.Read(text, blueprint.Values{Partition: "aws", Account: "ACCOUNT", Region: "REGION"})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Functions {
			name := strings.TrimPrefix(f.Name, "shoreup-")
			if !strings.Contains(page, " "+name+" ") && !strings.Contains(page, " "+name+";") || !strings.Contains(page, "`"+f.Name+"`") {
				t.Errorf("function %s of shape %s is neither built nor explained", f.Name, shape)
			}
		}
		for _, k := range b.Kept {
			short := k.Name[strings.LastIndex(k.Name, "/")+1:]
			if !strings.Contains(page, short+"`") && !strings.Contains(page, "`"+strings.TrimPrefix(short, "shoreup")+"`") {
				t.Errorf("%s %s stays when the stack goes, and nobody says so", k.Type, k.Name)
			}
		}
	}
}
