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
		if (core.Settings{}).ProtectedBy(arn) == "" {
			t.Errorf("%s is denied, and package core would write it", arn)
		}
	}
	// What the stacks make and a fix could change must be under both.
	ours := map[string]string{
		"AWS::SQS::Queue": "sqs:eu-west-1:111122223333:{QueueName}", "AWS::DynamoDB::Table": "dynamodb:eu-west-1:111122223333:table/{TableName}", "AWS::S3::Bucket": "s3:::{BucketName}",
		"AWS::SNS::Topic": "sns:eu-west-1:111122223333:{TopicName}", "AWS::Lambda::Function": "lambda:eu-west-1:111122223333:function:{FunctionName}",
		"AWS::Logs::LogGroup": "logs:eu-west-1:111122223333:log-group:{LogGroupName}", "AWS::Events::Rule": "events:eu-west-1:111122223333:rule/{Name}",
		"AWS::Events::EventBus": "events:eu-west-1:111122223333:event-bus/{Name}", "AWS::CloudWatch::Alarm": "cloudwatch:eu-west-1:111122223333:alarm:{AlarmName}",
		"AWS::IAM::Role": "iam::111122223333:role/shoreup/{RoleName}",
	}
	seen := map[string]bool{}
	for stack, tpl := range full() {
		for id, r := range tpl.Resources {
			form, known := ours[r.Type]
			if !known {
				continue
			}
			seen[r.Type] = true
			before, property, _ := strings.Cut(form, "{")
			arn := "arn:aws:" + before + single(r.Properties[strings.TrimSuffix(property, "}")])
			if (core.Settings{}).ProtectedBy(arn) == "" {
				t.Errorf("%s %s: %s is not protected", stack, id, arn)
			}
		}
	}
	if len(seen) != len(ours) {
		t.Errorf("only %v are made at all", seen)
	}
	if secret := "arn:aws:secretsmanager:eu-west-1:111122223333:secret:" + today()["shoreup"].Parameters[paramSecret].Default.(string) + "-a1B2c3"; (core.Settings{}).ProtectedBy(secret) == "" {
		t.Errorf("%s is not protected", secret)
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
	// What is done with our own queues and keys is not a control's business, though a control does the same with customers'.
	ours := map[string]bool{
		"sqs:GetQueueAttributes": true, "kms:DescribeKey": true, "kms:DisableKeyRotation": true, "kms:EnableKeyRotation": true, "kms:GetKeyRotationStatus": true,
		"kms:ListResourceTags": true,
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
