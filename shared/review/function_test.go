package review

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// mouth is a function whose words are heard here, with tables that are empty.
type mouth struct {
	Function
	said  []approval.Said
	fails error
}

// emptyTables answers every read of a table with nothing.
type emptyTables struct{}

func (emptyTables) Do(req *http.Request) (*http.Response, error) {
	body := `{}`
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), "Query") {
		body = `{"Items":[],"Count":0}`
	}
	return &http.Response{StatusCode: 200, Request: req, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: readCloser{strings.NewReader(body)}}, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func newMouth() *mouth {
	cfg := aws.Config{HTTPClient: emptyTables{}, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	own := awsapi.NewSession(cfg, home, "eu-west-1")
	m := &mouth{}
	m.Tables = TablesOf(own, "shoreup", audit.New(dynamodbapi.NewStore(own), "shoreup-audit", time.Now, "test"), nil)
	m.Identities = &Identities{Account: home, Role: genuine().role}
	m.Say = func(_ context.Context, s approval.Said) error { m.said = append(m.said, s); return m.fails }
	return m
}

func request(who *iamContext, method, body string) events.LambdaFunctionURLRequest {
	r := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", Body: body, Headers: map[string]string{"content-type": "application/json"}}
	r.RequestContext.HTTP.Method = method
	r.RequestContext.Authorizer = &events.LambdaFunctionURLRequestContextAuthorizerDescription{IAM: who}
	return r
}

func text(t testing.TB, w Word) string {
	t.Helper()
	body, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAWordIsPassedOn(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(r *events.LambdaFunctionURLRequest){
		"as it is": func(*events.LambdaFunctionURLRequest) {},
		"base64": func(r *events.LambdaFunctionURLRequest) {
			r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body)), true
		},
		"with a charset": func(r *events.LambdaFunctionURLRequest) {
			r.Headers["content-type"] = "application/json; charset=utf-8"
		},
		"without a path": func(r *events.LambdaFunctionURLRequest) { r.RawPath = "" },
		"with lying headers": func(r *events.LambdaFunctionURLRequest) {
			r.Headers["x-amzn-user-arn"], r.Headers["x-forwarded-user"] = "arn:aws:iam::111122223333:user/ada", "ada"
		},
		"with lying cookies":  func(r *events.LambdaFunctionURLRequest) { r.Cookies = []string{"user=ada"} },
		"of an API's account": func(r *events.LambdaFunctionURLRequest) { r.RequestContext.AccountID = other },
	} {
		m := newMouth()
		r := request(user(home, "bob"), "POST", text(t, yes()))
		body(&r)
		out, err := m.Handle(t.Context(), r)
		if err != nil || out.StatusCode != 202 || len(m.said) != 1 || m.said[0].Answer == nil {
			t.Fatalf("%s: %d %s, %v, %+v", name, out.StatusCode, out.Body, err, m.said)
		}
		if a := m.said[0].Answer; a.Identity != "arn:aws:iam::111122223333:user/bob" || a.Verdict != approval.Yes || a.Key != fix().Key || a.Round != 1 || a.Via != "cli" {
			t.Errorf("%s: %+v", name, a)
		}
		var receipt Receipt
		if json.Unmarshal([]byte(out.Body), &receipt) != nil || receipt.You != "arn:aws:iam::111122223333:user/bob" || receipt.Since != home+":0,"+other+":0" {
			t.Errorf("%s: %s", name, out.Body)
		}
	}
}

