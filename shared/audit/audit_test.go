package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const account = "111122223333"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func still() time.Time { return noon }

type fixture struct {
	*tabletest.Cloud
	table string
	now   func() time.Time
}

func setup(t *testing.T) fixture {
	c := tabletest.New(t)
	return fixture{c, c.Table(occurrence.AuditTable), still}
}

func (f fixture) log(writer string) *audit.Log { return audit.New(f.Store(), f.table, f.now, writer) }

func verified(t *testing.T, l *audit.Log, entries int64, remembered ...verify.Point) verify.Report {
	t.Helper()
	var b bytes.Buffer
	if err := l.Export(t.Context(), &b, account, 0); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Read(&b, verify.Options{Chain: account, Remembered: remembered})
	if err != nil || !r.OK() || r.Entries != entries {
		t.Fatalf("want %d entries and no findings, got %+v, %v", entries, r, err)
	}
	return r
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	f := setup(t)
	times := []time.Time{noon, noon.Add(-time.Hour), noon.Add(1500 * time.Millisecond).In(time.FixedZone("x", 7200))}
	f.now = func() time.Time { now := times[0]; times = times[1:]; return now }
	l := f.log("w")
	ctx := t.Context()
	in := audit.Entry{Kind: audit.Plan, Occurrence: "01J", Plan: "p1", Control: "s3-bucket-public", Resource: "arn:aws:s3:::b", Actor: "maria <&>",
		Outcome: "planned", Detail: json.RawMessage(`{ "b": 1, "a": "é" }`)}
	first, err := l.Append(ctx, account, in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"actor":"maria <&>","chain":"111122223333","control":"s3-bucket-public","detail":{"a":"é","b":1},"kind":"plan","occurrence":"01J",` +
		`"outcome":"planned","plan":"p1","prev":"` + strings.Repeat("0", 64) + `","resource":"arn:aws:s3:::b","seq":1,"time":"2026-03-04T12:00:00Z"}`
	if string(first.Body) != want {
		t.Errorf("got  %s\nwant %s", first.Body, want)
	}
	second, err := l.Append(ctx, account, audit.Entry{Kind: audit.Result})
	if err != nil || second.Seq != 2 || second.Prev != first.Hash || !second.Time.Equal(noon) {
		t.Errorf("a clock that went back: %+v, %v", second, err)
	}
	third, err := l.Append(ctx, account, audit.Entry{Kind: audit.Error})
	if err != nil || third.Time.Format(time.RFC3339Nano) != "2026-03-04T12:00:01.5Z" {
		t.Errorf("got %+v, %v", third, err)
	}
	got, err := l.List(ctx, account, 0, 0)
	first.Detail = json.RawMessage(`{"a":"é","b":1}`)
	if diff := cmp.Diff(got, []audit.Entry{first, second, third}); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	got, err = l.List(ctx, account, 1, 1)
	if diff := cmp.Diff(got, []audit.Entry{second}); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if one, err := l.Get(ctx, account, 3); err != nil || !cmp.Equal(one, third) {
		t.Errorf("got %+v, %v", one, err)
	}
	if _, err := l.Get(ctx, account, 4); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("entry 4: %v", err)
	}
	if h, err := l.Head(ctx, account); err != nil || h != (audit.Head{Chain: account, Seq: 3, Hash: third.Hash, Time: third.Time}) {
		t.Errorf("head %+v, %v", h, err)
	}
	verified(t, l, 3, verify.Point{Seq: 2, Hash: second.Hash[:16]})
}

func TestChains(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	for _, chain := range []string{"222222222222", "111111111111", "222222222222"} {
		if _, err := l.Append(t.Context(), chain, audit.Entry{Kind: audit.Plan}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Chains(t.Context())
	if err != nil || !slices.Equal(got, []string{"111111111111", "222222222222"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if h, err := l.Head(t.Context(), "333333333333"); err != nil || h.Seq != 0 || h.Hash != audit.Genesis {
		t.Errorf("the head of nothing is %+v, %v", h, err)
	}
	if err := l.Export(t.Context(), &bytes.Buffer{}, "333333333333", 0); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("exporting nothing: %v", err)
	}
}

func TestExportFromAnEntryOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	var es []audit.Entry
	for range 4 {
		e, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan})
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	for after := 1; after <= 4; after++ {
		var b bytes.Buffer
		if err := l.Export(t.Context(), &b, account, int64(after)); err != nil {
			t.Fatal(err)
		}
		r, err := verify.Read(&b, verify.Options{After: &verify.Point{Seq: int64(after), Hash: es[after-1].Hash}})
		if err != nil || !r.OK() || r.Entries != int64(4-after) {
			t.Errorf("after %d: %+v, %v", after, r, err)
		}
	}
}

// TestRowsThatAreNoEntries: whatever else lies in a chain's partition is exported for what it is, from whichever entry on, so that the verifier finds it.
func TestRowsThatAreNoEntries(t *testing.T) {
	t.Parallel()
	for _, sk := range []string{"0000000000000000", "0000000000000003a", "000000000000002", "99999999999999999", "\x01", "!", "4", "Head", "head2", "tail", "\U0010ffff"} {
		t.Run(sk, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			l := f.log("w")
			var hashes []string
			for range 3 {
				e, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan})
				if err != nil {
					t.Fatal(err)
				}
				hashes = append(hashes, e.Hash)
			}
			if _, err := f.Store().Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Put: dynamodbapi.Key(account, sk)}); err != nil {
				t.Fatal(err)
			}
			for after := range 3 {
				checkStray(t, l, sk, after, hashes)
			}
		})
	}
}

// checkStray verifies three entries after one of them, and wants exactly one finding.
func checkStray(t *testing.T, l *audit.Log, sk string, after int, hashes []string) {
	t.Helper()
	o := verify.Options{Chain: account}
	if after > 0 {
		o.After = &verify.Point{Seq: int64(after), Hash: hashes[after-1]}
	}
	var b bytes.Buffer
	if err := l.Export(t.Context(), &b, account, int64(after)); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Read(&b, o)
	if err != nil || r.Entries != int64(3-after) || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Problem, "neither an entry nor its head") {
		t.Errorf("%q, after %d: %+v, %v", sk, after, r, err)
	}
}

// TestOnlyTheHeadIsLeft: a head without entries is exported for what it is.
func TestOnlyTheHeadIsLeft(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Store().Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Delete, Table: f.table, Key: dynamodbapi.Key(account, "0000000000000001")}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := l.Export(t.Context(), &b, account, 0); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Read(&b, verify.Options{Chain: account})
	if err != nil || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Problem, "the head is entry 1") {
		t.Errorf("%+v, %v", r, err)
	}
}

// A partition with nothing but a row of somebody else's is no chain that nobody began.
func TestAStrayRowAlone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if _, err := f.Store().Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Put: dynamodbapi.Key(account, "x")}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.log("w").Export(t.Context(), &b, account, 0); err != nil || b.String() != `{"row":"x"}`+"\n" {
		t.Errorf("exported %q, %v", b.String(), err)
	}
}

// TestWhatIsThereAndWhatIsListed: the list of chains and the chains are two things.
func TestWhatIsThereAndWhatIsListed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	want := func(has, listed bool) {
		t.Helper()
		if got, err := l.Has(t.Context(), account); err != nil || got != has {
			t.Errorf("has it: %v, %v; want %v", got, err, has)
		}
		if got, err := l.Listed(t.Context(), account); err != nil || got != listed {
			t.Errorf("lists it: %v, %v; want %v", got, err, listed)
		}
	}
	want(false, false)
	if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan}); err != nil {
		t.Fatal(err)
	}
	want(true, true)
	if _, err := f.Store().Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Delete, Table: f.table, Key: dynamodbapi.Key("#chains", account)}); err != nil {
		t.Fatal(err)
	}
	want(true, false)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	big := func(n int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", n-2) + `"`) }
	for name, c := range map[string]struct {
		chain string
		entry audit.Entry
		want  error
	}{
		"no chain":        {"", audit.Entry{Kind: audit.Plan}, nil},
		"reserved name":   {"#chains", audit.Entry{Kind: audit.Plan}, nil},
		"unknown kind":    {account, audit.Entry{Kind: "party"}, nil},
		"no kind":         {account, audit.Entry{}, nil},
		"not JSON":        {account, audit.Entry{Kind: audit.Plan, Detail: json.RawMessage(`{`)}, nil},
		"not UTF-8":       {account, audit.Entry{Kind: audit.Plan, Actor: "\xff"}, nil},
		"too large":       {account, audit.Entry{Kind: audit.Plan, Detail: big(audit.MaxDetail + 1)}, audit.ErrTooLarge},
		"too large a key": {account, audit.Entry{Kind: audit.Plan, Actor: strings.Repeat("x", 400<<10)}, audit.ErrTooLarge},
	} {
		if _, err := f.log("w").Append(t.Context(), c.chain, c.entry); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := f.log("w")
	if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan, Detail: big(audit.MaxDetail)}); err != nil {
		t.Error(err)
	}
	verified(t, l, 1)
}

