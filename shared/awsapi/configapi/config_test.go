package configapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/configapi"
)

func session(c *annotatetest.Cloud) awsapi.Session {
	return awsapi.NewSession(c.Config("eu-west-1"), "111122223333", "eu-west-1")
}

func TestPut(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "token", Untaken: 1}
	at := time.Date(2026, 3, 1, 9, 59, 50, 500e6, time.UTC)
	list := []configapi.Evaluation{
		{Type: "AWS::S3::Bucket", ID: "a", Verdict: configapi.NonCompliant, Annotation: strings.Repeat("é", 300), At: at},
		{Type: "AWS::S3::Bucket", ID: "b", Verdict: configapi.Compliant, At: at},
	}
	failed, err := configapi.Put(t.Context(), session(cloud), "token", list)
	if err != nil {
		t.Fatal(err)
	}
	want := []configapi.Evaluation{list[0]}
	want[0].Annotation = strings.Repeat("é", 255) + "…"
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Errorf("not taken (- want, + got)\n%s", diff)
	}
	body := cloud.Requests("config:PutEvaluations")[0].Body
	for _, part := range []string{`"OrderingTimestamp":1772359190.5`, `"ComplianceType":"COMPLIANT"`, `"ResultToken":"token"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the request lacks %s: %s", part, body)
		}
	}
}

func TestPutWithAnOldToken(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Token: "token"}
	if _, err := configapi.Put(t.Context(), session(cloud), "secret-token", nil); err == nil || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("%v: want an error that does not tell the token", err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code string
		rules      []string
		ok         bool
		absent     bool
		busy       bool
	}{
		{"a rule", "", []string{"there"}, true, false, false},
		{"one of two is none", "", []string{"there", "gone"}, false, true, false},
		{"within a minute", "LimitExceededException", []string{"there"}, false, false, true},
		{"being deleted", "ResourceInUseException", []string{"there"}, false, false, true},
		{"not allowed", "AccessDeniedException", []string{"there"}, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := &annotatetest.Cloud{Rules: []string{"there"}, Fail: func(annotatetest.Request) (int, string) { return http.StatusBadRequest, c.code }}
			err := configapi.Start(t.Context(), session(cloud), c.rules)
			if (err == nil) != c.ok || configapi.IsNoSuchRule(err) != c.absent || configapi.IsBusy(err) != c.busy {
				t.Errorf("%v: absent %v, busy %v", err, configapi.IsNoSuchRule(err), configapi.IsBusy(err))
			}
		})
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	for _, op := range []awsapi.Op{configapi.PutEvaluations.Op, configapi.StartRulesEvaluation.Op} {
		action := strings.Replace(op.Name, "configservice:", "config:", 1)
		if len(op.Actions) != 1 || op.Actions[0] != action || annotatetest.Synthetic[action] == "" {
			t.Errorf("%s needs %q", op.Name, op.Actions)
		}
	}
}
