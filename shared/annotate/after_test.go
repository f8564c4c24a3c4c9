package annotate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
)

func messages(t *testing.T, controls ...string) lambdaevents.SQSEvent {
	t.Helper()
	var batch lambdaevents.SQSEvent
	for i, control := range controls {
		f := found(core.Fixed)
		f.Control = control
		body, err := notify.Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: fmt.Sprint("m-", i), Body: string(body)})
	}
	return batch
}

// people answers that the named messages could not be told.
func people(order *[]string, failed ...string) Handler {
	return func(context.Context, lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
		*order = append(*order, "people")
		var resp lambdaevents.SQSEventResponse
		for _, id := range failed {
			resp.BatchItemFailures = append(resp.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return resp, nil
	}
}

func TestPeopleAreToldFirst(t *testing.T) {
	t.Parallel()
	var order []string
	cloud := &annotatetest.Cloud{Rules: []string{"shoreup-a", "shoreup-c"}, Fail: func(q annotatetest.Request) (int, string) {
		order = append(order, q.Operation)
		return 0, ""
	}}
	batch := messages(t, "a", "b", "c")
	batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: "m-3", Body: "{"})
	resp, err := After(people(&order, "m-1", "m-3"), newRig(cloud).Annotator)(t.Context(), batch)
	if err != nil || len(resp.BatchItemFailures) != 2 {
		t.Errorf("%+v, %v; want the people's answer", resp, err)
	}
	if diff := cmp.Diff([]string{"people", assume, start}, order); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"shoreup-a,shoreup-c"}, started(t, cloud)); diff != "" {
		t.Errorf("what comes again is told already (- want, + got)\n%s", diff)
	}
}

func TestAFailureHereTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	var order []string
	cloud := &annotatetest.Cloud{Fail: func(annotatetest.Request) (int, string) { return 500, "InternalFailure" }}
	r := newRig(cloud)
	resp, err := After(people(&order), r.Annotator)(t.Context(), messages(t, "a"))
	if err != nil || len(resp.BatchItemFailures) != 0 || r.n[Failures] != 1 {
		t.Errorf("%+v, %v, counted %v; want nothing delivered again", resp, err, r.n)
	}
}

func TestWhatFailsAsAWholeIsLeftAlone(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	broken := func(context.Context, lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
		return lambdaevents.SQSEventResponse{}, errors.New("broken")
	}
	if _, err := After(broken, newRig(cloud).Annotator)(t.Context(), messages(t, "a")); err == nil || len(cloud.Requests("")) != 0 {
		t.Errorf("%v after %d requests", err, len(cloud.Requests("")))
	}
}

// A function that runs out of time has its whole batch delivered again, and people would be told twice.
func TestEndsBeforeTheFunctionDoes(t *testing.T) {
	t.Parallel()
	var order []string
	r := newRig(&annotatetest.Cloud{})
	ctx, cancel := context.WithTimeout(t.Context(), spare-time.Second)
	defer cancel()
	began := time.Now()
	if _, err := After(people(&order), r.Annotator)(ctx, messages(t, "a")); err != nil || ctx.Err() != nil || time.Since(began) > time.Second {
		t.Errorf("%v after %v; want it given up in time", err, time.Since(began))
	}
	if r.n[Started] != 0 || len(order) != 1 {
		t.Errorf("counted %v, told %q", r.n, order)
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	count := Counter(&out, func() time.Time { return time.UnixMilli(1772359190000) })
	count(Failures, 2)
	count(Noted, 0)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"AnnotateFailures": 2.0, "_aws": map[string]any{"Timestamp": 1772359190000.0, "CloudWatchMetrics": []any{
		map[string]any{"Namespace": "shoreup", "Dimensions": []any{[]any{}}, "Metrics": []any{map[string]any{"Name": "AnnotateFailures", "Unit": "Count"}}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}
