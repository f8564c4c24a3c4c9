// Package reconcile compares what shoreup's own roles did, as CloudTrail tells it, with what the audit log says was going to be done. It is the reader that
// did not write: it uses nothing of the engine or the log (of package hub only the roles' names), reads the log's bytes as they are stored, has them checked by
// the independent verifier, and writes nothing. A call that no intent explains is counted, logged and told to people.
//
// What is compared is every call but those that only read, failed ones too: that a call was refused says that a guard held, not who tried to pass it.
package reconcile

import (
	"context"
	"log/slog"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/core"
)

// Metric counts the calls that nobody can explain, each run, 0 included.
const Metric = "UnexplainedCalls"

// remembered is how many events are kept in mind, so that a call that is delivered twice is told once by one process.
const remembered = 4096

// Function compares batches of calls, one after the other.
type Function struct {
	Judge      *Judge
	Journal    *Journal
	Tell       func(context.Context, core.Finding) error
	DeadLetter func(ctx context.Context, body, reason string) error // for messages that are no calls of our roles
	Count      func(metric string, n int)                           // [Metric]

	told map[string]bool // ids of events
}

// tally is what became of a batch.
type tally struct {
	calls, reads, failed, unexplained int
	again                             map[string]bool // message ids
}

// received is a call with the message that told of it.
type received struct {
	call    Call
	message string
}

// Handle compares one batch. What could not be looked up or told is delivered again; what is no call of ours goes to the dead letters with the reason.
func (f *Function) Handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	t := &tally{again: map[string]bool{}}
	for account, calls := range f.read(ctx, batch, t) {
		f.compare(ctx, account, calls, t)
	}
	f.Count(Metric, t.unexplained)
	slog.InfoContext(ctx, "calls compared", "calls", t.calls, "reads", t.reads, "failed", t.failed, "unexplained", t.unexplained, "again", len(t.again))
	out := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
	for _, m := range batch.Records {
		if t.again[m.MessageId] {
			out.BatchItemFailures = append(out.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return out, nil
}

// read returns the calls that have to be explained, by the account of the role that made them: its audit chain explains them.
func (f *Function) read(ctx context.Context, batch lambdaevents.SQSEvent, t *tally) map[string][]received {
	out := map[string][]received{}
	for _, m := range batch.Records {
		c, err := Parse([]byte(m.Body))
		if err != nil {
			slog.WarnContext(ctx, "message refused", "reason", err.Error(), "message", m.MessageId, "queue", m.EventSourceARN)
			if err := f.DeadLetter(ctx, m.Body, err.Error()); err != nil {
				f.again(ctx, received{message: m.MessageId}, err, t)
			}
			continue
		}
		t.calls++
		switch {
		case c.ReadOnly:
			t.reads++
			continue
		case c.Failed != "":
			t.failed++
		}
		out[c.Owner] = append(out[c.Owner], received{c, m.MessageId})
	}
	return out
}

// compare explains the calls of one account's roles: by what is known of the audit log already, and what that does not explain by reading there.
func (f *Function) compare(ctx context.Context, account string, calls []received, t *tally) {
	var open []received
	var written []Call
	for _, r := range calls {
		if f.Judge.Unexplained(r.call, f.Journal.Kept(account)) == "" {
			continue
		}
		open = append(open, r)
		if writes(r.call.Role) {
			written = append(written, r.call)
		}
	}
	var log Log
	if len(written) > 0 {
		var err error
		if log, err = f.Journal.Read(ctx, account, written); err != nil {
			for _, r := range open {
				f.again(ctx, r, err, t)
			}
			return
		}
	}
	for _, r := range open {
		if why := f.Judge.Unexplained(r.call, log); why != "" && !f.told[r.call.EventID] {
			f.tell(ctx, r, why, t)
		}
	}
}

// tell counts, logs and tells people of a call that nothing explains, once for an event in one process: EventBridge and SQS deliver at least once.
func (f *Function) tell(ctx context.Context, r received, why string, t *tally) {
	c := r.call
	t.unexplained++
	slog.ErrorContext(ctx, "a call with shoreup's own role that no record explains", "reason", why, "event", c.EventID, "role", c.RoleARN, "session", c.Session,
		"source_identity", c.Identity, "call", c.Source+":"+c.Name, "account", c.Account, "region", c.Region, "time", c.Time, "failed", c.Failed, "source_ip", c.From)
	if err := f.Tell(ctx, finding(c, why)); err != nil {
		f.again(ctx, r, err, t)
		return
	}
	if f.told == nil || len(f.told) >= remembered {
		f.told = map[string]bool{}
	}
	f.told[c.EventID] = true
}

func (f *Function) again(ctx context.Context, r received, err error, t *tally) {
	slog.ErrorContext(ctx, "message will be delivered again", "message", r.message, "error", err.Error())
	t.again[r.message] = true
}