// hostile are requests of which none may become a word.
func hostile(t testing.TB) map[string]events.LambdaFunctionURLRequest {
	good := text(t, yes())
	out := map[string]events.LambdaFunctionURLRequest{}
	for name, body := range badBodies() {
		out["body: "+name] = request(user(home, "ada"), "POST", body)
	}
	for name, who := range strangers() {
		out["caller: "+name] = request(who, "POST", good)
	}
	change := func(name string, f func(*events.LambdaFunctionURLRequest)) {
		r := request(user(home, "ada"), "POST", good)
		f(&r)
		out["request: "+name] = r
	}
	change("no authorizer", func(r *events.LambdaFunctionURLRequest) { r.RequestContext.Authorizer = nil })
	change("another version", func(r *events.LambdaFunctionURLRequest) { r.Version = "1.0" })
	change("no version", func(r *events.LambdaFunctionURLRequest) { r.Version = "" })
	change("another path", func(r *events.LambdaFunctionURLRequest) { r.RawPath = "/approve" })
	change("a path above", func(r *events.LambdaFunctionURLRequest) { r.RawPath = "/.." })
	change("two slashes", func(r *events.LambdaFunctionURLRequest) { r.RawPath = "//" })
	change("a query", func(r *events.LambdaFunctionURLRequest) { r.RawQueryString = "verdict=approve" })
	change("parameters", func(r *events.LambdaFunctionURLRequest) {
		r.QueryStringParameters = map[string]string{"identity": "sso:ada"}
	})
	change("no type", func(r *events.LambdaFunctionURLRequest) { r.Headers = nil })
	change("a form", func(r *events.LambdaFunctionURLRequest) {
		r.Headers["content-type"] = "application/x-www-form-urlencoded"
	})
	change("plain text", func(r *events.LambdaFunctionURLRequest) { r.Headers["content-type"] = "text/plain" })
	change("almost JSON", func(r *events.LambdaFunctionURLRequest) { r.Headers["content-type"] = "application/jsonx" })
	change("a broken type", func(r *events.LambdaFunctionURLRequest) { r.Headers["content-type"] = "application/json; charset" })
	change("an upper-case header", func(r *events.LambdaFunctionURLRequest) {
		r.Headers = map[string]string{"Content-Type": "application/json"}
	})
	change("wrong base64", func(r *events.LambdaFunctionURLRequest) { r.IsBase64Encoded = true })
	change("base64 that was not said", func(r *events.LambdaFunctionURLRequest) { r.Body = base64.StdEncoding.EncodeToString([]byte(r.Body)) })
	change("6 MB", func(r *events.LambdaFunctionURLRequest) { r.Body += strings.Repeat(" ", 6<<20) })
	change("much in base64", func(r *events.LambdaFunctionURLRequest) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body+strings.Repeat(" ", 5000))), true
	})
	return out
}

// Each is refused with a reason, and put on the record with the name that AWS says.
func TestHostileRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	all := hostile(t)
	if len(all) < 100 {
		t.Fatalf("%d cases", len(all))
	}
	for name, r := range all {
		m := newMouth()
		out, err := m.Handle(t.Context(), r)
		if err != nil || out.StatusCode < 400 || out.StatusCode > 499 {
			t.Errorf("%s: %d %s, %v", name, out.StatusCode, out.Body, err)
		}
		var said struct{ Code, Message string }
		if json.Unmarshal([]byte(out.Body), &said) != nil || said.Code == "" || said.Message == "" || len(out.Body) > 1000 {
			t.Errorf("%s: the answer is %s", name, out.Body)
		}
		if len(m.said) != 1 || m.said[0].Refused == nil || m.said[0].Words() != 1 {
			t.Fatalf("%s: said %+v", name, m.said)
		}
		want := "unknown"
		if c := caller(r); c != nil && c.UserARN != "" {
			want = c.UserARN
		}
		if u := m.said[0].Refused; u.Identity != want || u.Code != said.Code || u.Why != said.Message || u.Via != "review" {
			t.Errorf("%s: recorded %+v", name, u)
		}
		if raw, err := json.Marshal(m.said[0]); err != nil || len(raw) > 4<<10 {
			t.Errorf("%s: the record has %d bytes, %v", name, len(raw), err)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"", "get", "post", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "APPROVE"} {
		m := newMouth()
		out, err := m.Handle(t.Context(), request(user(home, "ada"), method, text(t, yes())))
		if err != nil || out.StatusCode != 405 || len(m.said) != 0 {
			t.Errorf("%q: %d, %v, %+v", method, out.StatusCode, err, m.said)
		}
		for name := range out.Headers {
			if strings.HasPrefix(name, "access-control") {
				t.Errorf("%q: answers with %s", method, name)
			}
		}
	}
}

