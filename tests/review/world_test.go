// Package review runs the whole flow of a team without Slack: what waits is shown, decided in a terminal or on the page, and carried out or refused with
// the reason. The command is the built one; behind a function URL that checks signatures as AWS does, the functions' own handlers run in this
// process, on tables and buckets at the emulator.
package review

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/client"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	region      = "eu-west-1"
	wordsARN    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-words"
	otherARN    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-other"
	approvedARN = "arn:aws:sqs:eu-west-1:111122223333:shoreup-approved"
	ssoRole     = "AWSReservedSSO_Approvers_0123456789abcdef"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

var binary = sync.OnceValues(func() (string, error) { return build.Command(context.Background()) })

// world is an installation in an account of its own: the functions that decide, apply and answer at the review URL, with a queue between them.
type world struct {
	t       *testing.T
	account string
	dir     string // with the rules file; commands run there
	url     string
	cloud   *tabletest.Cloud
	own     awsapi.Session
	engine  *engine.Engine
	decide  *handler.Decide
	tables  review.Tables
	file    *rules.File
	ahead   atomic.Int64 // by which the deciding function's clock is ahead
	queue   chan message
	roleID  string

	ada, bo, eve, zoe, robot reviewtest.Principal
}

type message struct{ queue, body string }

// newWorld makes one in which the rules file says who may decide, after the people.
func newWorld(t *testing.T, approvals string) *world {
	t.Helper()
	w := &world{t: t, cloud: tabletest.New(t), dir: t.TempDir(), queue: make(chan message, 100)}
	w.own, w.account = w.cloud.Session, w.cloud.Session.Account
	w.people()
	text := fmt.Sprintf(`version: 1
rules:
  - { name: ask, match: { families: [storage] }, mode: approve }
limits:
  - { controls: ["*"], max: 100, per: hour }
exceptions:
  - { control: s3-bucket-public, resource: old-site, account: "%[1]s", owner: team-web, reason: being moved, expires: 2099-01-01 }
people:
  - { name: ada, aws: ["arn:aws:iam::%[1]s:user/ada"] }
  - { name: bo, aws: ["sso:bo@example.com"] }
  - { name: eve, aws: ["arn:aws:iam::%[1]s:user/eve"] }
%[2]s`, w.account, approvals)
	var err error
	if w.file, err = rules.Load([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "shoreup.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.functions()
	w.url = reviewtest.URL(t, w.answering().Handle, w.ada, w.bo, w.eve, w.zoe, w.robot)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.pump(ctx) }()
	t.Cleanup(func() { end(); <-done })
	return w
}

// people makes those who call: users, and a session of a role that IAM Identity Center made.
func (w *world) people() {
	w.t.Helper()
	cfg := emulatortest.ForTest(w.t).Config(w.account, region)
	role, err := iam.NewFromConfig(cfg).CreateRole(w.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String(ssoRole), Path: aws.String("/aws-reserved/sso.amazonaws.com/eu-west-1/"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.roleID = aws.ToString(role.Role.RoleId)
	w.ada, w.eve, w.zoe = reviewtest.User(w.account, "ada"), reviewtest.User(w.account, "eve"), reviewtest.User(w.account, "zoe")
	w.bo = reviewtest.Session(w.account, ssoRole, w.roleID, "bo@example.com")
	w.robot = reviewtest.Session(w.account, "deploy", "AROADEPLOY", "ada")
}

// functions makes the engine and the deciding function. No write passes but through them.
func (w *world) functions() {
	store := w.cloud.Store()
	ahead := func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	log := audit.New(store, w.cloud.Table(occurrence.AuditTable), time.Now, "test")
	book := occurrence.New(store, w.cloud.Table(occurrence.StateTable), time.Now)
	file := func(context.Context) *rules.File { return w.file }
	approvals := w.cloud.Table(occurrence.ApprovalTable)
	customer := awsapi.NewSession(emulatortest.ForTest(w.t).Config(w.account, region), w.account, region)
	w.engine = &engine.Engine{
		Controls: []core.Control{bucketpublic.Control()}, Owner: "test", Now: time.Now, Rules: file, State: book, Log: log,
		Read:  func(context.Context, string, string) (awsapi.Session, error) { return customer, nil },
		Write: func(context.Context, engine.WriteRequest) (awsapi.Session, error) { return customer, nil },
		Granted: func(ctx context.Context, k approval.Key) (approval.Grant, bool, error) {
			return approval.Granted(ctx, store, approvals, k, time.Now())
		},
		Exempted: func(ctx context.Context, control string, r awsapi.Resource) (approval.Exemption, bool, error) {
			return approval.Exempted(ctx, store, approvals, control, r, time.Now())
		},
		Ask: func(_ context.Context, control string, r awsapi.Resource, clicked time.Time) error {
			return w.send(otherARN, approval.Pointer{Control: control, Resource: r, Clicked: clicked})
		},
		Enqueue: func(_ context.Context, o engine.Order) error { return w.send("apply", o) },
		Sleep:   func(context.Context, time.Duration) error { return nil },
	}
	w.decide = &handler.Decide{
		Words: wordsARN, Accounts: func(context.Context) []string { return []string{w.account} }, DeadLetter: w.dead,
		Desk: &approval.Desk{
			Store: store, Table: approvals, Account: w.account, Now: ahead, Log: log, Book: book, Rules: file, Undoable: w.engine.Undoable,
			Control: func(id string) (core.Meta, bool) { c, ok := w.engine.Control(id); return c.Meta, ok },
			Order: func(_ context.Context, r approval.Request) error {
				o, err := engine.OrderOf(r)
				if err != nil {
					return err
				}
				return w.send(approvedARN, o)
			},
		},
	}
	w.tables = review.TablesOf(w.own, tabletest.Prefix, log, book)
}

// answering is the function behind the URL. It may not write: it has its words to say, and tables to read.
func (w *world) answering() *review.Function {
	return &review.Function{
		Tables: w.tables, Identities: &review.Identities{Account: w.account, Role: review.RolesOf(w.own)},
		Say: func(_ context.Context, s approval.Said) error { return w.send(wordsARN, s) },
	}
}

func (w *world) dead(_ context.Context, body, reason string) error {
	w.t.Errorf("dead letter %.200s: %s", body, reason)
	return nil
}

func (w *world) send(queue string, body any) error {
	raw, err := json.Marshal(body)
	if err == nil {
		w.queue <- message{queue, string(raw)}
	}
	return err
}

// pump delivers messages one by one until the test ends, again if they fail.
func (w *world) pump(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-w.queue:
			if again, err := w.deliver(context.WithoutCancel(ctx), m); err != nil {
				w.t.Errorf("%s %.300s: %v", m.queue, m.body, err)
			} else if again {
				w.queue <- m
			}
		}
	}
}

func (w *world) deliver(ctx context.Context, m message) (again bool, err error) {
	batch := lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", EventSourceARN: m.queue, Body: m.body}}}
	if m.queue == "apply" || m.queue == approvedARN {
		out, err := (&handler.Apply{Engine: w.engine, DeadLetter: w.dead, Approved: approvedARN}).Handle(ctx, batch)
		return len(out.BatchItemFailures) > 0, err
	}
	raw, err := json.Marshal(batch)
	if err != nil {
		return false, err
	}
	out, err := w.decide.Handle(ctx, raw)
	if err != nil {
		return false, err
	}
	return len(out.(lambdaevents.SQSEventResponse).BatchItemFailures) > 0, nil
}

// public makes a bucket that everybody can read, by a person, and has it looked at. It returns when people are asked.
func (w *world) public(name string, by reviewtest.Principal) review.Item {
	w.t.Helper()
	script := `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
s3:PutBucketTagging {"Bucket":"${bucket}","Tagging":{"TagSet":[{"Key":"owner","Value":"team-web"}]}}
`
	if err := setup.Run(w.t.Context(), w.own, script, map[string]string{"bucket": name, "account": w.account}); err != nil {
		w.t.Fatal(err)
	}
	found, err := w.engine.Evaluate(w.t.Context(), signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: name, Account: w.account, Region: region, Partition: "aws",
		Time: time.Now(), EventSource: "s3.amazonaws.com", EventName: "PutBucketPolicy", EventID: "e-" + name, Actor: signal.Actor{ARN: by.ARN, Type: "IAMUser", Principal: by.ARN},
	})
	if err != nil || len(found) != 1 || found[0].Outcome != core.AwaitingApproval {
		w.t.Fatalf("%+v, %v", found, err)
	}
	var item review.Item
	w.until("people are asked about "+name, func() bool {
		for _, it := range w.waiting() {
			if it.Request.Where.ID == name && it.Request.Key.Kind == approval.Fix {
				item = it
				return true
			}
		}
		return false
	})
	return item
}

