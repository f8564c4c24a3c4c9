package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// mirror answers a request with the event that it became, in the way that its path says.
func mirror(raw json.RawMessage) (any, error) {
	var in struct{ RawPath string }
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	switch in.RawPath {
	case "/fail":
		return nil, fmt.Errorf("as told")
	case "/plain":
		return map[string]string{"said": "nothing of a status"}, nil
	case "/slow":
		time.Sleep(time.Second)
	case "/encoded":
		return map[string]any{"statusCode": 201, "body": "aGVsbG8=", "isBase64Encoded": true, "cookies": []string{"a=b"}, "headers": map[string]string{"x-test": "yes"}}, nil
	}
	return map[string]any{"statusCode": 200, "body": string(raw)}, nil
}

type webWorld struct {
	*Cloud
	account string
	log     bytes.Buffer
}

func newWeb(t *testing.T) *webWorld {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &webWorld{account: emulatortest.Account(t)}
	w.Cloud = New(Options{Emulator: emulatortest.ForTest(t), Binaries: map[string]string{"echo": self}, Organization: "o-1", Log: &w.log})
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := w.Deploy(t.Context(), Stack{Name: "web", Template: readTemplate(t, "web"), Account: w.account, Region: region}); err != nil {
		t.Fatal(err)
	}
	return w
}

