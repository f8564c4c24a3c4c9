package handler_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/rules"
)

// The queues that feed apply, each with one sender.
const (
	applyQueue    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-apply"    // evaluate
	approvedQueue = "arn:aws:sqs:eu-west-1:111122223333:shoreup-approved" // decide
	againQueue    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-again"    // apply itself
)

const publicBucket = `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
`

// ordering is the deciding function, and an engine that applies what people agreed to about a bucket that waits for them.
type ordering struct {
	*deciding
	handler.Apply
	session awsapi.Session
	bucket  string
	orders  []engine.Order // that the deciding function gave
	buried  []string
}

func newOrdering(t *testing.T) *ordering {
	t.Helper()
	d := newDeciding(t)
	o := &ordering{deciding: d, session: awsapi.NewSession(emulatortest.ForTest(t).Config(d.account, "eu-west-1"), d.account, "eu-west-1"), bucket: "orders-" + d.account}
	eve := "arn:aws:iam::" + d.account + ":user/eve"
	file, err := rules.Load([]byte("version: 1\npeople:\n  - { name: ada, slack: U0ADA00001 }\n  - { name: eve, aws: [\"" + eve + "\"] }\nrules:\n  - { name: ask, match: { controls: [s3-bucket-public] }, mode: approve }\n"))
	if err != nil {
		t.Fatal(err)
	}
	all := catalog.Controls()
	e := &engine.Engine{
		Controls: slices.DeleteFunc(slices.Clone(all), func(c core.Control) bool { return c.ID != "s3-bucket-public" }), Rules: func(context.Context) *rules.File { return file },
		Read:  func(context.Context, string, string) (awsapi.Session, error) { return o.session, nil },
		Write: func(context.Context, engine.WriteRequest) (awsapi.Session, error) { return o.session, nil },
		Granted: func(ctx context.Context, k approval.Key) (approval.Grant, bool, error) {
			return approval.Granted(ctx, d.Desk.Store, d.Desk.Table, k, time.Now())
		},
		State: d.book, Log: d.Desk.Log, Now: time.Now, Sleep: engine.SleepFor, Owner: t.Name(),
	}
	d.Desk.Rules, d.Desk.Undoable = e.Rules, e.Undoable
	d.Desk.Order = func(_ context.Context, r approval.Request) error {
		order, err := engine.OrderOf(r)
		o.orders = append(o.orders, order)
		return err
	}
	o.Apply = handler.Apply{Engine: e, Approved: approvedQueue, DeadLetter: func(_ context.Context, _, reason string) error { o.buried = append(o.buried, reason); return nil }}
	if err := setup.Run(t.Context(), o.session, publicBucket, map[string]string{"bucket": o.bucket}); err != nil {
		t.Fatal(err)
	}
	found, err := e.Evaluate(t.Context(), signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: o.bucket, Account: d.account, Region: "eu-west-1", Partition: "aws", Time: time.Now(),
		EventSource: "s3.amazonaws.com", EventName: "PutBucketPolicy", EventID: "e-1", Actor: signal.Actor{ARN: eve, Type: "IAMUser"},
	})
	if err != nil || len(found) != 1 || found[0].Outcome != core.AwaitingApproval {
		t.Fatalf("%+v, %v", found, err)
	}
	d.give(t, pointersQueue, encoded(t, approval.Pointer{Control: found[0].Control, Resource: found[0].Plan.Resource}))
	asked, err := approval.List(t.Context(), d.Desk.Store, d.Desk.Table, d.account, approval.Fix, "")
	if err != nil || len(asked) != 1 {
		t.Fatalf("%d requests, %v", len(asked), err)
	}
	if d.give(t, wordsQueue, adaAgrees(t, asked[0].Key)); len(o.orders) != 1 {
		t.Fatalf("%d orders after a yes; dead letters %q", len(o.orders), d.dead)
	}
	return o
}

// from delivers an order in a queue. It may not be given back.
func (o *ordering) from(t *testing.T, queue string, order engine.Order) {
	t.Helper()
	out, err := o.Apply.Handle(t.Context(), lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", EventSourceARN: queue, Body: encoded(t, order)}}})
	if err != nil || len(out.BatchItemFailures) > 0 {
		t.Fatalf("from %q: %+v, %v", queue, out, err)
	}
}

func (o *ordering) closed(t *testing.T) bool {
	t.Helper()
	b, err := s3api.ReadBlock(t.Context(), o.session, o.bucket)
	if err != nil {
		t.Fatal(err)
	}
	return b != nil && b.RestrictPublicBuckets
}

// TestOnlyTheDecidingFunctionHasApprovalsUsed: the same order, word for word, of a plan that was approved does nothing in the queue of any other sender.
func TestOnlyTheDecidingFunctionHasApprovalsUsed(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	for _, queue := range []string{applyQueue, againQueue, "", approvedQueue + "-dlq", "arn:aws:sqs:eu-west-1:444455556666:shoreup-approved"} {
		o.from(t, queue, o.orders[0])
		if o.closed(t) {
			t.Fatalf("an order in queue %q used what people agreed to", queue)
		}
	}
	undo := o.orders[0]
	undo.Occurrence, undo.Undo = "", 1
	for _, queue := range []string{applyQueue, againQueue, ""} {
		o.from(t, queue, undo)
	}
	if len(o.buried) != 3 || !strings.Contains(o.buried[0], "only the deciding function orders that") {
		t.Errorf("dead letters %q, want the three undos", o.buried)
	}
	if o.from(t, approvedQueue, o.orders[0]); !o.closed(t) || len(o.buried) != 3 {
		t.Errorf("in its own queue it did not close the bucket; dead letters %q", o.buried)
	}
}

// TestWithoutAQueueOfApprovedOrdersNoneIsUsed: an installation that does not know its queue takes nothing for the deciding function's word.
func TestWithoutAQueueOfApprovedOrdersNoneIsUsed(t *testing.T) {
	t.Parallel()
	o := newOrdering(t)
	o.Approved = ""
	for _, queue := range []string{"", approvedQueue} {
		if o.from(t, queue, o.orders[0]); o.closed(t) {
			t.Fatalf("an order in queue %q used what people agreed to", queue)
		}
	}
}
