package queue

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

func TestEventHasTheRealShape(t *testing.T) {
	t.Parallel()
	text := "blue"
	event, err := Event(arn, []Message{{
		ID: "m1", Receipt: "r1", Body: `{"a":1}`, System: map[string]string{"ApproximateReceiveCount": "2"},
		Attributes: map[string]Attribute{"colour": {DataType: "String", StringValue: &text}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got events.SQSEvent
	decoder := json.NewDecoder(strings.NewReader(string(event)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m1", ReceiptHandle: "r1", Body: `{"a":1}`,
		Md5OfBody:   "bb6cb5c68df4652941caf652a366f2d8",
		Attributes:  map[string]string{"ApproximateReceiveCount": "2"},
		EventSource: "aws:sqs", EventSourceARN: arn, AWSRegion: "eu-west-1",
		MessageAttributes: map[string]events.SQSMessageAttribute{"colour": {
			DataType: "String", StringValue: &text, StringListValues: []string{}, BinaryListValues: [][]byte{},
		}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	batch := []Message{{ID: "a"}, {ID: "b"}}
	tests := []struct {
		response string
		want     map[string]bool
		all      bool // everything failed
	}{
		{``, map[string]bool{}, false},
		{`null`, map[string]bool{}, false},
		{`{}`, map[string]bool{}, false},
		{`{"batchItemFailures":[]}`, map[string]bool{}, false},
		{`{"batchItemFailures":null}`, map[string]bool{}, false},
		{`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, map[string]bool{"b": true}, false},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, true},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, true},
		{`{"batchItemFailures":[{"itemId":"b"}]}`, nil, true},
		{`{"batchItemFailures":[{"itemIdentifier":"c"}]}`, nil, true},
		{`{"batchItemFailures":["b"]}`, nil, true},
		{`{"batchItemFailures":"b"}`, nil, true},
		{`"ok"`, nil, true},
		{`{"batchItem`, nil, true},
	}
	for _, tt := range tests {
		got, err := Failures([]byte(tt.response), batch)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.all {
			t.Errorf("%s: error %v, want %v; (-want +got):\n%s", tt.response, err, tt.all, diff)
		}
	}
}

func FuzzFailures(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, response []byte) {
		failed, err := Failures(response, []Message{{ID: "a"}, {ID: "b"}})
		if (failed == nil) != (err != nil) {
			t.Errorf("%v with error %v", failed, err)
		}
		for id := range failed {
			if id != "a" && id != "b" {
				t.Errorf("%q is not in the batch", id)
			}
		}
	})
}
