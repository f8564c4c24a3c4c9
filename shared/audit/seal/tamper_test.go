package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// forger is somebody who may do anything with the audit table and the bucket, and knows how entries are made.
type forger struct{ *world }

func sortKey(seq int) string { return fmt.Sprintf("%016d", seq) }

func (f forger) write(it dynamodbapi.Item) {
	f.t.Helper()
	it.Table = f.cloud.Table(occurrence.AuditTable)
	if _, err := f.store.Write(f.t.Context(), it); err != nil {
		f.t.Fatal(err)
	}
}

func (f forger) row(sk string) dynamodbapi.Values {
	f.t.Helper()
	row, ok, err := f.store.Get(f.t.Context(), f.cloud.Table(occurrence.AuditTable), dynamodbapi.Key(one, sk))
	if err != nil || !ok {
		f.t.Fatalf("no row %s: %v", sk, err)
	}
	return row
}

func (f forger) put(row dynamodbapi.Values) {
	f.t.Helper()
	f.write(dynamodbapi.Item{Op: dynamodbapi.Put, Put: row})
}

func (f forger) remove(pk string, sks ...string) {
	f.t.Helper()
	for _, sk := range sks {
		f.write(dynamodbapi.Item{Op: dynamodbapi.Delete, Key: dynamodbapi.Key(pk, sk)})
	}
}

func sum(body string) string {
	h := sha256.Sum256([]byte(body))
	return hex.EncodeToString(h[:])
}

// edit changes an entry's bytes, and with hashed its hash, too.
func (f forger) edit(seq int, from, to string, hashed bool) {
	f.t.Helper()
	row := f.row(sortKey(seq))
	body := strings.Replace(row.Text("entry_body"), from, to, 1)
	if body == row.Text("entry_body") {
		f.t.Fatalf("entry %d has no %q", seq, from)
	}
	row["entry_body"] = body
	if hashed {
		row["entry_hash"] = sum(body)
	}
	f.put(row)
}

// relink makes the entries from one on, and the head, as if they had been written like this.
func (f forger) relink(from, to int) {
	f.t.Helper()
	for seq := from; seq <= to; seq++ {
		row := f.row(sortKey(seq))
		body := row.Text("entry_body")
		old := body[strings.Index(body, `"prev":"`)+8:][:64]
		body = strings.Replace(body, old, f.row(sortKey(seq-1)).Text("entry_hash"), 1)
		row["entry_body"], row["entry_hash"] = body, sum(body)
		f.put(row)
	}
	f.turn(to)
}

// turn makes an entry the head.
func (f forger) turn(to int) {
	f.t.Helper()
	head := f.row("head")
	head["entry_seq"], head["entry_hash"] = int64(to), f.row(sortKey(to)).Text("entry_hash")
	f.put(head)
}

