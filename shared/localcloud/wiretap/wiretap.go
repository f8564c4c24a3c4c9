// Package wiretap stands between programs and the AWS emulator and records
// every AWS API call that passes: who called which operation on what.
//
// Programs are pointed at it as they are at the emulator, with AWS_ENDPOINT_URL
// and, for host names that carry an account (S3 Control), HTTP_PROXY. What it
// records is what an evaluation of IAM policies needs. It keeps no bodies, no
// secret keys and no tokens: a Call can be printed.
package wiretap

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is one AWS API call that passed, and that was answered.
type Call struct {
	Time      time.Time // when it arrived
	Account   string    // the caller's, by its access key; empty if the key is unknown
	Region    string    // that it was signed for
	Service   string    // signing name: s3 also for S3 Control, see Control
	Operation string    // as the API names it: PutPublicAccessBlock; "METHOD /path" if it could not be told
	Control   bool      // an operation of S3 Control, which shares names with S3

	Principal      string // ARN of the role or user whose credentials signed it; empty if unknown
	SessionName    string // of the role's session
	SessionPolicy  string // the inline policy that AssumeRole gave to the session; empty: none
	SourceIdentity string // of the session, kept along a chain of roles

	Resources []Resource        // what it touches, as far as the request tells; none: no resource, or the whole account
	Context   map[string]string // condition keys of IAM that the request itself carries: iam:PolicyARN, sts:SourceIdentity
	Status    int               // of the HTTP answer
}

// Resource is something that a call touches.
type Resource struct {
	ARN string
	// Part tells apart what a call does that does several things: Put, Update, Delete, ConditionCheck (TransactWriteItems), Tag
	// (tags given while creating something), Key (a KMS key that the service will use for it). Empty: what the operation's name says.
	Part string
	// Key is the partition key of the item of a DynamoDB table, where a request names one; tables of ours call it pk.
	Key string
}

// Options may be zero.
type Options struct {
	// Keys says whose credentials did not come from an AssumeRole that passed: access key id to the ARN of its role or user. The keys of
	// the test's own set-up belong here; calls of keys that nobody knows are recorded without a principal.
	Keys map[string]string
	// Delay is how long each request waits before it goes on, to stand for a round trip to AWS.
	Delay time.Duration
	// Fault is asked about every AWS call before it goes on; nil, or an answer of nil, lets it pass. It may be called concurrently.
	Fault func(Call) *Fault
}

// Fault is an answer in AWS's place. A faulted call is recorded with the fault's status.
type Fault struct {
	Status int    // of the HTTP answer, for example 503
	Code   string // the error code that the SDK finds in it, for example ThrottlingException
	After  bool   // answer so only after the call was made: it worked, and its caller never learns
}

// Tap is a running proxy. It may be used concurrently.
type Tap struct {
	URL string // for AWS_ENDPOINT_URL and HTTP_PROXY

	options Options
	server  *http.Server

	mu      sync.Mutex
	calls   []Call
	keys    map[string]identity
	learned map[string]string // see learnARNs
}

// identity is whose credentials an access key stands for.
type identity struct{ principal, sessionName, sessionPolicy, sourceIdentity string }

// Start begins to listen on a free local port and to pass all requests on to
// target, the emulator's address.
func Start(target string, opts Options) (*Tap, error) {
	to, err := url.Parse(target)
	if err != nil || to.Host == "" {
		return nil, fmt.Errorf("starting the wiretap: %q is not the address of an emulator: %w", target, errors.Join(err))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the wiretap: %w", err)
	}
	t := &Tap{URL: "http://" + listener.Addr().String(), options: opts, keys: map[string]identity{}, learned: map[string]string{}}
	for key, arn := range opts.Keys {
		t.keys[key] = identity{principal: arn}
	}
	t.server = &http.Server{Handler: t.handler(to), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = t.server.Serve(listener) }() // ends with Stop
	return t, nil
}

// Stop ends the proxy; requests under way are cut off.
func (t *Tap) Stop() error { return t.server.Close() }

// Know says whose credentials an access key stands for, as Options.Keys does.
func (t *Tap) Know(accessKeyID, principalARN string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[accessKeyID] = identity{principal: principalARN}
}

// Calls returns what was recorded so far, in the order of arrival.
func (t *Tap) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := slices.Clone(t.calls)
	slices.SortStableFunc(calls, func(a, b Call) int { return a.Time.Compare(b.Time) })
	for i := range calls {
		calls[i].Resources = slices.Clone(calls[i].Resources)
		calls[i].Context = maps.Clone(calls[i].Context)
	}
	return calls
}

// Forget drops what was recorded, and keeps what was learned of keys.
func (t *Tap) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = nil
}

func (t *Tap) record(c Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, c)
}

func (t *Tap) who(accessKeyID string) identity {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys[accessKeyID]
}
