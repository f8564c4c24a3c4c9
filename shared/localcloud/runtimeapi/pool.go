package runtimeapi

import (
	"context"
	"errors"
	"sync"
)

// Pool runs up to a limit of instances of one function, as Lambda does under
// reserved concurrency: an event goes to an idle instance, else to a new one
// (a cold start), else it waits. Instances that crashed or timed out are
// replaced.
type Pool struct {
	opts  Options
	slots chan struct{}

	mu         sync.Mutex
	all        []*Function // alive or not, for statistics
	idle       []*Function
	coldStarts int
}

// NewPool returns a pool without instances. limit is at least 1.
func NewPool(opts Options, limit int) *Pool {
	if opts.LogWriter != nil {
		opts.LogWriter = &syncWriter{to: opts.LogWriter}
	}
	return &Pool{opts: opts, slots: make(chan struct{}, max(1, limit))}
}

// Invoke invokes one instance, see Function.Invoke. A function that cannot
// start is an error of its invocation.
func (p *Pool) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	f, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	defer p.give(f)
	return f.Invoke(ctx, payload)
}

// take returns an idle instance or starts one. The slot held by the caller
// keeps the number of busy instances within the limit.
func (p *Pool) take(ctx context.Context) (*Function, error) {
	p.mu.Lock()
	for n := len(p.idle); n > 0; n = len(p.idle) {
		f := p.idle[n-1]
		p.idle = p.idle[:n-1]
		if f.Alive() {
			p.mu.Unlock()
			return f, nil
		}
	}
	p.coldStarts++
	p.mu.Unlock()
	f, err := Start(ctx, p.opts)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, f)
	return f, nil
}

// give takes back an instance after its invocation. One that has ended stays
// in all only until Stop, which closes what it leaves open.
func (p *Pool) give(f *Function) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Alive() {
		p.idle = append(p.idle, f)
	}
}

// ColdStarts is how many instances were started.
func (p *Pool) ColdStarts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.coldStarts
}

// Stats measures the live instances, see Function.Stats.
func (p *Pool) Stats() ([]Stats, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var stats []Stats
	var errs []error
	for _, f := range p.all {
		if !f.Alive() {
			continue
		}
		s, err := f.Stats()
		stats, errs = append(stats, s), append(errs, err)
	}
	return stats, errors.Join(errs...)
}

// Stop kills all instances, busy or not, and waits until they are gone. The
// pool can be used again; it then starts cold.
func (p *Pool) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, f := range p.all {
		errs = append(errs, f.Stop())
	}
	p.all, p.idle = nil, nil
	return errors.Join(errs...)
}
