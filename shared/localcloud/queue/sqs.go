package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// SQS returns the consumer side of a queue at the endpoint that cfg names,
// which must be set: this is for the emulator. Three calls of a JSON protocol
// do not need a service client; functions have theirs.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
func SQS(cfg aws.Config, queueURL, arn string) Source {
	q := sqsQueue{cfg: cfg, url: queueURL}
	return Source{
		ARN: arn,
		Receive: func(ctx context.Context, limit int) ([]Message, error) {
			var out struct{ Messages []Message }
			// The service hands out ten messages at a time at most.
			in := map[string]any{"MaxNumberOfMessages": min(limit, 10), "AttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"}}
			err := q.call(ctx, "ReceiveMessage", in, &out)
			return out.Messages, err
		},
		Delete: func(ctx context.Context, receipt string) error {
			return q.call(ctx, "DeleteMessage", map[string]any{"ReceiptHandle": receipt}, nil)
		},
		Retry: func(ctx context.Context, receipt, _ string, after time.Duration) error {
			seconds := int(math.Ceil(after.Seconds()))
			return q.call(ctx, "ChangeMessageVisibility", map[string]any{"ReceiptHandle": receipt, "VisibilityTimeout": seconds}, nil)
		},
	}
}

type sqsQueue struct {
	cfg aws.Config
	url string
}

// call sends one signed request. out may be nil.
func (q sqsQueue) call(ctx context.Context, operation string, in map[string]any, out any) error {
	in["QueueUrl"] = q.url
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encoding sqs:%s: %w", operation, err)
	}
	answer, status, err := q.send(ctx, operation, body)
	if err != nil {
		return fmt.Errorf("calling sqs:%s on %s: %w", operation, q.url, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("calling sqs:%s on %s: status %d: %.300s", operation, q.url, status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("reading the answer to sqs:%s on %s: %w", operation, q.url, err)
	}
	return nil
}

func (q sqsQueue) send(ctx context.Context, operation string, body []byte) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(aws.ToString(q.cfg.BaseEndpoint), "/")+"/", bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	creds, err := q.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, 0, err
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(body))
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, hash, "sqs", q.cfg.Region, time.Now()); err != nil {
		return nil, 0, err
	}
	resp, err := q.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return answer, resp.StatusCode, err
}

// Send puts a message with text attributes into a queue at the endpoint that cfg names, which must be set.
func Send(ctx context.Context, cfg aws.Config, queueURL, body string, attributes map[string]string) error {
	in := map[string]any{"MessageBody": body}
	if len(attributes) > 0 {
		own := map[string]any{}
		for name, value := range attributes {
			own[name] = map[string]string{"DataType": "String", "StringValue": value}
		}
		in["MessageAttributes"] = own
	}
	return sqsQueue{cfg: cfg, url: queueURL}.call(ctx, "SendMessage", in, nil)
}

// Waiting is how many messages a queue has, hidden and delayed ones too.
func Waiting(ctx context.Context, cfg aws.Config, queueURL string) (int, error) {
	names := []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"}
	var out struct{ Attributes map[string]string }
	if err := (sqsQueue{cfg: cfg, url: queueURL}).call(ctx, "GetQueueAttributes", map[string]any{"AttributeNames": names}, &out); err != nil {
		return 0, err
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			return 0, fmt.Errorf("reading %s of %s: %w", name, queueURL, err)
		}
		sum += n
	}
	return sum, nil
}
