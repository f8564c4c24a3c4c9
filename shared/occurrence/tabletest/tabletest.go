// Package tabletest gives tests our tables on the emulator, with the two properties of DynamoDB that matter and that the emulator lacks or
// never shows: requests are serialised, and answers get lost.
package tabletest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// Prefix is the prefix of the tables' names.
const Prefix = "shoreup"

// Fault is what happens to one request.
type Fault int

// The faults.
const (
	None       Fault = iota
	Lost             // the request never arrives
	AnswerLost       // the request has its effect, and nobody hears of it
	Throttle         // refused for now
	Broken           // the service answers 500 without effect
	Denied           // refused for good: we lack the permission
)

// Cloud is an account of its own on the emulator, with all our tables.
type Cloud struct {
	Session awsapi.Session
	line    *line
}

// New makes one.
func New(t testing.TB) *Cloud {
	t.Helper()
	account := emulatortest.Account(t)
	cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
	l := &line{to: cfg.HTTPClient}
	cfg.HTTPClient = l
	c := &Cloud{Session: awsapi.NewSession(cfg, account, "eu-west-1"), line: l}
	if err := occurrence.CreateTables(t.Context(), c.Session, Prefix); err != nil {
		t.Fatal(err)
	}
	return c
}

// Store returns a new store. It repeats requests at once: nobody else is at these tables who would need the time.
func (c *Cloud) Store() *dynamodbapi.Store {
	s := dynamodbapi.NewStore(c.Session)
	s.FirstWait = time.Millisecond
	return s
}

// Table returns the name of the table with that suffix.
func (c *Cloud) Table(suffix string) string { return Prefix + "-" + suffix }

// Fail asks the function what happens to each request from now on, by operation ("PutItem"). Nil: nothing.
func (c *Cloud) Fail(f func(op string) Fault) {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	c.line.fault = f
}

// line is the way to the emulator. It carries one request at a time: the emulator undoes a failed transaction by putting back whole
// tables as they were, and what others wrote meanwhile would be lost.
type line struct {
	to    aws.HTTPClient
	mu    sync.Mutex
	fault func(op string) Fault
}

var errLost = errors.New("the connection was reset")

func (l *line) Do(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	fault := None
	if l.fault != nil {
		fault = l.fault(op)
	}
	switch fault {
	case Lost:
		return nil, errLost
	case Throttle:
		return answer(req, 400, "ThrottlingException"), nil
	case Broken:
		return answer(req, 500, "InternalServerError"), nil
	case Denied:
		return answer(req, 400, "AccessDeniedException"), nil
	case AnswerLost: // even if it is the sender who goes away
		req = req.WithContext(context.WithoutCancel(req.Context()))
	}
	resp, err := l.to.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if fault == AnswerLost {
		return nil, errLost
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func answer(req *http.Request, status int, code string) *http.Response {
	body := `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"injected"}`
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body))}
}