// The chain has 12 sealed entries, in segments of 5, 5 and 2, and four new ones.
var forgeries = map[string]struct {
	do   func(forger)
	seq  int64
	says string
}{
	// What was sealed, changed in the table.
	"a sealed entry edited":                 {func(f forger) { f.edit(3, "s3-x", "s3-y", false) }, 3, "not as it was written"},
	"a sealed entry edited and hashed":      {func(f forger) { f.edit(3, "s3-x", "s3-y", true) }, 3, "something else than what was sealed"},
	"the last sealed entry edited, hashed":  {func(f forger) { f.edit(12, "s3-x", "s3-y", true) }, 12, "something else than what was sealed"},
	"all rewritten from a sealed entry on":  {func(f forger) { f.edit(8, "s3-x", "s3-y", true); f.relink(9, 16) }, 8, "something else than what was sealed"},
	"all rewritten from the first entry on": {func(f forger) { f.edit(1, "s3-x", "s3-y", true); f.relink(2, 16) }, 1, "something else than what was sealed"},
	"a sealed entry deleted":                {func(f forger) { f.remove(one, sortKey(7)) }, 7, "no longer has it"},
	"the first entry deleted":               {func(f forger) { f.remove(one, sortKey(1)) }, 1, "no longer has it"},
	"the tail cut off, head and all":        {func(f forger) { f.turn(10); f.remove(one, sortKeys(11, 16)...) }, 11, "no longer has it"},
	"the tail cut off to before all sealed": {func(f forger) { f.turn(2); f.remove(one, sortKeys(3, 16)...) }, 3, "no longer has it"},
	"all deleted but the chain's name":      {func(f forger) { f.remove(one, append(sortKeys(1, 16), "head")...) }, 1, "no longer has it"},
	"all deleted":                           {func(f forger) { f.remove(one, append(sortKeys(1, 16), "head")...); f.remove("#chains", one) }, 1, "no longer has it; the table does not list"},
	"two sealed entries swapped":            {func(f forger) { f.swap(4, 9) }, 4, "another entry's place"},
	"a sealed entry's bytes removed":        {func(f forger) { f.blank(6, "entry_body") }, 6, "not as it was written"},
	"a sealed entry's hash removed":         {func(f forger) { f.blank(6, "entry_hash") }, 6, "not as it was written"},
	"a row between two sealed entries":      {func(f forger) { r := f.row(sortKey(4)); r["sk"] = sortKey(4) + "a"; f.put(r) }, 1, "another entry's place"},
	"a sealed entry of another chain's":     {func(f forger) { f.borrow(5) }, 5, "another entry's place"},
	// What is new.
	"a new entry edited":                 {func(f forger) { f.edit(14, "s3-x", "s3-y", false) }, 14, "was changed"},
	"a new entry edited and hashed":      {func(f forger) { f.edit(14, "s3-x", "s3-y", true) }, 15, "was written after"},
	"the newest entry edited and hashed": {func(f forger) { f.edit(16, "s3-x", "s3-y", true) }, 16, "the head is entry 16"},
	"new ones rewritten, not the head":   {func(f forger) { h := f.row("head"); f.edit(13, "s3-x", "s3-y", true); f.relink(14, 16); f.put(h) }, 16, "the head is entry 16"},
	"a new entry deleted":                {func(f forger) { f.remove(one, sortKey(14)) }, 15, "1 are missing"},
	"the first new entry deleted":        {func(f forger) { f.remove(one, sortKey(13)) }, 14, "1 are missing"},
	"the newest entry deleted":           {func(f forger) { f.remove(one, sortKey(16)) }, 16, "the last entry is 15"},
	"all new entries deleted":            {func(f forger) { f.remove(one, sortKeys(13, 16)...) }, 16, "the last entry is 12"},
	"the head turned back":               {func(f forger) { f.turn(14) }, 14, "the head is entry 14"},
	"the head turned back before all":    {func(f forger) { f.turn(1) }, 1, "the head is entry 1"},
	"the head gone":                      {func(f forger) { f.remove(one, "head") }, 0, "no head"},
	"the head in the future":             {func(f forger) { f.head("entry_seq", int64(9_999_999_999_999_999)) }, 9_999_999_999_999_999, "the last entry is 16"},
	"the head beyond all numbers":        {func(f forger) { f.head("entry_seq", int64(1)<<62) }, 1 << 62, "the last entry is 16"},
	"the head below zero":                {func(f forger) { f.head("entry_seq", int64(-5)) }, 0, "no number"},
	"the head's hash changed":            {func(f forger) { f.head("entry_hash", strings.Repeat("0", 64)) }, 16, "the head is entry 16"},
	"the head's time changed":            {func(f forger) { f.head("entry_time", "yesterday") }, 0, "not as it was written"},
	"a new entry of another chain's":     {func(f forger) { f.borrow(14) }, 1, "it was moved, added"},
	"a row after a new entry":            {func(f forger) { r := f.row(sortKey(14)); r["sk"] = sortKey(14) + "a"; f.put(r) }, 0, "neither an entry nor its head"},
	"a row with a number beyond all":     {func(f forger) { r := f.row(sortKey(16)); r["sk"] = "99999999999999989999999"; f.put(r) }, 0, "neither an entry nor its head"},
	"a row before the first entry":       {func(f forger) { r := f.row(sortKey(1)); r["sk"] = sortKey(0); f.put(r) }, 0, "neither an entry nor its head"},
	"a row of another name":              {func(f forger) { r := f.row("head"); r["sk"] = "tail"; f.put(r) }, 0, "neither an entry nor its head"},
	"an entry with a line break":         {func(f forger) { f.edit(16, ":", ": \n", true); f.turn(16) }, 16, "line break"},
	"an entry that is none":              {func(f forger) { f.edit(16, `"kind":"plan"`, `"kind":"party"`, true); f.turn(16) }, 16, "not known"},
	"time turned back":                   {func(f forger) { f.edit(16, `"time":"2`, `"time":"1`, true); f.turn(16) }, 16, "before the entry that it follows"},
	// The bucket.
	"an object that is no segment":       {func(f forger) { f.overwrite("chains/"+one+"/9.txt", "x") }, 0, "no segment"},
	"a segment of numbers that are none": {func(f forger) { f.overwrite(name(one, 20, 3), "x") }, 20, "none of a segment"},
	"a segment ahead of the chain":       {func(f forger) { f.overwrite(name(one, 17, 17), f.row(sortKey(16)).Text("entry_body")+"\n") }, 16, "it was moved"},
	"a sealed segment hidden":            {func(f forger) { f.hide(name(one, 6, 10)) }, 6, "no longer has its segment"},
	"the first sealed segment hidden":    {func(f forger) { f.hide(name(one, 1, 5)) }, 1, "no longer has its segment"},
	"the last segment overwritten": {func(f forger) {
		f.overwrite(name(one, 11, 12), strings.Replace(f.object(name(one, 11, 12)), "s3-x", "s3-y", 1))
	}, 12, "was written after"},
	"the last segment and table rewritten": {func(f forger) { f.edit(12, "s3-x", "s3-y", true); f.overwrite(name(one, 11, 12), f.joined(11, 12)) }, 13, "was written after"},
	"the last segment cut short":           {func(f forger) { f.overwrite(name(one, 11, 12), f.row(sortKey(11)).Text("entry_body")+"\n") }, 11, "has 1 lines"},
	"an older segment overwritten": {func(f forger) {
		f.overwrite(name(one, 1, 5), strings.Replace(f.object(name(one, 1, 5)), "s3-x", "s3-y", 1))
	}, 1, "something else than what was sealed"},
}

