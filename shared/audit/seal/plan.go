package seal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
)

// maxLine bounds a line of an export; see package verify.
const maxLine = 4 << 20

// cut is a segment to be written, and what its last entry must turn out to be.
type cut struct {
	segment
	hash string
}

// plan verifies what comes after the given entry, up to the chain's head, and says how it is to be cut into segments. Nothing is kept but that.
func (c *chain) plan(ctx context.Context, after *verify.Point) ([]cut, error) {
	p := &planner{chain: c, ctx: ctx}
	if after != nil {
		p.seq = after.Seq
	}
	from := p.seq
	r, w := io.Pipe()
	go func() { w.CloseWithError(c.Log.Export(ctx, w, c.name, from)) }()
	defer r.Close()
	report, err := verify.Lines(p.watch(r), verify.Options{Chain: c.name, After: after})
	var t *Tampered
	switch {
	case errors.As(err, &t):
		return nil, t
	case errors.Is(err, audit.ErrNotFound):
		return nil, &Tampered{c.name, 0, "the table lists the chain, and has neither entries nor a head of it"}
	case err != nil:
		return nil, ofTable(c.name, 0, err)
	case !report.OK():
		return nil, found(c.name, report)
	}
	p.end()
	return p.cuts, nil
}

// planner looks on while a chain is verified, and notes where segments end.
type planner struct {
	*chain
	ctx  context.Context
	seq  int64 // of the last entry seen
	hash string
	news int

	first int64 // of the segment at hand, 0: none
	size  int
	cuts  []cut
}

// watch passes the lines on. If there are too many for one run, or too little time, it ends them with a head of its own: what was verified until then can
// be sealed, and the next run goes on from there.
func (p *planner) watch(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(nil, maxLine)
		for s.Scan() {
			if p.news == p.Limits.News || p.news > 0 && p.late(p.ctx) {
				p.left = true
				yield(head(p.name, verify.Point{Seq: p.seq, Hash: p.hash}), nil)
				return
			}
			if err := p.note(s.Bytes()); err != nil {
				yield(nil, err)
				return
			}
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		if s.Err() != nil {
			yield(nil, s.Err())
		}
	}
}

// note takes account of an entry. A head, or what is neither, is the verifier's business.
func (p *planner) note(line []byte) error {
	var in struct{ Body *string }
	if json.Unmarshal(line, &in) != nil || in.Body == nil {
		return nil
	}
	if strings.ContainsAny(*in.Body, "\r\n") {
		return &Tampered{p.name, p.seq + 1, "its bytes have a line break, which no writer of ours makes"}
	}
	if p.first > 0 && (int(p.seq-p.first)+1 == p.Limits.Entries || p.size+len(*in.Body) >= p.Limits.Bytes) {
		p.end()
	}
	p.seq++
	p.news++
	p.hash = hash([]byte(*in.Body))
	p.size += len(*in.Body) + 1
	if p.first == 0 {
		p.first = p.seq
	}
	return nil
}

// end ends the segment at hand.
func (p *planner) end() {
	if p.first > 0 {
		p.cuts = append(p.cuts, cut{segment{p.name, p.first, p.seq}, p.hash})
	}
	p.first, p.size = 0, 0
}
