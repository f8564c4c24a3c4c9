package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

const arn = "arn:aws:sqs:eu-west-1:111122223333:plans"

func TestMain(m *testing.M) { emulatortest.Main(m) }

// function is an Invoke that records bodies and fails as the body says.
type function struct {
	mu     sync.Mutex
	events int
	bodies []string
}

func (f *function) invoke(_ context.Context, event []byte) ([]byte, error) {
	var in events.SQSEvent
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events++
	out := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, r := range in.Records {
		f.bodies = append(f.bodies, r.Body)
		switch {
		case r.Body == "crash":
			return nil, errors.New("runtime exited")
		case r.Body == "poison", r.Body == "once" && r.Attributes["ApproximateReceiveCount"] == "1":
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	return json.Marshal(out)
}

func (f *function) sorted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.bodies))
}

func TestDrainDeliversRetriesAndBuries(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn, MaxReceives: 2}
	for i := range 11 {
		q.Send(fmt.Sprintf("fine-%02d", i), 0)
	}
	q.Send("once", 0)
	q.Send("poison", 0)
	f := &function{}
	count, err := Drain(t.Context(), q.Source(), f.invoke, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// 10 in one event, 3 in the next of which two fail, then these two.
	if want := (Count{Events: 3, Messages: 15, Retried: 3}); count != want {
		t.Errorf("count = %+v, want %+v", count, want)
	}
	dead := q.DeadLetters()
	if q.Len() != 0 || len(dead) != 1 || dead[0].Message.Body != "poison" || dead[0].Reason != "named in the batch response" {
		t.Errorf("%d messages left, dead letters %+v", q.Len(), dead)
	}
}

func TestACrashFailsTheWholeBatch(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn, MaxReceives: 2}
	q.Send("innocent", 0)
	q.Send("crash", 0)
	f := &function{}
	var told []string
	_, err := Drain(t.Context(), q.Source(), f.invoke, Options{Failed: func(err error) { told = append(told, err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"runtime exited", "runtime exited"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if dead := q.DeadLetters(); len(dead) != 2 || dead[0].Reason != "runtime exited" {
		t.Errorf("dead letters %+v, want both", dead)
	}
}

func TestDuplicatesKeepTheirID(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn}
	id := q.Send("same", 3)
	got, err := q.Source().Receive(t.Context(), 10)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d messages, %v, want 4", len(got), err)
	}
	receipts := map[string]bool{}
	for _, m := range got {
		receipts[m.Receipt] = true
		if m.ID != id {
			t.Errorf("id %s, want %s", m.ID, id)
		}
	}
	if len(receipts) != 4 {
		t.Errorf("%d different receipts, want 4", len(receipts))
	}
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	q := &Queue{ARN: arn, Visibility: time.Minute, MaxReceives: 2, Now: func() time.Time { return now }}
	q.Send("x", 0)
	source := q.Source()
	receive := func() []Message {
		t.Helper()
		got, err := source.Receive(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := receive()
	if len(first) != 1 || len(receive()) != 0 {
		t.Fatal("a received message is still shown")
	}
	now = now.Add(time.Minute)
	if second := receive(); len(second) != 1 || second[0].System["ApproximateReceiveCount"] != "2" {
		t.Fatalf("after the timeout: %+v", second)
	}
	if err := source.Delete(t.Context(), first[0].Receipt); err != nil || q.Len() != 1 {
		t.Errorf("an outdated receipt deleted the message (%v)", err)
	}
	now = now.Add(time.Minute)
	if len(receive()) != 0 || len(q.DeadLetters()) != 1 {
		t.Errorf("after two receives: dead letters %+v, want the message", q.DeadLetters())
	}
}

func TestConcurrentDrainTakesAll(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn}
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("%03d", i))
		q.Send(want[i], 0)
	}
	f := &function{}
	if _, err := Drain(t.Context(), q.Source(), f.invoke, Options{Batch: 3, Concurrency: 4, Idle: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.sorted()); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestDriveEndsWithItsContextAndWithABrokenQueue(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	q := &Queue{ARN: arn}
	q.Send("x", 0)
	count, err := Drive(ctx, q.Source(), func(context.Context, []byte) ([]byte, error) {
		cancel()
		return nil, ctx.Err()
	}, Options{Concurrency: 2})
	if err != nil || count.Events != 1 || count.Retried != 0 {
		t.Errorf("%+v, %v, want one event, no retry, no error", count, err)
	}
	if _, err := Drain(ctx, q.Source(), nil, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("draining with an ended context: %v", err)
	}
	broken := Source{ARN: arn, Receive: func(context.Context, int) ([]Message, error) { return nil, errors.New("no such queue") }}
	if _, err := Drive(t.Context(), broken, nil, Options{Concurrency: 2}); err == nil || !strings.Contains(err.Error(), "no such queue") {
		t.Errorf("a broken queue: %v", err)
	}
}

func TestSQSAtTheEmulator(t *testing.T) {
	t.Parallel()
	account := emulatortest.Account(t)
	cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
	create := func(name string, attributes map[string]string) sqsQueue {
		t.Helper()
		var out struct{ QueueUrl string }
		in := map[string]any{"QueueName": name, "Attributes": attributes}
		if err := (sqsQueue{cfg: cfg}).call(t.Context(), "CreateQueue", in, &out); err != nil {
			t.Fatal(err)
		}
		return sqsQueue{cfg: cfg, url: out.QueueUrl}
	}
	deadARN := "arn:aws:sqs:eu-west-1:" + account + ":dead"
	dead := create("dead", nil)
	live := create("live", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"2"}`})
	for _, body := range []string{"fine", "once", "poison"} {
		in := map[string]any{"MessageBody": body, "MessageAttributes": map[string]any{
			"origin": map[string]string{"DataType": "String", "StringValue": "sweep"},
		}}
		if err := live.call(t.Context(), "SendMessage", in, nil); err != nil {
			t.Fatal(err)
		}
	}
	f := &function{}
	source := SQS(cfg, live.url, "arn:aws:sqs:eu-west-1:"+account+":live")
	if _, err := Drain(t.Context(), source, f.invoke, Options{Concurrency: 2}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"fine", "once", "once", "poison", "poison"}, f.sorted()); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	got, err := SQS(cfg, dead.url, deadARN).Receive(t.Context(), 100)
	if err != nil || len(got) != 1 || got[0].Body != "poison" || *got[0].Attributes["origin"].StringValue != "sweep" {
		t.Errorf("dead letters %+v, %v, want the poison", got, err)
	}
	if _, err := SQS(cfg, live.url+"-none", arn).Receive(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "ReceiveMessage") {
		t.Errorf("receiving from no queue: %v", err)
	}
}
