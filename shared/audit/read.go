package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// A chain is one partition: its entries by number, and its head. The names of all chains are in a partition of their own. Attribute names
// have an underscore, because DynamoDB reserves most plain words.
const (
	attrBody  = "entry_body"
	attrHash  = "entry_hash"
	attrSeq   = "entry_seq"
	attrTime  = "entry_time"
	attrToken = "append_token"

	headKey   = "head"
	chainsKey = "#chains"
	lastKey   = "9999999999999999"
	maxSeq    = 9999999999999999
	lowestKey = "\x01" // before every key that anybody writes; a key cannot be empty
)

func sortKey(seq int64) string { return fmt.Sprintf("%016d", seq) }

// placeOf reads an entry's sort key; not ok: it is none.
func placeOf(key string) (seq int64, ok bool) {
	seq, err := strconv.ParseInt(key, 10, 64)
	return seq, err == nil && seq > 0 && seq <= maxSeq && sortKey(seq) == key
}

// Head returns the head of a chain: Seq 0 and [Genesis] if it has no entries.
func (l *Log) Head(ctx context.Context, chain string) (Head, error) {
	row, ok, err := l.store.Get(ctx, l.table, dynamodbapi.Key(chain, headKey))
	if err != nil {
		return Head{}, err
	}
	if !ok {
		return Head{Chain: chain, Hash: Genesis}, nil
	}
	return headOf(chain, row)
}

func headOf(chain string, row dynamodbapi.Values) (Head, error) {
	at, err := time.Parse(time.RFC3339Nano, row.Text(attrTime))
	if err != nil {
		return Head{}, fmt.Errorf("reading the head of the audit log of %s: %w: %w", chain, ErrBroken, err)
	}
	return Head{Chain: chain, Seq: row.Int(attrSeq), Hash: row.Text(attrHash), Time: at}, nil
}

// Get returns one entry; [ErrNotFound] if there is none, [ErrBroken] if it is not as it was written.
func (l *Log) Get(ctx context.Context, chain string, seq int64) (Entry, error) {
	row, ok, err := l.store.Get(ctx, l.table, dynamodbapi.Key(chain, sortKey(seq)))
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, fmt.Errorf("reading entry %d of the audit log of %s: %w", seq, chain, ErrNotFound)
	}
	return entryOf(row)
}

// List returns the entries of a chain that come after the given number, in order, at most limit; 0 is no limit.
func (l *Log) List(ctx context.Context, chain string, after int64, limit int) ([]Entry, error) {
	q := l.query(chain, after)
	if limit > 0 && limit < 1000 {
		q.Limit = int32(limit)
	}
	var out []Entry
	for row, err := range l.store.All(ctx, q) {
		if err != nil {
			return nil, err
		}
		e, err := entryOf(row)
		if err != nil {
			return nil, err
		}
		if out = append(out, e); len(out) == limit {
			break
		}
	}
	return out, nil
}

// Chains returns the names of all chains, sorted.
func (l *Log) Chains(ctx context.Context) ([]string, error) {
	var out []string
	for row, err := range l.store.All(ctx, dynamodbapi.Query{Table: l.table, PK: chainsKey}) {
		if err != nil {
			return nil, err
		}
		out = append(out, row.Text(dynamodbapi.SK))
	}
	return out, nil
}

// Unlisted is what is wrong with a chain that is there and not among [Log.Chains]: both are written in one transaction, so somebody took it off.
const Unlisted = "the table does not list the chain, though it was once on the list: what goes by the list passes it over"

// Listed reports whether a chain is among [Log.Chains].
func (l *Log) Listed(ctx context.Context, chain string) (bool, error) {
	_, ok, err := l.store.Get(ctx, l.table, dynamodbapi.Key(chainsKey, chain))
	return ok, err
}

// Has reports whether anything at all is recorded of a chain, be it listed or not.
func (l *Log) Has(ctx context.Context, chain string) (bool, error) {
	page, err := l.store.Query(ctx, dynamodbapi.Query{Table: l.table, PK: chain, Limit: 1})
	return len(page.Items) > 0, err
}

