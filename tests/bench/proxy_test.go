package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// proxy stands between the functions and the emulator. It counts requests, and it keeps connections open, as AWS does and the emulator does not: to dial for each request
// would be most of what is measured.
type proxy struct {
	url string
	requests
}

// requests are how many there were, by kind.
type requests struct{ s3, transact, other atomic.Int64 }

func (r *requests) counts() [3]int64 { return [3]int64{r.s3.Load(), r.transact.Load(), r.other.Load()} }

// bareCost is the CPU time of one request in a process that does nothing else: of S3, which speaks XML and has checksums, of a transaction of DynamoDB, which carries
// several items with a plan, and of any other.
type bareCost struct{ S3, Transact, Other time.Duration }

// share is what the AWS SDK takes of so many requests.
func (c bareCost) share(n [3]int64) time.Duration {
	return time.Duration(n[0])*c.S3 + time.Duration(n[1])*c.Transact + time.Duration(n[2])*c.Other
}

func newProxy(t testing.TB) *proxy {
	t.Helper()
	server := emulatortest.ForTest(t)
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	reverse := &httputil.ReverseProxy{
		// The host stays what was asked for: S3 Control puts the account there, and signatures cover it.
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: server.HTTPClient().Transport,
	}
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		switch {
		case strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request"): // the signature's scope names the service
			p.s3.Add(1)
		case strings.HasSuffix(target, ".TransactWriteItems"):
			p.transact.Add(1)
		default:
			p.other.Add(1)
		}
		switch target {
		case "StarlingDoveService.PutEvaluations", "StarlingDoveService.StartConfigRulesEvaluation": // the emulator has neither
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			if _, err := w.Write([]byte("{}")); err != nil {
				t.Error(err)
			}
			return
		}
		reverse.ServeHTTP(w, r)
	}))
	t.Cleanup(here.Close)
	p.url = here.URL
	return p
}

// envBare turns the test's binary into a process that only calls AWS: its value is the bucket to ask about.
const envBare = "SHOREUP_BENCH_BARE"

// bare makes the two cheapest reads that functions make, and a transaction as it records a plan, again and again, and prints what they cost in CPU time. What is dearer
// about other requests counts as our own.
func bare(bucket string) error {
	cfg, err := awsapi.LoadConfig(context.Background(), "", "")
	if err != nil {
		return err
	}
	s := awsapi.NewSession(cfg, os.Getenv("SHOREUP_ACCOUNT"), region)
	store := dynamodbapi.NewStore(s)
	book := occurrence.New(store, tables+"-"+occurrence.StateTable, time.Now)
	var cost bareCost
	cost.S3, err = perRequest(func() error {
		_, err := s3api.ReadBlock(context.Background(), s, bucket)
		return err
	})
	if err != nil {
		return err
	}
	cost.Other, err = perRequest(func() error {
		_, _, err := book.Get(context.Background(), "none", awsapi.Resource{Type: "AWS::S3::Bucket", ID: bucket})
		return err
	})
	if err != nil {
		return err
	}
	n := 0
	cost.Transact, err = perRequest(func() error {
		n++
		return store.Transact(context.Background(), fmt.Sprintf("bare-%d", n), asRecorded(n)...)
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(cost)
}

// asRecorded are items like those that record a plan: two entries, the head of the log, and the occurrence with the plan.
func asRecorded(n int) []dynamodbapi.Item {
	var out []dynamodbapi.Item
	for i, bytes := range []int{2000, 400, 100, 2000} {
		v := dynamodbapi.Key("bare", fmt.Sprintf("%d-%d", n, i))
		v["body"], v["hash"], v["seq"] = strings.Repeat("{\"a\":1}", bytes/7), strings.Repeat("0", 64), int64(n)
		out = append(out, dynamodbapi.Item{Op: dynamodbapi.Put, Table: tables + "-" + occurrence.StateTable, Put: v, Condition: "attribute_not_exists(pk)", Must: "it is new"})
	}
	return out
}

func perRequest(request func() error) (time.Duration, error) {
	const warmUp, n = 20, 200 // the first ones open the connection and fill caches
	var from time.Duration
	for i := range warmUp + n {
		if i == warmUp {
			from = ownCPU()
		}
		if err := request(); err != nil {
			return 0, err
		}
	}
	return (ownCPU() - from) / n, nil
}

func ownCPU() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// bareCost runs the process that only calls AWS.
func (r *rig) bareCost(bucket string) bareCost {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.t.Context(), self)
	cmd.Env = append(r.env, envBare+"="+bucket)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	var cost bareCost
	if err := json.Unmarshal(out, &cost); err != nil || cost.S3 <= 0 || cost.Transact <= 0 || cost.Other <= 0 {
		r.t.Fatalf("the process that only calls AWS said %q: %v", out, err)
	}
	return cost
}
