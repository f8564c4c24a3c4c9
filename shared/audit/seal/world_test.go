package seal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const (
	one = "111122223333"
	two = "444455556666"
)

// small are limits that a few entries reach.
var small = Limits{Entries: 5, Bytes: 1 << 20, News: 1000, Recheck: 1000, Objects: 1000, AtOnce: 2, Margin: time.Minute}

// world is an audit table and an audit bucket with Object Lock, in an account of its own.
type world struct {
	t      testing.TB
	cloud  *tabletest.Cloud
	store  *dynamodbapi.Store
	log    *audit.Log
	wire   *s3wire
	bucket string // names are taken by all accounts together
	sealer *Sealer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	cloud := tabletest.New(t)
	cfg := emulatortest.ForTest(t).Config(cloud.Session.Account, "eu-west-1")
	wire := &s3wire{to: cfg.HTTPClient}
	cfg.HTTPClient = wire
	session := awsapi.NewSession(cfg, cloud.Session.Account, "eu-west-1")
	store := cloud.Store()
	w := &world{t: t, cloud: cloud, store: store, wire: wire, bucket: "audit-" + cloud.Session.Account, log: audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, t.Name())}
	w.sealer = &Sealer{Log: w.log, Session: session, Bucket: w.bucket, Now: time.Now, Limits: small, pick: func(int64) int64 { return 0 }}
	_, err := w.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.bucket, ObjectLockEnabledForBucket: aws.Bool(true),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// s3 is a client of the bucket for whoever tampers with it.
func (w *world) s3() *s3.Client {
	w.t.Helper()
	c, err := awsapi.Client(w.sealer.Session, func(cfg aws.Config, opts ...func(*s3.Options)) *s3.Client {
		return s3.NewFromConfig(cfg, append(opts, func(o *s3.Options) { o.UsePathStyle = true })...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// append adds n entries to a chain.
func (w *world) append(chain string, n int) {
	w.t.Helper()
	for i := range n {
		e := audit.Entry{Kind: audit.Plan, Control: "s3-x", Resource: fmt.Sprint("arn:aws:s3:::b", i), Detail: []byte(`{"text":"a\nb \u2028 <&>"}`)}
		if _, err := w.log.Append(w.t.Context(), chain, e); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) run() Result {
	w.t.Helper()
	out, err := w.sealer.Run(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// keys are the names of all segments, in order.
func (w *world) keys() []string {
	w.t.Helper()
	out, err := w.s3().ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: &w.bucket})
	if err != nil {
		w.t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

func (w *world) object(key string) string {
	w.t.Helper()
	out, err := w.s3().GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &w.bucket, Key: &key})
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// put writes an object as somebody does who does not ask whether there is one.
func (w *world) put(key, content string) {
	w.t.Helper()
	_, err := w.s3().PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &w.bucket, Key: &key, Body: strings.NewReader(content), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	if err != nil {
		w.t.Fatal(err)
	}
}

// hide puts a delete marker over an object.
func (w *world) hide(key string) {
	w.t.Helper()
	if _, err := w.s3().DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: &w.bucket, Key: &key}); err != nil {
		w.t.Fatal(err)
	}
}

// bodies are the exact bytes of a chain's entries, from the table.
func (w *world) bodies(chain string) []string {
	w.t.Helper()
	entries, err := w.log.List(w.t.Context(), chain, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, string(e.Body))
	}
	return out
}

// s3wire is the way to the bucket. It notes the requests that write, and loses some.
type s3wire struct {
	to aws.HTTPClient

	mu    sync.Mutex
	puts  []http.Header
	fault func(method string, n int) tabletest.Fault // of the n-th request, from 1
	n     int
	deny  string // queries that have it are not allowed
}

// refuse has requests whose query has a parameter answered with AccessDenied.
func (s *s3wire) refuse(parameter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = parameter
}

func answer(req *http.Request, status int, code string) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader("<Error><Code>" + code + "</Code></Error>"))}
}

func (s *s3wire) fail(f func(method string, n int) tabletest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.n = f, 0
}

func (s *s3wire) Do(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.n++
	fault := tabletest.None
	if s.fault != nil {
		fault = s.fault(req.Method, s.n)
	}
	if req.Method == http.MethodPut {
		s.puts = append(s.puts, req.Header.Clone())
	}
	denied := s.deny != "" && req.URL.Query().Has(s.deny)
	s.mu.Unlock()
	if denied {
		return answer(req, http.StatusForbidden, "AccessDenied"), nil
	}
	switch fault {
	case tabletest.Lost:
		return nil, errors.New("the connection was reset")
	case tabletest.AnswerLost:
		resp, err := s.to.Do(req.WithContext(context.WithoutCancel(req.Context())))
		if err == nil {
			resp.Body.Close()
		}
		return nil, errors.New("the connection was reset")
	case tabletest.Broken, tabletest.Throttle:
		return answer(req, http.StatusInternalServerError, "InternalError"), nil
	}
	return s.to.Do(req)
}
