package occurrence

import (
	"context"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// TakenBack is how far the taking back of a fix is. The zero value: nobody has begun.
type TakenBack struct {
	Round   int64     // of the approval that it was begun with; 0: somebody approved at their own terminal
	Plan    string    // id of the plan to take it back
	Began   time.Time // of the last attempt
	Outcome string    // empty: under way, or whoever was at it died
	Why     string
	Ended   time.Time
}

// Fixes are named by account and by the number of their intent in the audit chain.
func takenBackKey(account string, intent int64) dynamodbapi.Values {
	return dynamodbapi.Key("undo#"+account, fmt.Sprintf("%016d", intent))
}

// TakeBackItem begins to take back a fix. With a round it uses that round's approval, which can be done once ([MustBeUnspent]); round 0 is for whoever approves
// and takes back at once.
func (b *Book) TakeBackItem(account string, intent, round int64, plan string) dynamodbapi.Item {
	it := dynamodbapi.Item{
		Op: dynamodbapi.Update, Table: b.table, Key: takenBackKey(account, intent), Names: map[string]string{"#ttl": dynamodbapi.TTL},
		Set:    "SET #ttl = :ttl, undo_plan = :plan, undo_began = :now, undo_outcome = :none, undo_why = :none, undo_ended = :none",
		Values: dynamodbapi.Values{":ttl": b.now().Add(keepSpent).Unix(), ":plan": plan, ":now": stamp(b.now()), ":none": ""},
	}
	if round > 0 {
		it.Set += ", undo_round = :round"
		it.Values[":round"] = round
		it.Condition, it.Must = "attribute_not_exists(pk) OR attribute_not_exists(undo_round) OR undo_round < :round", MustBeUnspent
	}
	return it
}

// TookBackItem says what came of it, or why an approved one was not begun: then its round is used up as well.
func (b *Book) TookBackItem(account string, intent, round int64, outcome, why string) dynamodbapi.Item {
	it := dynamodbapi.Item{
		Op: dynamodbapi.Update, Table: b.table, Key: takenBackKey(account, intent), Names: map[string]string{"#ttl": dynamodbapi.TTL},
		Set:    "SET #ttl = :ttl, undo_outcome = :outcome, undo_why = :why, undo_ended = :now",
		Values: dynamodbapi.Values{":ttl": b.now().Add(keepSpent).Unix(), ":outcome": outcome, ":why": why, ":now": stamp(b.now())},
	}
	if round > 0 {
		it.Set += ", undo_round = :round"
		it.Values[":round"] = round
	}
	return it
}

// TakenBack returns how far the taking back of a fix is.
func (b *Book) TakenBack(ctx context.Context, account string, intent int64) (TakenBack, error) {
	v, _, err := b.store.Get(ctx, b.table, takenBackKey(account, intent))
	if err != nil {
		return TakenBack{}, fmt.Errorf("reading whether fix %s/%d was taken back: %w", account, intent, err)
	}
	return TakenBack{
		Round: v.Int("undo_round"), Plan: v.Text("undo_plan"), Began: unstamp(v.Text("undo_began")), Outcome: v.Text("undo_outcome"), Why: v.Text("undo_why"), Ended: unstamp(v.Text("undo_ended")),
	}, nil
}
