package queue

import (
	"context"
	"sync"
	"time"
)

// Traffic knows whether anything is on its way: what mappings share, so that an idle one need not ask its queue again and again, and so that a
// test can wait until all is quiet. The zero value is ready.
type Traffic struct {
	mu      sync.Mutex
	busy    int           // what is under way: deliveries, invocations, looks at a queue
	age     uint64        // grows with every change
	changed chan struct{} // closed at the next change
	failure error         // the first that ended a mapping
}

// Begin says that something is under way, until end is called. If news, its end is a change: there may be messages that were not there before.
func (t *Traffic) Begin() (end func(news bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy++
	return func(news bool) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.busy--
		if news {
			t.change()
		}
	}
}

// Touch says that there may be new messages.
func (t *Traffic) Touch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.change()
}

func (t *Traffic) change() {
	t.age++
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// now returns the age, and a channel that is closed at the next change.
func (t *Traffic) now() (uint64, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.age, t.changed
}

func (t *Traffic) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure == nil {
		t.failure = err
	}
	t.change()
}

// Quiet waits until nothing is under way and every mapping has found its queue empty since the last change. The mappings must be running. A
// mapping that ended with an error ends it, too.
func (t *Traffic) Quiet(ctx context.Context, mappings []*Mapping) error {
	const look = 2 * time.Millisecond
	for {
		quiet, err := t.quiet(mappings)
		if quiet || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
}

func (t *Traffic) quiet(mappings []*Mapping) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failure != nil {
		return false, t.failure
	}
	if t.busy > 0 {
		return false, nil
	}
	for _, m := range mappings {
		if !m.looked || m.empty != t.age {
			return false, nil
		}
	}
	return true, nil
}
