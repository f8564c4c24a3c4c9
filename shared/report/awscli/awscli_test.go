package awscli

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

// run has a shell execute the script with an "aws" that prints its arguments, one a line, and returns them by command.
func run(t *testing.T, script string) [][]string {
	t.Helper()
	sh := exec.Command("sh", "-c", "aws() { echo ---; for a in \"$@\"; do printf '%s\\n' \"$a\"; done; }\n"+script)
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the shell failed: %v\n%s\n%s", err, out, script)
	}
	var commands [][]string
	for _, c := range strings.Split(string(out), "---\n")[1:] {
		commands = append(commands, strings.Split(strings.TrimSuffix(c, "\n"), "\n"))
	}
	return commands
}

func hostile(text string) core.Finding {
	input, _ := json.Marshal(map[string]string{"Bucket": text, "Policy": `{"a":"` + "'$(id)`id`\\" + `"}`})
	return core.Finding{
		Control: "s3-bucket-public", Title: text, Resource: text, Account: "111122223333", Region: "eu-west-1", Severity: core.High, Outcome: core.AwaitingApproval,
		Violations: []core.Violation{{Reason: text}}, Notes: []string{text}, Hash: "h", Advice: []core.Advice{{Steps: []string{text}}},
		Changes: []core.ShownChange{{Call: "s3:PutBucketPolicy", Why: text, Input: input, Undo: []awsapi.Call{{Op: "s3:DeleteBucketPolicy", Input: input, Bind: []awsapi.Bind{{Field: text, From: text}}}}}},
	}
}

// What people call things may hold anything: it neither leaves its comment nor its quotes.
func TestNothingEscapes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain", "it's", "'; touch /pwned; '", "$(touch pwned)", "`touch pwned`", "a\naws evil\n", "a\r\naws evil", "a\u2028aws evil", "\x00nul", "\\", `\'`, "\"; aws evil; \"", "# not a comment", "-n", "äöü 🌊 \u202e",
	} {
		var b bytes.Buffer
		f := hostile(text)
		if err := Write(&b, []core.Finding{f}); err != nil {
			t.Fatal(err)
		}
		got := run(t, b.String())
		if len(got) != 1 || len(got[0]) != 6 {
			t.Fatalf("%q: the shell ran %q\n%s", text, got, b.String())
		}
		if command := strings.Join(got[0][:5], " "); command != "s3api put-bucket-policy --region eu-west-1 --cli-input-json" {
			t.Errorf("%q: ran %s", text, command)
		}
		var want, have map[string]string
		if err := json.Unmarshal([]byte(got[0][5]), &have); err != nil {
			t.Fatalf("%q: the input is no JSON any more: %v", text, err)
		}
		if err := json.Unmarshal(f.Changes[0].Input, &want); err != nil {
			t.Fatal(err)
		}
		if have["Bucket"] != want["Bucket"] || have["Policy"] != want["Policy"] {
			t.Errorf("%q arrived as %q", want, have)
		}
	}
}

func TestWhatIsNotToBeChangedIsNoCommand(t *testing.T) {
	t.Parallel()
	for _, outcome := range []core.Outcome{core.Refused, core.Excepted} {
		f := hostile("b")
		f.Outcome, f.Reason = outcome, "protected"
		var b bytes.Buffer
		if err := Write(&b, []core.Finding{f}); err != nil {
			t.Fatal(err)
		}
		if got := run(t, b.String()); len(got) != 0 || !strings.Contains(b.String(), "not to be changed ("+string(outcome)+"): protected") {
			t.Errorf("%s: ran %q\n%s", outcome, got, b.String())
		}
	}
}

// Names of commands as the CLI has them; those with runs of capitals are the ones that go wrong.
func TestCommandNames(t *testing.T) {
	t.Parallel()
	for op, want := range map[string]string{
		"s3:PutPublicAccessBlock": "s3api put-public-access-block", "s3control:PutPublicAccessBlock": "s3control put-public-access-block", "s3:PutBucketAcl": "s3api put-bucket-acl",
		"rds:ModifyDBSnapshotAttribute": "rds modify-db-snapshot-attribute", "rds:ModifyDBClusterSnapshotAttribute": "rds modify-db-cluster-snapshot-attribute",
		"ec2:EnableEbsEncryptionByDefault": "ec2 enable-ebs-encryption-by-default", "ec2:RevokeSecurityGroupIngress": "ec2 revoke-security-group-ingress",
		"iam:UpdateAccountPasswordPolicy": "iam update-account-password-policy", "iam:CreatePolicyVersion": "iam create-policy-version", "sqs:SetQueueAttributes": "sqs set-queue-attributes",
		"dynamodb:UpdateTable": "dynamodb update-table", "kms:EnableKeyRotation": "kms enable-key-rotation", "sns:SetTopicAttributes": "sns set-topic-attributes",
	} {
		if got := Command(awsapi.Call{Op: op, Input: json.RawMessage("{}")}, "eu-west-1"); got != "aws "+want+" --region eu-west-1 --cli-input-json '{}'" {
			t.Errorf("%s: %s", op, got)
		}
	}
	for _, c := range catalog.Controls() {
		for _, op := range append(append([]awsapi.Op{}, c.Writes...), c.Undoes...) {
			if got := kebab(strings.SplitN(op.Name, ":", 2)[1]); awsapi.Word(got) != got || strings.ToLower(got) != got {
				t.Errorf("%s of %s is no name of a command: %s", op.Name, c.ID, got)
			}
		}
	}
}
