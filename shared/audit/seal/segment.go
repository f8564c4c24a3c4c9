package seal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"strconv"

	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// root is what the names of all segments begin with.
const root = "chains/"

// maxObject bounds a segment that is read, in bytes: the largest that is written has Limits.Bytes and one entry.
const maxObject = 16 << 20

// ContentType of a segment: JSON texts, one a line (https://jsonlines.org).
const ContentType = "application/jsonl"

var (
	goodChain   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	segmentName = regexp.MustCompile(`^([0-9]{16})-([0-9]{16})\.jsonl$`)
)

// segment is one object: the entries from first to last, both inclusive.
type segment struct {
	chain       string
	first, last int64
}

func folder(chain string) string { return root + chain + "/" }

func number(seq int64) string { return fmt.Sprintf("%016d", min(max(seq, 0), 9999999999999999)) }

func (s segment) key() string {
	return folder(s.chain) + number(s.first) + "-" + number(s.last) + ".jsonl"
}

func (s segment) entries() int { return int(s.last - s.first + 1) }

func parse(chain, key string) (segment, error) {
	m := segmentName.FindStringSubmatch(key[min(len(key), len(folder(chain))):])
	if m == nil {
		return segment{}, &Tampered{chain, 0, fmt.Sprintf("the bucket has an object %q, which is no segment", key)}
	}
	first, _ := strconv.ParseInt(m[1], 10, 64) // sixteen digits fit
	last, _ := strconv.ParseInt(m[2], 10, 64)
	if first < 1 || last < first {
		return segment{}, &Tampered{chain, first, fmt.Sprintf("the bucket has an object %q, whose numbers are none of a segment", key)}
	}
	return segment{chain, first, last}, nil
}

// segments walks a chain's segments whose first entry is from or a later one, in order.
func segments(ctx context.Context, s awsapi.Session, bucket, chain string, from int64) iter.Seq2[segment, error] {
	return func(yield func(segment, error) bool) {
		for key, err := range s3api.Keys(ctx, s, bucket, folder(chain), folder(chain)+number(from), "") {
			var seg segment
			if err == nil {
				seg, err = parse(chain, key)
			}
			if !yield(seg, err) || err != nil {
				return
			}
		}
	}
}

// read returns a segment's lines, without their ends.
func read(ctx context.Context, s awsapi.Session, bucket string, seg segment) ([][]byte, error) {
	raw, err := s3api.ReadObject(ctx, s, bucket, seg.key(), maxObject)
	if err != nil {
		return nil, err
	}
	return split(seg, raw)
}

func split(seg segment, raw []byte) ([][]byte, error) {
	body, ended := bytes.CutSuffix(raw, []byte("\n"))
	lines := bytes.Split(body, []byte("\n"))
	if !ended || len(lines) != seg.entries() {
		return nil, &Tampered{seg.chain, seg.first, fmt.Sprintf("the segment %s has %d lines, and by its name %d", seg.key(), len(lines), seg.entries())}
	}
	return lines, nil
}

// check verifies a segment's lines by themselves, after the entry with the given hash; with none, whatever its first line says it comes after. It returns
// the last entry.
func check(seg segment, lines [][]byte, prev string) (verify.Point, error) {
	if prev == "" {
		var first struct{ Prev string }
		_ = json.Unmarshal(lines[0], &first) // what cannot be read, the verifier finds
		prev = first.Prev
	}
	end := verify.Point{Seq: seg.last, Hash: hash(lines[len(lines)-1])}
	text := func(yield func([]byte, error) bool) {
		for _, line := range lines {
			if !yield(record(line), nil) {
				return
			}
		}
		yield(head(seg.chain, end), nil)
	}
	report, err := verify.Lines(text, verify.Options{Chain: seg.chain, After: &verify.Point{Seq: seg.first - 1, Hash: prev}})
	if err != nil {
		return end, err
	}
	if !report.OK() {
		return end, found(seg.chain, report)
	}
	return end, nil
}

// found makes the first of the verifier's findings an error.
func found(chain string, r verify.Report) error {
	f := r.Findings[0]
	problem := f.Problem
	if n := len(r.Findings); n > 1 {
		problem += fmt.Sprintf(" (and %d more)", n-1)
	}
	return &Tampered{chain, f.Seq, problem}
}

func hash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// record is a line of the verifier's input.
func record(body []byte) []byte {
	return encoded(struct {
		Body string `json:"body"`
		Hash string `json:"hash"`
	}{string(body), hash(body)})
}

func head(chain string, p verify.Point) []byte {
	type fields struct {
		Chain string `json:"chain"`
		Seq   int64  `json:"seq"`
		Hash  string `json:"hash"`
	}
	return encoded(map[string]fields{"head": {chain, p.Seq, p.Hash}})
}

// encoded writes values that cannot fail to be written.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
