// Package cli runs the built command against the emulator and keeps what the README promises of it: exit codes, the keys of what it prints for programs, and that nothing
// is changed without a record, a decision and, where the rules say so, a person.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// binary is the command, built once. It is run as people run it, since go run makes other exit codes of some.
var binary = sync.OnceValues(func() (string, error) { return build.Command(context.Background()) })

func TestMain(m *testing.M) { emulatortest.Main(m) }

const region = "eu-west-1"

// place is an account and a folder of a test's own, in which the command is run.
type place struct {
	t       *testing.T
	dir     string
	account string
	env     []string
	session awsapi.Session
}

// offline is a place without credentials: what runs there makes no call to AWS.
func offline(t *testing.T) place {
	t.Helper()
	return place{t: t, dir: t.TempDir(), env: append(emulator.CleanEnv(os.Environ()), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)}
}

// online is a place with an account at the emulator.
func online(t *testing.T) place {
	t.Helper()
	p := offline(t)
	p.account = emulatortest.Account(t)
	server := emulatortest.ForTest(t)
	env, err := server.Env(t.Context(), p.account, region)
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, env...)
	p.session = awsapi.NewSession(server.Config(p.account, region), p.account, region)
	return p
}

// said is what a run of the command came to.
type said struct {
	code        int
	out, stderr string
}

// run starts the command with an input and waits for its end.
func (p place) run(stdin string, args ...string) said {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), path, args...)
	var out, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.dir, p.env, strings.NewReader(stdin), &out, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// want runs the command and fails the test if it ends with another code.
func (p place) want(code int, stdin string, args ...string) said {
	p.t.Helper()
	s := p.run(stdin, args...)
	if s.code != code {
		p.t.Fatalf("shoreup %s ended with %d, want %d\n%s%s", strings.Join(args, " "), s.code, code, s.out, s.stderr)
	}
	return s
}

// json runs the command and reads what it prints.
func (p place) json(code int, stdin string, into any, args ...string) said {
	p.t.Helper()
	s := p.want(code, stdin, append(args, "--format", "json")...)
	if err := json.Unmarshal([]byte(s.out), into); err != nil {
		p.t.Fatalf("shoreup %s printed no JSON: %v\n%s", strings.Join(args, " "), err, s.out)
	}
	return s
}

func (p place) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p place) setup(script string) {
	p.t.Helper()
	if err := setup.Run(p.t.Context(), p.session, script, map[string]string{"bucket": p.bucket(), "account": p.account}); err != nil {
		p.t.Fatal(err)
	}
}

func (p place) bucket() string { return "b-" + p.account }

// open reports whether the bucket has no Block Public Access of its own, straight from the emulator.
func (p place) open() bool {
	p.t.Helper()
	block, err := s3api.ReadBlock(p.t.Context(), p.session, p.bucket())
	if err != nil {
		p.t.Fatal(err)
	}
	return block == nil
}

const (
	publicBucket = `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
`
	approve = "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n"
	auto    = "version: 1\nrules:\n  - { name: fix, match: { families: [storage], origin: [cli] }, mode: auto }\n"
)

var planBucket = []string{"plan", "--control", "s3-bucket-public"}

