package demo_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/shoreup/shoreup/cmd/shoreup/demo"
	"github.com/shoreup/shoreup/shared/localcloud/build"
)

// adopt makes orphans of what this process starts its own children, so that what is left running can be seen.
func adopt(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// leftRunning are the processes below this one that have not ended.
func leftRunning(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatalf("this system does not list children: %v", err)
	}
	var out []string
	for _, list := range lists {
		ids, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, id := range strings.Fields(string(ids)) {
			status, err := os.ReadFile("/proc/" + id + "/status")
			if err != nil || strings.Contains(string(status), "State:\tZ") {
				continue // ended, and only nobody has asked how
			}
			command, _ := os.ReadFile("/proc/" + id + "/cmdline")
			out = append(out, id+" "+string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	return out
}

// The README promises these numbers and that nothing stays. The command is built and run as people run it.
func TestDemo(t *testing.T) {
	adopt(t)
	command, err := build.Command(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	run := exec.CommandContext(t.Context(), command, "demo", "--format", "json", "--out", out)
	run.Dir = "../../.." // it builds the functions from the checkout
	// Whatever account a person is logged in to must not matter.
	run.Env = append(os.Environ(), "AWS_PROFILE=production", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_ENDPOINT_URL=http://192.0.2.1")
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	if err := run.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(out, "functions.log"))
		t.Fatalf("%v\n%s\n%s", err, &stderr, log)
	}
	if left := leftRunning(t); len(left) > 0 {
		t.Errorf("still running:\n%s", strings.Join(left, "\n"))
	}
	check(t, stdout.Bytes())
	for _, name := range []string{"demo.txt", "plans.json", "slack.json", "audit.jsonl", "summary.json", "shoreup.yaml", "functions.log", "events/01-PutBucketPolicy.json"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}

func check(t *testing.T, printed []byte) {
	t.Helper()
	var got demo.Summary
	dec := json.NewDecoder(bytes.NewReader(printed))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("reading what was printed: %v\n%s", err, printed)
	}
	if got.SlackMessages < 1 || got.SlackMessages > 40 { // each plan that waits has a message of its own; a burst of anything else becomes few
		t.Errorf("%d Slack messages", got.SlackMessages)
	}
	if got.Requests["s3"] == 0 || got.Requests["dynamodb"] == 0 || got.Requests["sts"] == 0 {
		t.Errorf("requests %v", got.Requests)
	}
	if got.Audit.Entries < 60 || got.Seconds <= 0 || got.Seconds > 120 {
		t.Errorf("%d audit records in %.0f seconds", got.Audit.Entries, got.Seconds)
	}
	got.SlackMessages, got.Requests, got.Seconds, got.Audit.Entries = 0, nil, 0, 0
	want := demo.Summary{Resources: 33, Compliant: 4, Fixed: 12, Reported: 4, AwaitingApproval: 13, Exception: 1, Refused: 1, Undone: 1, Audit: demo.AuditSummary{Verified: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}
