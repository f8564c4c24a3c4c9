package audit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

const (
	maxTries    = 40
	firstWait   = 20 * time.Millisecond
	longestWait = 2 * time.Second
	// lastLook bounds the one look at the log that is taken after the caller's context ended while an append was under way.
	lastLook = 2 * time.Second

	mustBeFree = "the audit entry's place is free"
	mustBeHead = "the audit chain's head has not moved"
)

// Append adds an entry to a chain, as [Log.AppendAll] does, and returns it.
func (l *Log) Append(ctx context.Context, chain string, e Entry, with ...dynamodbapi.Item) (Entry, error) {
	out, err := l.AppendAll(ctx, chain, []Entry{e}, with...)
	if err != nil {
		return Entry{}, err
	}
	return out[0], nil
}

// AppendAll adds entries to a chain, one after the other and in one transaction with the items given: all of it happens or nothing. It returns the
// entries as stored; the last is the chain's head at that moment.
//
// Races for the head are tried again. A condition of the caller's own items is never tried again: a [*dynamodbapi.ConditionError] that
// names only those items. [ErrTooLarge] and any error that [dynamodbapi.Unwritten] knows mean that nothing was written; [ErrUnknown] means what
// it says. An append whose answer was lost is settled by reading, so that it counts once.
func (l *Log) AppendAll(ctx context.Context, chain string, entries []Entry, with ...dynamodbapi.Item) ([]Entry, error) {
	for _, e := range entries {
		if err := validate(chain, e); err != nil {
			return nil, fmt.Errorf("appending to the audit log: %w", err)
		}
	}
	if len(entries) == 0 {
		return nil, errors.New("appending to the audit log: there is no entry")
	}
	leave, err := l.enter(ctx, chain)
	if err != nil {
		return nil, fmt.Errorf("appending to the audit log of %s: %w", chain, err)
	}
	defer leave()
	a := appending{log: l, chain: chain, entries: entries, with: with, id: fmt.Sprintf("%s/%d", l.writer, l.appends.Add(1))}
	out, err := a.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("appending to the audit log of %s: %w", chain, err)
	}
	last := out[len(out)-1]
	l.learn(Head{Chain: chain, Seq: last.Seq, Hash: last.Hash, Time: last.Time})
	return out, nil
}

// Refresh learns where a chain ends, so that the next append finds its place at the first try although others have appended since.
func (l *Log) Refresh(ctx context.Context, chain string) error {
	head, err := l.Head(ctx, chain)
	if err != nil {
		return err
	}
	l.learn(head)
	return nil
}

// learn remembers the head of a chain, unless a later one is known.
func (l *Log) learn(head Head) {
	for {
		old, loaded := l.heads.LoadOrStore(head.Chain, head)
		if !loaded || old.(Head).Seq >= head.Seq || l.heads.CompareAndSwap(head.Chain, old, head) {
			return
		}
	}
}

