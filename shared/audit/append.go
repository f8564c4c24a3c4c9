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
	longestWait = time.Second
	// lastLook bounds the one look at the log that is taken after the caller's context ended while an append was under way.
	lastLook = 2 * time.Second

	mustBeFree = "the audit entry's place is free"
	mustBeHead = "the audit chain's head has not moved"
)

// Append adds an entry to a chain, in one transaction with the items given: all of it happens or nothing. It returns the entry as stored,
// which is the chain's head at that moment.
//
// Races for the head are tried again. A condition of the caller's own items is never tried again: a [*dynamodbapi.ConditionError] that
// names only those items. [ErrTooLarge] and any error that [dynamodbapi.Unwritten] knows mean that nothing was written; [ErrUnknown] means what
// it says. An append whose answer was lost is settled by reading, so that it counts once.
func (l *Log) Append(ctx context.Context, chain string, e Entry, with ...dynamodbapi.Item) (Entry, error) {
	if err := validate(chain, e); err != nil {
		return Entry{}, fmt.Errorf("appending to the audit log: %w", err)
	}
	leave, err := l.enter(ctx, chain)
	if err != nil {
		return Entry{}, fmt.Errorf("appending to the audit log of %s: %w", chain, err)
	}
	defer leave()
	a := appending{log: l, chain: chain, entry: e, with: with, id: fmt.Sprintf("%s/%d", l.writer, l.appends.Add(1))}
	out, err := a.run(ctx)
	if err != nil {
		return Entry{}, fmt.Errorf("appending to the audit log of %s: %w", chain, err)
	}
	return out, nil
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
	log   *Log
	chain string
	entry Entry
	with  []dynamodbapi.Item
	id    string

	tx    *transaction
	doubt bool // tx was sent and its outcome is not known
}

// transaction is one attempt at one place in the chain.
type transaction struct {
	entry Entry
	token string
	items []dynamodbapi.Item
}

func (a *appending) run(ctx context.Context) (Entry, error) {
	var last error
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return a.ended(ctx, err)
		}
		done, err := a.place(ctx)
		switch {
		case err != nil && (a.doubt || awsapi.Retryable(err)):
			last = err // the place is read again, and the same transaction sent again
			continue
		case err != nil || done:
			return a.entry, err
		}
		if ctx.Err() != nil { // after this the transaction is on its way
			return a.ended(ctx, ctx.Err())
		}
		last = a.log.store.Transact(ctx, a.tx.token, a.tx.items...)
		if last == nil {
			return a.tx.entry, nil
		}
		if err := a.judge(last); err != nil {
			return Entry{}, err
		}
	}
	return a.ended(ctx, fmt.Errorf("giving up after %d attempts: %w", maxTries, last))
}

// place reads the head, and prepares the transaction for the place after it unless the present one is for that place. Done says that the
// present transaction turned out to be written; a.entry is it.
func (a *appending) place(ctx context.Context) (done bool, err error) {
	head, err := a.log.Head(ctx, a.chain)
	if err != nil {
		return false, err
	}
	if a.tx != nil && head.Seq < a.tx.entry.Seq {
		return false, nil
	}
	if a.tx != nil {
		row, _, err := a.log.store.Get(ctx, a.log.table, dynamodbapi.Key(a.chain, sortKey(a.tx.entry.Seq)))
		if err != nil {
			return false, err
		}
		if row.Text(attrToken) == a.tx.token {
			a.entry = a.tx.entry
			return true, nil
		}
		a.tx, a.doubt = nil, false
	}
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
		return nil // the place is taken: by somebody else, or by us if an answer was lost; place finds out which
	}
	// DynamoDB answers a token whose first request is still running with TransactionInProgressException, so that this is final.
	return err
}

// ended ends an append that cannot go on. What is in doubt is looked at once more, even after the caller's context has ended.
func (a *appending) ended(ctx context.Context, err error) (Entry, error) {
	if !a.doubt {
		return Entry{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	if done, lookErr := a.place(ctx); done || (lookErr == nil && !a.doubt) {
		if done {
			return a.entry, nil
		}
		return Entry{}, err
	}
	return Entry{}, fmt.Errorf("%w: %w", ErrUnknown, err)
}

func (a *appending) prepare(head Head) (*transaction, error) {
	e, err := a.entry.sealed(head, a.log.now())
	if err != nil {
		return nil, err
	}
	token, err := a.token(e)
	if err != nil {
		return nil, err
	}
	l, seq := a.log, sortKey(e.Seq)
	items := []dynamodbapi.Item{{Op: dynamodbapi.Put, Table: l.table, Must: mustBeFree, Condition: "attribute_not_exists(pk)",
		Put: dynamodbapi.Values{dynamodbapi.PK: a.chain, dynamodbapi.SK: seq, attrBody: string(e.Body), attrHash: e.Hash, attrToken: token}}}
	next := dynamodbapi.Item{Op: dynamodbapi.Put, Table: l.table, Must: mustBeHead, Condition: "attribute_not_exists(pk)",
		Put: dynamodbapi.Values{dynamodbapi.PK: a.chain, dynamodbapi.SK: headKey, attrSeq: e.Seq, attrHash: e.Hash, attrTime: e.Time.Format(time.RFC3339Nano)}}
	if head.Seq > 0 {
		next.Condition = "entry_hash = :prev AND entry_seq = :n"
		next.Values = dynamodbapi.Values{":prev": head.Hash, ":n": head.Seq}
	} else {
		items = append(items, dynamodbapi.Item{Op: dynamodbapi.Put, Table: l.table, Put: dynamodbapi.Key(chainsKey, a.chain)})
	}
	items = append(items, next)
	return &transaction{entry: e, token: token, items: append(items, a.with...)}, nil
}

// token names a transaction by all that is in it and by whose append it is: the same for each repetition, another for everything else.
// Two claims that differ only in their owner must not pass for one another, and neither must two equal entries of two writers.
func (a *appending) token(e Entry) (string, error) {
	raw, err := canon.Marshal(struct {
		ID    string
		Entry string
		With  []dynamodbapi.Item
	}{a.id, e.Hash, a.with})
	if err != nil {
		return "", fmt.Errorf("naming the transaction: %w", err)
	}
	return canon.Hash(raw)[:32], nil
}

// pause waits before every try but the first, with full jitter.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(rand.N(min(firstWait<<min(try, 10), longestWait)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
