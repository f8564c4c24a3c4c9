package handler

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// dead collects what went to the dead-letter queue.
type dead struct {
	mu      sync.Mutex
	reasons []string
	err     error
}

func (d *dead) letter(_ context.Context, _, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reasons = append(d.reasons, reason)
	return d.err
}

// toy judges every bucket as wrong and has no fix, so that evaluating it writes records and nothing else.
func toy() core.Control {
	type state struct {
		Name string `json:"name"`
	}
	return core.Define(core.Meta{ID: "s3-toy", Version: 1, Title: "Toy", Service: "s3", Family: "storage", Type: s3api.Bucket, Severity: core.Low,
		Reversible: core.AdviceOnly, Disruption: core.DisruptsNothing, Events: []string{"s3.amazonaws.com:PutBucketPolicy"}},
		func(_ context.Context, _ awsapi.Session, r awsapi.Resource) (state, error) { return state{r.ID}, nil },
		func(state, core.Settings) []core.Violation {
			return []core.Violation{{Rule: "toy", Where: "bucket", Reason: "always"}}
		},
		func(awsapi.Resource, state, []core.Violation, core.Settings) (core.Fix[state], error) {
			return core.Fix[state]{Advice: []core.Advice{{Title: "none"}}}, nil
		})
}

func newEngine(t *testing.T) (*engine.Engine, *tabletest.Cloud) {
	t.Helper()
	cloud := tabletest.New(t)
	store := cloud.Store()
	return &engine.Engine{
		Controls: []core.Control{toy()}, Rules: func(context.Context) *rules.File { return rules.Default() },
		Read:  func(context.Context, string, string) (awsapi.Session, error) { return cloud.Session, nil },
		State: occurrence.New(store, cloud.Table(occurrence.StateTable), time.Now),
		Log:   audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, t.Name()),
		Now:   time.Now, Sleep: engine.SleepFor, Owner: t.Name(),
	}, cloud
}

func event(t *testing.T, account, bucket, code string) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "account": account, "time": "2026-11-01T00:00:00Z", "region": "eu-west-1",
		"detail": map[string]any{
			"eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "awsRegion": "eu-west-1", "eventTime": "2026-11-01T00:00:00Z", "eventID": "e-1", "errorCode": code,
			"recipientAccountId": account, "requestParameters": map[string]any{"bucketName": bucket}, "userIdentity": map[string]any{"type": "Root", "accountId": account},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The queues that feed evaluate.
const (
	eventsQueue   = "arn:aws:sqs:eu-west-1:999988887777:shoreup-events"
	evaluateQueue = "arn:aws:sqs:eu-west-1:999988887777:shoreup-evaluate"
	commandsQueue = "arn:aws:sqs:eu-west-1:999988887777:shoreup-commands"
)

// batch is of the queue that EventBridge writes into.
func batch(bodies ...string) lambdaevents.SQSEvent { return batchOf(eventsQueue, bodies...) }

func batchOf(queue string, bodies ...string) lambdaevents.SQSEvent {
	e := lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{}}
	for i, b := range bodies {
		e.Records = append(e.Records, lambdaevents.SQSMessage{MessageId: string(rune('a' + i)), Body: b, EventSource: "aws:sqs", EventSourceARN: queue})
	}
	return e
}

func failures(r lambdaevents.SQSEventResponse) string {
	var ids []string
	for _, f := range r.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return strings.Join(ids, "")
}

func TestEvaluateSortsABatch(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	var d dead
	h := NewEvaluate(e, d.letter, eventsQueue)
	account := cloud.Session.Account
	resp, err := h.Handle(t.Context(), batch("{not json", event(t, account, "one", ""), event(t, account, "two", "AccessDenied"), `{"source":"aws.health","detail-type":"x","detail":{},"account":"`+account+`","region":"eu-west-1"}`))
	if err != nil || failures(resp) != "" {
		t.Fatalf("to be delivered again: %q, %v", failures(resp), err)
	}
	if len(d.reasons) != 1 || !strings.Contains(d.reasons[0], "malformed") {
		t.Errorf("dead letters %q, want the one that is no event", d.reasons)
	}
	entries, err := e.Log.List(t.Context(), account, 0, 10)
	if err != nil || len(entries) != 2 || !strings.HasSuffix(entries[0].Resource, ":one") {
		t.Errorf("%d records, %v: want plan and decision about bucket one", len(entries), err)
	}
}

func TestEvaluateDeliversAgainWhatFailedInPassing(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	var d dead
	h := NewEvaluate(e, d.letter, eventsQueue)
	cloud.Fail(func(string) tabletest.Fault { return tabletest.Lost })
	resp, err := h.Handle(t.Context(), batch(event(t, cloud.Session.Account, "one", "")))
	if err != nil || failures(resp) != "a" || len(d.reasons) != 0 {
		t.Errorf("to be delivered again %q, dead %q, %v; want a and none", failures(resp), d.reasons, err)
	}
}

func TestWhatCannotBeBuriedIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	e, _ := newEngine(t)
	d := dead{err: errors.New("no queue")}
	resp, err := NewEvaluate(e, d.letter, eventsQueue).Handle(t.Context(), batch("{not json"))
	if err != nil || failures(resp) != "a" {
		t.Errorf("to be delivered again %q, %v; want a: nothing may be lost", failures(resp), err)
	}
}

func TestApplyBuriesWhatIsNoOrder(t *testing.T) {
	t.Parallel()
	e, _ := newEngine(t)
	var d dead
	h := &Apply{Engine: e, DeadLetter: d.letter}
	resp, err := h.Handle(t.Context(), batch("{", `{"control":"nobody-knows-it"}`))
	if err != nil || failures(resp) != "" || len(d.reasons) != 2 {
		t.Errorf("to be delivered again %q, dead %q, %v; want none and two", failures(resp), d.reasons, err)
	}
}
