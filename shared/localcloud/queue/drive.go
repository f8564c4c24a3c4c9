package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Invoke calls a function with an event and returns its response.
type Invoke func(ctx context.Context, event []byte) ([]byte, error)

// Options of Drive and Drain.
type Options struct {
	Batch       int           // messages per event at most, default 10
	Concurrency int           // events under way at once, default 1
	Idle        time.Duration // pause after finding nothing, default 50 ms
	Failed      func(error)   // told of every failed event, if not nil; called concurrently
}

// Count says what was delivered. A message is counted as often as it was
// delivered.
type Count struct{ Events, Messages, Retried int64 }

// Drive delivers messages to the function until ctx ends; what is under way
// then is neither deleted nor retried, so it shows again after the visibility
// timeout. Failures of the function are retried and told; only failures of
// the queue end it with an error.
func Drive(ctx context.Context, source Source, invoke Invoke, opts Options) (Count, error) {
	return run(ctx, source, invoke, opts, false)
}

// Drain is Drive until the queue shows nothing and no event is under way. A
// message that always fails keeps it going until it is buried, so the queue
// should have a dead-letter queue. Ending ctx first is an error.
func Drain(ctx context.Context, source Source, invoke Invoke, opts Options) (Count, error) {
	count, err := run(ctx, source, invoke, opts, true)
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("draining %s: %w", source.ARN, ctx.Err())
	}
	return count, err
}

type driver struct {
	source                    Source
	invoke                    Invoke
	opts                      Options
	drain                     bool
	busy                      atomic.Int64 // workers that may hold messages
	events, messages, retried atomic.Int64
}

func run(ctx context.Context, source Source, invoke Invoke, opts Options, drain bool) (Count, error) {
	opts.Batch = orDefault(opts.Batch, 10)
	opts.Concurrency = orDefault(opts.Concurrency, 1)
	opts.Idle = orDefault(opts.Idle, 50*time.Millisecond)
	d := &driver{source: source, invoke: invoke, opts: opts, drain: drain}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	for range opts.Concurrency {
		group.Go(func() {
			if err := d.work(ctx); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				cancel(err)
			}
		})
	}
	group.Wait()
	return Count{Events: d.events.Load(), Messages: d.messages.Load(), Retried: d.retried.Load()}, errors.Join(errs...)
}

// work is one poller: receive, invoke, settle, until told to end.
func (d *driver) work(ctx context.Context) error {
	for ctx.Err() == nil {
		// Busy before receiving: the others must not take a queue for
		// drained whose last messages are just being handed out.
		d.busy.Add(1)
		n, err := d.deliver(ctx)
		others := d.busy.Add(-1)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("delivering from %s: %w", d.source.ARN, err)
		}
		if n > 0 {
			continue
		}
		if d.drain && others == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(d.opts.Idle):
		}
	}
	return nil
}

// deliver takes one batch all the way and returns its size.
func (d *driver) deliver(ctx context.Context) (int, error) {
	messages, err := d.source.Receive(ctx, d.opts.Batch)
	if err != nil || len(messages) == 0 {
		return 0, err
	}
	event, err := Event(d.source.ARN, messages)
	if err != nil {
		return 0, err
	}
	d.events.Add(1)
	d.messages.Add(int64(len(messages)))
	response, err := d.invoke(ctx, event)
	var failed map[string]bool
	if err == nil {
		failed, err = Failures(response, messages)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return len(messages), d.settle(ctx, messages, failed, err)
}

// settle deletes what succeeded and shows the rest again. failure, if not
// nil, is the whole batch's.
func (d *driver) settle(ctx context.Context, messages []Message, failed map[string]bool, failure error) error {
	reason := "named in the batch response"
	if failure != nil {
		reason = failure.Error()
		if d.opts.Failed != nil {
			d.opts.Failed(failure)
		}
	}
	for _, m := range messages {
		var err error
		if failure != nil || failed[m.ID] {
			d.retried.Add(1)
			err = d.source.Retry(ctx, m.Receipt, reason)
		} else {
			err = d.source.Delete(ctx, m.Receipt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
