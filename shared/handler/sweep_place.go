package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// listing is one place being listed.
type listing struct {
	*Sweep
	place awsapi.Resource // without type and id
	types []awsapi.ResourceType
	blind int // types that could not be listed for good
	found int
}

// place lists one account in one Region and sends what is there to be evaluated. What cannot be seen for good is blind: told, counted, and not
// tried again before the next sweep. What failed for another reason is returned, after everything else was listed.
func (h *Sweep) place(ctx context.Context, p wiresweep.Place, regional bool) error {
	l := &listing{Sweep: h, place: awsapi.Resource{Account: p.Account, Region: p.Region, Partition: p.Partition}}
	l.types = h.types(p.Region == h.Home, regional)
	if _, err := h.Engine.Read(ctx, p.Account, p.Region); err != nil {
		return l.noSession(ctx, err)
	}
	var failed []error
	for _, t := range l.types {
		off, err := l.list(ctx, t)
		if err != nil {
			failed = append(failed, err)
		}
		if off {
			break
		}
	}
	slog.InfoContext(ctx, "swept", "account", p.Account, "region", p.Region, "types", len(l.types), "resources", l.found, "blind", l.blind, "failed", len(failed))
	return errors.Join(failed...)
}

// types are the resource types to list, each once: global ones in the home Region only, regional ones where the Region is enrolled.
func (h *Sweep) types(home, regional bool) []awsapi.ResourceType {
	var out []awsapi.ResourceType
	for _, c := range h.Engine.Controls {
		same := func(t awsapi.ResourceType) bool { return t.Name == c.Type.Name }
		if (c.Type.Global && home || !c.Type.Global && regional) && !slices.ContainsFunc(out, same) {
			out = append(out, c.Type)
		}
	}
	return out
}

// list sends all resources of a type. Off says that nothing else of this Region can be listed either.
func (l *listing) list(ctx context.Context, t awsapi.ResourceType) (off bool, err error) {
	r := l.place
	r.Type = t.Name
	found, err := l.Engine.List(ctx, t, r)
	switch {
	case err == nil:
		l.found += len(found)
		return false, l.send(ctx, r, found)
	case r.Region != l.Home && isOff(err):
		l.count("none")
		l.blind = len(l.types)
		slog.WarnContext(ctx, "cannot look", "outcome", string(core.Blind), "account", r.Account, "region", r.Region, "error", err.Error(),
			"reason", "the Region is not enabled in the account, or does not exist: enable it there, or leave it out of the account's regions in the rules file")
		return true, nil
	case awsapi.IsAccessDenied(err):
		l.blind++
		l.countType(t.Name)
		slog.ErrorContext(ctx, "cannot look", "outcome", string(core.Blind), "type", t.Name, "account", r.Account, "region", r.Region, "error", err.Error(),
			"reason", "the read role may not list this: deploy the member's template again, and see the organisation's policies")
		return false, l.send(ctx, r, []awsapi.Resource{{ID: signal.AllIDs}}) // evaluating it is denied, too, and recorded and told there, once a day
	}
	slog.ErrorContext(ctx, "cannot list", "type", t.Name, "account", r.Account, "region", r.Region, "error", err.Error())
	return false, err
}

// noSession is the end of a place whose role cannot be taken. The account as a whole is then named once, from its home Region: evaluating it fails
// in the same way, and the engine records and tells that it is blind, once for as long as it lasts.
func (l *listing) noSession(ctx context.Context, err error) error {
	if !awsapi.IsAccessDenied(err) {
		return fmt.Errorf("sweeping %s/%s: %w", l.place.Account, l.place.Region, err)
	}
	l.count("none")
	slog.ErrorContext(ctx, "cannot look", "outcome", string(core.Blind), "account", l.place.Account, "region", l.place.Region, "error", err.Error(),
		"reason", "the read role is not there or does not trust the hub: deploy the member's template there, or take the account out of the rules file")
	account := func(t awsapi.ResourceType) bool { return t.Name == signal.TypeAccount }
	if l.place.Region != l.Home || !slices.ContainsFunc(l.types, account) {
		return nil
	}
	r := l.place
	r.Type, r.ID = signal.TypeAccount, r.Account
	return l.send(ctx, r, []awsapi.Resource{r})
}

// send asks for the resources to be evaluated, ten messages at a time.
func (l *listing) send(ctx context.Context, r awsapi.Resource, list []awsapi.Resource) error {
	for part := range slices.Chunk(list, chunk*startMessages) {
		var bodies []string
		for few := range slices.Chunk(part, chunk) {
			ids := make([]string, len(few))
			for i, x := range few {
				ids[i] = x.ID
			}
			body, err := Message(l.Now(), r, ids)
			if err != nil {
				return err
			}
			bodies = append(bodies, string(body))
		}
		if err := l.Evaluate(ctx, bodies); err != nil {
			return fmt.Errorf("sweeping %s in %s/%s: %w", r.Type, r.Account, r.Region, err)
		}
	}
	return nil
}

// count adds to the metric of findings, as one that is blind.
func (l *listing) count(control string) {
	if l.Engine.Count != nil {
		l.Engine.Count(control, core.Blind)
	}
}

// countType counts every control of the type.
func (l *listing) countType(name string) {
	for _, c := range l.Engine.Controls {
		if c.Type.Name == name {
			l.count(c.ID)
		}
	}
}

// offCodes are the errors that services answer with to good credentials in a Region that the account has not enabled. Source: AWS General Reference,
// "Managing AWS Regions"; EC2 API reference, "Error codes" (AuthFailure, OptInRequired); the common errors of the other services.
var offCodes = []string{"AuthFailure", "OptInRequired", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken", "InvalidAccessKeyId"}

// isOff reports whether the error means that the Region is not enabled in the account, or that there is no such Region.
func isOff(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		return slices.Contains(offCodes, api.ErrorCode())
	}
	var name *net.DNSError
	return errors.As(err, &name) && name.IsNotFound
}
