package seal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func (w *world) reader() Reader {
	return Reader{Session: w.sealer.Session, Bucket: w.bucket, Log: w.log}
}

// verified fails unless a chain is sound and sealed up to an entry.
func (w *world) verified(chain string, sealed, entries int64) {
	w.t.Helper()
	r, err := w.reader().Verify(w.t.Context(), chain, verify.Options{})
	if err != nil || !r.OK() || r.Last.Seq != sealed || r.Sealed.Entries != entries || r.Table.Entries != entries {
		w.t.Errorf("%s: %+v, %v; want %d entries, sealed up to %d", chain, r, err, entries, sealed)
	}
	alone := w.reader()
	alone.Log = nil
	if r, err := alone.Verify(w.t.Context(), chain, verify.Options{}); sealed > 0 && (err != nil || !r.OK() || r.Sealed.Entries != sealed) {
		w.t.Errorf("%s alone: %+v, %v; want %d entries", chain, r, err, sealed)
	}
}

func name(chain string, first, last int) string {
	return fmt.Sprintf("chains/%s/%016d-%016d.jsonl", chain, first, last)
}

func TestSealing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if out := w.run(); out.Chains != 0 || out.Segments != 0 {
		t.Errorf("nothing to seal: %+v", out)
	}
	w.append(one, 12)
	w.append(two, 1)
	if out := w.run(); out.Chains != 2 || out.Segments != 4 || out.Entries != 13 || out.Left != 0 || len(out.Tampered) != 0 {
		t.Errorf("first run: %+v", out)
	}
	want := []string{name(one, 1, 5), name(one, 6, 10), name(one, 11, 12), name(two, 1, 1)}
	if diff := cmp.Diff(want, w.keys()); diff != "" {
		t.Errorf("segments (-want +got):\n%s", diff)
	}
	if got, want := w.object(name(one, 6, 10)), strings.Join(w.bodies(one)[5:10], "\n")+"\n"; got != want {
		t.Errorf("a segment has %q, want the exact bytes %q", got, want)
	}
	if out := w.run(); out.Segments != 0 || len(out.Tampered) != 0 {
		t.Errorf("nothing new: %+v", out)
	}
	w.append(one, 2)
	w.verified(one, 12, 14)
	if out := w.run(); out.Segments != 1 || out.Entries != 2 {
		t.Errorf("two new entries: %+v", out)
	}
	if !slices.Contains(w.keys(), name(one, 13, 14)) {
		t.Errorf("segments %q", w.keys())
	}
	w.verified(one, 14, 14)
	w.verified(two, 1, 1)
}

func TestSegmentsAreWrittenOnceAndChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 6)
	w.wire.puts = nil
	w.run()
	if len(w.wire.puts) != 2 {
		t.Fatalf("%d objects written, want 2", len(w.wire.puts))
	}
	for _, h := range w.wire.puts {
		if h.Get("If-None-Match") != "*" || len(h.Get("X-Amz-Checksum-Sha256")) != 44 || h.Get("Content-Type") != ContentType {
			t.Errorf("written with %v", h)
		}
	}
}

func TestSegmentsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 6)
	w.sealer.Limits.Bytes = 1 // one entry is always taken
	if out := w.run(); out.Segments != 6 || out.Entries != 6 {
		t.Errorf("got %+v, want a segment for each entry", out)
	}
	w.verified(one, 6, 6)
}

func TestALongBacklogTakesSeveralRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 17)
	w.sealer.Limits.News = 7
	for _, want := range []Result{{Chains: 1, Segments: 2, Entries: 7, Left: 1}, {Chains: 1, Segments: 2, Entries: 7, Left: 1}, {Chains: 1, Segments: 1, Entries: 3}, {Chains: 1}} {
		if diff := cmp.Diff(want, w.run()); diff != "" {
			t.Errorf("run (-want +got):\n%s", diff)
		}
	}
	w.verified(one, 17, 17)
}

func TestStopsWellBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 3)
	ctx, cancel := context.WithTimeout(t.Context(), w.sealer.Limits.Margin-time.Second)
	defer cancel()
	out, err := w.sealer.Run(ctx)
	if diff := cmp.Diff(Result{Chains: 1, Left: 1}, out); diff != "" || err != nil {
		t.Errorf("run: %v (-want +got):\n%s", err, diff)
	}
	if len(w.keys()) != 0 {
		t.Errorf("sealed %q", w.keys())
	}
	w.run()
	w.verified(one, 3, 3)
}

// Time that runs out in the middle of a chain ends what is sealed, not the run.
func TestTimeRunsOutInAChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 12)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var mu sync.Mutex
	looks := 0
	w.sealer.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if looks++; looks > 8 {
			return time.Now().Add(time.Hour)
		}
		return time.Now()
	}
	out, err := w.sealer.Run(ctx)
	if err != nil || out.Left != 1 || len(out.Tampered) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	w.sealer.Now = time.Now
	for range 3 {
		w.run()
	}
	w.verified(one, 12, 12)
}

