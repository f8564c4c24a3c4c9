package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// readBackWaits are the pauses between looks at a resource after a write. S3 configuration and IAM are eventually consistent; in sum we
// wait some 15 seconds before we say that a fix did not take.
var readBackWaits = []time.Duration{0, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// lookLasts is how old the look may be on which a write is based. AWS has no conditional write for policies and rules, so what somebody else changes
// between our look and our write is lost; keeping that time short is what can be done, besides the lease among ourselves.
const lookLasts = 2 * time.Second

type result struct {
	outcome core.Outcome
	detail  resultEntry
}

// execute makes the plan's calls in a session that can make nothing else, and says what came of it by reading, not by what the API answered.
func (e *Engine) execute(ctx context.Context, c core.Control, f *core.Finding, approver string, looked time.Time) result {
	p := f.Plan
	res := result{detail: resultEntry{Before: p.Before, Wanted: p.After, Outputs: []json.RawMessage{}}}
	session, err := e.Write(ctx, WriteRequest{Control: c.Meta, Resource: p.Resource, Plan: f.ID, Approver: sourceOf(approver)})
	if err != nil {
		res.outcome, res.detail.Reason = core.Failed, fmt.Sprintf("no session to write with, nothing was changed: %v", err)
		if errors.Is(err, awsapi.ErrTooLarge) || errors.Is(err, awsapi.ErrNoPattern) {
			res.outcome = core.Refused
		}
		return res
	}
	if e.Now().Sub(looked) > lookLasts {
		_, sight, err := e.look(ctx, c, p.Resource, e.settings(e.Rules(ctx)))
		if err != nil || sight.Fingerprint != p.Before {
			res.outcome, res.detail.Reason = core.Stale, "the resource changed, or could not be read again, just before the write; nothing was changed"
			return res
		}
	}
	failure := e.makeCalls(ctx, c, p, session, &res.detail)
	// Of a call whose answer was lost nobody knows whether it had its effect: we have to wait for that as after an answer.
	patient := failure == nil || awsapi.Classify(failure) == awsapi.Transient
	head := later(e, func() (struct{}, error) { return struct{}{}, e.refresh(context.WithoutCancel(ctx), f.Account) }) // for the record of what is read now
	defer func() { _, _ = head() }()
	seen, clean, err := e.readBack(ctx, e.backLook(c, f), e.wholeLook(c, p.Resource), p.After, patient)
	res.detail.After = seen
	res.outcome, res.detail.Reason = verdict(p, seen, clean, failure, err)
	if res.outcome == core.Fixed {
		res.detail.Made = len(p.Changes) // those without an answer, too: undo takes back what was made
	}
	if res.outcome == core.Fixed && !f.Cause.Time.IsZero() {
		res.detail.Exposure = e.Now().Sub(f.Cause.Time).Seconds()
	}
	return res
}

// sourceOf is the source identity of whoever approved. A caller of the command line is known by an ARN, of which CloudTrail has room for the end; it is marked, so that nobody
// passes for one of the people by the name of a session.
func sourceOf(approver string) string {
	if !strings.HasPrefix(approver, "arn:") {
		return approver
	}
	return "local-" + approver[strings.LastIndexAny(approver, "/:")+1:]
}

// makeCalls makes the calls in order and stops at the first that fails. Between calls it reads back where the plan says so.
func (e *Engine) makeCalls(ctx context.Context, c core.Control, p core.Plan, s awsapi.Session, d *resultEntry) error {
	for _, change := range p.Changes {
		if err := e.call(ctx, c.Meta.Writes, change.Do, p.Resource, s, d); err != nil {
			return err
		}
		if change.Expect == "" {
			continue
		}
		whole := e.wholeLook(c, p.Resource)
		seen, _, err := e.readBack(ctx, whole, whole, change.Expect, true)
		if err != nil {
			return fmt.Errorf("%s was made and cannot be read back, so the next call was not made: %w", change.Do.Op, err)
		}
		if seen != change.Expect {
			return fmt.Errorf("%s was made and cannot be seen yet, so the next call was not made", change.Do.Op)
		}
	}
	return nil
}

// call makes one call, if it is one of the declared operations and acts on the resource.
func (e *Engine) call(ctx context.Context, ops []awsapi.Op, call awsapi.Call, r awsapi.Resource, s awsapi.Session, d *resultEntry) error {
	bound, err := call.Bound(d.Outputs)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if op.Name != bound.Op {
			continue
		}
		if err := op.Check(bound, r.ID); err != nil {
			return err
		}
		out, err := op.Run(ctx, s, bound)
		if err != nil {
			return err
		}
		d.Made++
		raw, err := awsapi.Output(out)
		if err != nil {
			raw = json.RawMessage("{}") // an output that has no canonical form cannot be bound, and need not be
		}
		d.Outputs = append(d.Outputs, raw)
		return nil
	}
	return fmt.Errorf("calling %s: it is not a declared operation of the control", bound.Op)
}