func TestLineHasStableKeys(t *testing.T) {
	t.Parallel()
	keys := func(l audit.Line) []string {
		raw, err := json.Marshal(l)
		var m map[string]any
		if err != nil || json.Unmarshal(raw, &m) != nil {
			t.Fatal(err)
		}
		return slices.Sorted(maps.Keys(m))
	}
	want := []string{"actor", "chain", "control", "hash", "kind", "outcome", "plan", "prev", "resource", "seq", "time"}
	l := audit.Entry{Detail: json.RawMessage(`{}`)}.Line()
	if got := keys(l); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	l.Detail = json.RawMessage(`{}`)
	if got := keys(l); !slices.Contains(got, "detail") {
		t.Errorf("got %v", got)
	}
}

// TestVerifierKnowsTheKinds appends one entry of each kind: the verifier's list is its own.
func TestVerifierKnowsTheKinds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.log("w")
	for _, k := range audit.Kinds() {
		if _, err := l.Append(t.Context(), account, audit.Entry{Kind: k}); err != nil {
			t.Fatal(err)
		}
	}
	verified(t, l, int64(len(audit.Kinds())))
}

// TestConcurrentAppends has four processes with 50 appends each at one chain, all equal but for the writer, and none may be lost or doubled.
func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var wg sync.WaitGroup
	for w := range 4 {
		l := f.log(fmt.Sprint("writer ", w))
		for range 50 {
			wg.Go(func() {
				if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Refusal, Outcome: "refused"}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	verified(t, f.log("reader"), 200)
}

func TestAppendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.log("w").Append(ctx, account, audit.Entry{Kind: audit.Plan}); !errors.Is(err, context.Canceled) || errors.Is(err, audit.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestStoredEntriesThatWereChangedAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l, store := f.log("w"), f.Store()
	for range 3 {
		if _, err := l.Append(t.Context(), account, audit.Entry{Kind: audit.Plan, Actor: "maria"}); err != nil {
			t.Fatal(err)
		}
	}
	key := dynamodbapi.Key(account, "0000000000000002")
	row, _, err := store.Get(t.Context(), f.table, key)
	if err != nil {
		t.Fatal(err)
	}
	put := func(v dynamodbapi.Values) {
		if _, err := store.Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Put, Table: f.table, Put: v}); err != nil {
			t.Fatal(err)
		}
	}
	third, _, err := store.Get(t.Context(), f.table, dynamodbapi.Key(account, "0000000000000003"))
	if err != nil {
		t.Fatal(err)
	}
	moved := maps.Clone(third)
	moved[dynamodbapi.SK] = key[dynamodbapi.SK]
	changed := maps.Clone(row)
	changed["entry_body"] = strings.Replace(row.Text("entry_body"), "maria", "marta", 1)
	for name, v := range map[string]dynamodbapi.Values{"changed": changed, "moved": moved} {
		put(v)
		if _, err := l.Get(t.Context(), account, 2); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := l.List(t.Context(), account, 0, 0); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
		var b bytes.Buffer
		if err := l.Export(t.Context(), &b, account, 0); err != nil {
			t.Errorf("%s cannot be exported: %v", name, err)
		}
		if r, err := verify.Read(&b, verify.Options{}); err != nil || r.OK() {
			t.Errorf("%s: the verifier found nothing, %v", name, err)
		}
	}
	put(row)
	verified(t, l, 3)
	// A head that was turned back hides what comes after it from nobody.
	head, _, err := store.Get(t.Context(), f.table, dynamodbapi.Key(account, "head"))
	if err != nil {
		t.Fatal(err)
	}
	head["entry_seq"], head["entry_hash"] = int64(2), row.Text("entry_hash")
	put(head)
	var b bytes.Buffer
	if err := l.Export(t.Context(), &b, account, 0); err != nil {
		t.Fatal(err)
	}
	if r, err := verify.Read(&b, verify.Options{}); err != nil || r.OK() {
		t.Errorf("the verifier found nothing, %v", err)
	}
}
