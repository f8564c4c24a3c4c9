package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
)

func makeMapping(d *deployment, r resource) error {
	if enabled, ok := r.props["Enabled"].(bool); ok && !enabled {
		return nil
	}
	f := d.cloud.function(fmt.Sprint(r.props["FunctionName"]), d.account, d.region)
	q := d.cloud.queues[fmt.Sprint(r.props["EventSourceArn"])]
	if f == nil || q == nil {
		return fmt.Errorf("want a function and a queue of the stacks, got %v and %v", r.props["FunctionName"], r.props["EventSourceArn"])
	}
	if _, ok := r.props["FilterCriteria"]; ok {
		return errors.New("filters of event source mappings are not known here")
	}
	m := queue.NewMapping(queue.Mapping{
		Source: q.source, Invoke: f.Invoke, Batch: 10, Concurrency: defaultConcurrency, All: !slices.Contains(texts(r.props["FunctionResponseTypes"]), "ReportBatchItemFailures"),
		RetryAfter: d.cloud.opts.RetryAfter, Failed: func(err error) { fmt.Fprintln(d.cloud.opts.Log, err) },
	})
	window := 0
	scaling, _ := r.props["ScalingConfig"].(map[string]any)
	for _, p := range []struct {
		from map[string]any
		name string
		to   *int
	}{{r.props, "BatchSize", &m.Batch}, {r.props, "MaximumBatchingWindowInSeconds", &window}, {scaling, "MaximumConcurrency", &m.Concurrency}} {
		v, ok := p.from[p.name]
		if !ok {
			continue
		}
		n, err := number(v)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.name, err)
		}
		*p.to = n
	}
	m.Window = time.Duration(window) * time.Second
	if most := d.cloud.opts.MaxWindow; most > 0 {
		m.Window = min(m.Window, most)
	}
	f.concurrency += m.Concurrency
	d.fresh = append(d.fresh, m)
	return nil
}

func number(v any) (int, error) {
	n, err := json.Number(fmt.Sprint(v)).Int64()
	return int(n), err
}

// Invoke runs the function and returns its response. Where the function has as many instances at work as it may have, it waits.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.running.Add(1)
	defer f.leave()
	return f.run(ctx, event)
}

func (f *Function) run(ctx context.Context, event []byte) ([]byte, error) {
	f.start.Do(func() {
		most := f.reserved
		if most == 0 {
			most = max(f.concurrency, defaultConcurrency)
		}
		f.pool = runtimeapi.NewPool(f.opts, most)
	})
	f.invocations.Add(1)
	return f.pool.Invoke(ctx, event)
}

// admit begins an invocation unless the function's reserved concurrency is used up; leave ends it.
func (f *Function) admit() bool {
	if n := f.running.Add(1); f.reserved > 0 && n > int64(f.reserved) {
		f.leave()
		return false
	}
	return true
}

func (f *Function) leave() { f.running.Add(-1) }

// Invocations is how often the function was invoked so far.
func (f *Function) Invocations() int64 { return f.invocations.Load() }

// Stats measures the instances that there are.
func (f *Function) Stats() ([]runtimeapi.Stats, error) {
	if f.Invocations() == 0 {
		return nil, nil
	}
	return f.pool.Stats()
}

// Cool ends all instances, so that the next event meets a cold start. No event may be under way.
func (f *Function) Cool() error {
	if f.Invocations() == 0 {
		return nil
	}
	return f.pool.Stop()
}

// Functions returns the functions of all stacks, by ARN.
func (c *Cloud) Functions() []*Function {
	var out []*Function
	for _, arn := range slices.Sorted(maps.Keys(c.functions)) {
		out = append(out, c.functions[arn])
	}
	return out
}
