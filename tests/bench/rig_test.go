// Package bench measures the function binaries as Lambda runs them, behind a Runtime API of this machine and against the emulator, and prints one table: size, time from
// start to the first request for an event, memory after the first event, and the function's own CPU time per warm event.
//
//	go test -v ./tests/bench                            a short version, as part of all tests
//	go test -v ./tests/bench -run '^$' -bench Bars      the whole: 20 starts of each function, and 50 warm events of each kind
//
// CPU time is the function's user and system time: waiting for AWS costs none. The AWS SDK's share of it (signing, HTTP, decoding) is the number of requests times what one bare
// request costs in a process that does nothing else; the rest counts as our own.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/occurrence"
)

func TestMain(m *testing.M) {
	if bucket := os.Getenv(envBare); bucket != "" {
		if err := bare(bucket); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	emulatortest.Main(m)
}

const (
	region = "us-east-1"
	tables = "shoreup"
	// everything is fixed, and often: the events follow each other faster than any customer's.
	everything = `version: 1
rules:
  - { name: everything, match: { families: [storage, network], origin: [event, late-event, sweep] }, mode: auto }
limits:
  - { controls: ["*"], max: 10000, per: hour }
`
)

// rig is an installation at the emulator: tables, queues, a local Slack, and the functions' binaries.
type rig struct {
	t        testing.TB
	account  string
	cfg      aws.Config
	queues   map[string]string // URL by name
	slack    *slacksink.Server
	proxy    *proxy
	bare     bareCost
	binaries map[string]string
	env      []string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, account: emulatortest.Account(t), queues: map[string]string{}}
	server := emulatortest.ForTest(t)
	r.cfg = server.Config(r.account, region)
	if err := occurrence.CreateTables(t.Context(), r.session(), tables); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dead-letters", "evaluate", "apply", "notify", "sweep", "decide", "words"} {
		vars := map[string]string{}
		r.script(`url = sqs:CreateQueue {"QueueName":"shoreup-`+name+`","Attributes":{"VisibilityTimeout":"600"}} QueueUrl`, vars)
		r.queues[name] = vars["url"]
	}
	r.script(`s3:CreateBucket {"Bucket":"`+r.auditBucket()+`"}`, nil)
	r.script(`s3:CreateBucket {"Bucket":"`+r.reportBucket()+`"}`, nil)
	r.script(`secretsmanager:CreateSecret {"Name":"shoreup/slack","SecretString":`+strconv.Quote(slackToken)+`}`, nil)
	r.script(`secretsmanager:CreateSecret {"Name":"shoreup/slack-signing","SecretString":`+strconv.Quote(slackSigning)+`}`, nil)
	var err error
	if r.slack, err = slacksink.Start(slacksink.Options{SigningSecret: signingSecret}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.slack.Stop(); err != nil {
			t.Error(err)
		}
	})
	if r.binaries, err = build.Functions(t.Context(), functions(t), nil); err != nil {
		t.Fatal(err)
	}
	r.proxy = newProxy(t)
	r.environment(r.proxy.url)
	return r
}

// functions are the names of all functions there are, so that none is left out.
func functions(t testing.TB) []string {
	t.Helper()
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("%d functions, %v", len(mains), err)
	}
	var out []string
	for _, file := range mains {
		out = append(out, filepath.Base(filepath.Dir(file)))
	}
	return out
}

func (r *rig) session() awsapi.Session { return awsapi.NewSession(r.cfg, r.account, region) }

func (r *rig) script(script string, vars map[string]string) {
	r.t.Helper()
	if vars == nil {
		vars = map[string]string{}
	}
	if err := setup.Run(r.t.Context(), r.session(), script, vars); err != nil {
		r.t.Fatal(err)
	}
}

// environment is the one that the deployment gives its functions.
func (r *rig) environment(endpoint string) {
	r.t.Helper()
	rules := filepath.Join(r.t.TempDir(), "shoreup.yaml")
	if err := os.WriteFile(rules, []byte(everything+people), 0o600); err != nil {
		r.t.Fatal(err)
	}
	keys, err := r.cfg.Credentials.Retrieve(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.env = []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_EC2_METADATA_DISABLED=true", "SHOREUP_ACCOUNT=" + r.account, "SHOREUP_TABLES=" + tables, "SHOREUP_RULES=" + rules,
		"SHOREUP_READ_ROLE=" + hub.ReadRole, "SHOREUP_WRITE_ROLE=" + hub.WriteRole, "SHOREUP_EVALUATE_QUEUE=" + r.queues["evaluate"], "SHOREUP_APPLY_QUEUE=" + r.queues["apply"],
		"SHOREUP_EVENTS_QUEUE=" + r.arn("events"), "SHOREUP_APPROVED_QUEUE=" + r.arn("approved"), "SHOREUP_SWEEP_QUEUE=" + r.queues["sweep"], "SHOREUP_AUDIT_BUCKET=" + r.auditBucket(), "SHOREUP_NOTIFY_QUEUE=" + r.queues["notify"], "SHOREUP_DEAD_LETTERS=" + r.queues["dead-letters"], "SHOREUP_SLACK_SECRET=shoreup/slack", "SHOREUP_SLACK_SIGNING=shoreup/slack-signing",
		"SHOREUP_SLACK_URL=" + r.slack.APIURL(), "SHOREUP_SLACK_CHANNEL=#cloud-security", "SHOREUP_REGIONS=" + region,
		"SHOREUP_DECIDE_QUEUE=" + r.queues["decide"], "SHOREUP_WORDS_QUEUE=" + r.arn("words"), "SHOREUP_WORDS_QUEUE_URL=" + r.queues["words"], "SHOREUP_REPORT_BUCKET=" + r.reportBucket(),
	}
}

