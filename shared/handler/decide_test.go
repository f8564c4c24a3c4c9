package handler_test

import (
	"context"
	"encoding/json"
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

func TestAPlanIsAskedAboutAndDecided(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	bucket := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: d.account, Region: "eu-west-1", Partition: "aws"}
	occ, _, err := d.book.Open(t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: bucket, State: occurrence.Waiting, PlanID: "p-1", PlanHash: "h1", Decision: "approve", Person: "sso:eve@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	pointer, err := json.Marshal(approval.Pointer{Control: "s3-bucket-public", Resource: bucket})
	if err != nil {
		t.Fatal(err)
	}
	word, err := json.Marshal(approval.Said{Answer: &approval.Answer{
		Key: approval.Key{Account: d.account, Kind: approval.Fix, ID: occ.ID, Hash: "h1"}, Round: 1, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct{ queue, body string }{
		{pointersQueue, string(word)}, // whoever points has no word
		{wordsQueue, string(pointer)},
		{pointersQueue, string(pointer)},
		{pointersQueue, string(word)},
	} {
		if d.give(t, m.queue, m.body) || d.orders != 0 {
			t.Fatalf("after %s from %s: %d orders", m.body, m.queue, d.orders)
		}
	}
	if len(d.dead) != 3 {
		t.Errorf("%d dead letters, want the three from the wrong queue: %q", len(d.dead), d.dead)
	}
	if d.give(t, wordsQueue, string(word)) || d.orders != 1 {
		t.Errorf("after her word there are %d orders", d.orders)
	}
	if d.give(t, wordsQueue, string(word)) || d.orders != 1 {
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
