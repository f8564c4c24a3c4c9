package queue

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Invoke calls a function with an event and returns its response.
type Invoke func(ctx context.Context, event []byte) ([]byte, error)

// idle is how often a mapping looks at its queue although nothing is known to have changed: a message may become visible by itself.
const idle = 250 * time.Millisecond

// Mapping delivers a queue's messages to a function, as Lambda's event source mapping does. What failed is shown again after RetryAfter, where Lambda would
// leave it hidden for the rest of the queue's visibility timeout, which is minutes; each further time it is hidden longer by as much. The number of tries, and
// what then becomes of the message, are the queue's own.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
type Mapping struct {
	Source      Source
	Invoke      Invoke
	Batch       int           // messages per event at most, default 10
	Window      time.Duration // how long to wait for a batch to be full, once there is a message
	Concurrency int           // events under way at once, default 1
	RetryAfter  time.Duration // how long to hide what failed once; what failed n times is hidden n times as long
	All         bool          // the function does not report single messages: it fails or succeeds for all of a batch
	Failed      func(error)   // told of every failed event, if not nil; called concurrently

	wake chan struct{} // see Wake

	// Of Traffic, under its lock: the age at which the queue was last found empty.
	empty  uint64
	looked bool
}

// NewMapping returns m ready to be woken.
func NewMapping(m Mapping) *Mapping {
	m.wake = make(chan struct{}, 1)
	return &m
}

// Wake has the mapping look at its queue now: somebody has sent a message.
func (m *Mapping) Wake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends; what is under way then is neither deleted nor retried, so it shows again after the visibility timeout. Failures of
// the function are retried and told; only failures of the queue end it with an error, which Traffic keeps.
func (m *Mapping) Run(ctx context.Context, t *Traffic) {
	slots := make(chan struct{}, orDefault(m.Concurrency, 1))
	var group sync.WaitGroup
	defer group.Wait()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		age, changed := t.now()
		end := t.Begin()
		messages, err := m.collect(ctx, t)
		switch {
		case ctx.Err() != nil:
			end(false)
			return
		case err != nil:
			end(false)
			t.fail(fmt.Errorf("delivering from %s: %w", m.Source.ARN, err))
			return
		case len(messages) == 0:
			<-slots
			m.found(t, age)
			end(false)
			select {
			case <-changed:
			case <-m.wake:
			case <-time.After(idle):
			case <-ctx.Done():
				return
			}
		default:
			group.Go(func() {
				err := m.deliver(ctx, messages)
				<-slots
				end(true)
				if err != nil && ctx.Err() == nil {
					t.fail(fmt.Errorf("delivering from %s: %w", m.Source.ARN, err))
				}
			})
		}
	}
}

// found notes that the queue was empty at that age.
func (m *Mapping) found(t *Traffic, age uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.empty, m.looked = age, true
}

// collect receives a batch. With a window it goes on until the batch is full or the time is up.
func (m *Mapping) collect(ctx context.Context, t *Traffic) ([]Message, error) {
	size := orDefault(m.Batch, 10)
	var batch []Message
	var until <-chan time.Time
	for {
		_, changed := t.now()
		got, err := m.Source.Receive(ctx, size-len(batch))
		if err != nil {
			return nil, err
		}
		batch = append(batch, got...)
		switch {
		case len(batch) == 0 || len(batch) >= size:
			return batch, nil
		case len(got) > 0 && len(got) == min(10, size-len(batch)+len(got)):
			continue // the service hands out ten at a time: there may be more
		case m.Window == 0:
			return batch, nil
		}
		if until == nil {
			until = time.After(m.Window)
		}
		select {
		case <-until:
			return batch, nil
		case <-changed:
		case <-m.wake:
		case <-time.After(idle):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// deliver takes one batch all the way.
func (m *Mapping) deliver(ctx context.Context, messages []Message) error {
	event, err := Event(m.Source.ARN, messages)
	if err != nil {
		return err
	}
	response, err := m.Invoke(ctx, event)
	var failed map[string]bool
	if err == nil && !m.All {
		failed, err = Failures(response, messages)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return m.settle(ctx, messages, failed, err)
}

// settle deletes what succeeded and shows the rest again. failure, if not nil, is the whole batch's.
func (m *Mapping) settle(ctx context.Context, messages []Message, failed map[string]bool, failure error) error {
	reason := "named in the batch response"
	if failure != nil {
		reason = failure.Error()
		if m.Failed != nil {
			m.Failed(failure)
		}
	}
	for _, message := range messages {
		var err error
		if failure != nil || failed[message.ID] {
			err = m.Source.Retry(ctx, message.Receipt, reason, m.RetryAfter*time.Duration(receives(message)))
		} else {
			err = m.Source.Delete(ctx, message.Receipt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receives is how often a message has been received.
func receives(m Message) int {
	n, err := strconv.Atoi(m.System["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return n
}
