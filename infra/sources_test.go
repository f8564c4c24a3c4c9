package infra

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

// TestProtectedAgreesWithCore keeps the denials and the executor's refusals the same list, and has every role that writes deny it.
func TestProtectedAgreesWithCore(t *testing.T) {
	t.Parallel()
	for _, pattern := range protected(nil).resources {
		arn := strings.NewReplacer(partition, "aws", "*", "x").Replace(pattern)
		if (core.Settings{}).ProtectedBy(arn) == "" && !slices.Contains(ownThings(), pattern) {
			t.Errorf("%s is denied, and package core would write it", arn)
		}
	}
	for _, stack := range []string{"shoreup", "shoreup-member-global"} {
		checkDenials(t, bare()[stack])
	}
}

func checkDenials(t *testing.T, tpl template) {
	t.Helper()
	for role, all := range tpl.roleStatements() {
		writes := strings.HasPrefix(role, "shoreup-remediate-") || role == "shoreup-restore"
		denied := slices.ContainsFunc(all, func(s allowed) bool {
			return s.effect == "Deny" && slices.Contains(s.resources, "arn:${AWS::Partition}:iam::*:role/shoreup/*") && slices.Contains(s.resources, "arn:aws:iam::*:role/glass/break")
		})
		if writes != denied {
			t.Errorf("%s: writes %v, protected things denied %v", role, writes, denied)
		}
	}
}

// TestSourcesNameNoControl keeps the catalogue the only place where controls, events and what they need are written.
func TestSourcesNameNoControl(t *testing.T) {
	t.Parallel()
	// What is done with our own queues and keys is not a control's business, though a control does the same with customers'; and what narrows an action
	// further than its declaration can (conditions.go) must name it.
	ours := map[string]bool{
		"sqs:GetQueueAttributes": true, "kms:CreateGrant": true, "ec2:CreateTags": true, "kms:DescribeKey": true, "kms:DisableKeyRotation": true,
		"kms:EnableKeyRotation": true, "kms:GetKeyRotationStatus": true, "kms:ListResourceTags": true,
	}
	names := map[string]bool{}
	for _, c := range catalog.Controls() {
		names[c.ID] = true
		for _, e := range c.Events {
			_, event := c.SplitEvent(e)
			names[event] = true
		}
		for _, o := range slices.Concat(c.Reads, c.Writes, c.Undoes, c.Type.ListOps, c.Type.ResolveOps) {
			for _, a := range o.Actions {
				names[a] = true
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "app/main.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range regexp.MustCompile(`"[^"\n]*"`).FindAllString(string(source), -1) {
			text := strings.Trim(quoted, `"`)
			if names[text] && !ours[text] {
				t.Errorf("%s names %s", file, text)
			}
		}
	}
}
