package handler

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/rules"
)

// A start sends so many requests of so many messages each at the same time, and holds no more than that.
const (
	startRequests = 4
	startMessages = 10
)

// start sends one message for each account and Region. What could not be sent does not keep the rest from being sent; the error makes
// Lambda start again, and sweeping a place twice does no harm.
func (h *Sweep) start(ctx context.Context) (Started, error) {
	file := h.Engine.Rules(ctx)
	if file == nil {
		return Started{}, ErrNoRules
	}
	accounts := file.Accounts
	if len(accounts) == 0 {
		accounts = []rules.Account{{ID: h.Account}}
	}
	out := sending{to: h.Places}
	out.g.SetLimit(startRequests)
	done := Started{Accounts: len(accounts)}
	for _, a := range accounts {
		for _, p := range h.places(ctx, a) {
			body, err := wiresweep.EncodePlace(p, ulid.Make().String(), h.Now())
			if err != nil {
				return done, errors.Join(err, out.end(ctx))
			}
			done.Places++
			out.add(ctx, string(body))
		}
	}
	err := out.end(ctx)
	slog.InfoContext(ctx, "places sent", "accounts", done.Accounts, "places", done.Places, "complete", err == nil)
	return done, err
}

// sending gathers messages and sends them, a few requests at the same time; adding one waits for its turn.
type sending struct {
	to     func(ctx context.Context, bodies []string) error
	bodies []string
	g      errgroup.Group
	mu     sync.Mutex
	failed []error
}

func (s *sending) add(ctx context.Context, body string) {
	if s.bodies = append(s.bodies, body); len(s.bodies) == startMessages {
		s.send(ctx)
	}
}

func (s *sending) send(ctx context.Context) {
	bodies := s.bodies
	s.bodies = nil
	s.g.Go(func() error {
		err := s.to(ctx, bodies)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil && len(s.failed) < 10 { // enough to act upon
			s.failed = append(s.failed, err)
		}
		return nil
	})
}

// end sends what is left, and waits for everything.
func (s *sending) end(ctx context.Context) error {
	if len(s.bodies) > 0 {
		s.send(ctx)
	}
	_ = s.g.Wait() // what failed is in the list
	return errors.Join(s.failed...)
}

// places are the account's Regions, and the home Region even if it is not among them: what is global is there, and enrolled with the account.
func (h *Sweep) places(ctx context.Context, a rules.Account) (out []wiresweep.Place) {
	partition := awsapi.PartitionOf(h.Home)
	regions := h.regionsOf(a)
	if !slices.Contains(regions, h.Home) {
		regions = append(slices.Clone(regions), h.Home)
	}
	for _, region := range regions {
		if signal.PartitionOf(region) != partition {
			slog.ErrorContext(ctx, "not swept: this is no Region of the installation's partition; take it out of the rules file", "account", a.ID, "region", region)
			continue
		}
		out = append(out, wiresweep.Place{Account: a.ID, Region: region, Partition: partition})
	}
	return out
}

// Regions reads a list of Regions as the environment holds it: separated by commas, each kept once.
func Regions(list string) []string {
	var out []string
	for part := range strings.SplitSeq(list, ",") {
		if region := strings.TrimSpace(part); region != "" && !slices.Contains(out, region) {
			out = append(out, region)
		}
	}
	return out
}
