package client

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
)

const home = "111122223333"

func TestOnlyFunctionURLsAreSpokenTo(t *testing.T) {
	t.Parallel()
	cfg := reviewtest.User(home, "ada").Config()
	for raw, region := range map[string]string{
		"https://abc123.lambda-url.eu-west-1.on.aws/": "eu-west-1", "https://abc123.lambda-url.us-gov-west-1.on.aws": "us-gov-west-1", "https://z.lambda-url.ap-southeast-2.on.aws/": "ap-southeast-2",
		"http://127.0.0.1:8080/": reviewtest.Region, "http://[::1]:8080": reviewtest.Region, "https://127.0.0.1:8080": reviewtest.Region,
	} {
		if c, err := New(raw, cfg); err != nil || c.region != region {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{
		"", "x", "abc.lambda-url.eu-west-1.on.aws", "http://abc.lambda-url.eu-west-1.on.aws/", "ftp://abc.lambda-url.eu-west-1.on.aws/", "https://abc.lambda-url.eu-west-1.on.aws.evil.example/",
		"https://evil.example/abc.lambda-url.eu-west-1.on.aws", "https://evil.example#.lambda-url.eu-west-1.on.aws", "https://abc.lambda-url.eu-west-1.on.aws@evil.example/", "https://evil.example?x=.lambda-url.eu-west-1.on.aws",
		"https://user@abc.lambda-url.eu-west-1.on.aws/", "https://abc.lambda-url.eu-west-1.on.aws:8443/", "https://abc.lambda-url.eu-west-1.on.aws/path", "https://abc.lambda-url.eu-west-1.on.aws/?a=b",
		"https://abc.lambda-url.eu-west-1.on.aws/?", "https://abc.lambda-url.eu-west-1.on.aws/#x", "https://a.b.lambda-url.eu-west-1.on.aws/", "https://abc.lambda-url.evil.on.aws/", "https://abc.lambda-url.eu-west-1.on.aws\\@evil.example",
		"https://lambda-url.eu-west-1.on.aws/", "https://.lambda-url.eu-west-1.on.aws/", "https://ABC.lambda-url.eu-west-1.on.aws/", "http://localhost:8080/", "http://10.0.0.1/", "http://0.0.0.0:80/", "http://169.254.169.254/", "http://127.0.0.1.evil.example/",
		"https://abc.execute-api.eu-west-1.amazonaws.com/", "https:abc.lambda-url.eu-west-1.on.aws", "//abc.lambda-url.eu-west-1.on.aws/", "https://abc.lambda-url.eu-west-1.on.aws./",
	} {
		if _, err := New(raw, cfg); err == nil {
			t.Errorf("%q is spoken to", raw)
		}
	}
}

// echo answers with who AWS says it is.
func echo(_ context.Context, r events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	return events.LambdaFunctionURLResponse{StatusCode: 202, Body: `{"message":"heard","you":"` + r.RequestContext.Authorizer.IAM.UserARN + `"}`}, nil
}

func word() review.Word {
	hash := strings.Repeat("ab", 32)
	return review.Word{Verdict: review.Approve, Ref: "fix/111122223333/1/" + hash + "/01KB", Hash: hash, Via: "cli"}
}

func TestRequestsAreSigned(t *testing.T) {
	t.Parallel()
	ada := reviewtest.User(home, "ada")
	url := reviewtest.URL(t, echo, ada)
	c, err := New(url, ada.Config())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Say(t.Context(), word()); err != nil || got.You != ada.ARN {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Pending(t.Context(), home); err != nil || got.You != ada.ARN { // with a query to sign
		t.Errorf("%+v, %v", got, err)
	}
	forger := ada
	forger.Secret = "guessed"
	for name, p := range map[string]reviewtest.Principal{"unknown": reviewtest.User(home, "eve"), "a wrong secret": forger} {
		c, err := New(url, p.Config())
		if err != nil {
			t.Fatal(err)
		}
		var no *Refused
		if _, err := c.Say(t.Context(), word()); !errors.As(err, &no) || no.Status != 403 || no.Code != "aws" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoWordIsSentThatIsNone(t *testing.T) {
	t.Parallel()
	c, err := New("http://127.0.0.1:1/", reviewtest.User(home, "ada").Config())
	if err != nil {
		t.Fatal(err)
	}
	w := word()
	w.Hash = strings.Repeat("cd", 32)
	if _, err := c.Say(t.Context(), w); err == nil || !strings.Contains(err.Error(), "nothing was sent") {
		t.Errorf("%v", err)
	}
}

func TestRedirectsAndNonsenseAreErrors(t *testing.T) {
	t.Parallel()
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"a page":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"too much":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxAnswer+1)) },
		"a failure": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) },
	} {
		s := httptest.NewServer(answer)
		c, err := New(s.URL, reviewtest.User(home, "ada").Config())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Pending(t.Context(), ""); err == nil {
			t.Errorf("%s is an answer", name)
		}
		s.Close()
	}
	if asked > 0 {
		t.Error("the redirect was followed")
	}
}

// What is shown must be what is approved.
func TestAPlanOfAnotherHashIsRefused(t *testing.T) {
	t.Parallel()
	plan := `{"schema":1}`
	key := approval.Key{Account: home, Kind: approval.Fix, ID: "01KB", Hash: canon.Hash([]byte(plan))}
	it := review.Item{Request: approval.Request{Key: key, Round: 1}, Plan: plan}
	it.Ref = review.RefOf(it.Request).String()
	if err := Check(it); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*review.Item){
		"another plan":  func(it *review.Item) { it.Plan = `{"schema":2}` },
		"another hash":  func(it *review.Item) { it.Request.Key.Hash = canon.Hash([]byte("x")) },
		"another round": func(it *review.Item) { it.Request.Round = 2 },
		"another name":  func(it *review.Item) { it.Ref = "fix/x" },
	} {
		bad := it
		change(&bad)
		if Check(bad) == nil {
			t.Errorf("%s is shown", name)
		}
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	ada := reviewtest.User(home, "ada")
	n := 0
	url := reviewtest.URL(t, func(context.Context, events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
		n++
		body := `{}`
		if n == 2 {
			body = `{"word":{"known":true,"refused":"no","code":"stranger"}}`
		}
		return events.LambdaFunctionURLResponse{StatusCode: 200, Body: body}, nil
	}, ada)
	c, err := New(url, ada.Config())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Outcome(t.Context(), word(), review.Receipt{Since: home + ":1"}, 0); err != nil || got.Word.Known {
		t.Errorf("without waiting: %+v, %v", got, err)
	}
	if got, err := c.Outcome(t.Context(), word(), review.Receipt{Since: home + ":1"}, 10*time.Second); err != nil || got.Word.Refused != "no" {
		t.Errorf("%+v, %v", got, err)
	}
}
