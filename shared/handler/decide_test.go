package handler_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	wordsQueue    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-words"
	pointersQueue = "arn:aws:sqs:eu-west-1:111122223333:shoreup-decide"
)

// deciding is the deciding function with tables of its own, and what it gave up on.
type deciding struct {
	handler.Decide
	book    *occurrence.Book
	account string
	dead    []string
	orders  int
}

func newDeciding(t *testing.T) *deciding {
	t.Helper()
	cloud := tabletest.New(t)
	store := cloud.Store()
	file, err := rules.Load([]byte("version: 1\npeople:\n  - { name: ada, slack: U0ADA00001 }\n  - { name: eve, aws: [\"sso:eve@example.com\"] }\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := &deciding{account: cloud.Session.Account, book: occurrence.New(store, cloud.Table(occurrence.StateTable), time.Now)}
	d.Words = wordsQueue
	d.Accounts = func(context.Context) []string { return []string{d.account} }
	d.DeadLetter = func(_ context.Context, _, reason string) error { d.dead = append(d.dead, reason); return nil }
	d.Desk = &approval.Desk{
		Store: store, Table: cloud.Table(occurrence.ApprovalTable), Book: d.book, Account: d.account, Now: time.Now,
		Log:   audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, "test"),
		Rules: func(context.Context) *rules.File { return file },
		Order: func(context.Context, approval.Request) error { d.orders++; return nil },
		Control: func(id string) (core.Meta, bool) {
			for _, c := range catalog.Controls() {
				if c.ID == id {
					return c.Meta, true
				}
			}
			return core.Meta{}, false
		},
	}
	return d
}

// give delivers one message and returns whether it is to be delivered again.
func (d *deciding) give(t *testing.T, queue, body string) bool {
	t.Helper()
	raw, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", EventSourceARN: queue, Body: body}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Handle(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return len(out.(lambdaevents.SQSEventResponse).BatchItemFailures) > 0
}

// waits is a plan with the hash h1 that waits for people.
func (d *deciding) waits(t *testing.T, bucket awsapi.Resource) occurrence.Occurrence {
	t.Helper()
	occ, _, err := d.book.Open(t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: bucket, State: occurrence.Waiting, PlanID: "p-1", PlanHash: "h1", Decision: "approve", Person: "sso:eve@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	return occ
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func adaAgrees(t *testing.T, k approval.Key) string {
	t.Helper()
	return encoded(t, approval.Said{Answer: &approval.Answer{Key: k, Round: 1, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack"}})
}

// What the kill switch held up is handed over as soon as it is lifted, not when the schedule finds it.
func TestWhatIsApprovedGoesOnAfterTheKillSwitch(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	occ := d.waits(t, awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: d.account, Region: "eu-west-1", Partition: "aws"})
	d.waits(t, awsapi.Resource{Type: "AWS::S3::Bucket", ID: "films", Account: d.account, Region: "eu-west-1", Partition: "aws"})
	var ordered []string
	d.Desk.Order = func(_ context.Context, r approval.Request) error { ordered = append(ordered, r.Where.ID); return nil }
	tick := json.RawMessage(`{"source":"aws.events","detail-type":"Scheduled Event"}`)
	if _, err := d.Handle(t.Context(), tick); err != nil {
		t.Fatal(err)
	}
	d.give(t, wordsQueue, adaAgrees(t, approval.Key{Account: d.account, Kind: approval.Fix, ID: occ.ID, Hash: "h1"}))
	if err := d.book.Engage(t.Context(), "eve", "outage"); err != nil {
		t.Fatal(err)
	}
	d.give(t, wordsQueue, encoded(t, approval.Said{Lift: &approval.Lifting{Why: "it is over", Identity: "sso:eve@example.com"}}))
	lifts, err := approval.List(t.Context(), d.Desk.Store, d.Desk.Table, d.account, approval.Lift, "")
	if err != nil || len(lifts) != 1 {
		t.Fatalf("%d requests to lift, %v", len(lifts), err)
	}
	if len(ordered) != 1 {
		t.Fatalf("handed over before it is lifted: %q", ordered)
	}
	d.give(t, wordsQueue, adaAgrees(t, lifts[0].Key))
	if want := []string{"photos", "photos"}; !slices.Equal(ordered, want) || len(d.dead) > 0 {
		t.Errorf("handed over %q, want %q; dead letters %q", ordered, want, d.dead)
	}
}

func TestAPlanIsAskedAboutAndDecided(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	bucket := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: d.account, Region: "eu-west-1", Partition: "aws"}
	occ := d.waits(t, bucket)
	pointer, word := encoded(t, approval.Pointer{Control: "s3-bucket-public", Resource: bucket}), adaAgrees(t, approval.Key{Account: d.account, Kind: approval.Fix, ID: occ.ID, Hash: "h1"})
	for _, m := range []struct{ queue, body string }{
		{pointersQueue, word}, // whoever points has no word
		{wordsQueue, pointer},
		{pointersQueue, pointer},
		{pointersQueue, word},
	} {
		if d.give(t, m.queue, m.body) || d.orders != 0 {
			t.Fatalf("after %s from %s: %d orders", m.body, m.queue, d.orders)
		}
	}
	if len(d.dead) != 3 {
		t.Errorf("%d dead letters, want the three from the wrong queue: %q", len(d.dead), d.dead)
	}
	if d.give(t, wordsQueue, word) || d.orders != 1 {
		t.Errorf("after her word there are %d orders", d.orders)
	}
	if d.give(t, wordsQueue, word) || d.orders != 1 {
		t.Errorf("after the same word again there are %d orders", d.orders)
	}
	if _, err := d.Handle(t.Context(), json.RawMessage(`{"source":"aws.events","detail-type":"Scheduled Event"}`)); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeUnderstoodIsADeadLetter(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	for _, body := range []string{
		"", "null", "{}", "[]", `{"answer":{}} x`, `{"answer":{},"lift":{}}`, `{"unknown":1}`, `{"answer":{"verdict":1}}`, strings.Repeat(" ", 17<<10) + "{}", "\xff",
	} {
		before := len(d.dead)
		if d.give(t, wordsQueue, body) || len(d.dead) != before+1 && body != `{"answer":{}}` {
			t.Errorf("word %.40q: %d dead letters more", body, len(d.dead)-before)
		}
	}
	for _, body := range []string{
		"", "{}", `{"control":"s3-bucket-public","resource":{}}`, `{"control":"none","resource":{"Type":"AWS::S3::Bucket","ID":"b","Account":"111122223333","Region":"eu-west-1","Partition":"aws"}}`,
	} {
		before := len(d.dead)
		if d.give(t, pointersQueue, body) || len(d.dead) != before+1 {
			t.Errorf("pointer %.40q: %d dead letters more", body, len(d.dead)-before)
		}
	}
	if d.orders != 0 {
		t.Errorf("%d orders", d.orders)
	}
}
