package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// customer is the customer's S3 as our processes reach it. It is guarded by the world's mutex.
type customer struct {
	world     *world
	lookAfter int            // how many looks after a write still see the state before it
	sessions  map[string]int // by plan: write sessions that were handed out
	effects   map[string]int // by occurrence, plan hash and operation: writes that changed something
	writes    []string       // all that arrived
	last      map[string]answer
	stale     map[string]*staleness
	before    func(op string) // called before a write passes, if set: somebody else is quicker
}

type staleness struct {
	answer answer
	left   int
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) response(req *http.Request) *http.Response {
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body))}
}

// door is the way of one session to the customer's account.
type door struct {
	c    *customer
	kind string
	plan string // of the write session
	fix  string // occurrence and hash
}

func (c *customer) session(d *door) awsapi.Session {
	cfg := c.world.emulator.Config(c.world.account, region)
	cfg.HTTPClient = d
	return awsapi.NewSession(cfg, c.world.account, region)
}

func (c *customer) writeSession(_ context.Context, r engine.WriteRequest) (awsapi.Session, error) {
	if a := c.world.next("session", "AssumeRole"); a != pass {
		return awsapi.Session{}, errReset
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.sessions[r.Plan]++
	return c.session(&door{c: c, kind: "write", plan: r.Plan}), nil
}

// operation names a request: "PUT policy".
func operation(req *http.Request) string {
	sub, _, _ := strings.Cut(req.URL.RawQuery, "&")
	sub, _, _ = strings.Cut(sub, "=")
	return req.Method + " " + sub
}

func (d *door) Do(req *http.Request) (*http.Response, error) {
	op := operation(req)
	what := d.c.world.next(d.kind, op)
	if d.kind == "write" {
		d.fix = d.arrives(req, op)
	}
	switch what {
	case lost:
		return nil, &url.Error{Op: req.Method, URL: req.URL.Host, Err: errReset}
	case throttle:
		return failure(req, 503, "SlowDown"), nil
	case broken:
		return failure(req, 500, "InternalError"), nil
	case denied:
		return failure(req, 403, "AccessDenied"), nil
	case ignored:
		return answer{status: 200, header: http.Header{}}.response(req), nil
	case answerLost:
		req = req.WithContext(context.WithoutCancel(req.Context()))
	}
	resp, err := d.pass(req, op)
	if err == nil && what == answerLost {
		return nil, &url.Error{Op: req.Method, URL: req.URL.Host, Err: errReset}
	}
	return resp, err
}

func failure(req *http.Request, status int, code string) *http.Response {
	body := `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>injected</Message></Error>`
	return answer{status, http.Header{"Content-Type": {"application/xml"}}, []byte(body)}.response(req)
}

// pass lets a request through, or answers a read with what it saw before the last write.
func (d *door) pass(req *http.Request, op string) (*http.Response, error) {
	key := req.URL.Path + " " + op[strings.Index(op, " ")+1:]
	if d.kind == "read" {
		if a, old := d.c.old(key); old {
			return a.response(req), nil
		}
		return d.c.through(req, key)
	}
	bucket := strings.Trim(req.URL.Path, "/")
	if d.c.before != nil {
		d.c.before(op)
	}
	before := d.c.world.see(bucket)
	resp, err := d.c.through(req, "")
	if after := d.c.world.see(bucket); before != after {
		d.c.world.mu.Lock()
		defer d.c.world.mu.Unlock()
		d.c.effects[d.fix+" "+op]++
		if a, known := d.c.last[key]; known && d.c.lookAfter > 0 {
			d.c.stale[key] = &staleness{a, d.c.lookAfter}
		}
	}
	return resp, err
}

func (c *customer) old(key string) (answer, bool) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	s := c.stale[key]
	if s == nil || s.left == 0 {
		return answer{}, false
	}
	s.left--
	return s.answer, true
}

// through sends a request on, and remembers the answer under a key if there is one.
func (c *customer) through(req *http.Request, key string) (*http.Response, error) {
	resp, err := c.world.emulator.HTTPClient().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	a := answer{resp.StatusCode, resp.Header, body}
	if key != "" {
		c.world.mu.Lock()
		defer c.world.mu.Unlock()
		c.last[key] = a
	}
	return a.response(req), nil
}

// arrives holds a write that is about to reach the account against the audit log: an intent of its plan must be there already, one for each session that
// was handed out, none of them ended, with this very call on this very bucket. It returns the occurrence and the hash.
func (d *door) arrives(req *http.Request, op string) string {
	w, plan := d.c.world, d.plan
	intents, ended, occurrence := 0, 0, ""
	var detail intent
	for _, e := range w.entries() {
		switch {
		case e.Plan == plan && (e.Kind == audit.Intent || e.Kind == audit.Undo):
			intents++
			occurrence = e.Occurrence
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				w.problem("reading the intent of plan %s: %v", plan, err)
			}
		case e.Plan == plan && e.Kind == audit.Result:
			ended++
		}
	}
	bucket := strings.Trim(req.URL.Path, "/")
	w.mu.Lock()
	sessions := d.c.sessions[plan]
	d.c.writes = append(d.c.writes, bucket+" "+op)
	w.mu.Unlock()
	switch {
	case intents == 0:
		w.problem("%s on %s without an intent", op, bucket)
	case sessions > intents:
		w.problem("%s on %s: %d write sessions and %d intents of plan %s", op, bucket, sessions, intents, plan)
	case ended > 0:
		w.problem("%s on %s after the end of plan %s was recorded", op, bucket, plan)
	case !detail.Plan.has(op, bucket):
		w.problem("%s on %s is not in the intent of plan %s", op, bucket, plan)
	}
	return occurrence + " " + detail.Hash
}

// intent is what the log says before a write.
type intent struct {
	Hash string `json:"hash"`
	Plan plan   `json:"plan"`
}

type plan core.Plan

// wire is what each declared write looks like on the wire.
var wire = map[string]string{
	"s3:PutBucketPolicy": "PUT policy", "s3:DeleteBucketPolicy": "DELETE policy", "s3:PutBucketAcl": "PUT acl",
	"s3:PutPublicAccessBlock": "PUT publicAccessBlock", "s3:DeletePublicAccessBlock": "DELETE publicAccessBlock",
}

func (p plan) has(op, bucket string) bool {
	for _, c := range p.Changes {
		var in struct{ Bucket string }
		if json.Unmarshal(c.Do.Input, &in) == nil && in.Bucket == bucket && wire[c.Do.Op] == op {
			return true
		}
	}
	return false
}
