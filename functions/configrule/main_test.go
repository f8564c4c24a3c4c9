package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
)

// The whole function: it takes the read role, looks, and answers with its own credentials.
func TestReadsWithTheReadRoleAndAnswersItself(t *testing.T) {
	cloud := &annotatetest.Cloud{Token: "example-result-token"}
	var reads []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !strings.Contains(req.Host+req.URL.Path, "example-reports") {
			cloud.ServeHTTP(w, req)
			return
		}
		reads = append(reads, req.Header.Get("Authorization"))
		w.WriteHeader(http.StatusForbidden)
		if _, err := w.Write([]byte(`<Error><Code>AccessDenied</Code></Error>`)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	rules := filepath.Join(t.TempDir(), "shoreup.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL": server.URL, "AWS_EC2_METADATA_DISABLED": "true",
		"SHOREUP_ACCOUNT": "111122223333", "SHOREUP_TABLES": "shoreup", "SHOREUP_RULES": rules, "SHOREUP_READ_ROLE": "shoreup/shoreup-read",
	} {
		t.Setenv(name, value)
	}
	f, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../../shared/configrule/invocation/testdata/bucket_changed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Handle(t.Context(), json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	put := cloud.Requests("config:PutEvaluations")
	if len(put) != 1 || put[0].Account != "own" || !strings.Contains(put[0].Body, `"NON_COMPLIANT"`) || !strings.Contains(put[0].Body, "not judged: we may not look") {
		t.Errorf("answered %+v; want our own answer that it could not be judged", put)
	}
	if len(reads) == 0 || !strings.Contains(reads[0], "Credential=111122223333/") {
		t.Errorf("read as %q; want the read role of the account", reads)
	}
	t.Setenv("SHOREUP_READ_ROLE", "")
	if _, err := open(t.Context()); err == nil || !strings.Contains(err.Error(), "SHOREUP_READ_ROLE") {
		t.Errorf("%v; want it to refuse to start without the read role", err)
	}
}
