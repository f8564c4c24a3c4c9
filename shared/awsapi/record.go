package awsapi

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Recorder counts the requests made under a context, by operation. Declared operations are checked against it, and people are shown it.
type Recorder struct {
	mu sync.Mutex
	n  map[string]int
}

type recorderKey struct{}

// WithRecorder returns a context whose requests are counted in r.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

func record(ctx context.Context, op string) {
	r, ok := ctx.Value(recorderKey{}).(*Recorder)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]int{}
	}
	r.n[op]++
}

// Counts returns the requests so far, by operation ("s3:GetBucketPolicy").
func (r *Recorder) Counts() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.n)
}

// Total returns the number of requests so far.
func (r *Recorder) Total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := 0
	for _, n := range r.n {
		total += n
	}
	return total
}

// Ops returns the operations used so far, sorted.
func (r *Recorder) Ops() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.n))
}
