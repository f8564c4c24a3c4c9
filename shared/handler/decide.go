package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
)

// maxWord bounds a person's word in bytes; its longest part is a reason.
const maxWord = 16 << 10

// Decide is the one function that writes approvals. It has three uses, told apart by what it is given: pointers to resources whose plans wait for people or
// do not any more, people's words, and the schedule, on which it reminds, ends what is over, and hands over again what was lost.
type Decide struct {
	Desk       *approval.Desk
	DeadLetter DeadLetter
	Words      string                         // ARN of the queue of people's words, into which only those write who know who speaks
	Accounts   func(context.Context) []string // whose requests the schedule looks at
}

// Handle takes a scheduled start, which it answers with nothing, or a batch, which it answers as SQS expects.
func (h *Decide) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	batch, scheduled, err := given(payload)
	if err != nil {
		return nil, err
	}
	if !scheduled {
		return each(ctx, batch, h.one)
	}
	failed := []error{h.Desk.Electors(ctx)}
	for _, account := range h.Accounts(ctx) {
		failed = append(failed, h.Desk.Tick(ctx, account))
	}
	return nil, errors.Join(failed...)
}

func (h *Decide) one(ctx context.Context, m lambdaevents.SQSMessage) error {
	var err error
	if h.Words != "" && m.EventSourceARN == h.Words {
		err = h.word(ctx, m.Body)
	} else {
		err = h.pointer(ctx, m.Body)
	}
	var bad *badMessage
	var no *approval.Refusal
	switch {
	case errors.As(err, &bad):
		slog.WarnContext(ctx, "message refused", "reason", err.Error(), "message", m.MessageId, "queue", m.EventSourceARN)
		return h.DeadLetter(ctx, m.Body, err.Error())
	case errors.As(err, &no): // recorded, and whoever spoke is told
		slog.InfoContext(ctx, "a word that changed nothing", "code", no.Code, "reason", no.Why)
		return nil
	}
	return err
}

// badMessage can never be understood, however often it is delivered.
type badMessage struct{ why error }

func (b *badMessage) Error() string { return b.why.Error() }

func (h *Decide) pointer(ctx context.Context, body string) error {
	var p approval.Pointer
	if err := strict(body, &p); err != nil {
		return &badMessage{fmt.Errorf("not a pointer to a resource: %w", err)}
	}
	m, ok := h.Desk.Control(p.Control)
	if !ok || p.Resource.Type != m.Type.Name || !signal.IsAccountID(p.Resource.Account) || p.Resource.ID == "" {
		return &badMessage{fmt.Errorf("not a pointer to a resource: control %.128q and %.128q do not belong together", p.Control, p.Resource.Type)}
	}
	return h.Desk.Follow(ctx, p.Control, p.Resource, "")
}

func (h *Decide) word(ctx context.Context, body string) error {
	var s approval.Said
	if err := strict(body, &s); err != nil {
		return &badMessage{fmt.Errorf("not a person's word: %w", err)}
	}
	var err error
	switch {
	case s.Answer != nil && s.Exempt == nil && s.Lift == nil:
		_, err = h.Desk.Decide(ctx, *s.Answer)
	case s.Exempt != nil && s.Answer == nil && s.Lift == nil:
		_, err = h.Desk.AskExemptionOf(ctx, s.Exempt.Key, s.Exempt.Exemption, s.Exempt.Identity)
	case s.Lift != nil && s.Answer == nil && s.Exempt == nil:
		_, err = h.Desk.AskLift(ctx, s.Lift.Why, s.Lift.Identity)
	default:
		return &badMessage{errors.New("not a person's word: one of answer, exempt and lift is expected")}
	}
	return err
}

// strict reads one JSON value of ours: nothing unknown, and nothing after it.
func strict(body string, v any) error {
	if len(body) > maxWord {
		return fmt.Errorf("%d bytes, at most %d expected", len(body), maxWord)
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}
