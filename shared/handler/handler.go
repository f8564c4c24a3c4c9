// Package handler is what the functions do with a batch of queue messages. A message that failed for a passing reason is delivered again by SQS, alone;
// one that can never succeed goes to the dead-letter queue at once, with the reason; nothing is lost.
package handler

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
)

// atOnce is how many messages of a batch are worked on at the same time; each is mostly waiting for AWS.
const atOnce = 5

// DeadLetter takes a message that can never succeed, with the reason.
type DeadLetter func(ctx context.Context, body, reason string) error

// Evaluate handles AWS events and sweep messages.
type Evaluate struct {
	Engine     *engine.Engine
	DeadLetter DeadLetter
	events     string // ARN of the queue of EventBridge's events; see admit
	paths      events.IDPaths
}

// NewEvaluate prepares the handler for the engine's controls. EventsQueue is the ARN of the queue that EventBridge's rules write into; with none, no
// event is taken from anywhere.
func NewEvaluate(e *engine.Engine, dead DeadLetter, eventsQueue string) *Evaluate {
	return &Evaluate{Engine: e, DeadLetter: dead, events: eventsQueue, paths: engine.IDPaths(e.Controls)}
}

// Handle works on one batch.
func (h *Evaluate) Handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	return each(ctx, batch, h.one)
}

func (h *Evaluate) one(ctx context.Context, m lambdaevents.SQSMessage) error {
	env, err := wire.Decode([]byte(m.Body))
	if err == nil {
		err = admit(env, m.EventSourceARN, h.events)
	}
	var signals []signal.Signal
	if err == nil {
		signals, err = events.Parse([]byte(m.Body), h.options(ctx, env))
	}
	if err != nil {
		slog.WarnContext(ctx, "message refused", "reason", err.Error(), "message", m.MessageId, "queue", m.EventSourceARN)
		return h.DeadLetter(ctx, m.Body, err.Error())
	}
	return h.follow(ctx, m, signals)
}

// follow looks at what a message's signals point to.
func (h *Evaluate) follow(ctx context.Context, m lambdaevents.SQSMessage, signals []signal.Signal) error {
	for _, s := range signals {
		if s.Class == signal.ClassInvalid {
			slog.WarnContext(ctx, "signal not trusted", "reason", s.Reason, "event", s.EventID)
			if err := h.DeadLetter(ctx, m.Body, s.Reason); err != nil {
				return err
			}
			continue
		}
		findings, err := h.Engine.Evaluate(ctx, s)
		report(ctx, findings)
		if err != nil {
			return err
		}
	}
	return nil
}

// options says whose events these are: what is enrolled, and which roles are our own in the event's account.
func (h *Evaluate) options(ctx context.Context, env wire.Envelope) events.Options {
	return events.Options{
		IDs: h.paths, Enrolled: engine.Enrolled(h.Engine.Controls, h.Engine.Rules(ctx)),
		OwnRoles: hub.OwnRoles(awsapi.PartitionOf(env.Region), env.Account, hub.Families(h.Engine.Controls)),
	}
}

// Apply handles orders to apply a decided plan.
type Apply struct {
	Engine     *engine.Engine
	DeadLetter DeadLetter
	// Approved is the ARN of the queue that the deciding function alone writes into. Only orders from there may use what people agreed to.
	Approved string
}

// Handle works on one batch.
func (h *Apply) Handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	return each(ctx, batch, h.one)
}

func (h *Apply) one(ctx context.Context, m lambdaevents.SQSMessage) error {
	e, agreed := h.Engine, h.Approved != "" && m.EventSourceARN == h.Approved
	if !agreed {
		e = withoutApprovals(e)
	}
	o, err := order(e, m.Body)
	if err == nil && o.Undo > 0 && !agreed {
		err = fmt.Errorf("an order to take back record %d in queue %q: only the deciding function orders that, in a queue of its own", o.Undo, m.EventSourceARN)
	}
	if err != nil {
		slog.WarnContext(ctx, "message refused", "reason", err.Error(), "message", m.MessageId, "queue", m.EventSourceARN)
		return h.DeadLetter(ctx, m.Body, err.Error())
	}
	apply := func() (core.Finding, error) { return e.Apply(ctx, o, "") }
	if o.Undo > 0 {
		apply = func() (core.Finding, error) { return e.ApplyUndo(ctx, o) }
	}
	f, err := apply()
	if err == nil {
		report(ctx, []core.Finding{f})
	}
	return err
}

// withoutApprovals returns the engine for orders of automatic plans. Whether a plan is approved is read from the approvals, never taken from an order; but that
// an approval was used stands in a table that the function that evaluates writes, too. So its orders meet an engine that knows of no approvals: it cannot have
// one used a second time.
func withoutApprovals(e *engine.Engine) *engine.Engine {
	automatic := *e
	automatic.Granted = nil
	return &automatic
}

// each runs the messages of a batch and returns those to be delivered again.
func each(ctx context.Context, batch lambdaevents.SQSEvent, one func(context.Context, lambdaevents.SQSMessage) error) (lambdaevents.SQSEventResponse, error) {
	var (
		mu   sync.Mutex
		resp = lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
		g    errgroup.Group
	)
	g.SetLimit(atOnce)
	for _, m := range batch.Records {
		g.Go(func() error {
			if err := one(ctx, m); err != nil {
				slog.ErrorContext(ctx, "message will be delivered again", "message", m.MessageId, "error", err.Error())
				mu.Lock()
				defer mu.Unlock()
				resp.BatchItemFailures = append(resp.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
			}
			return nil
		})
	}
	return resp, g.Wait()
}

func report(ctx context.Context, findings []core.Finding) {
	for _, f := range findings {
		if f.Outcome == core.Compliant || f.Outcome == core.NotApplicableHere {
			continue
		}
		slog.InfoContext(ctx, "finding", "control", f.Control, "resource", f.ARN, "outcome", string(f.Outcome), "plan", f.ID, "reason", f.Reason)
	}
}