// ask makes a request to an output's address.
func (w *webWorld) ask(t *testing.T, output string, r *http.Request, callers ...Caller) *httptest.ResponseRecorder {
	t.Helper()
	address, err := w.Output("web", output)
	if err != nil {
		t.Fatal(err)
	}
	h, err := w.Web(address, callers...)
	if err != nil {
		t.Fatal(err)
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

// mirrored decodes what the function got.
func mirrored(t *testing.T, out *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(out.Body.Bytes(), &event); err != nil || out.Code != http.StatusOK {
		t.Fatalf("answered %d %s, %v", out.Code, out.Body, err)
	}
	return event
}

// at follows names into an event.
func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	post := httptest.NewRequest("POST", "https://x/a%20b?q=1&q=2", strings.NewReader("payload=%7B%7D"))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header["X-Twice"] = []string{"one", "two"}
	post.Header.Set("Cookie", "a=b; c=d")
	event := mirrored(t, w.ask(t, "Door", post))
	for path, want := range map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": "/a%20b", "rawQueryString": "q=1&q=2", "body": "cGF5bG9hZD0lN0IlN0Q=", "isBase64Encoded": true, "headers x-twice": "one,two", "headers cookie": nil,
		"headers content-type": "application/x-www-form-urlencoded", "queryStringParameters q": "1,2", "requestContext accountId": "anonymous", "requestContext http method": "POST", "requestContext http path": "/a b",
		"requestContext authorizer": nil, "requestContext stage": "$default",
	} {
		if got := at(event, strings.Fields(path)...); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if diff := cmp.Diff([]any{"a=b", "c=d"}, event["cookies"]); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	text := httptest.NewRequest("POST", "https://x/", strings.NewReader(`{"a":1}`))
	text.Header.Set("Content-Type", "application/json; charset=utf-8")
	if event := mirrored(t, w.ask(t, "Door", text)); event["body"] != `{"a":1}` || event["isBase64Encoded"] != false {
		t.Errorf("text became %v", event["body"])
	}
	out := w.ask(t, "Door", httptest.NewRequest("GET", "https://x/encoded", nil))
	if out.Code != 201 || out.Body.String() != "hello" || out.Header().Get("X-Test") != "yes" || out.Header().Get("Set-Cookie") != "a=b" {
		t.Errorf("answered %d %q %v", out.Code, out.Body, out.Header())
	}
	if out := w.ask(t, "Door", httptest.NewRequest("GET", "https://x/plain", nil)); out.Code != 200 || out.Body.String() != `{"said":"nothing of a status"}` {
		t.Errorf("answered %d %q", out.Code, out.Body)
	}
	if out := w.ask(t, "Door", httptest.NewRequest("GET", "https://x/fail", nil)); out.Code != 502 || !strings.Contains(w.log.String(), "as told") {
		t.Errorf("answered %d %q", out.Code, out.Body)
	}
	if out := w.ask(t, "Closed", httptest.NewRequest("GET", "https://x/", nil)); out.Code != 403 || !strings.Contains(out.Body.String(), "Forbidden") {
		t.Errorf("without permissions answered %d %q", out.Code, out.Body)
	}
}

// Beyond its reserved concurrency a function is not waited for.
func TestReservedConcurrency(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	codes := make([]int, 3)
	var group sync.WaitGroup
	for i := range codes {
		group.Go(func() { codes[i] = w.ask(t, "Door", httptest.NewRequest("GET", "https://x/slow", nil)).Code })
	}
	group.Wait()
	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	if count[200] < 1 || count[200]+count[429] != 3 || count[429] < 1 {
		t.Errorf("answered %v with one instance", codes)
	}
	if out := w.ask(t, "Door", httptest.NewRequest("GET", "https://x/", nil)); out.Code != 200 {
		t.Errorf("afterwards answered %d", out.Code)
	}
}

const mayAsk = `{"Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunctionUrl","Resource":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}},
	{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}]}`

func TestSignedURL(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	dana := Caller{AccessKey: "AKIADANA", ARN: "arn:aws:iam::" + w.account + ":user/dana", UserID: "AIDADANA", Policy: json.RawMessage(mayAsk)}
	eve := Caller{AccessKey: "AKIAEVE", ARN: "arn:aws:iam::" + w.account + ":user/eve", UserID: "AIDAEVE", Policy: json.RawMessage(`{"Statement":{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}}`)}
	far := Caller{AccessKey: "AKIAFAR", ARN: "arn:aws:iam::999999999999:user/far", UserID: "AIDAFAR", Policy: json.RawMessage(mayAsk)}
	with := func(key, service, in, body string, when time.Time) *http.Request {
		r := httptest.NewRequest("POST", "https://x/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Amz-Content-Sha256", digest([]byte(body)))
		if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: "s"}, r, digest([]byte(body)), service, in, when); err != nil {
			t.Fatal(err)
		}
		return r
	}
	now := time.Now()
	event := mirrored(t, w.ask(t, "Desk", with("AKIADANA", "lambda", region, "{}", now), dana, eve))
	want := map[string]any{"accessKey": "AKIADANA", "accountId": w.account, "callerId": "AIDADANA", "cognitoIdentity": nil, "principalOrgId": "o-1", "userArn": dana.ARN, "userId": "AIDADANA"}
	if diff := cmp.Diff(any(want), at(event, "requestContext", "authorizer", "iam")); diff != "" || at(event, "requestContext", "accountId") != w.account {
		t.Errorf("authorizer (-want +got):\n%s\nin %v", diff, event["requestContext"])
	}
	other := with("AKIADANA", "lambda", region, "{}", now)
	other.Body = http.NoBody
	for name, r := range map[string]*http.Request{
		"unsigned": httptest.NewRequest("POST", "https://x/", nil), "another service": with("AKIADANA", "execute-api", region, "{}", now), "another Region": with("AKIADANA", "lambda", "us-east-1", "{}", now),
		"an old signature": with("AKIADANA", "lambda", region, "{}", now.Add(-time.Hour)), "another body": other, "a key of nobody": with("AKIAX", "lambda", region, "{}", now),
		"one who may not": with("AKIAEVE", "lambda", region, "{}", now), "another account, which the function does not admit": with("AKIAFAR", "lambda", region, "{}", now),
	} {
		if out := w.ask(t, "Desk", r, dana, eve, far); out.Code != 403 || out.Body.String() != `{"Message":"Forbidden"}` {
			t.Errorf("%s: answered %d %s", name, out.Code, out.Body)
		}
	}
	if target, err := w.Output("web", "Target"); err != nil || target != "arn:aws:lambda:"+region+":"+w.account+":function:desk" {
		t.Errorf("the URL's function is %s, %v", target, err)
	}
	if address, err := w.Output("web", "Desk"); err != nil || !regexp.MustCompile(`^https://[a-z0-9]+\.lambda-url\.eu-west-1\.on\.aws/$`).MatchString(address) {
		t.Errorf("the URL is %s, %v", address, err)
	}
	if _, err := w.Web("https://example.com/"); err == nil {
		t.Error("an address that no stack has is answered")
	}
}

func TestHTTPAPI(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	event := mirrored(t, w.ask(t, "Api", httptest.NewRequest("POST", "https://x/in", nil)))
	for path, want := range map[string]any{"version": "2.0", "routeKey": "POST /in", "rawPath": "/in", "requestContext accountId": w.account, "requestContext authorizer": nil} {
		if got := at(event, strings.Fields(path)...); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]int{"POST /other": 404, "GET /in": 404, "GET /shut": 500} {
		method, path, _ := strings.Cut(path, " ")
		if out := w.ask(t, "Api", httptest.NewRequest(method, "https://x"+path, nil)); out.Code != want {
			t.Errorf("%s %s: answered %d %s, want %d", method, path, out.Code, out.Body, want)
		}
	}
	address, err := w.Output("web", "Halfway")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Web(address); err == nil {
		t.Error("an API without a stage is answered")
	}
}
