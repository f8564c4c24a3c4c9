package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// drain runs the mapping until its queue is empty.
func drain(t *testing.T, m *Mapping) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var traffic Traffic
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx, &traffic)
	}()
	err := traffic.Quiet(ctx, []*Mapping{m})
	cancel()
	<-ended
	return err
}

func TestDeliversRetriesAndBuries(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn, MaxReceives: 2}
	for i := range 11 {
		q.Send(fmt.Sprintf("fine-%02d", i), 0)
	}
	q.Send("once", 0)
	q.Send("poison", 0)
	f := &function{}
	if err := drain(t, &Mapping{Source: q.Source(), Invoke: f.invoke}); err != nil {
		t.Fatal(err)
	}
	// 10 in one event, 3 in the next of which two fail, then these two.
	if f.events != 3 || len(f.bodies) != 15 {
		t.Errorf("%d messages in %d events, want 15 in 3", len(f.bodies), f.events)
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
	if err := drain(t, &Mapping{Source: q.Source(), Invoke: f.invoke, Failed: func(err error) { told = append(told, err.Error()) }}); err != nil {
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

func TestConcurrentDeliveryTakesAll(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn}
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("%03d", i))
		q.Send(want[i], 0)
	}
	f := &function{}
	var under, most atomic.Int64
	invoke := func(ctx context.Context, event []byte) ([]byte, error) {
		most.Store(max(most.Load(), under.Add(1)))
		defer under.Add(-1)
		time.Sleep(2 * time.Millisecond)
		return f.invoke(ctx, event)
	}
	if err := drain(t, &Mapping{Source: q.Source(), Invoke: invoke, Batch: 3, Concurrency: 4}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.sorted()); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	if most.Load() > 4 || most.Load() < 2 {
		t.Errorf("%d events at once, want up to 4", most.Load())
	}
}

func TestLargeBatchesAndWindows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		window time.Duration
		late   int // messages sent while the window is open
		events int
	}{
		{"all there", 0, 0, 1},
		{"waits for more", 10 * time.Second, 75, 1}, // the batch is full long before the window closes
		{"window closes", 600 * time.Millisecond, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := &Queue{ARN: arn}
			for range 25 {
				q.Send("fine", 0)
			}
			f := &function{}
			m := &Mapping{Source: q.Source(), Invoke: f.invoke, Batch: 100, Window: tt.window}
			var once sync.Once
			m.Source.Receive = func(ctx context.Context, limit int) ([]Message, error) {
				got, err := q.receive(ctx, min(limit, 10)) // as SQS does
				if len(got) < min(limit, 10) {
					once.Do(func() {
						for range tt.late {
							q.Send("late", 0)
						}
					})
				}
				return got, err
			}
			if err := drain(t, m); err != nil {
				t.Fatal(err)
			}
			if f.events != tt.events || len(f.bodies) != 25+tt.late {
				t.Errorf("%d messages in %d events, want %d in %d", len(f.bodies), f.events, 25+tt.late, tt.events)
			}
		})
	}
}

func TestWhatFailedIsHiddenForAWhile(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn}
	q.Send("once", 0)
	f := &function{}
	began := time.Now()
	const after = 300 * time.Millisecond
	for q.Len() > 0 {
		if err := drain(t, &Mapping{Source: q.Source(), Invoke: f.invoke, RetryAfter: after}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < after || f.events != 2 {
		t.Errorf("after %s and %d events, want 2 and at least %s", took, f.events, after)
	}
}

func TestWithoutPartialResponsesABatchSucceedsAsAWhole(t *testing.T) {
	t.Parallel()
	q := &Queue{ARN: arn}
	q.Send("poison", 0)
	f := &function{}
	if err := drain(t, &Mapping{Source: q.Source(), Invoke: f.invoke, All: true}); err != nil || f.events != 1 || q.Len() != 0 {
		t.Errorf("%d events, %d messages left, %v; the response of a function that reports no items is not looked at", f.events, q.Len(), err)
	}
}

func TestRunEndsWithItsContextAndWithABrokenQueue(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	q := &Queue{ARN: arn}
	q.Send("x", 0)
	m := &Mapping{Source: q.Source(), Concurrency: 2, Invoke: func(context.Context, []byte) ([]byte, error) {
		cancel()
		return nil, ctx.Err()
	}}
	m.Run(ctx, &Traffic{})
	if q.Len() != 1 {
		t.Error("a message under way at the end was deleted")
	}
	broken := Source{ARN: arn, Receive: func(context.Context, int) ([]Message, error) { return nil, errors.New("no such queue") }}
	if err := drain(t, &Mapping{Source: broken}); err == nil || !strings.Contains(err.Error(), "no such queue") {
		t.Errorf("a broken queue: %v", err)
	}
}

// What one function sends to another's queue keeps everything unquiet until it is worked on.
func TestQuietWaitsForAChain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, second := &Queue{ARN: arn}, &Queue{ARN: arn}
	f := &function{}
	mappings := []*Mapping{
		{Source: second.Source(), Invoke: f.invoke},
		{Source: first.Source(), Invoke: func(context.Context, []byte) ([]byte, error) {
			second.Send("fine", 0)
			return nil, nil
		}},
	}
	var traffic Traffic
	for _, m := range mappings {
		go m.Run(ctx, &traffic)
	}
	for n := range 20 {
		first.Send("x", 0)
		traffic.Touch()
		if err := traffic.Quiet(ctx, mappings); err != nil {
			t.Fatal(err)
		}
		if got := len(f.sorted()); got != n+1 {
			t.Fatalf("after %d messages it is quiet with %d worked on", n+1, got)
		}
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
	if err := drain(t, &Mapping{Source: source, Invoke: f.invoke, Concurrency: 2}); err != nil {
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