func TestReadingIsForPeopleToo(t *testing.T) {
	t.Parallel()
	for name, who := range strangers() {
		m := newMouth()
		out, err := m.Handle(t.Context(), request(who, "GET", ""))
		if err != nil || out.StatusCode != 403 || len(m.said) != 0 {
			t.Errorf("%s: %d %s, %v", name, out.StatusCode, out.Body, err)
		}
	}
	for query, want := range map[string]int{
		"": 200, "account=111122223333": 200, "account=1": 400, "account=%23people": 400, "ref=x": 400, "ref=" + fix().String() + "&since=x": 400, "since=111122223333:1": 400,
		"verdict=lift&since=111122223333:1": 200, "since=111122223333:-1&verdict=lift": 400, "verdict=lift&since=111122223333:1,111122223333:2,111122223333:3": 400, "who=ada": 400,
	} {
		m := newMouth()
		r := request(user(home, "ada"), "GET", "")
		r.QueryStringParameters = map[string]string{}
		for part := range strings.SplitSeq(query, "&") {
			if key, value, ok := strings.Cut(part, "="); ok {
				r.QueryStringParameters[key] = strings.ReplaceAll(value, "%23", "#")
			}
		}
		out, err := m.Handle(t.Context(), r)
		if err != nil || out.StatusCode != want {
			t.Errorf("%q: %d %s, %v; want %d", query, out.StatusCode, out.Body, err, want)
		}
	}
}

// A word that could not be queued was not heard, and whoever said it is told so.
func TestALostWordIsNoWord(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]events.LambdaFunctionURLRequest{
		"a word": request(user(home, "ada"), "POST", text(t, yes())), "a refused one": request(user(home, "ada"), "POST", "{}"),
	} {
		m := newMouth()
		m.fails = errors.New("the queue is gone: secret-queue-url")
		out, err := m.Handle(t.Context(), r)
		if err != nil || out.StatusCode != 503 || strings.Contains(out.Body, "secret") {
			t.Errorf("%s: %d %s, %v", name, out.StatusCode, out.Body, err)
		}
	}
}

func TestAnAnswerFits(t *testing.T) {
	t.Parallel()
	var l List
	for range 60 {
		l.Items = append(l.Items, Item{Ref: fix().String(), Plan: strings.Repeat(`{"quotes":"\\"}`, 15_000)})
	}
	for range 20_000 {
		l.Items = append(l.Items, Item{Ref: fix().String()})
	}
	got, err := bounded(l)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(events.LambdaFunctionURLResponse{Body: string(raw)})
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) > 6_291_556 || !got.Cut || len(got.Items) < 1000 || got.Items[0].Plan == "" || got.Items[50].Plan != "" {
		t.Errorf("%d bytes, %d items, cut %v", len(whole), len(got.Items), got.Cut)
	}
}

// FuzzHandle: whatever comes, there is an answer, at most one word, and the word is of whom AWS names.
func FuzzHandle(f *testing.F) {
	for _, r := range hostile(f) {
		if len(r.Body) < 10_000 {
			c := caller(r)
			if c == nil {
				c = &iamContext{}
			}
			f.Add(r.RequestContext.HTTP.Method, r.RawPath, r.Headers["content-type"], r.Body, r.IsBase64Encoded, c.AccountID, c.UserARN, c.UserID)
		}
	}
	f.Add("POST", "/", "application/json", text(f, yes()), false, home, "arn:aws:iam::"+home+":user/ada", "AIDA")
	f.Fuzz(func(t *testing.T, method, path, kind, body string, encoded bool, account, arn, id string) {
		m := newMouth()
		r := request(&iamContext{AccountID: account, UserARN: arn, UserID: id}, method, body)
		r.RawPath, r.IsBase64Encoded, r.Headers["content-type"] = path, encoded, kind
		out, err := m.Handle(t.Context(), r)
		if err != nil || !json.Valid([]byte(out.Body)) || out.StatusCode < 200 || len(m.said) > 1 {
			t.Fatalf("%d %s, %v, %+v", out.StatusCode, out.Body, err, m.said)
		}
		if method != "POST" && len(m.said) > 0 || method == "POST" && len(m.said) != 1 {
			t.Fatalf("%s said %+v", method, m.said)
		}
		if len(m.said) == 0 {
			return
		}
		who, err := (&Identities{Account: home, Role: genuine().role}).Of(t.Context(), caller(r))
		passed := m.said[0].Refused == nil
		if passed != (out.StatusCode == 202) || passed && (err != nil || identityIn(m.said[0]) != who) {
			t.Errorf("%d, and %q said %+v", out.StatusCode, who, m.said[0])
		}
	})
}
