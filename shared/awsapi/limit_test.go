package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func code(c string) error { return fmt.Errorf("wrapped: %w", &smithy.GenericAPIError{Code: c}) }

func status(n int) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: n}}, Err: errors.New("x")}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want Class
	}{
		{nil, OK}, {code("NoSuchBucketPolicy"), NotFound}, {code("InvalidGroup.NotFound"), NotFound}, {code("DBThingNotFoundFault"), NotFound},
		{code("InvalidAMIID.Malformed"), Invalid}, {code("AccessDenied"), AccessDenied}, {code("UnauthorizedOperation"), AccessDenied},
		{code("RequestLimitExceeded"), Throttled}, {code("SlowDown"), Throttled}, {code("OperationAborted"), Conflict}, {code("InvalidPermission.Duplicate"), Exists},
		{code("LimitExceeded"), Quota}, {code("UnmodifiableEntity"), Unsupported}, {code("MalformedPolicy"), Invalid}, {code("SomethingNew"), Unknown},
		{status(404), NotFound}, {status(403), AccessDenied}, {status(429), Throttled}, {status(500), Transient}, {status(501), Unsupported}, {status(400), Unknown},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, Transient}, {context.DeadlineExceeded, Transient}, {errors.New("plain"), Unknown},
	} {
		if got := Classify(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	if IgnoreNotFound(code("NoSuchEntity")) != nil || IgnoreNotFound(code("AccessDenied")) == nil {
		t.Error("IgnoreNotFound ignores the wrong thing")
	}
}

// tries counts how often a failing call is made.
func tries(t *testing.T, account string, write bool, failures ...error) (int, error) {
	t.Helper()
	n := 0
	err := limited(t.Context(), Session{Account: account, Region: t.Name()}, "s3:Thing", write, func() error {
		n++
		if n <= len(failures) {
			return failures[n-1]
		}
		return nil
	})
	return n, err
}

func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	throttle, broken, denied := code("SlowDown"), code("InternalError"), code("AccessDenied")
	for name, c := range map[string]struct {
		write    bool
		failures []error
		want     int
		ok       bool
	}{
		"throttled read":              {false, []error{throttle, throttle}, 3, true},
		"throttled write":             {true, []error{throttle}, 2, true},
		"broken read":                 {false, []error{broken}, 2, true},
		"broken write is not guessed": {true, []error{broken}, 1, false},
		"denied":                      {false, []error{denied}, 1, false},
		"always throttled":            {false, []error{throttle, throttle, throttle, throttle, throttle, throttle}, maxTries, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := tries(t, name, c.write, c.failures...)
			if n != c.want || (err == nil) != c.ok {
				t.Errorf("%d tries, %v; want %d, success %v", n, err, c.want, c.ok)
			}
		})
	}
}

func TestThrottlingLowersTheRateAndSuccessRaisesIt(t *testing.T) {
	t.Parallel()
	s := Session{Account: "rate", Region: t.Name()}
	lim, budget := limiters.get(s, "ec2:DescribeThings", false)
	if _, err := tries(t, "other", false); err != nil {
		t.Fatal(err)
	}
	if float64(lim.Limit()) != budget.PerSecond {
		t.Fatalf("another account's calls changed the rate to %v", lim.Limit())
	}
	n := 0
	if err := limited(t.Context(), s, "ec2:DescribeThings", false, func() error {
		if n++; n == 1 {
			return code("RequestLimitExceeded")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := float64(lim.Limit()); got <= budget.PerSecond/2 || got >= budget.PerSecond {
		t.Errorf("rate %v after one throttle and one success, want a bit above half of %v", got, budget.PerSecond)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := limited(ctx, Session{Account: "ctx", Region: t.Name()}, "s3:Thing", false, func() error { return code("SlowDown") })
	if err == nil {
		t.Error("a throttled call went on after its context had ended")
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b"} {
		if got := PartitionOf(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestPinnedDialsNothingElse(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "127.0.0.1:5000", "http://", "::"} {
		if _, err := Pinned(bad); err == nil {
			t.Errorf("%q passes for an endpoint", bad)
		}
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Host)) }), ReadHeaderTimeout: time.Second}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	c, err := Pinned("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Get("http://111122223333.s3-control.eu-west-1.amazonaws.com/")
	if err != nil {
		t.Fatalf("a made-up host was not dialled at the emulator: %v", err)
	}
	resp.Body.Close()
}

// Only an emulator at an address of this machine may be asked faster: a name like localhost can lead anywhere.
func TestOnlyAnEmulatorHereIsAskedFaster(t *testing.T) {
	t.Parallel()
	const aws10 = 10 // EC2's budget of reads
	for endpoint, want := range map[string]float64{
		"": aws10, "https://ec2.eu-west-1.amazonaws.com": aws10, "http://localhost:5000": aws10, "http://127.0.0.1.example.com": aws10, "http://10.0.0.1:5000": aws10, "::": aws10,
		"http://127.0.0.1:5000": aws10 * emulated, "http://[::1]:5000": aws10 * emulated, "http://127.8.8.8": aws10 * emulated,
	} {
		cfg := aws.Config{}
		if endpoint != "" {
			cfg.BaseEndpoint = &endpoint
		}
		lim, budget := limiters.get(NewSession(cfg, "emulated", t.Name()), "ec2:DescribeThings", false)
		if float64(lim.Limit()) != want || budget.PerSecond != want {
			t.Errorf("%q: %v and %v a second, want %v", endpoint, lim.Limit(), budget.PerSecond, want)
		}
	}
}
