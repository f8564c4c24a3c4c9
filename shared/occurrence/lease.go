package occurrence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// MustHoldLease are the words of [Book.LeaseItem]'s condition.
const MustHoldLease = "the lease on the document is held"

// keepLease is how long a lease that nobody uses keeps its fence. It must be far longer than anybody can hold on to an old one.
const keepLease = 30 * 24 * time.Hour

// HeldError says that somebody else holds a lease.
type HeldError struct {
	Key, Owner string
	Until      time.Time
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("the lease on %s is held by %s until %s", e.Key, e.Owner, stamp(e.Until))
}

// Lease is the right to write a document, whatever the control, until it ends. Fence grows with each holder.
type Lease struct {
	Key   string // the document: a resource's ARN
	Owner string // for people; two leases of one owner are two leases
	Fence int64
	Ends  time.Time

	secret string
}

func leaseKey(key string) dynamodbapi.Values { return dynamodbapi.Key("lease#"+key, "lease") }

// Acquire takes the lease on a document. [*HeldError]: somebody else has it.
func (b *Book) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Lease, error) {
	now := b.now()
	l := Lease{Key: key, Owner: owner, Ends: fromMillis(millis(now.Add(ttl))), secret: rand.Text()}
	v, err := b.store.Write(ctx, dynamodbapi.Item{
		Op: dynamodbapi.Update, Table: b.table, Key: leaseKey(key),
		Set: "SET lease_secret = :secret, lease_owner = :owner, lease_ends = :ends, #ttl = :ttl ADD lease_fence :one",
		// Our own secret: the answer to this very request was lost and the SDK repeats it.
		Condition: "attribute_not_exists(pk) OR lease_ends <= :now OR lease_secret = :secret",
		Names:     map[string]string{"#ttl": dynamodbapi.TTL},
		Values: dynamodbapi.Values{":secret": l.secret, ":owner": owner, ":ends": millis(l.Ends), ":now": millis(now),
			":ttl": l.Ends.Add(keepLease).Unix(), ":one": 1},
		Must: "the lease is free",
	})
	var failed *dynamodbapi.ConditionError
	switch {
	case errors.As(err, &failed):
		old := failed.Failed[0].Old
		return Lease{}, &HeldError{Key: key, Owner: old.Text("lease_owner"), Until: fromMillis(old.Int("lease_ends"))}
	case err != nil:
		return Lease{}, fmt.Errorf("acquiring the lease on %s: %w", key, err)
	}
	l.Fence = v.Int("lease_fence")
	return l, nil
}

// Renew lets a lease that has not been lost end later.
func (b *Book) Renew(ctx context.Context, l Lease, ttl time.Duration) (Lease, error) {
	l.Ends = fromMillis(millis(b.now().Add(ttl)))
	return l, b.change(ctx, "renewing", l, l.Ends)
}

// ReleaseLease gives a lease back. One that was lost meanwhile is no error.
func (b *Book) ReleaseLease(ctx context.Context, l Lease) error {
	err := b.change(ctx, "releasing", l, b.now())
	var held *HeldError
	if errors.As(err, &held) {
		return nil
	}
	return err
}

// change sets a lease's end. The item stays, so that its fence goes on growing.
func (b *Book) change(ctx context.Context, doing string, l Lease, ends time.Time) error {
	_, err := b.store.Write(ctx, dynamodbapi.Item{
		Op: dynamodbapi.Update, Table: b.table, Key: leaseKey(l.Key),
		Set:       "SET lease_ends = :ends, #ttl = :ttl",
		Condition: "lease_secret = :secret", Names: map[string]string{"#ttl": dynamodbapi.TTL},
		Values: dynamodbapi.Values{":secret": l.secret, ":ends": millis(ends), ":ttl": ends.Add(keepLease).Unix()},
		Must:   MustHoldLease,
	})
	var failed *dynamodbapi.ConditionError
	switch {
	case errors.As(err, &failed):
		old := failed.Failed[0].Old
		return &HeldError{Key: l.Key, Owner: old.Text("lease_owner"), Until: fromMillis(old.Int("lease_ends"))}
	case err != nil:
		return fmt.Errorf("%s the lease on %s: %w", doing, l.Key, err)
	}
	return nil
}

// LeaseItem checks, in the transaction that records an intent, that the lease is still held.
func (b *Book) LeaseItem(l Lease) dynamodbapi.Item {
	return dynamodbapi.Item{
		Op: dynamodbapi.Check, Table: b.table, Key: leaseKey(l.Key), Must: MustHoldLease,
		Condition: "lease_secret = :secret AND lease_fence = :fence AND lease_ends > :now",
		Values:    dynamodbapi.Values{":secret": l.secret, ":fence": l.Fence, ":now": millis(b.now())},
	}
}
