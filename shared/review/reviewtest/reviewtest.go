// Package reviewtest stands in for a Lambda function URL with auth type AWS_IAM: it checks the signature of each request as AWS does, and tells the
// function in the request's context who signed it.
package reviewtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Region is the URL's.
const Region = "eu-west-1"

// Handler is a function behind a function URL.
type Handler func(context.Context, events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error)

// Principal is whom AWS knows by an access key.
type Principal struct{ Key, Secret, Account, ARN, ID string }

// Config are the credentials of a principal, as the command line has them.
func (p Principal) Config() aws.Config {
	return aws.Config{Region: Region, Credentials: credentials.NewStaticCredentialsProvider(p.Key, p.Secret, "")}
}

// User is an IAM user of an account.
func User(account, name string) Principal {
	return Principal{"AKIA" + strings.ToUpper(name), "secret of " + name, account, "arn:aws:iam::" + account + ":user/" + name, "AIDA" + strings.ToUpper(name)}
}

// Session is a session of a role.
func Session(account, role, roleID, session string) Principal {
	return Principal{"ASIA" + strings.ToUpper(session), "secret of " + session, account, "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session, roleID + ":" + session}
}

// URL serves a function and returns its address. Only the principals are known; who is none of them is answered as AWS does.
func URL(t testing.TB, handle Handler, principals ...Principal) string {
	t.Helper()
	known := map[string]Principal{}
	for _, p := range principals {
		known[p.Key] = p
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 7<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		who, err := verify(r, body, known)
		if err != nil {
			forbid(w, err)
			return
		}
		resp, err := handle(r.Context(), request(r, body, who))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		for name, value := range resp.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.WriteString(w, resp.Body) // the client is gone, and the test knows
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func forbid(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": "Forbidden. " + err.Error()})
}

// verify signs the request once more with the secret of the key that it names, and compares. Source: IAM user guide, "Create a signed AWS API request".
func verify(r *http.Request, body []byte, known map[string]Principal) (Principal, error) {
	var scope, signed, signature string
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "Credential":
			scope = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			signature = value
		}
	}
	of := strings.Split(scope, "/") // key, day, Region, service, aws4_request
	if !ok || len(of) != 5 || of[2] != Region || of[3] != "lambda" || of[4] != "aws4_request" {
		return Principal{}, errors.New("it is not signed for lambda in this Region")
	}
	who, ok := known[of[0]]
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if !ok || err != nil || time.Since(at).Abs() > 5*time.Minute {
		return Principal{}, errors.New("the key is not known, or the signature is too old")
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return Principal{}, err
	}
	for name := range strings.SplitSeq(signed, ";") {
		if name != "host" && name != "content-length" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	creds := aws.Credentials{AccessKeyID: who.Key, SecretAccessKey: who.Secret}
	if err := v4.NewSigner().SignHTTP(r.Context(), creds, again, hex.EncodeToString(sum[:]), "lambda", Region, at); err != nil {
		return Principal{}, err
	}
	if !strings.Contains(";"+signed+";", ";host;") || subtle.ConstantTimeCompare([]byte("Signature="+signature), []byte(lastOf(again.Header.Get("Authorization")))) != 1 {
		return Principal{}, errors.New("the signature does not match")
	}
	return who, nil
}

func lastOf(authorization string) string {
	return authorization[strings.LastIndex(authorization, " ")+1:]
}

// request is what the function is told. Header names are lower-case, as Lambda makes them.
func request(r *http.Request, body []byte, who Principal) events.LambdaFunctionURLRequest {
	out := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery, Headers: map[string]string{}, Body: string(body)}
	for name := range r.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(r.Header.Values(name), ",")
	}
	if query := r.URL.Query(); len(query) > 0 {
		out.QueryStringParameters = map[string]string{}
		for name, values := range query {
			out.QueryStringParameters[name] = strings.Join(values, ",")
		}
	}
	out.RequestContext.HTTP.Method, out.RequestContext.HTTP.Path = r.Method, r.URL.Path
	out.RequestContext.Authorizer = &events.LambdaFunctionURLRequestContextAuthorizerDescription{IAM: Context(who)}
	return out
}

// Context is what AWS says of a principal.
func Context(p Principal) *events.LambdaFunctionURLRequestContextAuthorizerIAMDescription {
	return &events.LambdaFunctionURLRequestContextAuthorizerIAMDescription{AccessKey: p.Key, AccountID: p.Account, CallerID: p.ID, UserARN: p.ARN, UserID: p.ID}
}
