package hub

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/awsapi/kmsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/awsapi/snsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
)

// roles answers AssumeRole from memory: credentials that end at a time, and whatever is said of single accounts.
type roles struct {
	mu    sync.Mutex
	asked map[string]int // by role ARN
	ends  time.Time
	hold  map[string]chan struct{} // by role ARN: answered once it is closed
	fail  map[string]bool
}

func (s *roles) Do(req *http.Request) (*http.Response, error) {
	if req.Body == nil { // some service's request, which nobody answers
		return nil, errors.New("nothing there")
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("Action") != "AssumeRole" {
		return nil, errors.New("nothing there")
	}
	role := form.Get("RoleArn")
	s.mu.Lock()
	s.asked[role]++
	hold, fail, ends := s.hold[role], s.fail[role], s.ends
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	status, answer := 200, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>`+
		`<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>`+ends.UTC().Format(time.RFC3339)+`</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	if fail {
		status, answer = 403, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func (s *roles) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, x := range s.asked {
		n += x
	}
	return n
}

type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newRoles() (*sessions, *roles, *fakeClock) {
	clock := &fakeClock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	fake := &roles{asked: map[string]int{}, hold: map[string]chan struct{}{}, fail: map[string]bool{}, ends: clock.t.Add(15 * time.Minute)}
	cfg := aws.Config{Region: "eu-west-1", HTTPClient: fake, Credentials: credentials.NewStaticCredentialsProvider("A", "S", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	return newSessions(cfg, clock.now, func(account string) stsapi.Assume { return stsapi.Assume{RoleARN: "arn:" + account, Name: "read"} }), fake, clock
}

func account(i int) string { return fmt.Sprintf("%012d", i+1) }

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s, fake, clock := newRoles()
	ask := func(want int) {
		t.Helper()
		got, err := s.get(t.Context(), account(0), "eu-west-1")
		if err != nil || got.Account != account(0) || got.Region != "eu-west-1" {
			t.Fatalf("%+v, %v", got, err)
		}
		if n := fake.requests(); n != want {
			t.Errorf("%d requests to STS, want %d", n, want)
		}
	}
	ask(1)
	clock.pass(15*time.Minute - renewBefore - time.Second)
	ask(1)
	clock.pass(time.Second) // so near its end that it is not given out any more
	fake.ends = clock.now().Add(15 * time.Minute)
	ask(2)
	ask(2)
	fake.ends = clock.now() // what STS gives has ended already: nothing to keep
	clock.pass(15 * time.Minute)
	ask(3)
	ask(4)
}

func TestOneRoleSessionForAllRegionsOfAnAccount(t *testing.T) {
	t.Parallel()
	s, fake, _ := newRoles()
	for i := range 40 {
		region := fmt.Sprintf("ap-south-%d", i)
		if got, err := s.get(t.Context(), account(0), region); err != nil || got.Region != region {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if fake.requests() != 1 || s.places != 40 {
		t.Errorf("%d requests and %d places, want 1 and 40", fake.requests(), s.places)
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	s, fake, _ := newRoles()
	fake.fail["arn:"+account(0)] = true
	if _, err := s.get(t.Context(), account(0), "eu-west-1"); !awsapi.IsAccessDenied(err) {
		t.Fatalf("got %v, want denied", err)
	}
	fake.fail["arn:"+account(0)] = false
	if _, err := s.get(t.Context(), account(0), "eu-west-1"); err != nil {
		t.Errorf("granted, and still %v", err)
	}
}

// The one whose answer is late holds up nobody else, and many who want it ask once.
func TestAccountsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	s, fake, _ := newRoles()
	late := make(chan struct{})
	fake.hold["arn:"+account(0)] = late
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := s.get(t.Context(), account(0), "eu-west-1"); err != nil || got.Account != account(0) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if got, err := s.get(t.Context(), account(1), "eu-west-1"); err != nil || got.Account != account(1) {
		t.Errorf("%+v, %v", got, err)
	}
	close(late)
	wg.Wait()
	if n := fake.asked["arn:"+account(0)]; n > 2 { // a second one may come just after the first has answered
		t.Errorf("%d requests for one account, want one", n)
	}
}

// touch makes the SDK clients that listing a place makes, as the controls' families do.
func touch(t *testing.T, s awsapi.Session) {
	t.Helper()
	ctx := t.Context()
	for _, list := range []func() error{
		func() error { _, err := s3api.Bucket.List(ctx, s); return err },
		func() error { _, err := sqsapi.Queue.List(ctx, s); return err },
		func() error { _, err := snsapi.Topic.List(ctx, s); return err },
		func() error { _, err := kmsapi.Key.List(ctx, s); return err },
		func() error { _, err := rdsapi.Instance.List(ctx, s); return err },
		func() error { _, err := ec2api.SecurityGroup.List(ctx, s); return err },
	} {
		if list() == nil {
			t.Fatal("somebody answered")
		}
	}
}

// TestMemoryIsBounded goes through 1,000 accounts in 17 Regions, as sweeps of a large organisation do in one process. What is measured is what stays.
func TestMemoryIsBounded(t *testing.T) {
	s, fake, _ := newRoles()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 1000 {
		for r := range 17 {
			got, err := s.get(t.Context(), account(i), fmt.Sprintf("ap-south-%d", r+1))
			if err != nil {
				t.Fatal(err)
			}
			if i >= 900 { // clients cost time to make; these are more than are ever kept
				touch(t, got)
			}
		}
		if s.places > maxPlaces || len(s.have) > maxPlaces || s.order.Len() != len(s.have) {
			t.Fatalf("%d places of %d accounts are kept, want at most %d", s.places, len(s.have), maxPlaces)
		}
	}
	if fake.requests() != 1000 {
		t.Errorf("%d requests to STS, want one for each account", fake.requests())
	}
	after := heap()
	t.Logf("%d KB more after 17,000 places, %d of them kept", (int64(after)-int64(before))/1024, s.places)
	if after > before+32<<20 {
		t.Errorf("%d KB stay, want at most 32 MB", (after-before)/1024)
	}
	runtime.KeepAlive(s)
}
