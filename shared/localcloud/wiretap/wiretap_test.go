package wiretap_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const (
	hub    = "111122223333"
	member = "444455556666"
	region = "eu-west-1"
	apply  = "arn:aws:iam::" + hub + ":role/shoreup/shoreup-apply"
	fixer  = "arn:aws:iam::" + member + ":role/shoreup/shoreup-remediate-storage"
)

// answers is a stand-in for AWS: it answers each request with what is next for
// its Action, or with an empty object.
func answers(t *testing.T, byAction map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for action, answer := range byAction {
			if strings.Contains(string(body), "Action="+action+"&") || r.URL.Path == action {
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func start(t *testing.T, target string, opts wiretap.Options) *wiretap.Tap {
	t.Helper()
	tap, err := wiretap.Start(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tap.Stop(); err != nil {
			t.Error(err)
		}
	})
	return tap
}

// config is a program's SDK configuration: all hosts lead to the tap.
func config(tap *wiretap.Tap, key string) aws.Config {
	address := strings.TrimPrefix(tap.URL, "http://")
	return aws.Config{
		Region: region, BaseEndpoint: &tap.URL, Credentials: credentials.NewStaticCredentialsProvider(key, "a secret", "a token"),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}}},
	}
}

func assumed(key string) string {
	return `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>` + key + `</AccessKeyId><SecretAccessKey>top secret</SecretAccessKey>` +
		`<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

func assume(t *testing.T, cfg aws.Config, role, identity, policy string) aws.Config {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("fix-1")}
	if identity != "" {
		in.SourceIdentity = &identity
	}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

func same(t *testing.T, got, want []wiretap.Call) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(wiretap.Call{}, "Time"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestSessionsAreFollowed(t *testing.T) {
	t.Parallel()
	const policy = `{"Version":"2012-10-17","Statement":[]}`
	tap := start(t, answers(t, map[string]string{"AssumeRole": assumed("ASIAMEMBER")}), wiretap.Options{Keys: map[string]string{"AKIAHUB": apply}})
	cfg := assume(t, config(tap, "AKIAHUB"), fixer, "ann", policy)
	cfg = assume(t, cfg, fixer, "", "") // a chain keeps the identity, and nothing else
	if _, err := s3control.NewFromConfig(cfg).DeletePublicAccessBlock(t.Context(), &s3control.DeletePublicAccessBlockInput{AccountId: aws.String(member)}); err != nil {
		t.Fatal(err)
	}
	same(t, tap.Calls(), []wiretap.Call{
		{
			Account: hub, Region: region, Service: "sts", Operation: "AssumeRole", Principal: apply, Status: 200, Resources: []wiretap.Resource{{ARN: fixer}},
			Context: map[string]string{"sts:RoleSessionName": "fix-1", "sts:SourceIdentity": "ann"},
		},
		{
			Account: member, Region: region, Service: "sts", Operation: "AssumeRole", Principal: fixer, SessionName: "fix-1", SessionPolicy: policy,
			SourceIdentity: "ann", Status: 200, Resources: []wiretap.Resource{{ARN: fixer}}, Context: map[string]string{"sts:RoleSessionName": "fix-1"},
		},
		{
			Account: member, Region: region, Service: "s3", Operation: "DeletePublicAccessBlock", Control: true, Principal: fixer, SessionName: "fix-1",
			SourceIdentity: "ann", Status: 200,
		},
	})
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// TestAsProxy: programs reach hosts that carry an account through HTTP_PROXY.
func TestAsProxy(t *testing.T) {
	t.Parallel()
	tap := start(t, answers(t, nil), wiretap.Options{Keys: map[string]string{"K": fixer}})
	cfg := config(tap, "K")
	proxy, err := url.Parse(tap.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	in := &s3control.DeleteAccessPointPolicyInput{AccountId: aws.String(member), Name: aws.String("ap")}
	if _, err := s3control.NewFromConfig(cfg).DeleteAccessPointPolicy(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if calls := tap.Calls(); len(calls) != 1 || calls[0].Operation != "DeleteAccessPointPolicy" {
		t.Errorf("%+v", calls)
	}
}

func TestNoSecretsAreKept(t *testing.T) {
	t.Parallel()
	tap := start(t, answers(t, map[string]string{"AssumeRole": assumed("ASIAMEMBER")}), wiretap.Options{})
	assume(t, config(tap, "AKIAHUB"), fixer, "", "")
	if text := fmt.Sprintf("%+v", tap.Calls()); strings.Contains(text, "secret") || strings.Contains(text, "token") || strings.Contains(text, "AKIA") {
		t.Errorf("a call shows credentials: %s", text)
	}
}

func TestOtherRequests(t *testing.T) {
	t.Parallel()
	tap := start(t, answers(t, map[string]string{"/moto-api/reset": "done"}), wiretap.Options{})
	resp, err := http.Post(tap.URL+"/moto-api/reset", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "done" {
		t.Errorf("%q, %v", body, err)
	}
	connect, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, tap.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := http.DefaultTransport.RoundTrip(connect)
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Body.Close()
	if refused.StatusCode != http.StatusForbidden {
		t.Errorf("a way to another host: %s", refused.Status)
	}
	if calls := tap.Calls(); len(calls) != 0 {
		t.Errorf("recorded %+v", calls)
	}
	if _, err := wiretap.Start("nowhere", wiretap.Options{}); err == nil {
		t.Error("started before nothing")
	}
}

// TestBeforeTheEmulator is the whole of it: state changes, bodies pass intact,
// and many programs call at once.
func TestBeforeTheEmulator(t *testing.T) {
	t.Parallel()
	tap := start(t, emulatortest.ForTest(t).URL(), wiretap.Options{Keys: map[string]string{"AKIAIOSFODNN7EXAMPLE": apply}})
	account := emulatortest.Account(t)
	cfg := assume(t, config(tap, "AKIAIOSFODNN7EXAMPLE"), "arn:aws:iam::"+account+":role/shoreup/shoreup-read", "", "")
	c := pathStyle(cfg)
	bucket := "wiretap-" + account
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: locationOf(region)}); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("all of it\n", 100_000)
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader(text)}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			out, err := c.GetObject(context.WithoutCancel(t.Context()), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
			if err != nil {
				t.Error(err)
				return
			}
			defer out.Body.Close()
			if got, err := io.ReadAll(out.Body); err != nil || string(got) != text {
				t.Errorf("%d bytes came back, %v", len(got), err)
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, call := range tap.Calls() {
		counts[call.Operation]++
		if call.Operation != "AssumeRole" && call.Account != account {
			t.Errorf("%s is of account %q", call.Operation, call.Account)
		}
	}
	if diff := cmp.Diff(map[string]int{"AssumeRole": 1, "CreateBucket": 1, "PutObject": 1, "GetObject": 8}, counts); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	tap.Forget()
	if calls := tap.Calls(); len(calls) != 0 {
		t.Errorf("%d calls are not forgotten", len(calls))
	}
}

func locationOf(region string) *s3types.CreateBucketConfiguration {
	return &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
}
