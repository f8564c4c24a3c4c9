package runtimeapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// FunctionError is what the service reports instead of a response: an error
// the handler returned, or the service's own word for a timeout
// (Sandbox.Timedout) or a process that ended (Runtime.ExitError).
type FunctionError struct {
	Type    string // errorType
	Message string // errorMessage
	Log     string // end of the function's output, for crashes and timeouts
}

func (e *FunctionError) Error() string {
	text := "function error " + e.Type + ": " + e.Message
	if e.Log != "" {
		text += "\nend of its output:\n" + e.Log
	}
	return text
}

// invocation is one event on its way through the function.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	result   chan result // buffered: the API never waits for Invoke
}

type result struct {
	payload []byte
	err     *FunctionError
}

// Invoke gives the function one event and returns its response. Errors of the
// function are *FunctionError. Invocations of one instance wait for each
// other. It returns when the function has also asked for its next event (or
// ended), so that an instance is never left half-way through its clean-up. A
// timeout, or the end of ctx, kills the instance.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	f.invoking.Lock()
	defer f.invoking.Unlock()
	inv := &invocation{
		id: newRequestID(), payload: payload,
		deadline: time.Now().Add(f.opts.Timeout), result: make(chan result, 1),
	}
	ctx, cancel := context.WithDeadline(ctx, inv.deadline)
	defer cancel()
	res, err := f.exchange(ctx, inv)
	if err != nil {
		return nil, fmt.Errorf("invoking function %s: %w", f.opts.Name, err)
	}
	if res.err != nil {
		return nil, fmt.Errorf("invoking function %s: %w", f.opts.Name, res.err)
	}
	return res.payload, nil
}

func (f *Function) exchange(ctx context.Context, inv *invocation) (result, error) {
	select {
	case f.work <- inv:
	case <-f.exited:
		return result{}, f.exitError()
	case <-ctx.Done():
		return result{}, f.abandon(ctx, inv)
	}
	var res result
	select {
	case res = <-inv.result:
	case <-f.exited:
		// It may have answered and ended at once, as after a panic.
		select {
		case res = <-inv.result:
			return res, nil
		default:
			return result{}, f.exitError()
		}
	case <-ctx.Done():
		return result{}, f.abandon(ctx, inv)
	}
	select {
	case <-f.idle:
	case <-f.exited:
	case <-ctx.Done():
		return result{}, f.abandon(ctx, inv)
	}
	f.mu.Lock()
	f.count++
	f.mu.Unlock()
	return res, nil
}

// abandon kills an instance whose invocation took too long or is not wanted
// any more: Lambda too never uses such an instance again.
func (f *Function) abandon(ctx context.Context, inv *invocation) error {
	if err := f.Stop(); err != nil {
		return err
	}
	if time.Now().Before(inv.deadline) {
		return ctx.Err()
	}
	return &FunctionError{
		Type:    "Sandbox.Timedout",
		Message: fmt.Sprintf("%s task timed out after %.2f seconds", inv.id, f.opts.Timeout.Seconds()),
		Log:     f.log.String(),
	}
}

// newRequestID returns a random UUID (RFC 9562, version 4), the form of
// Lambda's request ids.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
