package cli

import (
	"encoding/csv"
	"os/exec"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
)

// What asks the review URL says what is missing before anything is sent; nothing of it is there to be asked.
func TestMistakesOfThoseWhoDecide(t *testing.T) {
	t.Parallel()
	p := offline(t)
	p.env = append(p.env, "AWS_REGION="+region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=x", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
	at := []string{"--review-url", "http://127.0.0.1:1"}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"SHOREUP_REVIEW_URL", []string{"pending"}}, {"SHOREUP_REVIEW_URL", []string{"approve", "0123456789ab"}}, {"SHOREUP_REVIEW_URL", []string{"resume", "--reason", "x"}},
		{"SHOREUP_REVIEW_URL", []string{"undo", "111122223333/17", "--ask", "--reason", "x"}}, {"SHOREUP_REVIEW_URL", []string{"review"}},
		{"is not https", []string{"pending", "--review-url", "http://example.com"}}, {"is not https", []string{"pending", "--review-url", "https://example.com"}},
		{"--reason", append([]string{"reject", "0123456789ab"}, at...)}, {"--reason", append([]string{"exempt", "0123456789ab", "--until", "2026-12-31"}, at...)},
		{"--reason", append([]string{"resume"}, at...)}, {"--reason", append([]string{"undo", "111122223333/17", "--ask"}, at...)},
		{"is no record", append([]string{"undo", "nonsense", "--ask", "--reason", "x"}, at...)}, {"--ask", []string{"undo", "111122223333/17"}},
		{"accepts 1 arg", []string{"approve"}}, {"accepts 1 arg", []string{"undo"}}, {"unknown command", []string{"resume", "now"}}, {"--format", append([]string{"pending", "--format", "xml"}, at...)},
		{"--reason", []string{"stop", "--table", "shoreup"}}, {"127.0.0.1:1", append([]string{"pending"}, at...)},
	} {
		s := p.want(1, "", c.args...)
		if s.out != "" || !strings.HasPrefix(s.stderr, "shoreup: ") || !strings.Contains(s.stderr, c.want) {
			t.Errorf("shoreup %s: want %q on standard error, got %q and %q", strings.Join(c.args, " "), c.want, s.out, s.stderr)
		}
	}
}

const exceptions = `version: 1
exceptions:
  - { control: s3-bucket-public, resource: press-kit, account: "111122223333", owner: press@example.com, reason: pictures for the press, expires: 2099-12-31 }
`

func TestExceptions(t *testing.T) {
	t.Parallel()
	p := offline(t)
	var none map[string]any
	p.json(0, "", &none, "exceptions")
	if list := keysOf(t, none, "list:exceptions")["exceptions"].([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
	if s := p.want(0, "", "exceptions"); s.out != "nothing is exempt\n" {
		t.Errorf("%q", s.out)
	}
	p.write("shoreup.yaml", exceptions)
	var got map[string]any
	p.json(0, "", &got, "exceptions")
	list := got["exceptions"].([]any)
	if len(list) != 1 {
		t.Fatalf("%v", list)
	}
	e := keysOf(t, list[0], "string:key list:controls string:resource string:account string:region string:owner string:reason string:source string:until bool:ends_soon bool:ended list:plans")
	if e["resource"] != "press-kit" || e["owner"] != "press@example.com" || e["source"] != "rules file, line 3" || e["ends_soon"] != false {
		t.Errorf("%v", e)
	}
	if s := p.want(0, "", "exceptions"); !strings.Contains(s.out, "press-kit") || !strings.Contains(s.out, "pictures for the press") {
		t.Errorf("%s", s.out)
	}
}

// keysOf is keys of what may be no object at all.
func keysOf(t *testing.T, v any, want string) map[string]any {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%T is no object", v)
	}
	keys(t, "it", object, want)
	return object
}

func TestReport(t *testing.T) {
	t.Parallel()
	p := online(t)
	report := func(args ...string) []string {
		return append([]string{"report", "--control", "s3-bucket-public"}, args...)
	}
	var empty map[string]any
	p.json(0, "", &empty, report()...)
	p.setup(publicBucket)
	var got map[string]any
	s := p.json(2, "", &got, report()...)
	if s.stderr != "" {
		t.Errorf("into a pipe it says %q on standard error", s.stderr)
	}
	keysOf(t, got, "number:schema string:generated list:accounts list:regions object:rules object:figures list:controls list:waiting list:exceptions list:refused list:fixes list:plans")
	if got["schema"] != 1.0 {
		t.Errorf("schema %v", got["schema"])
	}
	plan := keysOf(t, got["plans"].([]any)[0], "string:key string:id string:hash number:version string:control string:title string:severity string:service string:family string:resource_type string:resource string:arn string:account "+
		"string:region string:owner string:outcome string:headline bool:open string:reason object:decision list:violations list:changes string:reversible string:disruption list:never_auto list:notes list:advice object:cause "+
		"string:caused_by string:first_seen number:age_seconds number:exposure_seconds")
	if plan["resource"] != p.bucket() || plan["outcome"] != "reported" || plan["control"] != bucketpublic.Control().ID {
		t.Errorf("%v", plan)
	}
	keysOf(t, plan["changes"].([]any)[0], "string:call object:input string:why list:diff list:undo")
	keysOf(t, got["controls"].([]any)[0], "string:id string:title string:service string:family string:why string:breaks string:undo")

	rows, err := csv.NewReader(strings.NewReader(p.want(2, "", report("--format", "csv")...).out)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(strings.Join(rows[0], " "), "severity control title account region service resource_type resource arn owner outcome ") {
		t.Errorf("%v, %d rows, columns %v", err, len(rows), rows[0])
	}
	if out := p.want(2, "", report("--format", "markdown")...).out; !strings.Contains(out, "## Findings") || !strings.Contains(out, "<code>"+p.bucket()+"</code>") {
		t.Errorf("%s", out)
	}
	if s := p.want(2, "", report()...); s.out != "" || s.stderr != "report of 1 plan written to report.html\n" {
		t.Errorf("the page: %q, %q", s.out, s.stderr)
	}
	for _, mistake := range [][]string{report("--format", "pdf"), report("--format", "csv", "--list", "nonsense"), report("--from-tables"), report("surplus")} {
		if s := p.want(1, "", mistake...); s.out != "" {
			t.Errorf("%v prints %q", mistake, s.out)
		}
	}
	if !p.open() {
		t.Error("a report changed something")
	}
}

// What is printed for a ticket is a script that a shell reads as it is meant, and that does what the plan says.
func TestCommandsForATicket(t *testing.T) {
	t.Parallel()
	p := online(t)
	if s := p.want(0, "", append(planBucket, "--format", "aws-cli")...); strings.Contains(s.out, "aws s3") {
		t.Errorf("nothing is wrong: %s", s.out)
	}
	p.setup(publicBucket)
	s := p.want(2, "", append(planBucket, "--format", "aws-cli")...)
	if !strings.Contains(s.out, "aws s3api put-public-access-block") || !strings.Contains(s.out, p.bucket()) {
		t.Fatalf("%s", s.out)
	}
	script := p.write("ticket.sh", "aws() { printf '%s\\n' \"$@\"; }\n"+s.out)
	out, err := exec.CommandContext(t.Context(), "sh", "-eu", script).CombinedOutput()
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) < 4 || lines[0] != "s3api" || lines[1] != "put-public-access-block" || !strings.Contains(string(out), `"Bucket":"`+p.bucket()+`"`) {
		t.Errorf("a shell reads %v\n%s\n%s", err, out, s.out)
	}
}
