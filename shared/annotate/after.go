package annotate

import (
	"context"
	"log/slog"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
)

// Handler handles one batch of queue messages, each a finding.
type Handler func(context.Context, lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error)

// spare is left of a function's time when telling AWS services must end: a function that runs out of time has its whole batch delivered again.
const spare = 3 * time.Second

// After tells AWS services about the findings that people were told about, and changes nothing about the answer to the queue: only what people could not be
// told comes again, and AWS services hear of it then.
func After(people Handler, a *Annotator) Handler {
	return func(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
		resp, err := people(ctx, batch)
		if err != nil {
			return resp, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-spare))
			defer cancel()
		}
		if err := a.Tell(ctx, told(batch, resp)...); err != nil {
			slog.WarnContext(ctx, "AWS services were not told everything, and will not be told again", "error", err.Error())
		}
		return resp, nil
	}
}

// told returns the findings of the messages that will not come again.
func told(batch lambdaevents.SQSEvent, resp lambdaevents.SQSEventResponse) []core.Finding {
	again := map[string]bool{}
	for _, f := range resp.BatchItemFailures {
		again[f.ItemIdentifier] = true
	}
	var out []core.Finding
	for _, m := range batch.Records {
		if again[m.MessageId] {
			continue
		}
		if f, err := notify.Decode([]byte(m.Body)); err == nil { // what cannot be read has failed before
			out = append(out, f)
		}
	}
	return out
}
