package seal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// Reader reads sealed chains.
type Reader struct {
	Session awsapi.Session
	Bucket  string
	Log     *audit.Log // the table; nil: the sealed segments are all there is
}

// Report is what was found of a chain.
type Report struct {
	Sealed verify.Report `json:"sealed"` // the segments as they were first written, and the table's entries after them; nothing if nothing is sealed
	Table  verify.Report `json:"table"`  // the table alone, which must hold the last sealed entry; no entries without a table
	Last   verify.Point  `json:"last"`   // the last sealed entry; Seq 0: none
	// Replaced are segments that were overwritten or deleted. Each is written once and never again, so somebody else did that; their first versions are still
	// there, as long as the bucket's retention lasts, and are what was checked.
	Replaced []string `json:"replaced"`
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return r.Sealed.OK() && r.Table.OK() && len(r.Replaced) == 0 }

// Verify checks a chain twice: as it was sealed, going on with what the table has after that; and as the table has it, which must have the last sealed entry.
// Since each entry holds the hash of the one before, that one entry proves all before it. That nothing is sealed is a finding: such a bucket proves nothing.
// An error says that something could not be read. IAM actions: s3:ListBucket, s3:ListBucketVersions, s3:GetObject and, where a segment
// was overwritten, s3:GetObjectVersion; with a table dynamodb:Query and dynamodb:GetItem.
func (r Reader) Verify(ctx context.Context, chain string, o verify.Options) (Report, error) {
	o.Chain = chain
	out := Report{Table: verify.Report{Findings: []verify.Finding{}}}
	all, problems, err := r.originals(ctx, chain)
	if err != nil {
		return out, err
	}
	out.Replaced = replaced(all)
	w := &walk{reader: r, chain: chain, all: all, last: &out.Last, problems: problems}
	sealed, err := verify.Lines(w.lines(ctx), o)
	if err != nil {
		return out, err
	}
	if out.Last.Seq == 0 {
		sealed = verify.Report{Chain: chain, Hash: audit.Genesis}
		w.found(0, fmt.Sprintf("nothing of the chain %s is sealed in s3://%s: name the audit bucket of the installation that keeps this table; if it is that, the first record is not an hour old, or "+
			"the table was cut off or the function that seals does not run: shoreup doctor", chain, r.Bucket))
	}
	out.Sealed = sealed
	out.Sealed.Findings = append(append([]verify.Finding{}, w.problems...), sealed.Findings...)
	if r.Log == nil {
		return out, nil
	}
	if out.Last.Seq > 0 {
		o.Remembered = append([]verify.Point{out.Last}, o.Remembered...)
	}
	if out.Table, err = verify.Lines(r.table(ctx, chain, 0), o); err != nil {
		return out, err
	}
	listed, err := r.Log.Listed(ctx, chain)
	if err == nil && !listed {
		out.Table.Findings = append(out.Table.Findings, verify.Finding{Problem: audit.Unlisted})
	}
	return out, err
}

// table gives the table's entries after the given one, and its head.
func (r Reader) table(ctx context.Context, chain string, after int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in, out := io.Pipe()
		go func() { out.CloseWithError(r.Log.Export(ctx, out, chain, after)) }()
		defer in.Close()
		s := bufio.NewScanner(in)
		s.Buffer(nil, maxLine)
		for s.Scan() {
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		if err := s.Err(); err != nil && !errors.Is(err, audit.ErrNotFound) { // nothing at all is there: the verifier says so
			yield(nil, err)
		}
	}
}

// recent is how many hashes of entries are remembered: as many as two runs at the same time can overlap by.
const recent = 10000

// walk goes over a chain's segments in the order of their first entries, and takes every entry once.
type walk struct {
	reader   Reader
	chain    string
	all      map[string]original
	last     *verify.Point // the last sealed entry so far
	hashes   []string      // of the entries up to the last
	problems []verify.Finding
}

func (w *walk) found(seq int64, problem string) {
	if len(w.problems) < verify.MaxFindings {
		w.problems = append(w.problems, verify.Finding{Seq: seq, Problem: problem})
	}
}

// lines gives the sealed entries as the verifier reads them, and then the table's after those. Without a table the last sealed entry is the head: that
// segments were taken off the end then does not show. A segment that is none is noted, and left out.
func (w *walk) lines(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(w.all)) {
			lines, err := w.segment(ctx, key)
			var t *Tampered
			if errors.As(err, &t) {
				w.found(t.Seq, t.Problem)
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, line := range lines {
				if !yield(record(line), nil) {
					return
				}
			}
		}
		switch {
		case w.last.Seq == 0: // nothing to go on from
		case w.reader.Log == nil:
			yield(head(w.chain, *w.last), nil)
		default:
			for line, err := range w.reader.table(ctx, w.chain, w.last.Seq) {
				if !yield(line, err) {
					return
				}
			}
		}
	}
}

// segment returns the lines of an object that were not in one before it.
func (w *walk) segment(ctx context.Context, key string) ([][]byte, error) {
	seg, err := parse(w.chain, key)
	if o := w.all[key]; err != nil || o.deleted && o.first == "" { // nothing is left of it: the verifier says what is missing
		return nil, err
	}
	lines, err := w.readFirst(ctx, seg, w.all[key])
	if err != nil {
		return nil, err
	}
	return w.take(seg, lines)
}

// take returns the lines that were not in a segment before. Those that were must be the same.
func (w *walk) take(seg segment, lines [][]byte) ([][]byte, error) {
	var fresh [][]byte
	for i, line := range lines {
		seq, sum := seg.first+int64(i), hash(line)
		if seq <= w.last.Seq {
			at := len(w.hashes) - 1 - int(w.last.Seq-seq)
			if at < 0 || w.hashes[at] != sum {
				return nil, &Tampered{seg.chain, seq, fmt.Sprintf("the segment %s has another entry than the segment before it", seg.key())}
			}
			continue
		}
		if seq > w.last.Seq+1 { // the verifier says what is missing
			w.hashes = nil
		}
		fresh, w.hashes, *w.last = append(fresh, line), append(w.hashes, sum), verify.Point{Seq: seq, Hash: sum}
	}
	w.hashes = slices.Clone(w.hashes[max(len(w.hashes)-recent, 0):])
	return fresh, nil
}
