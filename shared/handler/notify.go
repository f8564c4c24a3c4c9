package handler

import (
	"context"
	"log/slog"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/notify"
)

// Notify tells people about the findings of a batch: as few messages as possible, so that a burst stays within Slack's limits.
type Notify struct {
	Sender *notify.Sender
}

// Handle works on one batch. What could not be told is delivered again by SQS, and ends in the dead-letter queue if it never can be.
func (h *Notify) Handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	bodies := make([]string, len(batch.Records))
	for i, m := range batch.Records {
		bodies[i] = m.Body
	}
	failed, err := h.Sender.Deliver(ctx, bodies)
	if err != nil {
		slog.ErrorContext(ctx, "telling people failed", "messages", len(failed), "error", err.Error())
	}
	resp := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
	for _, i := range failed {
		resp.BatchItemFailures = append(resp.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: batch.Records[i].MessageId})
	}
	return resp, nil
}