func (w *world) waiting() []review.Item {
	w.t.Helper()
	items, err := w.tables.Pending(w.t.Context(), []string{w.account})
	if err != nil {
		w.t.Fatal(err)
	}
	return items
}

func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("30 s have passed, and not yet: %s", what)
		}
	}
}

// open reports whether everybody can read the bucket, straight from the emulator.
func (w *world) open(bucket string) bool {
	w.t.Helper()
	block, err := s3api.ReadBlock(w.t.Context(), w.own, bucket)
	if err != nil {
		w.t.Fatal(err)
	}
	return block == nil
}

// state returns how a request stands.
func (w *world) state(it review.Item) approval.Request {
	w.t.Helper()
	now, _, err := w.tables.Item(w.t.Context(), it.Request.Key)
	if err != nil {
		w.t.Fatal(err)
	}
	return now.Request
}

func (w *world) client(p reviewtest.Principal) *client.Client {
	w.t.Helper()
	c, err := client.New(w.url, p.Config())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// said is what a run of the command came to.
type said struct {
	code int
	out  string
	err  string
}

// command is the built command as a person runs it.
func (w *world) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	w.t.Helper()
	path, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = w.dir
	cmd.Env = append(emulator.CleanEnv(os.Environ()), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "SHOREUP_REVIEW_URL="+w.url)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// as are a person's credentials. With them nothing is reached but the review URL.
func as(p reviewtest.Principal) []string {
	return []string{"AWS_ACCESS_KEY_ID=" + p.Key, "AWS_SECRET_ACCESS_KEY=" + p.Secret, "AWS_REGION=" + region, "AWS_ENDPOINT_URL=http://127.0.0.1:1"}
}

// operator are credentials that may read the tables.
func (w *world) operator() []string {
	w.t.Helper()
	env, err := emulatortest.ForTest(w.t).Env(w.t.Context(), w.account, region)
	if err != nil {
		w.t.Fatal(err)
	}
	return env
}

func (w *world) run(code int, env []string, stdin string, args ...string) said {
	w.t.Helper()
	cmd := w.command(w.t.Context(), env, args...)
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	s := said{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
	if s.code != code {
		w.t.Fatalf("shoreup %s ended with %d, want %d\n%s%s", strings.Join(args, " "), s.code, code, s.out, s.err)
	}
	return s
}

// short is what people type.
func short(it review.Item) string { return core.ShortHash(it.Request.Key.Hash) }

// refusals returns what is on record about words that changed nothing, as "code who".
func (w *world) refusals() []string {
	w.t.Helper()
	entries, err := w.tables.Log.List(w.t.Context(), w.account, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		var d struct{ Code, Who string }
		if e.Kind == audit.Verdict && e.Outcome == string(core.Refused) && json.Unmarshal(e.Detail, &d) == nil {
			out = append(out, d.Code+" "+d.Who)
		}
	}
	return out
}