// Export writes the entries of a chain that come after the given number as lines of JSON, {"body":"<the exact bytes>","hash":"..."}, and last
// its head, {"head":{"chain":"...","seq":7,"hash":"..."}}. A row that is neither is {"row":"<its sort key>"}, wherever it is but between the entries up to the
// given number. Nothing is interpreted: this is what the verifier reads. [ErrNotFound]: no such chain.
func (l *Log) Export(ctx context.Context, w io.Writer, chain string, after int64) error {
	if err := l.export(ctx, json.NewEncoder(w), chain, after); err != nil {
		return fmt.Errorf("exporting the audit log of %s: %w", chain, err)
	}
	return nil
}

func (l *Log) export(ctx context.Context, out *json.Encoder, chain string, after int64) error {
	out.SetEscapeHTML(false)
	type record struct {
		Body string `json:"body"`
		Hash string `json:"hash"`
	}
	var found bool
	write := func(q dynamodbapi.Query) error {
		for row, err := range l.store.All(ctx, q) {
			if err != nil {
				return err
			}
			key := row.Text(dynamodbapi.SK)
			seq, isEntry := placeOf(key)
			if key == headKey || isEntry && seq <= after {
				continue
			}
			var line any = record{row.Text(attrBody), row.Text(attrHash)}
			if isEntry {
				after = seq
			} else {
				line = map[string]string{"row": key}
			}
			found = true
			if err := out.Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	if after > 0 { // what comes before all entries
		if err := write(dynamodbapi.Query{Table: l.table, PK: chain, From: lowestKey, To: sortKey(1)}); err != nil {
			return err
		}
	}
	// The entries before the head, so that one beyond the head (a head that was turned back) is among them; then those appended meanwhile.
	if err := write(l.from(chain, after)); err != nil {
		return err
	}
	row, ok, err := l.store.Get(ctx, l.table, dynamodbapi.Key(chain, headKey))
	if err != nil {
		return err
	}
	if !ok && !found && after == 0 {
		return ErrNotFound
	}
	if !ok {
		return nil // entries without a head: the verifier says so
	}
	if seq := row.Int(attrSeq); seq > after {
		q := l.query(chain, after)
		q.To = sortKey(seq)
		if err := write(q); err != nil {
			return err
		}
	}
	type head struct {
		Chain string `json:"chain"`
		Seq   int64  `json:"seq"`
		Hash  string `json:"hash"`
	}
	return out.Encode(map[string]head{"head": {chain, row.Int(attrSeq), row.Text(attrHash)}})
}

// from finds all that comes after an entry; after none, all there is.
func (l *Log) from(chain string, after int64) dynamodbapi.Query {
	q := dynamodbapi.Query{Table: l.table, PK: chain}
	if after > 0 {
		q.From = sortKey(after + 1)
	}
	return q
}

func (l *Log) query(chain string, after int64) dynamodbapi.Query {
	return dynamodbapi.Query{Table: l.table, PK: chain, From: sortKey(after + 1), To: lastKey}
}

// entryOf reads a stored entry, and refuses one that is not as it was written.
func entryOf(row dynamodbapi.Values) (Entry, error) {
	where := fmt.Sprintf("reading entry %s of the audit log of %s", row.Text(dynamodbapi.SK), row.Text(dynamodbapi.PK))
	e := Entry{Hash: row.Text(attrHash), Body: []byte(row.Text(attrBody))}
	if canon.Hash(e.Body) != e.Hash {
		return Entry{}, fmt.Errorf("%s: %w: its bytes do not have its hash", where, ErrBroken)
	}
	if err := canon.Unmarshal(e.Body, &e); err != nil {
		return Entry{}, fmt.Errorf("%s: %w: %w", where, ErrBroken, err)
	}
	if e.Chain != row.Text(dynamodbapi.PK) || sortKey(e.Seq) != row.Text(dynamodbapi.SK) {
		return Entry{}, fmt.Errorf("%s: %w: it is stored in another entry's place", where, ErrBroken)
	}
	return e, nil
}
