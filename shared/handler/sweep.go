package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/oklog/ulid/v2"

	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/rules"
)

// chunk is how many resources one sweep message names: small enough to be evaluated well within a function's time.
const chunk = 25

// ErrNoRules says that the rules file cannot be used, so that it is not known what may be looked at.
var ErrNoRules = errors.New("the rules file cannot be read or has a mistake, so nothing was listed: see the log, and `shoreup rules check`")

// Sweep lists all resources that the controls judge and sends them to be evaluated. It exists because events are delivered at best effort.
//
// It is one function with two uses, told apart by what it is given. The schedule's event makes it send one message for each account and Region
// of the rules file to a queue that it alone writes into and reads; on such a message it lists that one place. So no account can use up the
// time of the others, and one that cannot be looked at stops nothing but itself.
type Sweep struct {
	Engine   *engine.Engine
	Account  string                                           // the installation's own, swept when the rules file lists no accounts
	Regions  []string                                         // swept in every account that lists none itself
	Home     string                                           // the partition's home Region, where global types are swept
	Places   func(ctx context.Context, bodies []string) error // into the queue of places
	Evaluate func(ctx context.Context, bodies []string) error // into the queue of the function that evaluates
	Dead     DeadLetter                                       // for messages that no place can be read from
	Now      func() time.Time
}

// Started says what a scheduled start sent.
type Started struct {
	Accounts int `json:"accounts"`
	Places   int `json:"places"`
}

// Handle takes a scheduled start, which it answers with [Started], or a batch of places, which it answers as SQS expects.
func (h *Sweep) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	batch, scheduled, err := given(payload)
	if err != nil {
		return nil, err
	}
	if scheduled {
		slog.InfoContext(ctx, "started by the schedule")
		return h.start(ctx)
	}
	slog.InfoContext(ctx, "started by the queue", "places", len(batch.Records))
	return each(ctx, batch, h.one)
}

// given tells what the function was invoked with. EventBridge's schedule sends its own event; nothing at all, or {}, is a start by hand.
func given(payload json.RawMessage) (batch lambdaevents.SQSEvent, scheduled bool, err error) {
	var fields map[string]json.RawMessage
	if len(bytes.TrimSpace(payload)) > 0 {
		if err := json.Unmarshal(payload, &fields); err != nil {
			return batch, false, fmt.Errorf("reading what started the function: %w", err)
		}
	}
	if len(fields) == 0 {
		return batch, true, nil
	}
	if fields["Records"] == nil {
		var event struct {
			Source     string `json:"source"`
			DetailType string `json:"detail-type"`
		}
		if err := json.Unmarshal(payload, &event); err != nil || event.Source != "aws.events" || event.DetailType != "Scheduled Event" {
			return batch, false, errors.New("reading what started the function: neither the schedule's event nor messages of a queue; to start one by hand give {}")
		}
		return batch, true, nil
	}
	if err := json.Unmarshal(payload, &batch); err != nil {
		return batch, false, fmt.Errorf("reading what started the function: %w", err)
	}
	for _, m := range batch.Records {
		if m.EventSource != "aws:sqs" {
			return batch, false, fmt.Errorf("reading what started the function: a record of source %.64q is no message of a queue", m.EventSource)
		}
	}
	return batch, false, nil
}

// one lists one place. An error means that it should be delivered again.
func (h *Sweep) one(ctx context.Context, m lambdaevents.SQSMessage) error {
	p, err := wiresweep.ParsePlace([]byte(m.Body))
	if err == nil && p.Partition != awsapi.PartitionOf(h.Home) {
		err = fmt.Errorf("sweeping %s: it is of partition %s, and this installation of %s", p.Region, p.Partition, awsapi.PartitionOf(h.Home))
	}
	if err != nil {
		slog.WarnContext(ctx, "message refused", "reason", err.Error(), "message", m.MessageId, "queue", m.EventSourceARN)
		return h.Dead(ctx, m.Body, err.Error())
	}
	file := h.Engine.Rules(ctx)
	if file == nil {
		return ErrNoRules
	}
	enrolled := h.regions(file, p.Account)
	regional := slices.Contains(enrolled, p.Region)
	if !regional && (p.Region != h.Home || len(enrolled) == 0) {
		slog.WarnContext(ctx, "not swept: the rules file no longer lists it", "account", p.Account, "region", p.Region)
		return nil
	}
	return h.place(ctx, p, regional)
}

// regions returns the Regions to sweep in an account, none if it is not to be swept.
func (h *Sweep) regions(file *rules.File, account string) []string {
	if len(file.Accounts) == 0 && account == h.Account {
		return h.Regions
	}
	for _, a := range file.Accounts {
		if a.ID == account {
			return h.regionsOf(a)
		}
	}
	return nil
}

func (h *Sweep) regionsOf(a rules.Account) []string {
	if len(a.Regions) > 0 {
		return a.Regions
	}
	return h.Regions
}

// Message is a sweep message: look at these resources of one type, or with "*" at all of them.
func Message(now time.Time, r awsapi.Resource, ids []string) ([]byte, error) {
	d := wiresweep.Detail{ResourceType: r.Type, Account: r.Account, Region: r.Region, Partition: r.Partition, IDs: ids}
	return wiresweep.Encode(d, ulid.Make().String(), now)
}
