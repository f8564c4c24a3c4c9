package seal

import (
	"bytes"
	"context"
	"math/rand/v2"

	"github.com/shoreup/shoreup/shared/audit/verify"
)

// sealed checks what was sealed: the last segment by itself, and that the table still holds it and a part of the rest. It returns the last sealed entry.
func (c *chain) sealed(ctx context.Context, last segment) (*verify.Point, error) {
	lines, err := read(ctx, c.Session, c.Bucket, last)
	if err != nil {
		return nil, err
	}
	end, err := check(last, lines, "")
	if err != nil {
		return nil, err
	}
	if err := c.recheck(ctx, last); err != nil { // first, since it is more likely to find where a rewriting begins
		return nil, err
	}
	return &end, c.compare(ctx, last, lines)
}

// recheck compares sealed entries with the table, from any one on and round to it again, until the limits are met: a short chain is compared as a whole each
// time, and in a long one a rewritten history shows sooner or later, without reading all of it every hour.
func (c *chain) recheck(ctx context.Context, last segment) error {
	pick := c.pick
	if pick == nil {
		pick = rand.Int64N
	}
	r := &rechecking{chain: c, last: last, entries: c.Limits.Recheck, objects: c.Limits.Objects}
	from := 1 + pick(last.last)
	if err := r.walk(ctx, from, last.last); err != nil {
		return err
	}
	return r.walk(ctx, 1, from-1)
}

// rechecking is how much may still be compared.
type rechecking struct {
	*chain
	last             segment // it is compared in any case
	entries, objects int
}

// walk compares the segments that hold the entries from one to another, and sees that none is missing.
func (r *rechecking) walk(ctx context.Context, next, to int64) error {
	if next > to || r.spent() {
		return nil
	}
	start, err := r.covering(ctx, next)
	if err != nil {
		return err
	}
	for seg, err := range segments(ctx, r.Session, r.Bucket, r.name, start) {
		if err != nil {
			return err
		}
		if seg.last < next {
			continue // it overlaps with the one before
		}
		if seg.first > next {
			return r.gone(next)
		}
		if seg != r.last {
			if err := r.one(ctx, seg); err != nil {
				return err
			}
		}
		if next = seg.last + 1; next > to || r.spent() {
			return nil
		}
	}
	return r.gone(next)
}

func (r *rechecking) spent() bool { return r.entries <= 0 || r.objects <= 0 }

func (r *rechecking) one(ctx context.Context, seg segment) error {
	r.entries -= seg.entries()
	r.objects--
	lines, err := read(ctx, r.Session, r.Bucket, seg)
	if err != nil {
		return err
	}
	return r.compare(ctx, seg, lines)
}

func (c *chain) gone(seq int64) error {
	return &Tampered{c.name, seq, "it was sealed, and the bucket no longer has its segment"}
}

// covering returns where the segment begins that has the entry.
func (c *chain) covering(ctx context.Context, seq int64) (int64, error) {
	for back := int64(c.Limits.Entries); ; back *= 16 {
		from := max(seq-back, 0)
		for seg, err := range segments(ctx, c.Session, c.Bucket, c.name, from) {
			if err != nil {
				return 0, err
			}
			if seg.first <= seq && seq <= seg.last {
				return seg.first, nil
			}
			if seg.first > seq {
				break
			}
		}
		if from == 0 {
			return 0, c.gone(seq)
		}
	}
}

// compare holds a segment against the table.
func (c *chain) compare(ctx context.Context, seg segment, sealed [][]byte) error {
	lines, err := c.table(ctx, seg)
	if err != nil {
		return err
	}
	for i := range sealed {
		if !bytes.Equal(sealed[i], lines[i]) {
			return &Tampered{c.name, seg.first + int64(i), "the table has something else than what was sealed"}
		}
	}
	return nil
}
