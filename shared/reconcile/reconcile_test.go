package reconcile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// function is a function with an audit log on the emulator, and all that it says.
type function struct {
	*Function
	t       *testing.T
	cloud   *tabletest.Cloud
	log     *audit.Log
	clock   time.Time
	told    []core.Finding
	dead    []string
	counted []int
	tellErr error
}

func newFunction(t *testing.T) *function {
	t.Helper()
	f := &function{t: t, cloud: tabletest.New(t), clock: noon}
	table := f.cloud.Table(occurrence.AuditTable)
	f.log = audit.New(f.cloud.Store(), table, func() time.Time { return f.clock }, "test")
	f.Function = &Function{
		Judge: judge(), Journal: &Journal{Store: f.cloud.Store(), Table: table},
		Tell: func(_ context.Context, found core.Finding) error {
			if f.tellErr == nil {
				f.told = append(f.told, found)
			}
			return f.tellErr
		},
		DeadLetter: func(_ context.Context, _, reason string) error {
			f.dead = append(f.dead, reason)
			return nil
		},
		Count: func(metric string, n int) {
			if metric != "UnexplainedCalls" {
				t.Errorf("metric %s", metric)
			}
			f.counted = append(f.counted, n)
		},
	}
	return f
}

// intend appends what the engine writes before it makes calls.
func (f *function) intend(at time.Time, plan, detail string) audit.Entry {
	f.t.Helper()
	f.clock = at
	e, err := f.log.Append(f.t.Context(), member, audit.Entry{Kind: audit.Intent, Plan: plan, Control: "s3-bucket-public", Detail: []byte(detail)})
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// detail is that of an intent to close the bucket "reports".
const detail = `{"approver":"dana","hash":"h","plan":{"account":"x","changes":[{"do":{"call":"s3:PutPublicAccessBlock","input":{"Bucket":"reports"}},"why":"w"}],` +
	`"resource":{"account":"111122223333","id":"reports","partition":"aws","region":"eu-west-1","type":"AWS::S3::Bucket"}}}`

// handle gives the function messages and returns which of them are to come again.
func (f *function) handle(bodies ...string) string {
	f.t.Helper()
	var batch lambdaevents.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: fmt.Sprint(i), Body: body, EventSource: "aws:sqs"})
	}
	resp, err := f.Handle(f.t.Context(), batch)
	if err != nil {
		f.t.Fatal(err)
	}
	var again []string
	for _, each := range resp.BatchItemFailures {
		again = append(again, each.ItemIdentifier)
	}
	return strings.Join(again, " ")
}

func (f *function) want(told int, counted ...int) {
	f.t.Helper()
	if len(f.told) != told || !slices.Equal(f.counted, counted) {
		f.t.Errorf("told %d times, counted %v; want %d, %v", len(f.told), f.counted, told, counted)
	}
}

func TestAnnouncedCallsAreQuiet(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	for i := range 40 { // what else happens in the account
		f.intend(noon.Add(time.Duration(i-80)*time.Minute), fmt.Sprint("p", i), `{"plan":{}}`)
	}
	f.intend(noon, "01PLAN", detail)
	f.intend(noon.Add(time.Hour), "p", `{"plan":{}}`)
	if again := f.handle(made().envelope(t), made().with(func(e *event) { e.session, e.more = "x", map[string]any{"readOnly": true} }).envelope(t)); again != "" {
		t.Errorf("again: %s", again)
	}
	f.want(0, 0)

	before := f.Journal.Store.Requests()["dynamodb:Query"]
	f.handle(made().with(func(e *event) { e.id = "second" }).envelope(t))
	f.want(0, 0, 0)
	if n := f.Journal.Store.Requests()["dynamodb:Query"] - before; n != 0 {
		t.Errorf("%d queries about a plan that is known", n)
	}
}

