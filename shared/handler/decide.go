package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
)

const (
	maxWord    = 16 << 10  // bytes of a person's word; its longest part is a reason
	maxPointer = 160 << 10 // of a pointer; its longest part is the message that a request is shown in
)

// Decide is the one function that writes approvals. It has three uses, told apart by what it is given: pointers to resources whose plans wait for people or
// do not any more, people's words, and the schedule, on which it reminds, ends what is over, and hands over again what was lost.
type Decide struct {
	Desk       *approval.Desk
	DeadLetter DeadLetter
	Words      string                         // ARN of the queue of people's words, into which only those write who know who speaks
	Accounts   func(context.Context) []string // whose requests the schedule looks at
	// Answer tells one person why their word changed nothing, and people what became of a batch. Its failure changes nothing. May be nil.
	Answer func(context.Context, approval.Note)
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
	failed := []error{h.Desk.Electors(ctx), h.switched(ctx)}
	for _, account := range h.accounts(ctx) {
		failed = append(failed, h.Desk.Tick(ctx, account))
	}
	return nil, errors.Join(failed...)
}

// switched tells people of a kill switch that was engaged or lifted since they were told last.
func (h *Decide) switched(ctx context.Context) error {
	n, is, err := h.Desk.SwitchNews(ctx)
	if err == nil && is {
		h.answer(ctx, n)
	}
	return err
}

// accounts are those whose requests are looked at: in the installation's own there are some, enrolled or not, since what is about no resource is asked there.
func (h *Decide) accounts(ctx context.Context) []string {
	out := h.Accounts(ctx)
	if !slices.Contains(out, h.Desk.Account) {
		out = append(slices.Clone(out), h.Desk.Account)
	}
	return out
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
	if err := strict(body, maxPointer, &p); err != nil {
		return &badMessage{fmt.Errorf("not a pointer to a resource: %w", err)}
	}
	switch resource := p.Control != "" || p.Resource != (awsapi.Resource{}) || !p.Clicked.IsZero(); {
	case p.Batch != nil && (p.Posted != nil || resource):
		return &badMessage{errors.New("not a pointer: a batch stands alone")}
	case p.Batch != nil:
		return h.Desk.KeepBatch(ctx, *p.Batch)
	case p.Posted != nil && !resource:
		return h.Desk.Posted(ctx, *p.Posted)
	}
	m, ok := h.Desk.Control(p.Control)
	if !ok || p.Resource.Type != m.Type.Name || !signal.IsAccountID(p.Resource.Account) || p.Resource.ID == "" {
		return &badMessage{fmt.Errorf("not a pointer to a resource: control %.128q and %.128q do not belong together", p.Control, p.Resource.Type)}
	}
	err := h.follow(ctx, p)
	if err != nil || p.Posted == nil {
		return err
	}
	return h.Desk.Posted(ctx, *p.Posted) // after it was asked, which it may not have been before
}

func (h *Decide) follow(ctx context.Context, p approval.Pointer) error {
	if !p.Clicked.IsZero() {
		return h.Desk.Clicked(ctx, p.Control, p.Resource, p.Clicked)
	}
	return h.Desk.Follow(ctx, p.Control, p.Resource, "")
}

func (h *Decide) word(ctx context.Context, body string) error {
	var s approval.Said
	if err := strict(body, maxWord, &s); err != nil {
		return &badMessage{fmt.Errorf("not a person's word: %w", err)}
	}
	if s.Words() != 1 {
		return &badMessage{errors.New("not a person's word: one of answer, exempt, again, lift, undo, all and refused is expected")}
	}
	err := h.said(ctx, s)
	var no *approval.Refusal
	if errors.As(err, &no) && s.Reply != nil {
		h.answer(ctx, approval.Note{To: s.Reply, Code: no.Code, Why: no.Why, Stands: no.Stands})
	}
	return err
}

func (h *Decide) said(ctx context.Context, s approval.Said) error {
	var err error
	switch {
	case s.Answer != nil:
		var r approval.Request
		if r, err = h.Desk.Decide(ctx, *s.Answer); err == nil && r.Key.Kind == approval.Lift && r.State == approval.Applied {
			h.resume(ctx)
		}
	case s.Exempt != nil:
		_, err = h.Desk.AskExemptionOf(ctx, s.Exempt.Key, s.Exempt.Exemption, s.Exempt.Identity)
	case s.Again != nil:
		_, err = h.Desk.AskAgain(ctx, *s.Again)
	case s.Lift != nil:
		_, err = h.Desk.AskLift(ctx, s.Lift.Why, s.Lift.Identity)
	case s.Undo != nil:
		_, err = h.Desk.AskUndo(ctx, *s.Undo)
	case s.Refused != nil:
		_, err = h.Desk.Unheard(ctx, *s.Refused)
	case s.All != nil:
		var note approval.Note
		if note, err = h.Desk.Together(ctx, *s.All); err == nil {
			note.To = s.Reply
			h.answer(ctx, note)
		}
	}
	return err
}

// resume hands over what the kill switch has held up. The switch is lifted and that is on record: what fails here is left for the schedule.
func (h *Decide) resume(ctx context.Context) {
	for _, account := range h.accounts(ctx) {
		if err := h.Desk.Resume(ctx, account); err != nil {
			slog.WarnContext(ctx, "what was approved before the kill switch was lifted is left for the schedule", "account", account, "error", err.Error())
		}
	}
}

func (h *Decide) answer(ctx context.Context, n approval.Note) {
	if h.Answer != nil {
		h.Answer(ctx, n)
	}
}

// strict reads one JSON value of ours: nothing unknown, and nothing after it.
func strict(body string, most int, v any) error {
	if len(body) > most {
		return fmt.Errorf("%d bytes, at most %d expected", len(body), most)
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
