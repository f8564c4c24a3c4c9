package audit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// failing makes the first n requests of an operation fail.
func failing(op string, n int, fault tabletest.Fault) func(string) tabletest.Fault {
	return func(o string) tabletest.Fault {
		if o != op || n == 0 {
			return tabletest.None
		}
		n--
		return fault
	}
}

// counter is an item of a caller that may be written only below a maximum: it shows how often a transaction took effect.
func (f fixture) counter(maximum int) dynamodbapi.Item {
	return dynamodbapi.Item{Op: dynamodbapi.Update, Table: f.table, Key: dynamodbapi.Key("#test", "count"), Set: "ADD times :one", Must: "below the maximum",
		Condition: "attribute_not_exists(pk) OR times < :max", Values: dynamodbapi.Values{":one": 1, ":max": maximum}}
}

func (f fixture) counted(t *testing.T) int64 {
	t.Helper()
	v, _, err := f.Store().Get(t.Context(), f.table, dynamodbapi.Key("#test", "count"))
	if err != nil {
		t.Fatal(err)
	}
	return v.Int("times")
}

func TestAppendCountsOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(string) tabletest.Fault{
		"requests lost":              failing("TransactWriteItems", 2, tabletest.Lost),
		"requests lost, SDK gave up": failing("TransactWriteItems", 6, tabletest.Lost),
		"answer lost":                failing("TransactWriteItems", 1, tabletest.AnswerLost),
		"all answers lost":           failing("TransactWriteItems", 1000, tabletest.AnswerLost),
		"throttled":                  failing("TransactWriteItems", 6, tabletest.Throttle),
		"broken":                     failing("TransactWriteItems", 6, tabletest.Broken),
		"head cannot be read":        failing("GetItem", 6, tabletest.Broken),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			l := f.log("w")
			if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan}); err != nil {
				t.Fatal(err)
			}
			f.Fail(fault)
			// A maximum of one: a transaction that is sent again after it took effect fails, and this must not be taken for a refusal.
			e, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Intent}, f.counter(1))
			f.Fail(nil)
			if err != nil || e.Seq != 2 || e.Kind != audit.Intent || f.counted(t) != 1 {
				t.Errorf("got %+v, %v; counted %d", e, err, f.counted(t))
			}
			if head, err := l.Head(t.Context(), account); err != nil || head.Hash != e.Hash {
				t.Errorf("the head is %+v, %v", head, err)
			}
			verified(t, l, 2)
		})
	}
}

// TestCallersConditionIsFinal: it is not tried again, nothing is written, and the error says which it was.
func TestCallersConditionIsFinal(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	for range 2 {
		if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Intent}, f.counter(2)); err != nil {
			t.Fatal(err)
		}
	}
	sent := 0
	f.Fail(func(op string) tabletest.Fault {
		if op == "TransactWriteItems" {
			sent++
		}
		return tabletest.None
	})
	_, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Intent}, f.counter(2))
	var failed *dynamodbapi.ConditionError
	if !errors.As(err, &failed) || len(failed.Failed) != 1 || !failed.Has("below the maximum") || !dynamodbapi.Unwritten(err) || errors.Is(err, audit.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if sent != 1 || f.counted(t) != 2 {
		t.Errorf("sent %d times, counted %d", sent, f.counted(t))
	}
	verified(t, l, 2)
}

// TestEqualEntriesOfTwoWritersAreTwo: the same content at the same instant for the same place, and a claim that only one may get.
func TestEqualEntriesOfTwoWritersAreTwo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var got, refused atomic.Int64
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			claim := dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Condition: "attribute_not_exists(pk)", Must: "it is free",
				Put: dynamodbapi.Values{"pk": "#test", "sk": "claim"}}
			_, err := f.log(fmt.Sprint(w)).Append(t.Context(), account, audit.Entry{Kind: audit.Intent}, claim)
			var failed *dynamodbapi.ConditionError
			switch {
			case err == nil:
				got.Add(1)
			case errors.As(err, &failed) && failed.Has("it is free"):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 || refused.Load() != 3 {
		t.Errorf("%d got it and %d did not", got.Load(), refused.Load())
	}
	verified(t, f.log("reader"), 1)
}

// TestContextEndsWhileUnderWay: the answer is lost and the caller's time is over; the log is looked at once more.
func TestContextEndsWhileUnderWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault, then tabletest.Fault // of the transaction, and of everything after it
		entries     int64
		want        error
	}{
		"written":                    {tabletest.AnswerLost, tabletest.None, 1, nil},
		"not written, or not yet":    {tabletest.Lost, tabletest.None, 0, audit.ErrUnknown},
		"written, nothing readable":  {tabletest.AnswerLost, tabletest.Lost, 1, audit.ErrUnknown},
		"not written and unreadable": {tabletest.Lost, tabletest.Lost, 0, audit.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			sent := false
			f.Fail(func(op string) tabletest.Fault {
				switch {
				case sent:
					return c.then
				case op == "TransactWriteItems":
					sent = true
					cancel()
					return c.fault
				}
				return tabletest.None
			})
			l := f.log("w")
			e, err := l.Append(ctx, account, audit.Entry{Kind: audit.Plan})
			f.Fail(nil)
			if c.want == nil && (err != nil || e.Seq != 1) || !errors.Is(err, c.want) {
				t.Errorf("got %+v, %v", e, err)
			}
			if head, err := l.Head(t.Context(), account); err != nil || head.Seq != c.entries {
				t.Errorf("the head is %+v, %v", head, err)
			}
		})
	}
}

// TestConcurrentAppendsUnderFaults: whatever is lost, each append that reports success is there once, each that reports a clear failure is
// not, and the chain is whole.
func TestConcurrentAppendsUnderFaults(t *testing.T) {
	t.Parallel()
	f := setup(t)
	random := rand.New(rand.NewPCG(1, 2)) // asked under the line's lock only
	f.Fail(func(string) tabletest.Fault {
		if n := random.IntN(40); n < 5 {
			return tabletest.Fault(n)
		}
		return tabletest.None
	})
	var written, unknown atomic.Int64
	var wg sync.WaitGroup
	for w := range 5 {
		l := f.log(fmt.Sprint(w))
		for range 12 {
			wg.Go(func() {
				_, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Result}, f.counter(1000))
				switch {
				case err == nil:
					written.Add(1)
				case errors.Is(err, audit.ErrUnknown):
					unknown.Add(1)
				default:
					t.Logf("not written: %v", err)
				}
			})
		}
	}
	wg.Wait()
	f.Fail(nil)
	l := f.log("reader")
	head, err := l.Head(t.Context(), account)
	if err != nil || head.Seq < written.Load() || head.Seq > written.Load()+unknown.Load() || head.Seq != f.counted(t) || head.Seq < 30 {
		t.Errorf("%d entries and %d counted; %d reported written, %d unknown; %v", head.Seq, f.counted(t), written.Load(), unknown.Load(), err)
	}
	verified(t, l, head.Seq)
}

// TestTimeStandsStillBetweenTries: a repeated transaction is the same to the byte, although the clock has moved.
func TestTimeStandsStillBetweenTries(t *testing.T) {
	t.Parallel()
	f := setup(t)
	now := noon
	f.now = func() time.Time { now = now.Add(time.Minute); return now }
	f.Fail(failing("TransactWriteItems", 9, tabletest.Lost))
	e, err := f.log("w").Append(t.Context(), account, audit.Entry{Kind: audit.Plan})
	if err != nil || !e.Time.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %+v, %v", e, err)
	}
}
