package engine

import (
	"context"
	"errors"
	"log/slog"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// ahead is what our own tables say about a resource with a finding, asked for all at once: one after the other these questions would take longer than the
// fix. An answer may be out of date by the time it is used, which every write that rests on it finds out by its condition.
type ahead struct {
	exempted func() (exemption, error)
	there    func() (there, error)
	past     func() (occurrence.Past, error)
	head     func() (struct{}, error)
}

// there is the occurrence that a resource and control have, if any.
type there struct {
	occ   occurrence.Occurrence
	found bool
}

// exemption is what people agreed on beside the rules file, if anything.
type exemption struct {
	approval.Exemption
	found bool
}

// askExemption asks what has to be known to say what is decided.
func (e *Engine) askExemption(ctx context.Context, control string, r awsapi.Resource) *ahead {
	return &ahead{exempted: later(e, func() (x exemption, err error) {
		if e.Exempted != nil {
			x.Exemption, x.found, err = e.Exempted(ctx, control, r)
		}
		return x, err
	})}
}

// ask asks what else has to be known to join the open occurrence and to write into the audit log.
func (e *Engine) ask(ctx context.Context, control string, r awsapi.Resource) *ahead {
	a := e.askExemption(ctx, control, r)
	a.there = later(e, func() (t there, err error) {
		t.occ, t.found, err = e.State.Get(ctx, control, r)
		return t, err
	})
	a.past = func() (occurrence.Past, error) { return e.State.Past(ctx, control, r) } // only needed where none is open
	a.head = later(e, func() (struct{}, error) { return struct{}{}, e.refresh(ctx, r.Account) })
	return a
}

// askNew asks, too, how the last occurrence ended: of an event one expects that it is about something new.
func (e *Engine) askNew(ctx context.Context, control string, r awsapi.Resource) *ahead {
	a := e.ask(ctx, control, r)
	a.past = later(e, a.past)
	return a
}

// refresh learns where the account's audit chain ends, so that the next entry finds its place at the first try. If that fails, appending finds out why.
func (e *Engine) refresh(ctx context.Context, account string) error {
	err := e.Log.Refresh(ctx, account)
	if err != nil {
		slog.DebugContext(ctx, "cannot read the head of the audit log", "account", account, "error", err.Error())
	}
	return err
}

// later begins something at once and returns how to wait for it. A panic is that of whoever waits.
func later[T any](e *Engine, do func() (T, error)) func() (T, error) {
	var value T
	var panicked any
	err := errUnfinished
	done := make(chan struct{})
	e.beside(func() {
		defer close(done)
		defer func() { panicked = recover() }()
		value, err = do()
	})
	return func() (T, error) {
		<-done
		if panicked != nil {
			panic(panicked)
		}
		return value, err
	}
}

// errUnfinished is the answer of a goroutine that ended half-way.
var errUnfinished = errors.New("asking our tables: it was not finished")

func (e *Engine) beside(do func()) {
	if e.Go == nil {
		go do()
		return
	}
	e.Go(do)
}
