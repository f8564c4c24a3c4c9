package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// chain is one chain being sealed.
type chain struct {
	*Sealer
	name string

	segments, entries int  // written
	left              bool // there is more to seal
}

// run seals a chain if there is one. One that the table does not list is sealed all the same, so that hiding it wins no time to rewrite it in.
func (c *chain) run(ctx context.Context, k candidate) (there bool, err error) {
	if !k.listed && !k.sealed {
		if there, err = c.Log.Has(ctx, c.name); err != nil || !there {
			return false, err
		}
	}
	err = c.seal(ctx)
	var t *Tampered
	if k.listed || err != nil && !errors.As(err, &t) {
		return true, err
	}
	listed, listErr := c.Log.Listed(ctx, c.name) // it may have begun after the list was read
	switch {
	case listErr != nil:
		return true, errors.Join(err, listErr)
	case listed:
		return true, err
	case t != nil:
		return true, &Tampered{c.name, t.Seq, t.Problem + "; " + audit.Unlisted}
	}
	return true, &Tampered{c.name, 0, audit.Unlisted}
}

// seal does one chain: find where the last run stopped, see that the table still holds what was sealed, verify all that is new, and only then write it.
func (c *chain) seal(ctx context.Context) error {
	if c.late(ctx) {
		c.left = true
		return nil
	}
	if !goodChain.MatchString(c.name) {
		return &Tampered{c.name, 0, "no chain of ours has such a name"}
	}
	last, err := c.last(ctx)
	if err != nil {
		return err
	}
	var after *verify.Point
	if last.last > 0 {
		if after, err = c.sealed(ctx, last); err != nil {
			return err
		}
	}
	cuts, err := c.plan(ctx, after)
	if err != nil {
		return err
	}
	prev := audit.Genesis
	if after != nil {
		prev = after.Hash
	}
	for _, cut := range cuts {
		if c.late(ctx) {
			c.left = true
			return nil
		}
		if err := c.write(ctx, cut, prev); err != nil {
			return err
		}
		prev = cut.hash
	}
	return nil
}

// last finds the segment that reaches furthest, zero if there is none. Segments are named by their first entry, and the last of them is near the chain's head;
// looking from there, and further back if nothing is there, takes one request for most chains, whatever their length.
func (c *chain) last(ctx context.Context) (segment, error) {
	head, err := c.Log.Head(ctx, c.name)
	if err != nil {
		return segment{}, ofTable(c.name, 0, err)
	}
	for back := int64(2 * c.Limits.Entries); ; back *= 16 {
		from := max(min(head.Seq, 9999999999999999)-back, 0)
		var last segment
		for seg, err := range segments(ctx, c.Session, c.Bucket, c.name, from) {
			if err != nil {
				return last, err
			}
			if seg.last > last.last {
				last = seg
			}
		}
		if last.last > 0 || from == 0 {
			return last, nil
		}
	}
}

// write reads a segment's entries again, and writes them if they are, to the byte, what was verified.
func (c *chain) write(ctx context.Context, cut cut, prev string) error {
	lines, err := c.table(ctx, cut.segment)
	if err != nil {
		return err
	}
	end, err := check(cut.segment, lines, prev)
	if err != nil {
		return err
	}
	if end.Hash != cut.hash {
		return &Tampered{c.name, cut.last, "the table was rewritten while it was being sealed"}
	}
	content := append(bytes.Join(lines, []byte("\n")), '\n')
	err = s3api.PutNew(ctx, c.Session, c.Bucket, cut.key(), ContentType, content)
	if errors.Is(err, s3api.ErrThere) { // written by a run at the same time, or by us if the answer was lost
		there, readErr := read(ctx, c.Session, c.Bucket, cut.segment)
		if readErr != nil {
			return readErr
		}
		if !same(there, lines) {
			return &Tampered{c.name, cut.first, fmt.Sprintf("the bucket has a segment %s with other entries", cut.key())}
		}
		return nil
	}
	if err != nil {
		return err
	}
	c.segments++
	c.entries += cut.entries()
	return nil
}

// table reads a segment's entries from the table.
func (c *chain) table(ctx context.Context, seg segment) ([][]byte, error) {
	entries, err := c.Log.List(ctx, c.name, seg.first-1, seg.entries())
	if errors.Is(err, audit.ErrBroken) {
		return nil, ofTable(c.name, c.broken(ctx, seg), err)
	}
	if err != nil {
		return nil, ofTable(c.name, seg.first, err)
	}
	lines := make([][]byte, len(entries))
	for i, e := range entries {
		if want := seg.first + int64(i); e.Seq != want {
			return nil, &Tampered{c.name, want, "the table no longer has it"}
		}
		lines[i] = e.Body
	}
	if len(lines) < seg.entries() {
		return nil, &Tampered{c.name, seg.first + int64(len(lines)), "the table no longer has it"}
	}
	return lines, nil
}

// broken finds the first entry that is not as it was written, one by one: it happens once in an installation's life.
func (c *chain) broken(ctx context.Context, seg segment) int64 {
	for seq := seg.first; seq <= seg.last; seq++ {
		if _, err := c.Log.Get(ctx, c.name, seq); errors.Is(err, audit.ErrBroken) || errors.Is(err, audit.ErrNotFound) {
			return seq
		}
	}
	return seg.first
}

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