// lookFunc is a way to look at a resource.
type lookFunc func(context.Context, core.Settings) (core.Sight, error)

func (e *Engine) wholeLook(c core.Control, r awsapi.Resource) lookFunc {
	return func(ctx context.Context, set core.Settings) (core.Sight, error) {
		_, sight, err := e.look(ctx, c, r, set)
		return sight, err
	}
}

// backLook is the cheapest way to see that a fix took: the control's own, where it has one.
func (e *Engine) backLook(c core.Control, f *core.Finding) lookFunc {
	r := f.Plan.Resource
	if f.LookBack == nil {
		return e.wholeLook(c, r)
	}
	return func(ctx context.Context, set core.Settings) (core.Sight, error) {
		session, err := e.Read(ctx, r.Account, r.Region)
		if err != nil {
			return core.Sight{}, err
		}
		return f.LookBack(ctx, session, set)
	}
}

// readBack looks at the resource until it is as wanted or the waits are used up, and returns the last fingerprint and whether it is judged clean. After a
// failed call there is nothing to wait for: one look says what is there. The last look is the whole one: a short one proves that a plan took and nothing else, and
// what is there otherwise goes on record, which an undo depends on.
func (e *Engine) readBack(ctx context.Context, look, whole lookFunc, wanted string, patient bool) (seen string, clean bool, err error) {
	ctx = context.WithoutCancel(ctx)
	set := e.settings(e.Rules(ctx))
	for i, wait := range readBackWaits {
		if !patient || i == len(readBackWaits)-1 {
			look = whole
		}
		if err := e.Sleep(ctx, wait); err != nil {
			return seen, clean, err
		}
		var sight core.Sight
		if sight, err = look(ctx, set); err == nil {
			seen, clean = sight.Fingerprint, !sight.Wrong()
		}
		if seen == wanted && err == nil || !patient {
			break
		}
	}
	return seen, clean, err
}

// verdict says what a fix came to. Fixed means: judged clean, and the fingerprint read back is the expected one, so nothing but the violation changed.
func verdict(p core.Plan, seen string, clean bool, failure, unreadable error) (core.Outcome, string) {
	switch {
	case unreadable != nil && failure != nil:
		return core.Failed, fmt.Sprintf("a call failed and the resource cannot be read back: %v; then: %v", failure, unreadable)
	case unreadable != nil:
		return core.Unverified, fmt.Sprintf("the calls were made and the resource cannot be read back: %v", unreadable)
	case seen == p.After && clean:
		return core.Fixed, "read back: clean, and nothing else changed"
	case failure != nil && seen == p.Before:
		return core.Failed, fmt.Sprintf("nothing was changed: %v", failure)
	case failure != nil:
		return core.Failed, fmt.Sprintf("changed in part: %v; the record's undo takes back what was done", failure)
	case clean:
		return core.Unverified, "read back: clean, but something else changed at the same time"
	case seen == p.Before:
		return core.Unverified, "the calls were accepted and the resource is as it was"
	}
	return core.Unverified, "read back: still wrong after the calls were accepted"
}
