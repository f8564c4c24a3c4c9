package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
)

// maxShared bounds how many answers are kept for one event: whoever looks at a whole account asks about thousands of resources, and each only once.
const maxShared = 200

// answers are those to the reads that were made under one context.
type answers struct {
	mu sync.Mutex
	of map[string]*answer
}

// answer is there, or under way, once somebody has asked.
type answer struct {
	once sync.Once
	out  any
	err  error
}

type answersKey struct{}

var errUnfinished = errors.New("an equal read of somebody else was not finished")

// WithShared returns a context under which equal reads are made once: several controls look at one resource because of one event, and the bucket policy is the
// same for all of them. It is for first looks only. What is written is read anew before and after. Whoever gets an answer must not change it.
func WithShared(ctx context.Context) context.Context {
	return context.WithValue(ctx, answersKey{}, &answers{of: map[string]*answer{}})
}

// shared makes a read, or returns what an equal one under the same context brought or brings.
func shared[I, O any](ctx context.Context, name string, s Session, in *I, do func() (*O, error)) (*O, error) {
	all, ok := ctx.Value(answersKey{}).(*answers)
	if !ok {
		return do()
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return do()
	}
	a := all.get(name + " " + s.Account + " " + s.Region + " " + string(raw))
	if a == nil {
		return do()
	}
	a.once.Do(func() {
		out, err := do()
		a.out, a.err = out, err
	})
	out, _ := a.out.(*O)
	return out, a.err
}

// get returns the place of an answer; nil if there are too many.
func (a *answers) get(key string) *answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if have, ok := a.of[key]; ok {
		return have
	}
	if len(a.of) >= maxShared {
		return nil
	}
	have := &answer{err: errUnfinished} // until it is there: whoever asked may have ended half-way
	a.of[key] = have
	return have
}
