package infra

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What stands in for the two modules that Lambda brings: Security Hub as the case wants it, and the answer to CloudFormation, which is printed.
const (
	fakeBoto = `
import os
class NotFound(Exception): pass
class Conflict(Exception): pass
class NoAccess(Exception): pass
class Hub:
    class exceptions:
        ResourceNotFoundException, ResourceConflictException, InvalidAccessException = NotFound, Conflict, NoAccess
    def call(self, what):
        print(what)
        for kind in (NotFound, Conflict, NoAccess):
            if os.environ.get(what.split()[0]) == kind.__name__: raise kind("as the case wants")
    def create_action_target(self, Id, Name, Description): self.call(f"create {Id} {Name}")
    def update_action_target(self, ActionTargetArn, Name, Description): self.call(f"update {ActionTargetArn} {Name}")
    def delete_action_target(self, ActionTargetArn): self.call(f"delete {ActionTargetArn}")
def client(name): return Hub()
`
	fakeAnswer = `
SUCCESS, FAILED = "SUCCESS", "FAILED"
def send(event, context, status, data, physical, reason=None): print("answer", status, physical)
`
	callHandler = `
import actions, sys
p = {"Id": "ShoreupPlan", "Name": "Plan", "Description": "d", "Arn": "arn:plan"}
event = {"RequestType": sys.argv[1], "ResourceProperties": p}
if sys.argv[1] != "Create": event["PhysicalResourceId"] = "arn:plan"
actions.handler(event, None)
`
)

// TestActionsCode runs the code that makes custom actions: made once, renamed where they are there, and CloudFormation always gets an answer.
func TestActionsCode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range map[string]string{"boto3.py": fakeBoto, "cfnresponse.py": fakeAnswer, "actions.py": actionsCode, "call.py": callHandler} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, request, fails, want string }{
		{"made", "Create", "", "create ShoreupPlan Plan|answer SUCCESS arn:plan"},
		{"there already", "Create", "create=Conflict", "create ShoreupPlan Plan|update arn:plan Plan|answer SUCCESS arn:plan"},
		{"Security Hub is off", "Create", "create=NoAccess", "create ShoreupPlan Plan|answer FAILED ShoreupPlan"},
		{"renamed", "Update", "create=Conflict", "create ShoreupPlan Plan|update arn:plan Plan|answer SUCCESS arn:plan"},
		{"removed", "Delete", "", "delete arn:plan|answer SUCCESS arn:plan"},
		{"gone already", "Delete", "delete=NotFound", "delete arn:plan|answer SUCCESS arn:plan"},
		{"removed after Security Hub", "Delete", "delete=NoAccess", "delete arn:plan|answer SUCCESS arn:plan"},
	} {
		cmd := exec.CommandContext(t.Context(), "python3", "-B", "call.py", c.request)
		cmd.Dir = dir
		if c.fails != "" {
			cmd.Env = append(os.Environ(), c.fails)
		}
		out, err := cmd.CombinedOutput()
		if got := strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "|"); err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}
