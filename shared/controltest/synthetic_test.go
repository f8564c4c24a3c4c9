package controltest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// httpClient answers every request alike.
type httpClient string

func (h httpClient) Do(req *http.Request) (*http.Response, error) {
	return answer(req, http.StatusOK, "application/x-amz-json-1.0", string(h)), nil
}

func TestExchanges(t *testing.T) {
	t.Parallel()
	update, err := parseExchange("dynamodb.UpdateTable.json", []byte(`{"synthetic": "https://docs.aws.amazon.com/x", "answers": [
		{"request": ["\"Enabled\":true"], "body": "{\"account\":\"${account}\"}", "sets": "on"},
		{"request": ["\"Enabled\":false"], "status": 400, "body": "{}", "sets": ""}]}`))
	if err != nil {
		t.Fatal(err)
	}
	describe, err := parseExchange("dynamodb.DescribeTable.json", []byte(`{"synthetic": "https://docs.aws.amazon.com/x", "answers": [{"when": "on", "merge": {"Table": {"SSE": "KMS", "Old": null}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	x := &exchanges{list: []exchange{update, describe}, vars: map[string]string{"account": "1"}, used: map[string]int{}}
	emulated := httpClient(`{"Table":{"Name":"t","Old":1}}`)
	for i, c := range []struct {
		op, request string
		status      int
		body        string
	}{
		{"dynamodb:DescribeTable", "{}", 200, `{"Table":{"Name":"t","Old":1}}`},
		{"dynamodb:UpdateTable", `{"Enabled":true}`, 200, `{"account":"1"}`},
		{"dynamodb:DescribeTable", "{}", 200, `{"Table":{"Name":"t","SSE":"KMS"}}`},
		{"dynamodb:UpdateTable", `{"Other":1}`, 200, `{"Table":{"Name":"t","Old":1}}`},
		{"dynamodb:UpdateTable", `{"Enabled":false}`, 400, `{}`},
		{"dynamodb:DescribeTable", "{}", 200, `{"Table":{"Name":"t","Old":1}}`},
		{"kms:DescribeKey", "{}", 200, `{"Table":{"Name":"t","Old":1}}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", strings.NewReader(c.request))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := x.do(req, c.op, emulated)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != c.status || string(body) != c.body {
			t.Errorf("request %d: got %d %s, %v", i, resp.StatusCode, body, err)
		}
	}
	if diff := cmp.Diff(map[string]int{"dynamodb:UpdateTable": 2, "dynamodb:DescribeTable": 1}, x.used); diff != "" {
		t.Errorf("counted\n%s", diff)
	}
}

func TestParseExchange(t *testing.T) {
	t.Parallel()
	const ok = `{"synthetic": "https://docs.aws.amazon.com/x", "answers": [{"body": ""}]}`
	for _, c := range []struct{ name, file, text, want string }{
		{"fine", "ec2.ResetImageAttribute.json", ok, ""},
		{"the emulator has it", "ec2.DescribeImages.json", ok, "not on the list"},
		{"no address", "ec2.ResetImageAttribute.json", strings.Replace(ok, "docs.aws", "docs.example", 1), "must be the address"},
		{"no answer", "ec2.ResetImageAttribute.json", strings.Replace(ok, `"body": ""`, "", 1), "want a body or something to merge"},
		{"name", "ResetImageAttribute.json", ok, "want a name of the form"},
		{"misspelt", "ec2.ResetImageAttribute.json", strings.Replace(ok, "body", "boddy", 1), "unknown field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseExchange(c.file, []byte(c.text))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
