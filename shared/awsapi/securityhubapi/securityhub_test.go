package securityhubapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/securityhubapi"
)

const product = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"

func session(c *annotatetest.Cloud) awsapi.Session {
	return awsapi.NewSession(c.Config("eu-west-1"), "111122223333", "eu-west-1")
}

func TestAnnotate(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Unprocessed: map[string]string{"b": "FindingNotFound"}}
	ids := []securityhubapi.ID{{ID: "a", ProductARN: product}, {ID: "b", ProductARN: product}}
	left, err := securityhubapi.Annotate(t.Context(), session(cloud), ids, securityhubapi.Note{Text: strings.Repeat("é", 600), Author: "shoreup", Notified: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]securityhubapi.Unprocessed{{ID: ids[1], Code: "FindingNotFound"}}, left); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	body := cloud.Requests("")[0].Body
	for _, part := range []string{`"Workflow":{"Status":"NOTIFIED"}`, `"UpdatedBy":"shoreup"`, strings.Repeat("é", 511) + `…"`, `"ProductArn":"` + product + `"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the request lacks %s: %s", part, body)
		}
	}
}

func TestNoteAloneLeavesTheStatus(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	if _, err := securityhubapi.Annotate(t.Context(), session(cloud), []securityhubapi.ID{{ID: "a", ProductARN: product}}, securityhubapi.Note{Text: "x", Author: "shoreup"}); err != nil {
		t.Fatal(err)
	}
	if body := cloud.Requests("")[0].Body; strings.Contains(body, "Workflow") {
		t.Errorf("the request sets a status: %s", body)
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	for code, absent := range map[string]bool{"InvalidAccessException": true, "AccessDeniedException": false, "InternalException": false} {
		cloud := &annotatetest.Cloud{Fail: func(annotatetest.Request) (int, string) { return http.StatusUnauthorized, code }}
		_, err := securityhubapi.Annotate(t.Context(), session(cloud), []securityhubapi.ID{{ID: "a"}}, securityhubapi.Note{Text: "x", Author: "y"})
		if err == nil || securityhubapi.IsAbsent(err) != absent {
			t.Errorf("%s: %v is absent: %v", code, err, !absent)
		}
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	op := securityhubapi.BatchUpdateFindings.Op
	if diff := cmp.Diff([]string{op.Name}, op.Actions); diff != "" || annotatetest.Synthetic[op.Name] == "" {
		t.Errorf("%s needs %q", op.Name, op.Actions)
	}
}