func TestUnexplainedCallsAreToldOnce(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	f.intend(noon, "01PLAN", detail)
	forged := made().with(func(e *event) { e.params = map[string]any{"bucketName": "salaries"} }).envelope(t)
	f.handle(made().with(func(e *event) { e.id = "other" }).envelope(t), forged, forged)
	f.want(1, 1)
	f.handle(forged)
	f.want(1, 1, 0)
	got := f.told[0]
	body, err := notify.Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notify.Decode(body); err != nil {
		t.Errorf("the notify function does not take it: %v", err)
	}
	for _, want := range []string{
		"s3.amazonaws.com PutBucketPublicAccessBlock", "2026-03-01T12:00:02Z", "does not name that", "01PLAN", "dana", "198.51.100.7", "critical",
		"arn:aws:iam::111122223333:role/shoreup/shoreup-remediate-storage", "shoreup stop", "update-event-source-mapping --no-enabled", "AttributeValue=5b1a9f1e-1111-2222-3333-444455556666",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("people are not told %q: %s", want, body)
		}
	}
}

func TestAccountsWithoutALog(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	f.handle(made().envelope(t))
	f.want(1, 1)
}

// A forged intent that is put into the table, or a record that is changed there, explains nothing.
func TestDamagedLogExplainsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*function, audit.Entry) dynamodbapi.Item{
		"changed": func(f *function, e audit.Entry) dynamodbapi.Item {
			return put(f, member, e.Seq, strings.Replace(string(e.Body), "dana", "eve", 1), e.Hash)
		},
		"added after the end": func(f *function, e audit.Entry) dynamodbapi.Item {
			return put(f, member, e.Seq+1, string(e.Body), e.Hash)
		},
		"not readable": func(f *function, e audit.Entry) dynamodbapi.Item { return put(f, member, e.Seq, "x", e.Hash) },
		"missing": func(f *function, e audit.Entry) dynamodbapi.Item {
			return dynamodbapi.Item{Op: dynamodbapi.Delete, Table: f.Journal.Table, Key: dynamodbapi.Key(member, entryKey(e.Seq))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFunction(t)
			e := f.intend(noon, "01PLAN", detail)
			f.intend(noon.Add(time.Second), "p", `{"plan":{}}`)
			f.intend(noon.Add(2*time.Second), "p", `{"plan":{}}`)
			if _, err := f.cloud.Store().Write(t.Context(), change(f, e)); err != nil {
				t.Fatal(err)
			}
			f.handle(made().with(func(e *event) { e.identity = "dana" }).envelope(t))
			f.want(1, 1)
			if why := f.told[0].Reason; !strings.Contains(why, "does not verify") {
				t.Errorf("says %q", why)
			}
		})
	}
}

func put(f *function, chain string, seq int64, body, hash string) dynamodbapi.Item {
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.Journal.Table, Put: dynamodbapi.Values{"pk": chain, "sk": entryKey(seq), attrBody: body, attrHash: hash}}
}

func TestWhatComesAgain(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	f.intend(noon, "01PLAN", detail)
	f.tellErr = errors.New("no queue")
	forged := made().with(func(e *event) { e.session = "x" }).envelope(t)
	if again := f.handle(made().envelope(t), forged); again != "1" {
		t.Errorf("again %q, want the one that nobody was told of", again)
	}
	f.want(0, 1)

	f.tellErr = nil
	f.cloud.Fail(func(string) tabletest.Fault { return tabletest.Broken })
	f.Journal.Store = f.cloud.Store()
	read := made().with(func(e *event) { e.role, e.id = "shoreup/shoreup-read", "read" }).envelope(t)
	if again := f.handle(forged, made().with(func(e *event) { e.more = map[string]any{"readOnly": true} }).envelope(t)); again != "0" {
		t.Errorf("again %q, want the one that could not be looked up", again)
	}
	f.cloud.Fail(nil)
	f.handle(forged, read)
	f.want(2, 1, 0, 2)
}

