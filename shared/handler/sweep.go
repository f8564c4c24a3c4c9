package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/engine"
)

// chunk is how many resources one sweep message names: small enough to be evaluated well within a function's time.
const chunk = 25

// Sweep lists all resources that the controls judge and sends them to be evaluated. It exists because events are delivered at best effort.
type Sweep struct {
	Engine  *engine.Engine
	Account string   // the installation's own, swept when the rules file lists no accounts
	Regions []string // swept in every account that lists none itself
	Home    string   // the partition's home Region, for global types
	Send    func(ctx context.Context, body string) error
	Now     func() time.Time
}

// Handle sweeps once. A type that cannot be listed is reported and does not stop the others.
func (h *Sweep) Handle(ctx context.Context, _ json.RawMessage) error {
	var failed []error
	for account, regions := range h.accounts(ctx) {
		for _, region := range regions {
			failed = append(failed, h.region(ctx, account, region)...)
		}
	}
	return errors.Join(failed...)
}

// accounts returns the enrolled accounts with the Regions to sweep in each.
func (h *Sweep) accounts(ctx context.Context) map[string][]string {
	file := h.Engine.Rules(ctx)
	out := map[string][]string{}
	if file == nil || len(file.Accounts) == 0 {
		out[h.Account] = h.Regions
		return out
	}
	for _, a := range file.Accounts {
		out[a.ID] = h.Regions
		if len(a.Regions) > 0 {
			out[a.ID] = a.Regions
		}
	}
	return out
}

func (h *Sweep) region(ctx context.Context, account, region string) []error {
	var failed []error
	seen := []string{}
	for _, c := range h.Engine.Controls {
		if slices.Contains(seen, c.Type.Name) || c.Type.Global && region != h.Home {
			continue
		}
		seen = append(seen, c.Type.Name)
		r := awsapi.Resource{Type: c.Type.Name, Account: account, Region: region, Partition: awsapi.PartitionOf(region)}
		list, err := h.Engine.List(ctx, c.Type, r)
		if err != nil {
			slog.ErrorContext(ctx, "cannot list", "type", c.Type.Name, "account", account, "region", region, "error", err.Error())
			failed = append(failed, err)
			continue
		}
		for part := range slices.Chunk(list, chunk) {
			if err := h.send(ctx, r, part); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return failed
}

func (h *Sweep) send(ctx context.Context, r awsapi.Resource, list []awsapi.Resource) error {
	ids := make([]string, len(list))
	for i, x := range list {
		ids[i] = x.ID
	}
	body, err := Message(h.Now(), r, ids)
	if err != nil {
		return err
	}
	return h.Send(ctx, string(body))
}

// Message is a sweep message: look at these resources of one type, or with "*" at all of them.
func Message(now time.Time, r awsapi.Resource, ids []string) ([]byte, error) {
	b, err := json.Marshal(map[string]any{
		"version": "0", "id": ulid.Make().String(), "source": wiresweep.Source, "detail-type": wiresweep.DetailType, "account": r.Account, "region": r.Region,
		"time": now.UTC().Format(time.RFC3339), "detail": wiresweep.Detail{ResourceType: r.Type, Account: r.Account, Region: r.Region, Partition: r.Partition, IDs: ids},
	})
	if err != nil {
		return nil, fmt.Errorf("writing a sweep message: %w", err)
	}
	return b, nil
}
