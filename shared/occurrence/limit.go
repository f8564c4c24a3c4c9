package occurrence

import (
	"context"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// MustBeBelow are the words of [Book.CountItem]'s condition.
const MustBeBelow = "the limit is not reached"

// Limit is how often something may happen in a fixed window of time.
type Limit struct {
	Key    string // what is counted: "s3-bucket-public/123456789012"
	Window time.Duration
	Max    int
}

// start is when the window that holds t began: windows are cut from the zero time in UTC, so that all agree on them.
func (l Limit) start(t time.Time) time.Time { return t.UTC().Truncate(l.Window) }

func (l Limit) key(now time.Time) dynamodbapi.Values {
	return dynamodbapi.Key("count#"+l.Key, fmt.Sprintf("%s#%s", l.Window, stamp(l.start(now))))
}

// CountItem counts one in the present window, unless Max are counted already: then the transaction fails. Max 0 allows none.
func (b *Book) CountItem(l Limit) dynamodbapi.Item {
	now := b.now()
	condition := "attribute_not_exists(pk) OR count_n < :max"
	if l.Max <= 0 {
		condition = "attribute_exists(pk) AND count_n < :max"
	}
	return dynamodbapi.Item{
		Op: dynamodbapi.Update, Table: b.table, Key: l.key(now), Must: MustBeBelow,
		Set: "SET #ttl = :ttl ADD count_n :one", Condition: condition, Names: map[string]string{"#ttl": dynamodbapi.TTL},
		Values: dynamodbapi.Values{":one": 1, ":max": max(l.Max, 0), ":ttl": l.start(now).Add(l.Window + 24*time.Hour).Unix()},
	}
}

// MustBeUnspent are the words of [Book.SpendItem]'s condition.
const MustBeUnspent = "the approval was not used before"

// keepSpent is longer than an approval can last.
const keepSpent = 100 * 24 * time.Hour

// SpendItem uses a round's approval of the occurrence's plan, which can be done once.
func (b *Book) SpendItem(o Occurrence, round int64) dynamodbapi.Item {
	v := spentKey(o.Resource.Account, o.ID, o.PlanHash, round)
	v[dynamodbapi.TTL] = b.now().Add(keepSpent).Unix()
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: v, Condition: "attribute_not_exists(pk)", Must: MustBeUnspent}
}

func spentKey(account, occurrence, hash string, round int64) dynamodbapi.Values {
	return dynamodbapi.Key("spent#"+account, fmt.Sprintf("%s#%s#%d", occurrence, hash, round))
}

// Spent reports whether a round's approval of an occurrence's plan was used.
func (b *Book) Spent(ctx context.Context, account, occurrence, hash string, round int64) (bool, error) {
	_, used, err := b.store.Get(ctx, b.table, spentKey(account, occurrence, hash, round))
	return used, err
}

// Count returns how many were counted in the present window.
func (b *Book) Count(ctx context.Context, l Limit) (int, error) {
	v, _, err := b.store.Get(ctx, b.table, l.key(b.now()))
	return int(v.Int("count_n")), err
}
