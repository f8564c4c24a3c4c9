package sqsapi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// What one request takes. Source: SQS API reference, "SendMessageBatch" (ten entries); the size, in bytes, is the older and smaller of the
// two limits that queues have had.
const (
	batchEntries = 10
	batchBytes   = 256 << 10
)

const (
	batchTries = 5
	batchWait  = 50 * time.Millisecond // doubled before each further try, with full jitter
)

// SendAll puts messages into a queue of our own, ten a request. What a request failed with for a passing reason is sent again, alone. The error
// says how many messages were not sent; the others were. SQS may deliver any of them twice. IAM action: sqs:SendMessage.
func SendAll(ctx context.Context, s awsapi.Session, queue string, bodies []string) error {
	c, err := awsapi.Client(s, sqs.NewFromConfig)
	if err != nil {
		return err
	}
	lost := 0
	var last error
	for len(bodies) > 0 {
		n := fitting(bodies)
		left, err := sendBatch(ctx, c, queue, bodies[:n])
		if err != nil {
			last, lost = err, lost+left
		}
		bodies = bodies[n:]
	}
	if last != nil {
		return fmt.Errorf("sending to queue %s: %d messages were not sent: %w", queue, lost, last)
	}
	return nil
}

// fitting is how many of the messages go into one request: at least one, so that SQS itself refuses one that is too large.
func fitting(bodies []string) int {
	size := 0
	for i, b := range bodies {
		size += len(b)
		if i == batchEntries || i > 0 && size > batchBytes {
			return i
		}
	}
	return len(bodies)
}

// sendBatch sends at most ten messages, and those that failed again. It returns how many were not sent, and why the last of them was not.
func sendBatch(ctx context.Context, c *sqs.Client, queue string, bodies []string) (int, error) {
	var entries []types.SendMessageBatchRequestEntry
	for i, b := range bodies {
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(b)})
	}
	refused := 0
	var fault, passing error // why a message was refused, and why the rest was not sent so far
	once := func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} }
	for try := 0; len(entries) > 0; try++ {
		if try == batchTries {
			return refused + len(entries), passing
		}
		if try > 0 {
			if err := wait(ctx, batchWait<<try); err != nil {
				return refused + len(entries), err
			}
		}
		out, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &queue, Entries: entries}, once)
		switch {
		case err != nil && !awsapi.Retryable(err):
			return refused + len(entries), err
		case err != nil:
			passing = err
			continue
		}
		for _, f := range out.Failed {
			passing = errors.New(aws.ToString(f.Code) + ": " + aws.ToString(f.Message))
			if f.SenderFault {
				refused, fault = refused+1, passing
			}
		}
		entries = again(entries, out.Failed)
	}
	return refused, fault
}

// again are the entries that failed for a reason that is not theirs.
func again(sent []types.SendMessageBatchRequestEntry, failed []types.BatchResultErrorEntry) []types.SendMessageBatchRequestEntry {
	return slices.DeleteFunc(slices.Clone(sent), func(e types.SendMessageBatchRequestEntry) bool {
		return !slices.ContainsFunc(failed, func(f types.BatchResultErrorEntry) bool {
			return aws.ToString(f.Id) == aws.ToString(e.Id) && !f.SenderFault
		})
	})
}

func wait(ctx context.Context, most time.Duration) error {
	t := time.NewTimer(rand.N(most) + 1)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
