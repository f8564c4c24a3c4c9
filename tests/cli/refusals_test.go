package cli

import (
	"fmt"
	"strings"
	"testing"
)

// A flag that narrows and is empty, because a variable of a shell is not set, must not mean everything. Nothing is asked of AWS before that is said.
func TestEmptyFiltersAreMistakes(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.write("shoreup.yaml", "version: 1\n")
	for _, command := range [][]string{{"plan"}, {"report"}, {"permissions"}, {"rules", "check"}, {"apply", "plan.json"}, {"audit", "list"}, {"undo", "111122223333/1"}, {"stop", "--reason", "x"}} {
		for _, flag := range []string{"--control", "--resource", "--account", "--region", "--rules", "--table", "--profile"} {
			values := []string{"", " "}
			if (flag == "--control" || flag == "--resource") && command[0] != "rules" { // lists; rules takes one name
				values = append(values, ",")
			}
			for _, value := range values {
				s := p.run("", append(append([]string{}, command...), flag, value)...)
				if strings.Contains(s.stderr, "unknown flag") {
					break // whatever its value
				}
				if s.code != 1 || !strings.Contains(s.stderr, flag+" is given without a value") {
					t.Errorf("%v %s %q: ended with %d, %q", command, flag, value, s.code, s.stderr)
				}
			}
		}
	}
	for _, flag := range []string{"--bucket", "--remembered"} { // without them less is checked
		if s := p.want(1, "", "audit", "verify", "--table", "x", flag, ""); !strings.Contains(s.stderr, flag+" is given without a value") {
			t.Errorf("%s: %q", flag, s.stderr)
		}
	}
	if s := p.want(1, "", "plan", "--control", "s3-bucket-public,"); !strings.Contains(s.stderr, "--control is given without a value") {
		t.Errorf("a list with a gap: %q", s.stderr)
	}
}

func TestWhatNoPartitionHas(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.env = append(p.env, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=x", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
	for _, mistake := range [][]string{
		{"mars", "plan", "--region", "mars"}, {"global", "report", "--region", "global"}, {"eu-west", "tables", "create", "--table", "x", "--region", "eu-west"},
		{"arn:aws:s3:::", "plan", "--region", region, "--resource", "arn:aws:s3:::"}, {"arn:s3:b", "plan", "--region", region, "--resource", "arn:s3:b"},
		{"3660", "report", "--region", region, "--days", "10000000"}, {"3660", "report", "--region", region, "--days", "0"}, {"3660", "report", "--region", region, "--days", "-1"},
		{"3660", "review", "--days", "4000"}, {"is of account 111122223333", "undo", "111122223333/1", "--table", "x", "--region", region, "--account", "444455556666"},
		{"mars", "pending", "--region", "mars", "--review-url", "http://127.0.0.1:1"}, {"--most", "report", "--region", region, "--most", "-1"},
	} {
		if s := p.want(1, "", mistake[1:]...); !strings.Contains(s.stderr, mistake[0]) || strings.Contains(s.stderr, "127.0.0.1") {
			t.Errorf("%v: %q", mistake, s.stderr)
		}
	}
	p.env = append(p.env, "AWS_REGION=mars")
	if s := p.want(1, "", "plan"); !strings.Contains(s.stderr, `no Region "mars"`) {
		t.Errorf("%q", s.stderr)
	}
}

const ofPeople = `version: 1
people: [{ name: dana, aws: ["arn:aws:iam::111122223333:user/dana"] }, { name: erin, aws: ["arn:aws:iam::111122223333:user/erin"] }]
approvals: [{ name: two, match: { families: [storage] }, needed: 2 }]
`

// Where the rules file lists who decides, one person at a terminal is not enough, whatever is typed.
func TestWherePeopleDecideNobodyDoesAlone(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, f := p.planned(ofPeople + "rules: [{ name: ask, match: { families: [storage] }, mode: approve }]\n")
	p.tables()
	var got results
	s := p.json(1, f.Hash[:12]+"\n", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "refused" || !p.open() {
		t.Fatalf("%+v, and the bucket open: %v", got.Results, p.open())
	}
	if why := got.Results[0].Reason; !strings.Contains(why, "shoreup pending") || !strings.Contains(why, "shoreup approve") || strings.Contains(s.stderr, "Type ") {
		t.Errorf("it says %q and asks %q", why, s.stderr)
	}
	log := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json").out
	if strings.Contains(log, `"kind":"intent"`) || !strings.Contains(log, `"kind":"refusal"`) {
		t.Errorf("recorded:\n%s", log)
	}

	p.write("shoreup.yaml", ofPeople+"rules: [{ name: fix, match: { families: [storage], origin: [cli] }, mode: auto }]\n")
	p.json(0, "", &got, "apply", file, "--table", "shoreup") // what nobody is asked about is done
	if len(got.Results) != 1 || got.Results[0].Outcome != "fixed" || p.open() {
		t.Fatalf("%+v", got.Results)
	}
	record := got.Results[0].Record
	p.json(1, "x\n", &got, "undo", fmt.Sprintf("%s/%d", record.Chain, record.Seq), "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "refused" || !strings.Contains(got.Results[0].Reason, "--ask") || p.open() {
		t.Errorf("%+v, and the bucket open: %v", got.Results, p.open())
	}
	if log := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json").out; strings.Count(log, `"kind":"refusal"`) != 2 {
		t.Errorf("recorded:\n%s", log)
	}
	p.want(0, "", "audit", "verify", "--table", "shoreup")
}

// A file that was made to name another account leads nowhere: nothing is asked there, and no chain begins.
func TestPlansOfAnotherAccount(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, _ := p.planned(auto)
	p.tables()
	const other = "444455556666"
	forged := p.forged(file, `"account": "`+p.account+`"`, `"account": "`+other+`"`)
	for _, args := range [][]string{{}, {"--account", p.account}, {"--account", "111122223333"}} {
		s := p.want(1, "", append([]string{"apply", forged, "--table", "shoreup", "--read-role", "shoreup/shoreup-read"}, args...)...)
		if s.out != "" || !strings.Contains(s.stderr, other) || !strings.Contains(s.stderr, "nothing was changed") {
			t.Errorf("%v: %q %q", args, s.out, s.stderr)
		}
	}
	p.write("shoreup.yaml", auto+"accounts: [{ id: \""+p.account+"\" }]\n")
	var got results
	p.json(1, "", &got, "apply", forged, "--table", "shoreup", "--read-role", "shoreup/shoreup-read", "--account", other)
	if len(got.Results) != 1 || got.Results[0].Outcome != "refused" || !strings.Contains(got.Results[0].Reason, "not enrolled") {
		t.Errorf("%+v", got.Results)
	}
	if log := p.want(0, "", "audit", "list", "--table", "shoreup", "--account", other, "--format", "json").out; log != "" {
		t.Errorf("a chain of account %s began:\n%s", other, log)
	}
}
