package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

const (
	attrShown = "request_shown"

	maxPlaces = 8        // messages about one request that are kept up to date; the first ones count
	maxShown  = 64 << 10 // bytes of a message's blocks; DynamoDB's items end at 400 KB
	maxBatch  = 100      // plans
)

// Wants is how many different people must agree, as far as the request itself says; the rules in force may ask for more.
func (r Request) Wants() int { return max(1, r.needed(needs{by: r.By})) }

// Open reports whether people may still decide.
func (r Request) Open() bool { return r.State.open() }

// Posted keeps where people are shown a request, and tells how it stands by now, so that the message can say so. Nothing that counts for a decision is
// changed by it. A request that is not there yet is an error that passes: what is shown may be faster than what is asked.
func (d *Desk) Posted(ctx context.Context, p Posting) error {
	if p.Channel == "" || p.TS == "" || len(p.Channel) > 100 || len(p.TS) > 40 || len(p.Thread) > 40 || len(p.Shown) > maxShown || len(p.Shown) > 0 && !json.Valid(p.Shown) {
		return refuse("nothing", "it names no message")
	}
	at := Place{p.Channel, p.TS, p.Thread, p.Escalated}
	for range writeTries {
		r, ok, err := Get(ctx, d.Store, d.Table, p.Key)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("keeping where %s %s is shown: it is not asked yet", p.Key.Kind, p.Key.ID)
		}
		if !slices.Contains(r.Posted, at) {
			if len(r.Posted) >= maxPlaces {
				return nil
			}
			r.Posted = append(slices.Clone(r.Posted), at)
			if len(r.Shown) == 0 {
				r.Shown = p.Shown
			}
			if err = d.keep(ctx, r); moved(err) {
				continue
			}
			if err != nil {
				return err
			}
		}
		d.tell(ctx, r, standing(r))
		return nil
	}
	return fmt.Errorf("keeping where %s %s is shown: others write it at the same moment; try again", p.Key.Kind, p.Key.ID)
}

// keep writes what needs no record.
func (d *Desk) keep(ctx context.Context, r Request) error {
	item, err := put(d.Table, r)
	if err == nil {
		_, err = d.Store.Write(ctx, item)
	}
	return err
}

// standing is the news that says how a request stands.
func standing(r Request) News {
	switch {
	case r.State == Pending:
		return Asked
	case r.State == Approved || r.State == Rejected:
		return Word
	}
	return Over
}

// BatchID names a batch: the hash over the sorted hashes of its plans, and the message that showed them together. The hash alone would name the same plans
// of other occurrences, too.
type BatchID struct {
	Hash string `json:"hash"`
	TS   string `json:"ts"`
}

// Batch is several requests that people are shown together.
type Batch struct {
	ID      BatchID         `json:"id"`
	Channel string          `json:"channel"`
	Plans   []Ref           `json:"plans"`
	Shown   json.RawMessage `json:"shown,omitempty"`
}

// Ref is one round of a request.
type Ref struct {
	Key   Key   `json:"key"`
	Round int64 `json:"round"`
}

// BatchHash is the hash over the sorted hashes of the plans, one a line.
func BatchHash(plans []Ref) string {
	var hashes []string
	for _, p := range plans {
		hashes = append(hashes, p.Key.Hash)
	}
	slices.Sort(hashes)
	return canon.Hash([]byte(strings.Join(hashes, "\n")))
}

func (b BatchID) item() dynamodbapi.Values { return dynamodbapi.Key("batch", b.Hash+"#"+b.TS) }

func threadItem(channel, ts string) dynamodbapi.Values {
	return dynamodbapi.Key("thread", channel+"#"+ts)
}

// BatchAt returns the batch that a message shows, if it shows one.
func BatchAt(ctx context.Context, store *dynamodbapi.Store, table, channel, ts string) (Batch, bool, error) {
	v, ok, err := store.Get(ctx, table, threadItem(channel, ts))
	if err != nil || !ok {
		return Batch{}, false, err
	}
	var b Batch
	if err := json.Unmarshal([]byte(v.Text(attrBody)), &b); err != nil {
		return b, false, fmt.Errorf("reading the batch at %s: %w", ts, err)
	}
	return b, b.Channel == channel && b.ID.TS == ts, nil
}

