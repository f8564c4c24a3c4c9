package emulator_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

const region = "eu-west-1"

// call sends a signed request as an SDK client made from cfg would.
func call(t *testing.T, cfg aws.Config, service, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, *cfg.BaseEndpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	creds, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, req, hash, service, cfg.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := cfg.HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// query calls an operation of a service that speaks the query protocol.
func query(t *testing.T, cfg aws.Config, service, version, action string, args ...string) string {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i+1 < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	status, body := call(t, cfg, service, http.MethodPost, "/", form.Encode())
	if status != http.StatusOK {
		t.Fatalf("%s:%s answered %d: %s", service, action, status, body)
	}
	return body
}

func TestAccountsAreKeptApart(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	one, two := emulatortest.Account(t), emulatortest.Account(t)
	a, b := s.Config(one, region), s.Config(two, region)

	for account, cfg := range map[string]aws.Config{one: a, two: b} {
		if body := query(t, cfg, "sts", "2011-06-15", "GetCallerIdentity"); !strings.Contains(body, "<Account>"+account+"</Account>") {
			t.Errorf("identity in %s: %s", account, body)
		}
		query(t, cfg, "iam", "2010-05-08", "CreateUser", "UserName", "same-name")
	}
	if status, body := call(t, a, "s3", http.MethodPut, "/bucket-of-one",
		`<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>`); status != http.StatusOK {
		t.Fatalf("making a bucket: %d %s", status, body)
	}
	query(t, a, "ec2", "2016-11-15", "CreateSecurityGroup", "GroupName", "group-of-one", "GroupDescription", "x")

	tests := []struct {
		name, want string
		ask        func(aws.Config) string
	}{
		{"s3", "bucket-of-one", func(cfg aws.Config) string { _, body := call(t, cfg, "s3", http.MethodGet, "/", ""); return body }},
		{"ec2", "group-of-one", func(cfg aws.Config) string {
			return query(t, cfg, "ec2", "2016-11-15", "DescribeSecurityGroups")
		}},
		{"iam", "arn:aws:iam::" + one + ":user/same-name", func(cfg aws.Config) string {
			return query(t, cfg, "iam", "2010-05-08", "ListUsers")
		}},
	}
	for _, tt := range tests {
		if body := tt.ask(a); !strings.Contains(body, tt.want) {
			t.Errorf("%s: the account itself does not see %s: %s", tt.name, tt.want, body)
		}
		if body := tt.ask(b); strings.Contains(body, tt.want) {
			t.Errorf("%s: the other account sees %s", tt.name, tt.want)
		}
	}
}

func TestManagedPoliciesAreThereAndPerAccount(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	a, b := s.Config(emulatortest.Account(t), region), s.Config(emulatortest.Account(t), region)
	query(t, a, "iam", "2010-05-08", "CreateUser", "UserName", "u")
	query(t, a, "iam", "2010-05-08", "AttachUserPolicy", "UserName", "u", "PolicyArn", admin)
	for cfg, want := range map[*aws.Config]string{&a: "<AttachmentCount>1<", &b: "<AttachmentCount>0<"} {
		if body := query(t, *cfg, "iam", "2010-05-08", "GetPolicy", "PolicyArn", admin); !strings.Contains(body, want) {
			t.Errorf("GetPolicy lacks %s: %s", want, body)
		}
	}
}

func TestClientReachesTheEmulatorWhateverTheHost(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	for _, host := range []string{"123456789012.127.0.0.1:1", "bucket.s3.amazonaws.com"} {
		resp, err := s.HTTPClient().Get("http://" + host + "/moto-api/config")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Errorf("%s answered %s", host, resp.Status)
		}
	}
}

func TestEnvIsEnoughForAnotherProcess(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	env, err := s.Env(t.Context(), emulatortest.Account(t), region)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(emulator.CleanEnv(os.Environ()), env...), roleVar+"=client")
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "2\n" {
		t.Errorf("a client with this environment printed %q (%v), want 2", out, err)
	}
}

func TestBadAccountIsRefused(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	for _, account := range []string{"", "12345", "12345678901x"} {
		if _, err := s.Config(account, region).Credentials.Retrieve(t.Context()); err == nil {
			t.Errorf("credentials of account %q were given", account)
		}
	}
}

func TestResetForgetsAndConfigsLiveOn(t *testing.T) {
	t.Parallel()
	s, err := emulator.Start(t.Context(), emulator.Options{LogDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	const account = "111122223333"
	cfg := s.Config(account, region)
	query(t, cfg, "iam", "2010-05-08", "CreateUser", "UserName", "gone")
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := query(t, cfg, "iam", "2010-05-08", "ListUsers"); strings.Contains(body, "gone") {
		t.Errorf("after Reset: %s", body)
	}
	if body := query(t, cfg, "sts", "2011-06-15", "GetCallerIdentity"); !strings.Contains(body, account) {
		t.Errorf("after Reset the account is lost: %s", body)
	}
}

func TestFailuresAreInTheLog(t *testing.T) {
	t.Parallel()
	s, err := emulator.Start(t.Context(), emulator.Options{LogDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	status, body := call(t, s.Config("111122223333", region), "ec2", http.MethodPost, "/", "Action=NoSuchOperation&Version=2016-11-15")
	if status != http.StatusInternalServerError || !strings.HasPrefix(body, "the AWS emulator failed: ") {
		t.Errorf("an unknown operation answered %d: %s", status, body)
	}
	log, err := os.ReadFile(s.LogPath())
	if err != nil || !strings.Contains(string(log), "NoSuchOperation") {
		t.Errorf("the log lacks the failure: %s (%v)", log, err)
	}
}

// TestAttachedIsTheSameEmulator: it holds the same, and is not the attached one's to stop.
func TestAttachedIsTheSameEmulator(t *testing.T) {
	t.Parallel()
	s, account := emulatortest.ForTest(t), emulatortest.Account(t)
	query(t, s.Config(account, region), "iam", "2010-05-08", "CreateUser", "UserName", "shared")
	attached := emulator.Attach(s.Port(), s.LogPath())
	if err := attached.Stop(); err != nil {
		t.Error(err)
	}
	if body := query(t, attached.Config(account, region), "iam", "2010-05-08", "ListUsers"); !strings.Contains(body, ":user/shared<") {
		t.Errorf("attached, the account has %s", body)
	}
	shared := emulatortest.Share(t)
	if !strings.Contains(shared, fmt.Sprintf("=%d ", s.Port())) || shared == emulatortest.Share(t) {
		t.Errorf("%q names another emulator, or gives two children the same accounts", shared)
	}
}

// TestImagesAreThere: those that every account has are made when somebody first asks, before any of its own.
func TestImagesAreThere(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	cfg := s.Config(emulatortest.Account(t), region)
	images := query(t, cfg, "ec2", "2016-11-15", "DescribeImages", "Owner.1", "amazon")
	snapshots := query(t, cfg, "ec2", "2016-11-15", "DescribeSnapshots")
	if n, m := strings.Count(images, "<imageId>"), strings.Count(snapshots, "<snapshotId>"); n < 1000 || m < n {
		t.Errorf("%d images and %d snapshots, want over 1000 and one of each", n, m)
	}
	snapshot := query(t, s.Config(emulatortest.Account(t), region), "ec2", "2016-11-15", "DescribeSnapshots")
	if n := strings.Count(snapshot, "<snapshotId>"); n < 1000 {
		t.Errorf("an account that asks for snapshots first sees %d", n)
	}
}
