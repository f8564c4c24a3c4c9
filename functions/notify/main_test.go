package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
)

// The whole function: people first, then AWS services as the annotate role of the finding's account; without such a role people alone.
func TestTellsPeopleAndThenAWSServices(t *testing.T) {
	for role, want := range map[string][]string{
		"shoreup/shoreup-annotate": {"Slack", "sts:AssumeRole own", "config:StartConfigRulesEvaluation 111122223333"},
		"":                         {"Slack"},
	} {
		var order []string
		cloud := &annotatetest.Cloud{Rules: []string{"shoreup-s3-bucket-public"}, Fail: func(r annotatetest.Request) (int, string) {
			order = append(order, r.Operation+" "+r.Account)
			return 0, ""
		}}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			answer := ""
			switch {
			case strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".GetSecretValue"):
				answer = `{"SecretString":"xoxb-local"}`
			case strings.HasSuffix(req.URL.Path, "/chat.postMessage"):
				order = append(order, "Slack")
				answer = `{"ok":true,"channel":"C","ts":"1"}`
			default:
				cloud.ServeHTTP(w, req)
				return
			}
			if _, err := io.WriteString(w, answer); err != nil {
				t.Error(err)
			}
		}))
		environment(t, server.URL, role)
		handle, err := open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		body, err := notify.Encode(core.Finding{Control: "s3-bucket-public", Outcome: core.Fixed, Account: "111122223333", Region: "eu-west-1", Resource: "b"})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := handle(t.Context(), lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", Body: string(body)}}})
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Errorf("%+v, %v", resp, err)
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("role %q (- want, + got)\n%s", role, diff)
		}
		server.Close()
	}
}

func environment(t *testing.T, endpoint, role string) {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "shoreup.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true",
		"SHOREUP_ACCOUNT": "999988887777", "SHOREUP_TABLES": "shoreup", "SHOREUP_RULES": rules, "SHOREUP_SLACK_SECRET": "slack", "SHOREUP_SLACK_CHANNEL": "#security",
		"SHOREUP_SLACK_URL": endpoint + "/", "SHOREUP_ANNOTATE_ROLE": role,
	} {
		t.Setenv(name, value)
	}
}

// Where a function decides, people can answer the message in Slack, and that function hears where it is.
func TestMessagesThatPeopleCanAnswer(t *testing.T) {
	for signing, buttons := range map[string]bool{"slack-signing": true, "": false} {
		var blocks, pointer string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				t.Error(err)
			}
			answer := "{}"
			switch target := req.Header.Get("X-Amz-Target"); {
			case strings.HasSuffix(target, ".GetSecretValue"):
				raw, _ := json.Marshal(map[string]string{"SecretString": `{"bot_token":"xoxb-local"}`})
				answer = string(raw)
			case strings.HasSuffix(target, ".SendMessage"):
				var in struct{ QueueUrl, MessageBody string }
				if err := json.Unmarshal(body, &in); err != nil || in.QueueUrl != "https://sqs.example/decide" {
					t.Errorf("sent %s: %v", body, err)
				}
				pointer = in.MessageBody
				answer = `{"MessageId":"1"}`
			case strings.HasSuffix(req.URL.Path, "/chat.postMessage"):
				form, err := url.ParseQuery(string(body))
				if err != nil || form.Get("token") != "xoxb-local" {
					t.Errorf("Slack got %s: %v", body, err)
				}
				blocks = form.Get("blocks")
				answer = `{"ok":true,"channel":"C0SECURITY","ts":"1.2"}`
			}
			if _, err := io.WriteString(w, answer); err != nil {
				t.Error(err)
			}
		}))
		environment(t, server.URL, "")
		t.Setenv("SHOREUP_DECIDE_QUEUE", "https://sqs.example/decide")
		t.Setenv("SHOREUP_SLACK_SIGNING", signing)
		handle, err := open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		body, err := notify.Encode(core.Finding{
			Control: "s3-bucket-public", Outcome: core.AwaitingApproval, Account: "111122223333", Region: "eu-west-1", Resource: "b", Occurrence: "01KB0000000000000000000001", Hash: strings.Repeat("ab", 32),
		})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := handle(t.Context(), lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", Body: string(body)}}})
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Errorf("%+v, %v", resp, err)
		}
		if got := strings.Contains(blocks, `"action_id":"approve"`); got != buttons {
			t.Errorf("signing secret %q: buttons are there: %v; %s", signing, got, blocks)
		}
		var p approval.Pointer
		if err := json.Unmarshal([]byte(pointer), &p); err != nil || p.Posted == nil || p.Posted.Channel != "C0SECURITY" || p.Posted.TS != "1.2" || p.Posted.Key.ID != "01KB0000000000000000000001" {
			t.Errorf("signing secret %q: pointed to %s: %v", signing, pointer, err)
		}
		server.Close()
	}
}
