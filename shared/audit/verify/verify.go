// Package verify checks an exported audit chain. It imports nothing of ours and knows no encoder: it hashes the bytes that are there, and
// reads them with the standard library, so that a mistake of the writer cannot hide itself here.
//
// The input is lines of JSON, in order: {"body":"<the exact bytes of an entry>","hash":"<SHA-256 of them>"} for each entry, and last
// {"head":{"chain":"...","seq":7,"hash":"..."}}. A line {"row":"<key>"} tells of something that was stored among the entries and is none; it is a finding.
//
// What a chain alone cannot show is that its end was cut off, or all of it written anew, together with its head. That takes a hash which
// was seen elsewhere: see [Options].
package verify

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// kinds are the kinds of entries that may be there.
var kinds = []string{"plan", "decision", "verdict", "intent", "result", "refusal", "error", "undo", "notify", "switch"}

// genesis is the hash before the first entry.
var genesis = strings.Repeat("0", 64)

// MaxFindings bounds a report; one that is cut off says so.
const MaxFindings = 100

// maxLine bounds a line in bytes. An entry has at most 320 KiB, which JSON text in JSON can at most make six times longer.
const maxLine = 4 << 20

// minHash is how many digits of a remembered hash there must be: with fewer, whoever writes the log anew could go on trying until they fit (at some
// 10^10 hashes a second, which one graphics card does, 8 digits take less than a second, 12 some hours, 16 decades). They are also how many of a hash a finding shows.
const minHash = 16

// Finding is one thing that is wrong.
type Finding struct {
	Seq     int64  `json:"seq"` // of the entry, 0 if it is none in particular
	Problem string `json:"problem"`
}