func sortKeys(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, sortKey(i))
	}
	return out
}

func (f forger) overwrite(key, content string) { f.t.Helper(); f.world.put(key, content) }

func (f forger) joined(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		b.WriteString(f.row(sortKey(i)).Text("entry_body") + "\n")
	}
	return b.String()
}

func (f forger) swap(a, b int) {
	f.t.Helper()
	x, y := f.row(sortKey(a)), f.row(sortKey(b))
	x["sk"], y["sk"] = y["sk"], x["sk"]
	f.put(x)
	f.put(y)
}

func (f forger) blank(seq int, attribute string) {
	f.t.Helper()
	row := f.row(sortKey(seq))
	delete(row, attribute)
	f.put(row)
}

func (f forger) head(attribute string, value any) {
	f.t.Helper()
	row := f.row("head")
	row[attribute] = value
	f.put(row)
}

// borrow puts an entry of the other chain into this one.
func (f forger) borrow(seq int) {
	f.t.Helper()
	row, ok, err := f.store.Get(f.t.Context(), f.cloud.Table(occurrence.AuditTable), dynamodbapi.Key(two, sortKey(1)))
	if err != nil || !ok {
		f.t.Fatal(err)
	}
	row["pk"], row["sk"] = one, sortKey(seq)
	f.put(row)
}

// TestTampering: whatever is done to the table or the bucket is found at the next run, in the right chain; nothing of that chain is sealed, and the others are.
func TestTampering(t *testing.T) {
	t.Parallel()
	names := make([]string, 0, len(forgeries))
	for n := range forgeries {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		tc := forgeries[n]
		t.Run(n, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.append(one, 12)
			w.append(two, 1)
			w.run()
			w.append(one, 4)
			w.append(two, 1)
			tc.do(forger{w})
			before := w.keys()
			out, err := w.sealer.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Tampered) != 1 || out.Tampered[0].Chain != one || out.Tampered[0].Seq != tc.seq || !strings.Contains(out.Tampered[0].Problem, tc.says) {
				t.Errorf("found %+v, want entry %d: %q", out.Tampered, tc.seq, tc.says)
			}
			want := slices.Sorted(slices.Values(append(before, name(two, 2, 2))))
			if got := w.keys(); !slices.Equal(got, want) {
				t.Errorf("segments %q, want %q", got, want)
			}
		})
	}
}

