package queue

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what SQS checks bodies with, not a signature
	"encoding/json"
	"fmt"
	"strings"
)

// record is one entry of the event a function gets:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type record struct {
	MessageID         string                     `json:"messageId"`
	ReceiptHandle     string                     `json:"receiptHandle"`
	Body              string                     `json:"body"`
	Attributes        map[string]string          `json:"attributes"`
	MessageAttributes map[string]recordAttribute `json:"messageAttributes"`
	MD5OfBody         string                     `json:"md5OfBody"`
	EventSource       string                     `json:"eventSource"`
	EventSourceARN    string                     `json:"eventSourceARN"`
	AWSRegion         string                     `json:"awsRegion"`
}

type recordAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// Event encodes messages of the queue with the given ARN as the event that
// Lambda hands to a function.
func Event(arn string, messages []Message) ([]byte, error) {
	region := ""
	if parts := strings.Split(arn, ":"); len(parts) > 3 {
		region = parts[3]
	}
	records := make([]record, len(messages))
	for i, m := range messages {
		own := map[string]recordAttribute{}
		for name, a := range m.Attributes {
			own[name] = recordAttribute{
				StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: a.DataType,
				StringListValues: []string{}, BinaryListValues: [][]byte{},
			}
		}
		records[i] = record{
			MessageID: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, Attributes: m.System, MessageAttributes: own,
			MD5OfBody: fmt.Sprintf("%x", md5.Sum([]byte(m.Body))), EventSource: "aws:sqs", EventSourceARN: arn, AWSRegion: region,
		}
	}
	event, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return nil, fmt.Errorf("encoding %d messages of %s: %w", len(messages), arn, err)
	}
	return event, nil
}

// Failures returns the ids of the messages that a function's response says
// failed. An error means that the response counts as failure of the whole
// batch. The rules are Lambda's: nothing, null and an empty list are success;
// what is not JSON, an entry without an id, and an id not in the batch fail
// everything.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func Failures(response []byte, messages []Message) (map[string]bool, error) {
	failed := map[string]bool{}
	if len(bytes.TrimSpace(response)) == 0 {
		return failed, nil
	}
	var batch struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(response, &batch); err != nil {
		return nil, fmt.Errorf("reading the batch response: %w", err)
	}
	known := map[string]bool{}
	for _, m := range messages {
		known[m.ID] = true
	}
	for _, f := range batch.Failures {
		if f.ID == "" || !known[f.ID] {
			return nil, fmt.Errorf("reading the batch response: %q is not a message of the batch", f.ID)
		}
		failed[f.ID] = true
	}
	return failed, nil
}