// enter waits until no other append of this process is at the chain.
func (l *Log) enter(ctx context.Context, chain string) (leave func(), err error) {
	v, _ := l.gates.LoadOrStore(chain, make(chan struct{}, 1))
	gate := v.(chan struct{})
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// appending is one Append under way. As long as a transaction of ours may still be written, no other is sent: it is either repeated to the
// byte, or given up once its place in the chain is somebody else's, because then its conditions can never hold again.
type appending struct {
	log     *Log
	chain   string
	entries []Entry
	with    []dynamodbapi.Item
	id      string

	tx    *transaction
	doubt bool  // tx was sent and its outcome is not known
	seen  *Head // what was last heard of the head, so that it need not be read
	tries int
	took  time.Duration // the last try
}

// transaction is one attempt at one place in the chain.
type transaction struct {
	entries []Entry
	token   string
	items   []dynamodbapi.Item
}

func (t *transaction) first() Entry { return t.entries[0] }

func (a *appending) run(ctx context.Context) ([]Entry, error) {
	if head, ok := a.log.heads.Load(a.chain); ok { // of our own last append: if others have been there since, the transaction says so, and what is there now
		known := head.(Head)
		a.seen = &known
	}
	var last error
	crowd := a.log.crowd(a.chain)
	defer func() { a.log.crowds.Store(a.chain, a.tries-1) }()
	for try := range maxTries {
		a.tries++
		wait := try + crowd
		if try == 1 && crowd == 0 && a.seen != nil {
			wait = 0 // somebody was there before us, and we know where we are now
		}
		if wait > 0 {
			a.seen = nil // after a pause others have been there: to try with what was heard before it would fail for certain
		}
		if err := pause(ctx, wait, a.took); err != nil {
			return a.ended(ctx, err)
		}
		done, err := a.place(ctx)
		switch {
		case err != nil && (a.doubt || awsapi.Retryable(err)):
			last = err // the place is read again, and the same transaction sent again
			continue
		case err != nil:
			return nil, err
		case done:
			return a.entries, nil
		}
		if ctx.Err() != nil { // after this the transaction is on its way
			return a.ended(ctx, ctx.Err())
		}
		began := time.Now()
		last = a.log.store.Transact(ctx, a.tx.token, a.tx.items...)
		a.took = time.Since(began)
		if last == nil {
			return a.tx.entries, nil
		}
		if err := a.judge(last); err != nil {
			return nil, err
		}
	}
	return a.ended(ctx, fmt.Errorf("giving up after %d attempts: %w", maxTries, last))
}

// place finds the head, and prepares the transaction for the places after it unless the present one is for them. Done says that the present transaction
// turned out to be written; a.entries are its.
func (a *appending) place(ctx context.Context) (done bool, err error) {
	if a.seen != nil && !a.doubt {
		a.tx, err = a.prepare(*a.seen)
		a.seen = nil
		return false, err
	}
	a.seen = nil // of what is in doubt the log itself has to be asked
	head, err := a.log.Head(ctx, a.chain)
	if err != nil {
		return false, err
	}
	if a.tx != nil && head.Seq == a.tx.first().Seq-1 && head.Hash == a.tx.first().Prev {
		return false, nil
	}
	if a.tx != nil && head.Seq >= a.tx.first().Seq {
		row, _, err := a.log.store.Get(ctx, a.log.table, dynamodbapi.Key(a.chain, sortKey(a.tx.first().Seq)))
		if err != nil {
			return false, err
		}
		if row.Text(attrToken) == a.tx.token {
			a.entries = a.tx.entries
			return true, nil
		}
	}
	a.doubt = false
	a.tx, err = a.prepare(head)
	return false, err
}

// judge decides after a failed transaction: an error ends the append, nil means another try.
func (a *appending) judge(err error) error {
	var failed *dynamodbapi.ConditionError
	if !errors.As(err, &failed) {
		if !dynamodbapi.Unwritten(err) {
			a.doubt = true
			return nil
		}
		if errors.Is(err, dynamodbapi.ErrBusy) || awsapi.Retryable(err) || a.doubt {
			return nil
		}
		return err
	}
	if failed.Has(mustBeFree) || failed.Has(mustBeHead) {
		a.overtaken(failed)
		return nil
	}
	// DynamoDB answers a token whose first request is still running with TransactionInProgressException, so that this is final.
	return err
}

// overtaken takes from a refusal who has the place, and what the head is now: nothing needs to be read then. If we have it ourselves, because an answer was
// lost, or if the refusal does not say, place finds out.
func (a *appending) overtaken(failed *dynamodbapi.ConditionError) {
	place, taken := failed.Of(mustBeFree)
	head, moved := failed.Of(mustBeHead)
	if a.doubt || !taken || !moved || place.Old == nil || head.Old == nil || place.Old.Text(attrToken) == a.tx.token {
		return
	}
	if now, err := headOf(a.chain, head.Old); err == nil {
		a.seen = &now
	}
}

// ended ends an append that cannot go on. What is in doubt is looked at once more, even after the caller's context has ended.
func (a *appending) ended(ctx context.Context, err error) ([]Entry, error) {
	if !a.doubt {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	if done, lookErr := a.place(ctx); done || (lookErr == nil && !a.doubt) {
		if done {
			return a.entries, nil
		}
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
}

func (a *appending) prepare(head Head) (*transaction, error) {
	t := &transaction{}
	last := head
	for _, e := range a.entries {
		e, err := e.sealed(last, a.log.now())
		if err != nil {
			return nil, err
		}
		t.entries = append(t.entries, e)
		last = Head{Chain: a.chain, Seq: e.Seq, Hash: e.Hash, Time: e.Time}
	}
	var err error
	if t.token, err = a.token(last.Hash); err != nil {
		return nil, err
	}
	for _, e := range t.entries {
		t.items = append(t.items, dynamodbapi.Item{Op: dynamodbapi.Put, Table: a.log.table, Must: mustBeFree, Condition: "attribute_not_exists(pk)",
			Put: dynamodbapi.Values{dynamodbapi.PK: a.chain, dynamodbapi.SK: sortKey(e.Seq), attrBody: string(e.Body), attrHash: e.Hash, attrToken: t.token}})
	}
	t.items = append(t.items, a.moved(head, last)...)
	t.items = append(t.items, a.with...)
	return t, nil
}

// moved moves the head from where it was found, and names the chain when it begins.
func (a *appending) moved(from, to Head) []dynamodbapi.Item {
	next := dynamodbapi.Item{Op: dynamodbapi.Put, Table: a.log.table, Must: mustBeHead, Condition: "attribute_not_exists(pk)",
		Put: dynamodbapi.Values{dynamodbapi.PK: a.chain, dynamodbapi.SK: headKey, attrSeq: to.Seq, attrHash: to.Hash, attrTime: to.Time.Format(time.RFC3339Nano)}}
	if from.Seq == 0 {
		return []dynamodbapi.Item{{Op: dynamodbapi.Put, Table: a.log.table, Put: dynamodbapi.Key(chainsKey, a.chain)}, next}
	}
	next.Condition = "entry_hash = :prev AND entry_seq = :n"
	next.Values = dynamodbapi.Values{":prev": from.Hash, ":n": from.Seq}
	return []dynamodbapi.Item{next}
}

// token names a transaction by all that is in it and by whose append it is: the same for each repetition, another for everything else.
// Two claims that differ only in their owner must not pass for one another, and neither must two equal entries of two writers. The last entry's hash
// stands for all entries.
func (a *appending) token(last string) (string, error) {
	raw, err := canon.Marshal(struct {
		ID    string
		Entry string
		With  []dynamodbapi.Item
	}{a.id, last, a.with})
	if err != nil {
		return "", fmt.Errorf("naming the transaction: %w", err)
	}
	return canon.Hash(raw)[:32], nil
}

// crowd is how many tries the last append of this process to the chain failed. Who just had to wait for many others waits for them before the first try, too: fewer
// tries fail then, for everybody.
func (l *Log) crowd(chain string) int {
	n, _ := l.crowds.Load(chain)
	crowd, _ := n.(int)
	return max(crowd-1, 0)
}

// pause waits before every try but the first, with full jitter: the longer, the more tries failed and the longer one takes.
func pause(ctx context.Context, try int, took time.Duration) error {
	if try == 0 {
		return ctx.Err()
	}
	base := min(max(firstWait, took), longestWait)
	t := time.NewTimer(rand.N(min(base<<min(try, 10), longestWait)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
