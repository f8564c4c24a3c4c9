package occurrence_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// clock is moved by hand.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.ns.Load())) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

type fixture struct {
	*tabletest.Cloud
	*occurrence.Book
	clock *clock
	store *dynamodbapi.Store
	table string
}

func setup(t *testing.T) fixture {
	cloud, c := tabletest.New(t), &clock{}
	store, table := cloud.Store(), cloud.Table(occurrence.StateTable)
	return fixture{cloud, occurrence.New(store, table, c.now), c, store, table}
}

func bucket(id string) awsapi.Resource {
	return awsapi.Resource{Type: "AWS::S3::Bucket", ID: id, Account: "111122223333", Region: "eu-west-1", Partition: "aws"}
}

func wrong(id string) occurrence.Occurrence {
	return occurrence.Occurrence{Control: "s3-bucket-public", Resource: bucket(id), PlanID: "p1", PlanHash: "h1", Decision: "auto", Plan: []byte(`{"schema":1}`),
		Cause: noon.Add(-time.Minute), Actor: "maria", Origin: "event"}
}

// must ends the test on an error, and returns what came with none.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (f fixture) open(t *testing.T, o occurrence.Occurrence) occurrence.Occurrence {
	t.Helper()
	out, created, err := f.Open(t.Context(), o)
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	return out
}

func TestLifeOfAnOccurrence(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	step, do := must[occurrence.Step](t), must[occurrence.Occurrence](t)
	o := f.open(t, wrong("b"))
	if o.State != occurrence.Open || !o.Opened.Equal(noon) || o.Past != (occurrence.Past{}) || len(o.ID) != 26 {
		t.Errorf("opened %+v", o)
	}
	got, ok, err := f.Get(ctx, o.Control, o.Resource)
	if diff := cmp.Diff(got, o, cmpopts.IgnoreUnexported(o)); err != nil || !ok || diff != "" {
		t.Errorf("%v %v %s", ok, err, diff)
	}
	joined, created, err := f.Open(ctx, wrong("b"))
	if err != nil || created || joined.ID != o.ID {
		t.Errorf("a duplicate: %+v %v %v", joined, created, err)
	}
	o = do(f.Do(ctx, step(f.Replan(o, occurrence.Waiting, "p2", "h2", "approve", []byte(`{}`)))))
	o = do(f.Do(ctx, step(f.Claim(o, "worker", time.Minute))))
	if o.State != occurrence.Applying || o.Attempts != 1 || o.Fence != 1 || o.PlanHash != "h2" || o.Decision != "approve" {
		t.Errorf("claimed %+v", o)
	}
	o = do(f.Do(ctx, step(f.Release(o, occurrence.Open))))
	o = do(f.Do(ctx, step(f.Claim(o, "worker", time.Minute))))
	f.clock.advance(time.Second)
	o = do(f.Do(ctx, step(f.Close(o, "fixed"))))
	if o.State != occurrence.Closed || o.Fence != 2 || o.Outcome != "fixed" {
		t.Errorf("closed %+v", o)
	}
	if _, ok, err := f.Get(ctx, o.Control, o.Resource); ok || err != nil {
		t.Errorf("still open: %v %v", ok, err)
	}
	again := f.open(t, wrong("b"))
	if want := (occurrence.Past{ID: o.ID, Outcome: "fixed", Closed: noon.Add(time.Second)}); again.Past != want || again.ID == o.ID {
		t.Errorf("the next one %+v does not know %+v", again, want)
	}
}

func TestHundredDuplicatesAreOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var created atomic.Int64
	var ids sync.Map
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			o, isNew, err := f.Open(t.Context(), wrong("b"))
			if err != nil {
				t.Error(err)
			}
			if isNew {
				created.Add(1)
			}
			ids.Store(o.ID, true)
		})
	}
	wg.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if created.Load() != 1 || n != 1 {
		t.Errorf("%d created, %d ids", created.Load(), n)
	}
}

