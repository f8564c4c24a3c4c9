package awsapi

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget is how many requests a second we allow ourselves, and how many at once. Half of a documented bucket is left to the customer's own calls.
type Budget struct {
	PerSecond float64
	Burst     int
}

// budgets holds the documented request rates per account and Region, halved. Source: EC2 "Request throttling for the Amazon EC2 API":
// non-mutating 100 tokens refilled at 20/s, mutating 50 at 5/s, security-group rule changes among the resource-intensive 50 at 5/s.
// IAM, STS, S3 configuration, RDS and CloudFront publish no rate; the values for them are cautious.
var budgets = map[string]struct{ read, write Budget }{
	"ec2":        {Budget{10, 50}, Budget{2.5, 25}},
	"iam":        {Budget{10, 20}, Budget{2, 5}},
	"rds":        {Budget{5, 10}, Budget{2, 5}},
	"cloudfront": {Budget{5, 10}, Budget{1, 2}},
}

var otherServices = struct{ read, write Budget }{Budget{50, 100}, Budget{10, 20}}

const (
	maxTries  = 5
	firstWait = 200 * time.Millisecond
	floorRate = 0.2 // requests a second, however often we were throttled
)

// emulated is how much faster than AWS an emulator on this machine may be asked: nobody's quota is used up there.
const emulated = 20

type limiterKey struct {
	account, region, service string
	write, local             bool
}

// limiters are per account, Region and API class, shared by all sessions of this process.
type limiterSet struct {
	mu sync.Mutex
	m  map[limiterKey]*rate.Limiter
}

var limiters = &limiterSet{m: map[limiterKey]*rate.Limiter{}}

func (l *limiterSet) get(s Session, op string, write bool) (*rate.Limiter, Budget) {
	service, _, _ := strings.Cut(op, ":")
	b, ok := budgets[service]
	if !ok {
		b = otherServices
	}
	budget := b.read
	if write {
		budget = b.write
	}
	local := s.shared != nil && s.shared.local
	if local {
		budget = Budget{budget.PerSecond * emulated, budget.Burst * emulated}
	}
	key := limiterKey{s.Account, s.Region, service, write, local}
	l.mu.Lock()
	defer l.mu.Unlock()
	lim, ok := l.m[key]
	if !ok {
		lim = rate.NewLimiter(rate.Limit(budget.PerSecond), budget.Burst)
		l.m[key] = lim
	}
	return lim, budget
}

// limited makes one call within its budget. When AWS throttles, the budget is halved and the call tried again after a wait with full jitter
// (reads and writes alike: a throttled request did nothing); each success lets the budget recover. Failures of the service are retried for
// reads only: after a failed write the engine reads before it does anything again.
func limited(ctx context.Context, s Session, op string, write bool, do func() error) error {
	lim, budget := limiters.get(s, op, write)
	wait := firstWait
	for try := 1; ; try++ {
		if err := lim.Wait(ctx); err != nil {
			return err
		}
		err := do()
		class := Classify(err)
		switch {
		case class == Throttled:
			lim.SetLimit(max(lim.Limit()/2, floorRate))
		case err == nil:
			lim.SetLimit(min(lim.Limit()*1.1, rate.Limit(budget.PerSecond)))
		}
		again := class == Throttled || class == Transient && !write
		if !again || try == maxTries {
			return err
		}
		if err := sleep(ctx, time.Duration(rand.Int64N(int64(wait))+1)); err != nil {
			return err
		}
		wait *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
