package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sort"
	"time"

	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// How the audit log is stored: a partition for each chain, entries by number, and the head. This is said here a second time on purpose.
const (
	attrBody = "entry_body"
	attrHash = "entry_hash"
	attrSeq  = "entry_seq"
	headKey  = "head"
)

func entryKey(seq int64) string { return fmt.Sprintf("%016d", seq) }

// maxKept bounds the plans that a process keeps in mind. An intent never changes, and one plan makes several calls.
const maxKept = 20000

// Intent is what the audit log says was going to be done.
type Intent struct {
	Seq      int64
	Time     time.Time
	Control  string
	Approver string
	Resource awsapi.Resource
	Calls    []string // SDK names: "s3:PutBucketPolicy"
	undo     bool     // it takes a fix back
}

// Log is what the audit log of an account has about some calls.
type Log struct {
	Plans   map[string][]Intent // by plan id
	Damaged string              // what is wrong with the part that was read; empty: it verifies
}

// Journal reads intents from the audit table.
type Journal struct {
	Store *dynamodbapi.Store
	Table string

	kept map[string]map[string][]Intent // by account and plan
	n    int
}

// Kept returns the intents of an account that were read before.
func (j *Journal) Kept(account string) Log { return Log{Plans: j.kept[account]} }

// Read returns the intents that may explain the calls, all of roles in one account, and keeps them. It reads the entries of the time around the calls and has
// them verified; a part of a chain that does not verify explains nothing.
func (j *Journal) Read(ctx context.Context, account string, calls []Call) (Log, error) {
	from, to := calls[0].Time, calls[0].Time
	for _, c := range calls {
		if c.Time.Before(from) {
			from = c.Time
		}
		if c.Time.After(to) {
			to = c.Time
		}
	}
	// What comes after the calls is asked for next: the calls of a burst come in many batches.
	found, err := j.window(ctx, account, from.Add(-lasts), to.Add(lasts))
	if err != nil {
		return Log{}, fmt.Errorf("reading the audit log of account %s: %w", account, err)
	}
	if found.Damaged == "" {
		j.keep(account, found.Plans)
	}
	return found, nil
}

func (j *Journal) keep(account string, plans map[string][]Intent) {
	if j.n += len(plans); j.kept == nil || j.n > maxKept {
		j.kept, j.n = map[string]map[string][]Intent{}, len(plans)
	}
	if j.kept[account] == nil {
		j.kept[account] = map[string][]Intent{}
	}
	for plan, intents := range plans {
		j.kept[account][plan] = intents
	}
}

// window reads the entries of a chain from one time to another.
func (j *Journal) window(ctx context.Context, chain string, from, to time.Time) (Log, error) {
	head, ok, err := j.Store.Get(ctx, j.Table, dynamodbapi.Key(chain, headKey))
	if err != nil || !ok {
		return Log{}, err
	}
	last := head.Int(attrSeq)
	first, err := j.firstSince(ctx, chain, last, from)
	if err != nil || first > last {
		return damaged(err)
	}
	options := verify.Options{Chain: chain}
	if first > 1 {
		before, _, err := j.entry(ctx, chain, first-1)
		if err != nil {
			return damaged(err)
		}
		options.After = &verify.Point{Seq: first - 1, Hash: before.Text(attrHash)}
	}
	out := Log{Plans: map[string][]Intent{}}
	report, err := verify.Lines(j.lines(ctx, chain, first, last, to, out.Plans), options)
	switch {
	case err != nil:
		return damaged(err)
	case report.Entries > 0 && !report.OK():
		return Log{Damaged: report.Findings[0].Problem}, nil
	}
	return out, nil
}

// damage is an entry that should be there and is not, or cannot be read.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }

func damaged(err error) (Log, error) {
	var bad *damage
	if errors.As(err, &bad) {
		return Log{Damaged: bad.what}, nil
	}
	return Log{}, err
}

// firstSince returns the number of the first of n entries that is not before a time, n+1 if there is none. Times never go back along a chain, so it is looked
// for by halving: a message that was left lying for days costs no more than a new one.
func (j *Journal) firstSince(ctx context.Context, chain string, n int64, since time.Time) (int64, error) {
	var failed error
	i := sort.Search(int(n), func(i int) bool {
		if failed != nil {
			return true
		}
		var e stored
		_, e, failed = j.entry(ctx, chain, int64(i)+1)
		return failed != nil || !e.Time.Before(since)
	})
	return int64(i) + 1, failed
}

func (j *Journal) entry(ctx context.Context, chain string, seq int64) (dynamodbapi.Values, stored, error) {
	row, ok, err := j.Store.Get(ctx, j.Table, dynamodbapi.Key(chain, entryKey(seq)))
	if err != nil {
		return nil, stored{}, err
	}
	if !ok {
		return nil, stored{}, &damage{fmt.Sprintf("entry %d is missing", seq)}
	}
	e, err := read(row)
	return row, e, err
}

// lines gives the entries as the verifier takes them, up to a time, and puts the intents among them into out.
func (j *Journal) lines(ctx context.Context, chain string, first, last int64, to time.Time, out map[string][]Intent) iter.Seq2[[]byte, error] {
	type object = map[string]any
	return func(yield func([]byte, error) bool) {
		line := func(v any) bool {
			raw, err := json.Marshal(v)
			return yield(raw, err) && err == nil
		}
		var seq int64
		var hash string
		for row, err := range j.Store.All(ctx, dynamodbapi.Query{Table: j.Table, PK: chain, From: entryKey(first), To: entryKey(last)}) {
			if err != nil {
				yield(nil, err)
				return
			}
			e, err := read(row)
			if err == nil && e.Time.After(to) {
				break
			}
			if err == nil {
				err = e.add(out)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			seq, hash = e.Seq, row.Text(attrHash)
			if !line(object{"body": row.Text(attrBody), "hash": hash}) {
				return
			}
		}
		line(object{"head": object{"chain": chain, "seq": seq, "hash": hash}}) // of what was read: whether the chain was cut off is the sealing function's to find
	}
}

// stored is what is read of an entry's body.
type stored struct {
	Seq     int64           `json:"seq"`
	Time    time.Time       `json:"time"`
	Kind    string          `json:"kind"`
	Plan    string          `json:"plan"`
	Control string          `json:"control"`
	Detail  json.RawMessage `json:"detail"`
}

func read(row dynamodbapi.Values) (stored, error) {
	var e stored
	if err := json.Unmarshal([]byte(row.Text(attrBody)), &e); err != nil {
		return e, &damage{fmt.Sprintf("entry %s cannot be read: %v", row.Text(dynamodbapi.SK), err)}
	}
	return e, nil
}

// add puts the entry among the intents if it is one: a fix is announced by an "intent", taking one back by an "undo".
func (e stored) add(to map[string][]Intent) error {
	if e.Kind != "intent" && e.Kind != "undo" {
		return nil
	}
	var d struct {
		Approver string `json:"approver"`
		Plan     struct {
			Resource awsapi.Resource `json:"resource"`
			Changes  []struct {
				Do struct {
					Call string `json:"call"`
				} `json:"do"`
			} `json:"changes"`
		} `json:"plan"`
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return &damage{fmt.Sprintf("the plan of entry %d cannot be read: %v", e.Seq, err)}
	}
	in := Intent{Seq: e.Seq, Time: e.Time, Control: e.Control, Approver: d.Approver, Resource: d.Plan.Resource, undo: e.Kind == "undo"}
	for _, c := range d.Plan.Changes {
		in.Calls = append(in.Calls, c.Do.Call)
	}
	to[e.Plan] = append(to[e.Plan], in)
	return nil
}