// KeepBatch keeps which plans people are shown together. What is kept is never changed.
func (d *Desk) KeepBatch(ctx context.Context, b Batch) error {
	if n := len(b.Plans); n < 2 || n > maxBatch || b.Channel == "" || b.ID.TS == "" || len(b.ID.TS) > 40 || b.ID.Hash != BatchHash(b.Plans) || len(b.Shown) > maxShown {
		return refuse("nothing", "it is no batch: its hash is not that of its plans, or there are too many or too few of them")
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	v := b.ID.item()
	v[attrBody], v[dynamodbapi.TTL] = string(body), d.Now().Add(keepEnded).Unix()
	at := threadItem(b.Channel, b.ID.TS) // so that it is found by a message that stands below it
	at[attrBody], at[dynamodbapi.TTL] = v[attrBody], v[dynamodbapi.TTL]
	for _, item := range []dynamodbapi.Values{v, at} {
		_, err := d.Store.Write(ctx, dynamodbapi.Item{Op: dynamodbapi.Put, Table: d.Table, Put: item, Must: mustBeAsRead, Condition: "attribute_not_exists(pk)"})
		var there *dynamodbapi.ConditionError
		switch {
		case errors.As(err, &there) && len(there.Failed) > 0 && there.Failed[0].Old.Text(attrBody) == string(body):
		case errors.As(err, &there):
			return refuse("nothing", "there is another batch with that hash in that message")
		case err != nil:
			return err
		}
	}
	return nil
}

// Together takes one word about each plan of a batch, each alone and under the rules of its own. The results are in the order of the plans. The error is a
// *[Refusal] if the word is about no batch at all. Any other error means that not all of it is known to have been taken: it may be given again.
func (d *Desk) Together(ctx context.Context, t Together) (Note, error) {
	v, ok, err := d.Store.Get(ctx, d.Table, t.Batch.item())
	if err != nil {
		return Note{}, err
	}
	var b Batch
	if ok {
		if err := json.Unmarshal([]byte(v.Text(attrBody)), &b); err != nil {
			return Note{}, fmt.Errorf("reading batch %s: %w", t.Batch.Hash, err)
		}
	}
	if !ok || b.ID != t.Batch || BatchHash(b.Plans) != t.Batch.Hash {
		_, err := d.Unheard(ctx, Unheard{Key: Key{Kind: "batch", ID: t.Batch.TS, Hash: t.Batch.Hash}, Verdict: t.Verdict, Identity: t.Identity, Via: t.Via, Why: "there is no such batch", Code: "unknown", Known: true})
		return Note{}, err
	}
	note := Note{Batch: &b, Person: d.name(ctx, t.Identity)}
	for _, p := range b.Plans {
		r, err := d.Decide(ctx, Answer{Key: p.Key, Round: p.Round, Verdict: t.Verdict, Identity: t.Identity, Via: t.Via, Why: t.Why})
		var no *Refusal
		if err != nil && !errors.As(err, &no) {
			return Note{}, err
		}
		result := Result{Key: p.Key, State: r.State}
		if no != nil && !no.Stands {
			result.Why = no.Why
		}
		note.Results = append(note.Results, result)
	}
	return note, nil
}

// name is what the rules file calls a person; empty if it does not know them.
func (d *Desk) name(ctx context.Context, identity string) string {
	file, err := d.electors(ctx)
	if err != nil {
		return ""
	}
	p, _ := file.PersonOf(identity)
	return p.Name
}

// Unheard puts on the record a word that was refused before it came here. It stands in the chain of the request that it was about, if there is one, else in
// the installation's own.
func (d *Desk) Unheard(ctx context.Context, u Unheard) (Request, error) {
	k := Key{Account: clip(u.Key.Account), Kind: Kind(clip(string(u.Key.Kind))), ID: clip(u.Key.ID), Hash: clip(u.Key.Hash)}
	r, ok, err := Get(ctx, d.Store, d.Table, k)
	if err != nil {
		return r, err
	}
	if !ok {
		k.Account = d.Account
		r = Request{Key: k, Round: u.Round}
	}
	a := Answer{Key: r.Key, Round: u.Round, Verdict: Verdict(clip(string(u.Verdict))), Identity: u.Identity, Via: clip(u.Via)}
	person := ""
	if u.Known || u.Via != "slack" { // a member id is the person's only in their own workspace, and anybody can write one into a request that is forged
		person = d.name(ctx, u.Identity)
	}
	return r, d.refused(ctx, r, a, person, &Refusal{Code: clip(u.Code), Why: clip(u.Why)})
}