// Report is the answer. The chain is as it was written, as far as can be seen, if there are no findings.
type Report struct {
	Chain    string    `json:"chain"`
	Entries  int64     `json:"entries"`
	Seq      int64     `json:"seq"`  // of the last entry
	Hash     string    `json:"hash"` // of the last entry
	Findings []Finding `json:"findings"`
	More     bool      `json:"more"` // there are more findings than these
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Point is an entry that is known from elsewhere, from a Slack message say.
type Point struct {
	Seq  int64  `json:"seq"`  // 0: not known
	Hash string `json:"hash"` // hexadecimal, at least the first 16 digits
}

// Options say what is known besides the chain.
type Options struct {
	Chain      string  // the chain that it must be; empty: what the first entry says
	After      *Point  // the input begins after this entry, which is trusted; its whole hash. Nil: it begins with the first one
	Remembered []Point // entries that must be in the chain
}

// Read checks lines of JSON. An error means that they could not be read, not that something is wrong with them.
func Read(r io.Reader, o Options) (Report, error) { return Lines(scan(r), o) }

func scan(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
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

// Lines checks lines one by one, and keeps none of them.
func Lines(lines iter.Seq2[[]byte, error], o Options) (Report, error) {
	c := checker{report: Report{Chain: o.Chain, Hash: genesis, Findings: []Finding{}}}
	if o.After != nil {
		c.report.Seq, c.report.Hash = o.After.Seq, o.After.Hash
	}
	for _, p := range o.Remembered {
		if len(p.Hash) < minHash || len(p.Hash) > len(genesis) || strings.Trim(strings.ToLower(p.Hash), "0123456789abcdef") != "" {
			return Report{}, fmt.Errorf("looking for entry %d: %q is not a hash; write %d to %d of its hexadecimal digits, from the first on", p.Seq, p.Hash, minHash, len(genesis))
		}
		c.wanted = append(c.wanted, Point{p.Seq, strings.ToLower(p.Hash)})
	}
	for line, err := range lines {
		if err != nil {
			return Report{}, fmt.Errorf("reading an exported audit log: %w", err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			c.line(line)
		}
	}
	c.end()
	return c.report, nil
}

// checker is what is known after the lines so far.
type checker struct {
	report Report
	time   time.Time // of the last entry
	head   bool      // it has been seen
	wanted []Point   // remembered entries that have not come yet
}

func (c *checker) found(seq int64, format string, args ...any) {
	if len(c.report.Findings) == MaxFindings {
		c.report.More = true
		return
	}
	c.report.Findings = append(c.report.Findings, Finding{seq, fmt.Sprintf(format, args...)})
}

func (c *checker) line(raw []byte) {
	fields, err := object(raw)
	if err != nil {
		c.found(0, "after entry %d there is a line that is no record: %v", c.report.Seq, err)
		return
	}
	switch {
	case len(fields) == 1 && fields["head"] != nil:
		c.checkHead(fields["head"])
	case len(fields) == 2 && fields["body"] != nil && fields["hash"] != nil:
		c.record(fields["body"], fields["hash"])
	case len(fields) == 1 && fields["row"] != nil:
		c.found(0, "among the entries there is a row %s, which is neither an entry nor its head: somebody else put it there", fields["row"])
	default:
		c.found(0, "after entry %d there is a line that is neither a record nor a head", c.report.Seq)
	}
}

func (c *checker) record(rawBody, rawHash json.RawMessage) {
	var body, hash string
	if json.Unmarshal(rawBody, &body) != nil || json.Unmarshal(rawHash, &hash) != nil {
		c.found(0, "after entry %d there is a record whose body or hash is not text", c.report.Seq)
		return
	}
	c.report.Entries++
	e, err := parse(body)
	if err != nil {
		c.found(c.report.Seq+1, "the record after entry %d is no entry: %v", c.report.Seq, err)
	}
	if c.head {
		c.found(e.seq, "entry %d comes after the head: the head was turned back, or the entry was added", e.seq)
	}
	sum := sha256.Sum256([]byte(body))
	if real := hex.EncodeToString(sum[:]); real != hash {
		c.found(e.seq, "entry %d was changed: its bytes have the hash %s and it says %s", e.seq, short(real), short(hash))
	}
	if err == nil {
		c.link(e)
	}
	c.report.Hash = hash
	c.forget(Point{e.seq, hash})
}

// link checks an entry against the one before.
func (c *checker) link(e entry) {
	last := c.report.Seq
	switch {
	case e.seq > last+1:
		c.found(e.seq, "entry %d follows entry %d: %d are missing", e.seq, last, e.seq-last-1)
	case e.seq <= last:
		c.found(e.seq, "entry %d follows entry %d: it was moved, added, or belongs to another branch", e.seq, last)
	}
	if e.prev != c.report.Hash {
		c.found(e.seq, "entry %d was written after an entry with hash %s, and the one before it has %s", e.seq, short(e.prev), short(c.report.Hash))
	}
	if c.report.Chain == "" {
		c.report.Chain = e.chain
	}
	if e.chain != c.report.Chain {
		c.found(e.seq, "entry %d is of chain %q, not of %q", e.seq, e.chain, c.report.Chain)
	}
	if e.time.Before(c.time) {
		c.found(e.seq, "entry %d is of %s, before the entry that it follows", e.seq, e.time.Format(time.RFC3339Nano))
	}
	c.report.Seq, c.time = e.seq, e.time
}

func (c *checker) checkHead(raw json.RawMessage) {
	fields, err := object(raw)
	var h struct {
		Chain string
		Seq   int64
		Hash  string
	}
	if err == nil {
		err = cmp.Or(text(fields, "chain", &h.Chain), text(fields, "hash", &h.Hash), number(fields, "seq", &h.Seq))
	}
	switch {
	case err != nil:
		c.found(0, "the head cannot be read: %v", err)
	case c.head:
		c.found(h.Seq, "there are two heads")
	case c.report.Chain != "" && h.Chain != c.report.Chain:
		c.found(h.Seq, "the head is of chain %q, not of %q", h.Chain, c.report.Chain)
	case h.Seq != c.report.Seq || h.Hash != c.report.Hash:
		c.found(h.Seq, "the head is entry %d with hash %s, and the last entry is %d with %s", h.Seq, short(h.Hash), c.report.Seq, short(c.report.Hash))
	}
	if c.report.Chain == "" {
		c.report.Chain = h.Chain
	}
	c.head = true
}

// forget takes an entry off the remembered ones.
func (c *checker) forget(p Point) {
	c.wanted = slices.DeleteFunc(c.wanted, func(w Point) bool {
		return (w.Seq == 0 || w.Seq == p.Seq) && strings.HasPrefix(p.Hash, w.Hash)
	})
}

func (c *checker) end() {
	if !c.head {
		c.found(0, "the chain has no head: it was removed, or the export is not complete")
	}
	for _, w := range c.wanted {
		if w.Seq == 0 {
			c.found(0, "no entry has the hash %s that was seen elsewhere", short(w.Hash))
			continue
		}
		c.found(w.Seq, "entry %d with hash %s, seen elsewhere, is not in the chain", w.Seq, short(w.Hash))
	}
}

func short(hash string) string { return hash[:min(len(hash), minHash)] }