func TestOthersAreApart(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	other := func(change func(*occurrence.Occurrence)) occurrence.Occurrence {
		o := wrong("b")
		change(&o)
		return o
	}
	long := strings.Repeat("x", 1020)
	all := []occurrence.Occurrence{
		wrong("b"), wrong("b#s3-bucket-public"), wrong(long), wrong(long + "y"),
		other(func(o *occurrence.Occurrence) { o.Control = "s3-tls-only" }),
		other(func(o *occurrence.Occurrence) { o.Resource.Region = "eu-north-1" }),
		other(func(o *occurrence.Occurrence) { o.Resource.Type = "AWS::S3::AccessPoint" }),
	}
	ids := map[string]bool{}
	for _, o := range all {
		ids[f.open(t, o).ID] = true
	}
	elsewhere := other(func(o *occurrence.Occurrence) { o.Resource.Account = "111122223334" })
	f.open(t, elsewhere)
	closed := f.open(t, wrong("closed"))
	if _, err := f.Do(ctx, must[occurrence.Step](t)(f.Close(closed, "stale"))); err != nil {
		t.Fatal(err)
	}
	list, err := f.ListOpen(ctx, "111122223333")
	if err != nil || len(list) != len(all) {
		t.Errorf("%d of %d, %v", len(list), len(all), err)
	}
	for _, o := range list {
		if !ids[o.ID] {
			t.Errorf("%+v was not opened", o)
		}
		if _, ok, err := f.Get(ctx, o.Control, o.Resource); !ok || err != nil {
			t.Errorf("%+v cannot be got: %v", o, err)
		}
	}
}

func TestClaimEnds(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	step, do := must[occurrence.Step](t), must[occurrence.Occurrence](t)
	o := f.open(t, wrong("b"))
	first := do(f.Do(ctx, step(f.Claim(o, "first", time.Minute))))
	seen, _, err := f.Get(ctx, o.Control, o.Resource)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Claim(seen, "second", time.Minute); !errors.Is(err, occurrence.ErrNotYours) {
		t.Errorf("a live claim was taken over: %v", err)
	}
	if _, err := f.Close(seen, "fixed"); !errors.Is(err, occurrence.ErrNotYours) {
		t.Errorf("somebody else's claim was closed: %v", err)
	}
	if _, err := f.Release(seen, occurrence.Open); !errors.Is(err, occurrence.ErrNotYours) {
		t.Errorf("somebody else's claim was released: %v", err)
	}
	if _, err := f.Replan(seen, occurrence.Open, "p", "h", "auto", nil); err == nil {
		t.Error("a claimed occurrence was replanned")
	}
	forged := seen
	forged.ClaimEnds = noon
	if _, err := f.Do(ctx, step(f.Claim(forged, "second", time.Minute))); !errors.Is(err, occurrence.ErrMoved) {
		t.Errorf("a live claim was taken over by a view that says it has ended: %v", err)
	}
	f.clock.advance(time.Minute)
	second := do(f.Do(ctx, step(f.Claim(seen, "second", time.Minute))))
	if second.Attempts != 2 || second.Fence != 2 {
		t.Errorf("took over %+v", second)
	}
	for name, s := range map[string]occurrence.Step{
		"close":   step(f.Close(first, "fixed")),
		"release": step(f.Release(first, occurrence.Open)),
	} {
		if _, err := f.Do(ctx, s); !errors.Is(err, occurrence.ErrMoved) {
			t.Errorf("%s by the first: %v", name, err)
		}
	}
	do(f.Do(ctx, step(f.Close(second, "fixed"))))
}