// start runs an instance of a function.
func (r *rig) start(name string, log *bytes.Buffer) *runtimeapi.Function {
	r.t.Helper()
	opts := runtimeapi.Options{Binary: r.binaries[name], Name: "shoreup-" + name, Env: append(r.env, "AWS_LAMBDA_FUNCTION_NAME=shoreup-"+name)}
	if log != nil {
		opts.LogWriter = log
	}
	f, err := runtimeapi.Start(r.t.Context(), opts)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// arn is a queue's.
func (r *rig) arn(name string) string {
	return "arn:aws:sqs:" + region + ":" + r.account + ":shoreup-" + name
}

// auditBucket is the name of the bucket that seal writes into.
func (r *rig) auditBucket() string { return "shoreup-audit-" + r.account }

// reportBucket is the name of the bucket that report writes into.
func (r *rig) reportBucket() string { return "shoreup-reports-" + r.account }

// place is the sweep's message about this account and Region.
func (r *rig) place() []byte {
	r.t.Helper()
	body, err := wiresweep.EncodePlace(wiresweep.Place{Account: r.account, Region: region, Partition: "aws"}, "bench", time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return r.batch("sweep", string(body))
}

// batch makes the event that Lambda makes of queue messages.
func (r *rig) batch(name string, bodies ...string) []byte {
	r.t.Helper()
	messages := make([]queue.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = queue.Message{ID: fmt.Sprintf("m-%d", i), Receipt: "r", Body: body}
	}
	from := name
	if name == "evaluate" {
		from = "events" // what is evaluated here came from EventBridge
	}
	event, err := queue.Event(r.arn(from), messages)
	if err != nil {
		r.t.Fatal(err)
	}
	return event
}

// received takes n messages from a queue.
func (r *rig) received(name string, n int) []string {
	r.t.Helper()
	source := queue.SQS(r.cfg, r.queues[name], r.arn(name))
	var out []string
	for len(out) < n {
		got, err := source.Receive(r.t.Context(), min(10, n-len(out)))
		if err != nil {
			r.t.Fatal(err)
		}
		if len(got) == 0 {
			r.t.Fatalf("the queue %s holds %d messages, want %d", name, len(out), n)
		}
		for _, m := range got {
			out = append(out, m.Body)
		}
	}
	return out
}

// event is a sample of the parser's, about a bucket of this account.
func (r *rig) event(sample, bucket string) string {
	r.t.Helper()
	raw, err := os.ReadFile("../../events/cloudtrail/testdata/" + sample + ".json")
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.NewReplacer("example-reports", bucket, "111122223333", r.account).Replace(string(raw))
}

// closed makes a bucket that is in order.
func (r *rig) closed() string {
	r.t.Helper()
	bucket := "closed-" + r.account
	r.script(`
s3:CreateBucket {"Bucket":"${bucket}"}
s3:PutPublicAccessBlock {"Bucket":"${bucket}","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::${bucket}","arn:aws:s3:::${bucket}/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}}
`, map[string]string{"bucket": bucket})
	return bucket
}

// opened makes n public buckets and the events of their becoming so.
func (r *rig) opened(n int) []string {
	r.t.Helper()
	var out []string
	for i := range n {
		bucket := fmt.Sprintf("b-%s-%03d", r.account, i)
		r.script(`
s3:CreateBucket {"Bucket":"${bucket}"}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
`, map[string]string{"bucket": bucket})
		out = append(out, r.event("s3_put_bucket_policy", bucket))
	}
	return out
}

// invoke gives the function one event and fails unless it did all of its work.
func (r *rig) invoke(f *runtimeapi.Function, payload []byte, log *bytes.Buffer) {
	r.t.Helper()
	answer, err := f.Invoke(context.WithoutCancel(r.t.Context()), payload)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, log)
	}
	var response struct{ BatchItemFailures []any }
	if len(answer) > 0 && string(answer) != "null" {
		if err := json.Unmarshal(answer, &response); err != nil {
			r.t.Fatalf("reading the answer %s: %v", answer, err)
		}
	}
	if len(response.BatchItemFailures) > 0 {
		r.t.Fatalf("the function failed %v\n%s", response.BatchItemFailures, log)
	}
}

// asked is AWS Config's question about a bucket.
func (r *rig) asked(bucket string) []byte {
	r.t.Helper()
	raw, err := os.ReadFile("../../shared/configrule/invocation/testdata/bucket_changed.json")
	if err != nil {
		r.t.Fatal(err)
	}
	return []byte(strings.NewReplacer("example-reports", bucket, "111122223333", r.account, "eu-west-1", region).Replace(string(raw)))
}
