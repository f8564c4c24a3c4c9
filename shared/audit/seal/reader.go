package seal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// Reader reads sealed chains.
type Reader struct {
	Session awsapi.Session
	Bucket  string
	Log     *audit.Log // the table; nil: the sealed segments are all there is
}

// Report is what was found of a chain.
type Report struct {
	Sealed verify.Report `json:"sealed"` // the segments, and the table's entries after them
	Table  verify.Report `json:"table"`  // the table alone, which must hold the last sealed entry; zero without a table
	Last   verify.Point  `json:"last"`   // the last sealed entry; Seq 0: none
	// Replaced are segments that were overwritten or deleted. Each is written once and never again, so somebody else did that; their first versions are still
	// there, as long as the bucket's retention lasts, and say what was sealed.
	Replaced []string `json:"replaced"`
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return r.Sealed.OK() && r.Table.OK() && len(r.Replaced) == 0 }

// Verify checks a chain twice: as it was sealed, going on with what the table has after that; and as the table has it, which must have the last sealed entry.
// Since each entry holds the hash of the one before, that one entry proves all before it. An error is a [*Tampered] segment, or says that something
// could not be read. IAM actions: s3:ListBucket, s3:ListBucketVersions and s3:GetObject, and with a table dynamodb:Query and dynamodb:GetItem.
func (r Reader) Verify(ctx context.Context, chain string, o verify.Options) (Report, error) {
	var out Report
	var err error
	o.Chain = chain
	if out.Replaced, err = r.replaced(ctx, chain); err != nil {
		return out, err
	}
	if out.Sealed, err = verify.Lines(r.lines(ctx, chain, &out.Last), o); err != nil || r.Log == nil {
		return out, err
	}
	if out.Last.Seq > 0 {
		o.Remembered = append([]verify.Point{out.Last}, o.Remembered...)
	}
	out.Table, err = verify.Lines(r.table(ctx, chain, 0), o)
	return out, err
}

// replaced returns the names of the chain's objects that do not have exactly one version.
func (r Reader) replaced(ctx context.Context, chain string) ([]string, error) {
	seen := map[string]int{}
	out := []string{}
	for v, err := range s3api.Versions(ctx, r.Session, r.Bucket, folder(chain)) {
		if err != nil {
			return nil, err
		}
		if seen[v.Key]++; seen[v.Key] == 2 || v.Deleted && seen[v.Key] == 1 {
			out = append(out, v.Key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// lines gives a chain's sealed entries as the verifier reads them, and then the table's after those. Without a table the last sealed entry is the head: that
// segments were taken off the end then does not show. Last is the last sealed entry so far.
func (r Reader) lines(ctx context.Context, chain string, last *verify.Point) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		w := walk{last: last}
		for seg, err := range segments(ctx, r.Session, r.Bucket, chain, 0) {
			var lines [][]byte
			if err == nil {
				lines, err = read(ctx, r.Session, r.Bucket, seg)
			}
			if err == nil {
				lines, err = w.take(seg, lines)
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
		if r.Log == nil {
			yield(head(chain, *last), nil)
			return
		}
		for line, err := range r.table(ctx, chain, last.Seq) {
			if !yield(line, err) {
				return
			}
		}
	}
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
		if s.Err() != nil {
			yield(nil, s.Err())
		}
	}
}

// recent is how many hashes of entries are remembered: as many as two runs at the same time can overlap by.
const recent = 10000

// walk goes over segments in the order of their first entries, and takes every entry once.
type walk struct {
	last   *verify.Point
	hashes []string // of the entries up to the last
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