// TestARunMayDieAnywhere lets every request to the bucket fail in turn, with and without effect: the next run goes on, and nothing is sealed twice.
func TestARunMayDieAnywhere(t *testing.T) {
	t.Parallel()
	for _, fault := range []tabletest.Fault{tabletest.Lost, tabletest.AnswerLost, tabletest.Broken} {
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.append(one, 12)
			failures := 0
			for n := 1; n <= 12; n++ {
				w.wire.fail(func(_ string, i int) tabletest.Fault {
					if i >= n && i < n+3 { // longer than the SDK's patience
						return fault
					}
					return tabletest.None
				})
				out, err := w.sealer.Run(t.Context())
				if len(out.Tampered) != 0 {
					t.Fatalf("request %d: %+v", n, out.Tampered)
				}
				if err != nil {
					failures++
				}
			}
			if failures < 4 {
				t.Errorf("only %d runs failed", failures)
			}
			w.wire.fail(nil)
			w.run()
			if diff := cmp.Diff([]string{name(one, 1, 5), name(one, 6, 10), name(one, 11, 12)}, w.keys()); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
			w.verified(one, 12, 12)
		})
	}
}

// What cannot be read says nothing about the log.
func TestATableThatDoesNotAnswerIsNoFinding(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"GetItem", "Query"} {
		w := newWorld(t)
		w.append(one, 3)
		w.run()
		w.append(one, 1)
		seen := 0
		w.cloud.Fail(func(is string) tabletest.Fault {
			if is == op {
				if seen++; seen > 1 { // the first Query lists the chains
					return tabletest.Broken
				}
			}
			return tabletest.None
		})
		out, err := w.sealer.Run(t.Context())
		if err == nil || len(out.Tampered) != 0 || out.Segments != 0 {
			t.Errorf("%s: %+v, %v; want an error and no finding", op, out, err)
		}
		w.cloud.Fail(nil)
		w.run()
		w.verified(one, 4, 4)
	}
}

func TestTwoRunsAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 23)
	w.append(two, 8)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if out, err := w.sealer.Run(t.Context()); err != nil || len(out.Tampered) != 0 {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	wg.Wait()
	w.verified(one, 23, 23)
	w.verified(two, 8, 8)
}

// Two runs that see different heads write segments that overlap. They say the same, and everybody copes.
func TestOverlappingSegments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 12)
	b := w.bodies(one)
	segment := func(first, last int) { w.put(name(one, first, last), strings.Join(b[first-1:last], "\n")+"\n") }
	segment(1, 3)
	segment(1, 5)
	segment(4, 4)
	segment(4, 8)
	segment(7, 8)
	if out := w.run(); len(out.Tampered) != 0 || out.Entries != 4 {
		t.Errorf("got %+v, want the last four sealed", out)
	}
	w.verified(one, 12, 12)
	w.put(name(one, 2, 2), b[2]+"\n")
	if r, err := w.reader().Verify(t.Context(), one, verify.Options{}); err != nil || !says(r.Sealed, 2, "another entry") {
		t.Errorf("an overlapping segment with another entry: %+v, %v", r.Sealed, err)
	}
}

// The way back from the head finds the last segment however far it is, and whatever the head says.
func TestTheLastSegmentIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 60)
	w.sealer.Limits.Entries = 1
	w.sealer.Limits.News = 2
	w.run() // 58 entries behind the head, with limits that expect two at most
	w.sealer.Limits.News = 1000
	if out := w.run(); out.Entries != 58 || len(out.Tampered) != 0 {
		t.Errorf("got %+v, want the other 58 sealed", out)
	}
	w.verified(one, 60, 60)
}

func FuzzParse(f *testing.F) {
	f.Add(name(one, 1, 5))
	f.Add("chains/111122223333/x")
	f.Add("chains/111122223333/0000000000000005-0000000000000001.jsonl")
	f.Add("chains/111122223333/-000000000000001-0000000000000001.jsonl")
	f.Fuzz(func(t *testing.T, key string) {
		seg, err := parse(one, key)
		if err != nil {
			return
		}
		if seg.first < 1 || seg.last < seg.first || len(key) >= len(folder(one)) && strings.HasPrefix(key, folder(one)) && seg.key() != key {
			t.Fatalf("%q is read as %+v, which is %q", key, seg, seg.key())
		}
	})
}

// FuzzCheck: of lines that pass, none can be taken away or changed.
func FuzzCheck(f *testing.F) {
	const line = `{"chain":"111122223333","kind":"plan","prev":"%s","seq":%d,"time":"2026-01-01T00:00:00Z"}`
	first := fmt.Sprintf(line, strings.Repeat("0", 64), 1)
	f.Add(first + "\n" + fmt.Sprintf(line, hash([]byte(first)), 2))
	f.Add(first)
	f.Add("{}\n{}")
	f.Fuzz(func(t *testing.T, content string) {
		var lines [][]byte
		for part := range strings.SplitSeq(content, "\n") {
			lines = append(lines, []byte(part))
		}
		seg := segment{one, 1, int64(len(lines))}
		end, err := check(seg, lines, "")
		if err != nil {
			return
		}
		if end.Seq != seg.last || end.Hash != hash(lines[len(lines)-1]) {
			t.Fatalf("ends in %+v", end)
		}
		for i := range lines {
			less := slices.Delete(slices.Clone(lines), i, i+1)
			if len(less) > 0 {
				if _, err := check(segment{one, 1, int64(len(less))}, less, ""); err == nil && i < len(less) {
					t.Fatalf("line %d is not needed", i)
				}
			}
		}
	})
}