func TestWhatIsNoCallOfOurs(t *testing.T) {
	t.Parallel()
	f := newFunction(t)
	if again := f.handle("x", string(sample(t, "who_root"))); again != "" {
		t.Errorf("again: %s", again)
	}
	f.want(0, 0)
	if len(f.dead) != 2 || !strings.Contains(f.dead[0], "malformed event") || !strings.Contains(f.dead[1], "no role of shoreup") {
		t.Errorf("dead letters %q", f.dead)
	}
}

// What the engine really writes explains what it really does, a fix and taking it back.
func TestTheEnginesOwnRecords(t *testing.T) {
	t.Parallel()
	account := emulatortest.Account(t)
	cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
	file := filepath.Join(t.TempDir(), "shoreup.yaml")
	if err := os.WriteFile(file, []byte("version: 1\ndefaults: { mode: approve }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	control := bucketpublic.Control()
	h := hub.New(cfg, hub.Env{Account: account, Region: "eu-west-1", Tables: "shoreup", Rules: file, WriteRole: hub.WriteRole}, []core.Control{control})
	if err := occurrence.CreateTables(t.Context(), h.Own, "shoreup"); err != nil {
		t.Fatal(err)
	}
	const bucket = "reconcile-own-records"
	open(t, cfg, bucket)
	r := awsapi.Resource{Type: "AWS::S3::Bucket", ID: bucket, Account: account, Region: "eu-west-1", Partition: "aws"}
	found := h.Engine.Find(t.Context(), control, r, core.Cause{Origin: "cli"})
	fixed, err := h.Engine.ApplyApproved(t.Context(), control, r, found.Hash, "dana")
	if err != nil || fixed.Outcome != core.Fixed {
		t.Fatalf("fixing: %s %s, %v", fixed.Outcome, fixed.Reason, err)
	}
	undoing, err := h.Engine.PlanUndo(t.Context(), account, fixed.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	undone, err := h.Engine.Undo(t.Context(), undoing, "erin")
	if err != nil || undone.Outcome != core.Undone {
		t.Fatalf("taking back: %s %s, %v", undone.Outcome, undone.Reason, err)
	}

	j := &Journal{Store: dynamodbapi.NewStore(h.Own), Table: "shoreup-audit"}
	for _, side := range []struct {
		finding  core.Finding
		role, by string
	}{{fixed, storage, "dana"}, {undone, restore, "erin"}} {
		for _, change := range side.finding.Plan.Changes {
			c := Call{
				EventID: "e", Time: time.Now().Truncate(time.Second), Account: account, Owner: account, Region: "eu-west-1", Source: "s3.amazonaws.com", Name: nameOf(change.Do.Op),
				Role: side.role, Session: side.finding.ID, Identity: side.by, Params: map[string]any{"bucketName": bucket},
			}
			log, err := j.Read(t.Context(), account, []Call{c})
			if err != nil {
				t.Fatal(err)
			}
			if why := judge().Unexplained(c, log); why != "" {
				t.Errorf("%s by %s: %s", change.Do.Op, side.role, why)
			}
			c.Session = "another"
			if judge().Unexplained(c, log) == "" {
				t.Errorf("%s of a session of another name is explained", change.Do.Op)
			}
		}
		if len(side.finding.Plan.Changes) == 0 {
			t.Errorf("%s made no calls: nothing was compared", side.role)
		}
	}
}

// nameOf is what CloudTrail calls an operation of S3, written down here once more.
func nameOf(op string) string {
	if name, ok := map[string]string{"s3:PutPublicAccessBlock": "PutBucketPublicAccessBlock", "s3:DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock"}[op]; ok {
		return name
	}
	return strings.TrimPrefix(op, "s3:")
}

// open makes a bucket that everybody may read.
func open(t *testing.T, cfg aws.Config, bucket string) {
	t.Helper()
	api := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Sid":"Everyone","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
	if _, err := api.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(policy)}); err != nil {
		t.Fatal(err)
	}
}