// TestOldViewIsMoved: what was read before others claimed and released is not what is there, although it looks the same.
func TestOldViewIsMoved(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	step, do := must[occurrence.Step](t), must[occurrence.Occurrence](t)
	old := f.open(t, wrong("b"))
	do(f.Do(ctx, step(f.Release(do(f.Do(ctx, step(f.Claim(old, "w", time.Minute)))), occurrence.Open))))
	for name, s := range map[string]occurrence.Step{
		"claim":  step(f.Claim(old, "late", time.Minute)),
		"replan": step(f.Replan(old, occurrence.Waiting, "p", "h", "approve", nil)),
		"close":  step(f.Close(old, "stale")),
	} {
		if _, err := f.Do(ctx, s); !errors.Is(err, occurrence.ErrMoved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	closed := old
	closed.State = occurrence.Closed
	_, claimErr := f.Claim(closed, "w", time.Minute)
	_, closeErr := f.Close(closed, "fixed")
	_, planErr := f.Replan(closed, occurrence.Open, "p", "h", "auto", nil)
	if claimErr == nil || closeErr == nil || planErr == nil {
		t.Errorf("a closed occurrence was changed: %v, %v, %v", claimErr, closeErr, planErr)
	}
}

// TestOneClaimAmongMany: of equal claims of one owner for one occurrence just one is made.
func TestOneClaimAmongMany(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.open(t, wrong("b"))
	var got, moved atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			s, err := f.Claim(o, "worker", time.Minute)
			if err != nil {
				t.Error(err)
			}
			switch _, err := f.Do(t.Context(), s); {
			case err == nil:
				got.Add(1)
			case errors.Is(err, occurrence.ErrMoved):
				moved.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 || moved.Load() != 19 {
		t.Errorf("%d claimed, %d moved", got.Load(), moved.Load())
	}
}

func TestPlanThatCannotBeKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := wrong("b")
	o.Plan = make([]byte, occurrence.MaxPlan+1)
	if _, _, err := f.Open(t.Context(), o); !errors.Is(err, occurrence.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	o.Plan = []byte{0xff}
	if _, _, err := f.Open(t.Context(), o); err == nil {
		t.Error("bytes that are no text were kept")
	}
	o.Plan = []byte(strings.Repeat("x", occurrence.MaxPlan))
	o = f.open(t, o)
	if _, err := f.Replan(o, occurrence.Open, "p", "h", "auto", make([]byte, occurrence.MaxPlan+1)); !errors.Is(err, occurrence.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// TestStepsInATransaction: whoever composes a transaction learns which of its conditions failed, and which occurrence to join.
func TestStepsInATransaction(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	prepared := must[occurrence.Occurrence](t)(f.Prepare(ctx, wrong("b")))
	note := dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Put: dynamodbapi.Key("note", "1")}
	if err := f.store.Transact(ctx, "open", f.OpenItem(prepared), note); err != nil {
		t.Fatal(err)
	}
	second := must[occurrence.Occurrence](t)(f.Prepare(ctx, wrong("b")))
	err := f.store.Transact(ctx, "again", f.OpenItem(second), note)
	if there, ok := f.Joined(err); !ok || there.ID != prepared.ID || occurrence.Moved(err) {
		t.Errorf("joined %+v %v: %v", there, ok, err)
	}
	claim := must[occurrence.Step](t)(f.Claim(prepared, "w", time.Minute))
	items := append([]dynamodbapi.Item{f.SwitchCheck(), f.CountItem(occurrence.Limit{Key: "k", Window: time.Hour, Max: 5}), note}, claim.Items...)
	if err := f.store.Transact(ctx, "claim", items...); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Transact(ctx, "claim again", items...); !occurrence.Moved(err) {
		t.Errorf("got %v", err)
	}
	if _, ok := f.Joined(fmt.Errorf("anything else")); ok {
		t.Error("joined for no reason")
	}
	end := must[occurrence.Step](t)(f.Close(claim.After, "fixed"))
	if err := f.store.Transact(ctx, "close", append(end.Items, note)...); err != nil {
		t.Error(err)
	}
	if _, ok, _ := f.Get(ctx, prepared.Control, prepared.Resource); ok {
		t.Error("still open")
	}
}

func TestLostAnswersAreSettled(t *testing.T) {
	t.Parallel()
	f, ctx := setup(t), t.Context()
	step, do := must[occurrence.Step](t), must[occurrence.Occurrence](t)
	once := func() {
		first := true
		f.Fail(func(op string) tabletest.Fault {
			if first && op != "GetItem" {
				first = false
				return tabletest.AnswerLost
			}
			return tabletest.None
		})
	}
	once()
	o := f.open(t, wrong("b"))
	once()
	o = do(f.Do(ctx, step(f.Replan(o, occurrence.Waiting, "p2", "h2", "approve", nil))))
	once()
	o = do(f.Do(ctx, step(f.Claim(o, "w", time.Minute))))
	once()
	o = do(f.Do(ctx, step(f.Release(o, occurrence.Open))))
	once()
	do(f.Do(ctx, step(f.Close(o, "stale"))))
	once()
	l, err := f.Acquire(ctx, "arn:aws:s3:::b", "w", time.Minute)
	if err != nil || l.Ends != noon.Add(time.Minute) {
		t.Errorf("got %+v, %v", l, err)
	}
}
