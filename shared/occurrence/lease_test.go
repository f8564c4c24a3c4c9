package occurrence_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

const document = "arn:aws:s3:::b"

func TestLease(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	lease := must[occurrence.Lease](t)
	first := lease(f.Acquire(ctx, document, "one", time.Minute))
	_, err := f.Acquire(ctx, document, "one", time.Minute)
	var held *occurrence.HeldError
	if !errors.As(err, &held) || held.Owner != "one" || !held.Until.Equal(noon.Add(time.Minute)) {
		t.Errorf("a second lease of the same owner: %v", err)
	}
	lease(f.Acquire(ctx, document+"2", "two", time.Minute))
	f.clock.advance(50 * time.Second)
	first = lease(f.Renew(ctx, first, time.Minute))
	f.clock.advance(59 * time.Second)
	if _, err := f.Acquire(ctx, document, "two", time.Minute); err == nil {
		t.Error("a renewed lease was taken over")
	}
	check := func(token string, l occurrence.Lease, want bool) {
		t.Helper()
		err := f.store.Transact(ctx, token, f.LeaseItem(l))
		var failed *dynamodbapi.ConditionError
		if want && err != nil || !want && !(errors.As(err, &failed) && failed.Has(occurrence.MustHoldLease)) {
			t.Errorf("%s: %v", token, err)
		}
	}
	check("held", first, true)
	f.clock.advance(time.Second)
	check("ended", first, false)
	second := lease(f.Acquire(ctx, document, "two", time.Minute))
	if second.Fence != first.Fence+1 {
		t.Errorf("fence %d after %d", second.Fence, first.Fence)
	}
	check("taken over", first, false)
	check("the new one", second, true)
	if _, err := f.Renew(ctx, first, time.Minute); !errors.As(err, &held) || held.Owner != "two" {
		t.Errorf("a lost lease was renewed: %v", err)
	}
	if err := f.ReleaseLease(ctx, first); err != nil {
		t.Errorf("releasing a lost lease: %v", err)
	}
	check("still there", second, true)
	if err := f.ReleaseLease(ctx, second); err != nil {
		t.Error(err)
	}
	if third := lease(f.Acquire(ctx, document, "three", time.Minute)); third.Fence != second.Fence+1 {
		t.Errorf("fence %d after %d", third.Fence, second.Fence)
	}
}

func TestLeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := f.Acquire(t.Context(), document, "w", time.Minute)
			var held *occurrence.HeldError
			if err == nil {
				n.Add(1)
			} else if !errors.As(err, &held) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("%d holders", n.Load())
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	count := func(l occurrence.Limit) error {
		_, err := f.store.Write(ctx, f.CountItem(l))
		return err
	}
	l := occurrence.Limit{Key: "s3-bucket-public/111122223333", Window: time.Hour, Max: 2}
	f.clock.advance(59 * time.Minute)
	for range 2 {
		if err := count(l); err != nil {
			t.Fatal(err)
		}
	}
	var failed *dynamodbapi.ConditionError
	if err := count(l); !errors.As(err, &failed) || !failed.Has(occurrence.MustBeBelow) {
		t.Errorf("the third: %v", err)
	}
	if n, err := f.Count(ctx, l); n != 2 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	other := l
	other.Key = "s3-bucket-public/111122223334"
	if err := count(other); err != nil {
		t.Errorf("another key: %v", err)
	}
	f.clock.advance(time.Minute)
	if err := count(l); err != nil {
		t.Errorf("the next window: %v", err)
	}
	for _, n := range []int{0, -1} {
		none := occurrence.Limit{Key: "none", Window: time.Hour, Max: n}
		if err := count(none); !errors.As(err, &failed) {
			t.Errorf("a limit of %d: %v", n, err)
		}
	}
}

func TestKillSwitch(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	check := func(token string, lifted bool) {
		t.Helper()
		err := f.store.Transact(ctx, token, f.SwitchCheck())
		var failed *dynamodbapi.ConditionError
		if lifted && err != nil || !lifted && !(errors.As(err, &failed) && failed.Has(occurrence.MustBeLifted)) {
			t.Errorf("%s: %v", token, err)
		}
		if s, err := f.Engaged(ctx); err != nil || s.Engaged == lifted {
			t.Errorf("%s: %+v, %v", token, s, err)
		}
	}
	check("never touched", true)
	if err := f.Engage(ctx, "maria", "something is off"); err != nil {
		t.Fatal(err)
	}
	check("engaged", false)
	if s, _ := f.Engaged(ctx); s != (occurrence.Switch{Engaged: true, By: "maria", Reason: "something is off", Since: noon}) {
		t.Errorf("got %+v", s)
	}
	if err := f.Lift(ctx, "maria", "it was nothing"); err != nil {
		t.Fatal(err)
	}
	check("lifted", true)
	broken := dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Put: dynamodbapi.Key("switch", "kill")}
	if _, err := f.store.Write(ctx, broken); err != nil {
		t.Fatal(err)
	}
	check("unreadable", false)
	f.Fail(func(string) tabletest.Fault { return tabletest.Lost })
	if s, err := f.Engaged(ctx); err == nil || !s.Engaged {
		t.Errorf("out of reach: %+v, %v", s, err)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if err := occurrence.CreateTables(t.Context(), f.Session, tabletest.Prefix); err != nil {
		t.Errorf("creating tables that are there: %v", err)
	}
	for _, table := range occurrence.Tables() {
		if _, _, err := f.store.Get(t.Context(), table.Name(tabletest.Prefix), dynamodbapi.Key("a", "b")); err != nil {
			t.Error(err)
		}
		if table.Holds == "" {
			t.Errorf("%s holds nothing", table.Suffix)
		}
	}
}