// TestTheReaderFindsTampering: people who verify a chain with the bucket see the same.
func TestTheReaderFindsTampering(t *testing.T) {
	t.Parallel()
	for _, n := range []string{
		"a sealed entry edited and hashed", "all rewritten from a sealed entry on", "the tail cut off, head and all", "a new entry edited", "the head gone", "a sealed segment hidden",
		"the last segment overwritten", "an older segment overwritten", "the last segment cut short", "an object that is no segment", "the last segment and table rewritten",
	} {
		t.Run(n, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.append(one, 12)
			w.append(two, 1)
			w.run()
			w.append(one, 4)
			w.verified(one, 12, 16)
			forgeries[n].do(forger{w})
			if r, err := w.reader().Verify(t.Context(), one, verify.Options{}); err == nil && r.OK() {
				t.Errorf("nothing was found: %+v", r)
			}
		})
	}
}

// Whoever rewrites table and bucket alike, from the last segment on and with all hashes, leaves the segment's first version behind.
func TestTheReaderFindsASecondVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 12)
	w.run()
	f := forger{w}
	f.edit(11, "s3-x", "s3-y", true)
	f.relink(12, 12)
	f.overwrite(name(one, 11, 12), f.joined(11, 12))
	r, err := w.reader().Verify(t.Context(), one, verify.Options{})
	if err != nil || !says(r.Sealed, 12, "the head is entry 12") || !says(r.Table, 12, "seen elsewhere, is not in the chain") || !slices.Equal(r.Replaced, []string{name(one, 11, 12)}) {
		t.Errorf("got %+v, %v; want a table that is not what was sealed first, and one replaced segment", r, err)
	}
	w.hide(name(one, 1, 5))
	if r, err := w.reader().Verify(t.Context(), one, verify.Options{}); err != nil || !slices.Equal(r.Replaced, []string{name(one, 1, 5), name(one, 11, 12)}) {
		t.Errorf("got %+v, %v; want the hidden segment too", r, err)
	}
}

// TestOldEntriesHaveTheirTurn: of a long chain each run compares a part with the table, from any entry on; a short one is compared as a whole.
func TestOldEntriesHaveTheirTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 42) // segments of five
	w.run()
	forger{w}.edit(17, "s3-x", "s3-y", true)
	for _, tc := range []struct {
		entries, objects int
		from             int64
		found            bool
	}{
		{10, 1000, 1, false}, {10, 1000, 7, false}, {10, 1000, 11, true}, {10, 1000, 16, true}, {10, 1000, 20, true}, {10, 1000, 21, false}, {10, 1000, 41, false}, {20, 1000, 41, true},
		{1000, 3, 1, false}, {1000, 4, 1, true}, {1000, 1, 16, true}, {1000, 1000, 42, true}, {1000, 1000, 18, true}, {1000, 1000, 30, true},
	} {
		w.sealer.Limits.Recheck, w.sealer.Limits.Objects = tc.entries, tc.objects
		w.sealer.pick = func(n int64) int64 {
			if n != 42 {
				t.Errorf("picks one of %d entries", n)
			}
			return tc.from - 1
		}
		out := w.run()
		if (len(out.Tampered) == 1 && out.Tampered[0].Seq == 17) != tc.found {
			t.Errorf("%d entries and %d segments from %d on: found %+v, want it found: %v", tc.entries, tc.objects, tc.from, out.Tampered, tc.found)
		}
	}
}

// A bucket that says something else under the name of a segment about to be written is found, and not taken for our own.
func TestASegmentThatSaysSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 5)
	c := &chain{Sealer: w.sealer, name: one}
	cuts, err := c.plan(t.Context(), nil)
	if err != nil || len(cuts) != 1 {
		t.Fatalf("%+v, %v", cuts, err)
	}
	w.put(name(one, 1, 5), strings.Repeat("{}\n", 5))
	err = c.write(t.Context(), cuts[0], strings.Repeat("0", 64))
	if err == nil || !strings.Contains(err.Error(), "with other entries") {
		t.Errorf("got %v", err)
	}
	forger{w}.edit(5, "s3-x", "s3-y", true)
	if err = c.write(t.Context(), cuts[0], strings.Repeat("0", 64)); err == nil || !strings.Contains(err.Error(), "rewritten while") {
		t.Errorf("rewritten between verifying and writing: %v", err)
	}
}

// A name that is no chain's cannot become a place in the bucket.
func TestNamesOfChains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append("a/../b", 1)
	w.append(one, 1)
	if out := w.run(); len(out.Tampered) != 1 || out.Tampered[0].Chain != "a/../b" || out.Entries != 1 {
		t.Errorf("got %+v", out)
	}
}
