package main

import (
	"strings"
	"testing"
)

func TestOpenNeedsItsEnvironment(t *testing.T) {
	set := map[string]string{"SHOREUP_ACCOUNT": "111122223333", "AWS_REGION": "eu-west-1", "SHOREUP_TABLES": "shoreup", "SHOREUP_RULES": "s3://b/shoreup.yaml",
		"SHOREUP_WORDS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/shoreup-words"}
	for name, value := range set {
		t.Setenv(name, value)
	}
	f, err := open(t.Context())
	if err != nil || f.Tables.Approvals != "shoreup-approvals" || f.Tables.Account != "111122223333" || f.Identities.Account != "111122223333" {
		t.Fatalf("%+v, %v", f, err)
	}
	for name, value := range set {
		t.Setenv(name, "")
		if _, err := open(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		t.Setenv(name, value)
	}
}
