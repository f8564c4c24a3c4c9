package approvals

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// conditions are the forms that our packages use, with values for any name.
var conditions = []string{
	"", "", "attribute_not_exists(pk)", "attribute_exists(pk) AND n < :max", "attribute_not_exists(pk) OR n < :max", "s = :s", "s = :s AND n = :max", "s = :s AND yes = :yes AND n > :max",
	"attribute_not_exists(pk) OR n <= :max OR s = :s", "attribute_not_exists(pk) OR yes = :yes", "attribute_not_exists(pk) OR b <= :max",
}

var updates = []string{"SET s = :s ADD n :one", "SET #ttl = :one, s = :s", "SET #ttl = :one, b = :max ADD n :max"}

// dice makes items. A fault of the double would be one of ours: what is proved on it must be so on DynamoDB.
type dice struct{ *rand.Rand }

func (d dice) text() string { return []string{"", "a", "b", "é#/"}[d.IntN(4)] }

func (d dice) key() dynamodbapi.Values {
	return dynamodbapi.Key([]string{"account#1", "account#2"}[d.IntN(2)], []string{"a#1", "a#2", "a#10", "b", "é"}[d.IntN(5)])
}

func (d dice) item(inTransaction bool) dynamodbapi.Item {
	it := dynamodbapi.Item{Table: "shoreup-state", Op: []dynamodbapi.Op{dynamodbapi.Put, dynamodbapi.Put, dynamodbapi.Update, dynamodbapi.Update, dynamodbapi.Delete, dynamodbapi.Check}[d.IntN(6)],
		Condition: conditions[d.IntN(len(conditions))]}
	if it.Op == dynamodbapi.Check && !inTransaction {
		it.Op = dynamodbapi.Put
	}
	if it.Op == dynamodbapi.Check && it.Condition == "" {
		it.Condition = "attribute_not_exists(pk)"
	}
	said := it.Condition
	switch it.Op {
	case dynamodbapi.Put:
		it.Put = d.key()
		it.Put["s"], it.Put["n"], it.Put["yes"] = d.text(), d.IntN(4), d.IntN(2) == 0
		if d.IntN(3) == 0 {
			delete(it.Put, "n")
		}
	case dynamodbapi.Update:
		it.Key, it.Set = d.key(), updates[d.IntN(len(updates))]
		said += it.Set
	default:
		it.Key = d.key()
	}
	it.Values = dynamodbapi.Values{}
	for name, v := range map[string]any{":s": d.text(), ":max": d.IntN(4), ":yes": d.IntN(2) == 0, ":one": 1} {
		if contains(said, name) { // what is not used is refused
			it.Values[name] = v
		}
	}
	if contains(said, "#ttl") {
		it.Names = map[string]string{"#ttl": "ttl"}
	}
	return it
}

// contains reports whether an expression has a name, and not merely another that begins with it.
func contains(said, name string) bool {
	for i := 0; i+len(name) <= len(said); i++ {
		if said[i:i+len(name)] == name && (i+len(name) == len(said) || said[i+len(name)] < 'a' || said[i+len(name)] > 'z') {
			return true
		}
	}
	return false
}

// do does one thing and says what came of it.
func do(ctx context.Context, s *dynamodbapi.Store, d dice) string {
	var out any
	var err error
	switch d.IntN(8) {
	case 0, 1, 2:
		out, err = s.Write(ctx, d.item(false))
	case 3, 4:
		var items []dynamodbapi.Item
		for range 1 + d.IntN(3) {
			items = append(items, d.item(true))
		}
		err = s.Transact(ctx, fmt.Sprint("token-", d.Int64()), items...)
	case 5, 6:
		out, _, err = s.Get(ctx, "shoreup-state", d.key())
	case 7:
		span := [][2]string{{}, {"a#"}, {"a#", "a#\U0010FFFF"}, {"a#2", "b"}, {"c"}}[d.IntN(5)]
		q := dynamodbapi.Query{Table: "shoreup-state", PK: "account#1", From: span[0], To: span[1], Limit: int32(d.IntN(3)), Descending: d.IntN(2) == 0}
		var all []dynamodbapi.Values
		for v, failed := range s.All(ctx, q) {
			all, err = append(all, v), failed
		}
		out = all
	}
	var failed *dynamodbapi.ConditionError
	switch {
	case errors.As(err, &failed):
		s := "conditions failed:"
		for _, f := range failed.Failed {
			s += fmt.Sprintf(" [%s %s old %v]", f.Item, f.Item.Condition, f.Old)
		}
		return s
	case err != nil:
		return "an error"
	}
	return fmt.Sprint(out)
}

// TestTablesAreDynamoDB does the same things at random to the double and to the emulator: both say the same, and hold the same in the end.
func TestTablesAreDynamoDB(t *testing.T) {
	t.Parallel()
	n := 600
	if os.Getenv("SHOREUP_APPROVALS") != "" {
		n = 6000
	}
	cloud := tabletest.New(t)
	real, double := cloud.Store(), newTables().store(cloud.Session.Account)
	said := map[string]int{}
	for i := range n {
		seed := func() dice { return dice{rand.New(rand.NewPCG(7, uint64(i)))} }
		want, got := do(t.Context(), real, seed()), do(t.Context(), double, seed())
		if want != got {
			t.Fatalf("at %d the emulator says %s\nand the double %s", i, want, got)
		}
		said[got[:min(len(got), 10)]]++
	}
	for _, pk := range []string{"account#1", "account#2"} {
		q := dynamodbapi.Query{Table: "shoreup-state", PK: pk}
		var lists [2][]dynamodbapi.Values
		for i, s := range []*dynamodbapi.Store{real, double} {
			for v, err := range s.All(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				lists[i] = append(lists[i], v)
			}
		}
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
			t.Errorf("%s (-emulator +double):\n%s", pk, diff)
		}
	}
	if said["an error"] == 0 || said["conditions"] == 0 {
		t.Errorf("too little happened: %v", said)
	}
}

// TestATokenIsOneTransaction: what the emulator does not know. Source: DynamoDB API reference, TransactWriteItems, ClientRequestToken.
func TestATokenIsOneTransaction(t *testing.T) {
	t.Parallel()
	s := newTables().store("111122223333")
	count := dynamodbapi.Item{Op: dynamodbapi.Update, Table: "shoreup-state", Key: dynamodbapi.Key("a", "b"), Set: "SET s = :s ADD n :one", Values: dynamodbapi.Values{":s": "x", ":one": 1}}
	for range 3 {
		if err := s.Transact(t.Context(), "token", count); err != nil {
			t.Fatal(err)
		}
	}
	if v, _, err := s.Get(t.Context(), "shoreup-state", count.Key); err != nil || v.Int("n") != 1 {
		t.Errorf("counted %d, %v", v.Int("n"), err)
	}
	count.Values = dynamodbapi.Values{":s": "y", ":one": 1}
	if err := s.Transact(t.Context(), "token", count); err == nil {
		t.Error("another transaction passed for the one of that token")
	}
}