// keys fails the test unless the object has each key with a value of its kind: string, number, bool, list or object. Keys are separated by spaces, KIND:KEY.
func keys(t *testing.T, what string, object map[string]any, want string) {
	t.Helper()
	for _, field := range strings.Fields(want) {
		kind, key, _ := strings.Cut(field, ":")
		value, there := object[key]
		if !there {
			t.Errorf("%s has no %q", what, key)
		} else if got := kindOf(value); got != kind {
			t.Errorf("%s has the %s %v as %q, want a %s", what, got, value, key, kind)
		}
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", v)
}

func TestKindsAreTold(t *testing.T) {
	t.Parallel()
	var object map[string]any
	if err := json.Unmarshal([]byte(`{"a":"","b":1,"c":false,"d":[],"e":{},"f":null}`), &object); err != nil {
		t.Fatal(err)
	}
	keys(t, "the object", object, "string:a number:b bool:c list:d object:e <nil>:f")
}

func TestExitCodesOfMistakes(t *testing.T) {
	t.Parallel()
	p := offline(t)
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"--help"}}, {0, []string{"plan", "--help"}}, {0, []string{"controls"}}, {0, []string{"rules", "schema"}},
		{1, []string{"nonsense"}}, {1, []string{"controls", "--nonsense"}}, {1, []string{"controls", "surplus"}}, {1, []string{"controls", "--format", "xml"}},
		{1, []string{"explain"}}, {1, []string{"explain", "not-there.json"}}, {1, []string{"plan"}}, {1, []string{"apply"}}, {1, []string{"apply", "not-there.json"}},
		{1, []string{"undo", "nonsense", "--table", "shoreup"}}, {1, []string{"undo", "111122223333/0", "--table", "shoreup"}}, {1, []string{"audit", "list"}},
		{1, []string{"rules", "check"}}, {1, []string{"tables", "create"}}, {1, []string{"plan", "--region", region, "--control", "no-such-control"}},
	} {
		s := p.want(c.code, "", c.args...)
		if c.code == 1 && (s.out != "" || !strings.HasPrefix(s.stderr, "shoreup: ")) {
			t.Errorf("shoreup %s: want one message on standard error, got %q and %q", strings.Join(c.args, " "), s.out, s.stderr)
		}
	}
}

func TestControls(t *testing.T) {
	t.Parallel()
	p := offline(t)
	var list []map[string]any
	p.json(0, "", &list, "controls")
	if want := len(catalog.Controls()); len(list) != want {
		t.Errorf("%d controls are listed, and the catalogue has %d", len(list), want)
	}
	for _, c := range list {
		keys(t, fmt.Sprint(c["id"]), c, "string:id number:version string:title string:service string:resource_type string:severity string:family list:security_hub "+
			"list:config_rules object:frameworks list:events list:reads list:writes list:undo_writes string:reversible string:disruption string:default_mode")
		if c["default_mode"] != "report" {
			t.Errorf("%v is in mode %v where no rules file says anything", c["id"], c["default_mode"])
		}
	}
	if text := p.want(0, "", "controls").out; !strings.Contains(text, "s3-bucket-public") || strings.Contains(text, "\x1b") {
		t.Errorf("the list for people, in a pipe: %q", text)
	}
}

var classes = []any{"cloudtrail", "config_compliance", "config_item", "securityhub_imported", "securityhub_custom_action", "guardduty", "sweep", "other", "invalid"}

func TestExplainEverySample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../events/*/testdata/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	p := offline(t)
	relevant := map[any]int{}
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Signals []map[string]any }
		p.json(0, "", &got, "explain", path)
		if len(got.Signals) == 0 {
			t.Errorf("%s: no signals", file)
		}
		for _, s := range got.Signals {
			keys(t, file, s, "string:event_class bool:relevant string:reason string:resource_type string:resource_id string:account string:region string:partition string:actor string:time list:controls")
			if !slices.Contains(classes, s["event_class"]) {
				t.Errorf("%s: event class %v", file, s["event_class"])
			}
			controls, _ := s["controls"].([]any)
			if s["relevant"] != (len(controls) > 0) || (s["relevant"] == false) != (s["reason"] != "") {
				t.Errorf("%s: relevant %v for %d controls, with the reason %q", file, s["relevant"], len(controls), s["reason"])
			}
			if s["relevant"] == true {
				relevant[s["event_class"]]++
			}
		}
	}
	for _, class := range classes[:7] {
		if relevant[class] == 0 {
			t.Errorf("no sample of class %v is relevant", class)
		}
	}
}

func TestExplainOfABrokenEvent(t *testing.T) {
	t.Parallel()
	p := offline(t)
	for _, broken := range []string{"", "{", "null", "[]", `"text"`, `{"source":"aws.s3"}`, `{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":7}`, "\xff\xfe"} {
		var got struct{ Signals []map[string]any }
		p.json(1, "", &got, "explain", p.write("event.json", broken))
		if len(got.Signals) != 1 || got.Signals[0]["event_class"] != "invalid" || got.Signals[0]["relevant"] != false || got.Signals[0]["reason"] == "" {
			t.Errorf("%q: got %v, want one invalid signal with a reason", broken, got.Signals)
		}
		p.json(1, broken, &got, "explain", "-")
	}
}
