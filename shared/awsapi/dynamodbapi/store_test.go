package dynamodbapi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

type (
	item   = dynamodbapi.Item
	values = dynamodbapi.Values
)

func open(t *testing.T) (*tabletest.Cloud, *dynamodbapi.Store, string) {
	c := tabletest.New(t)
	return c, c.Store(), c.Table(occurrence.StateTable)
}

func TestPutGetDelete(t *testing.T) {
	t.Parallel()
	_, s, table := open(t)
	ctx := t.Context()
	want := values{"pk": "a", "sk": "b", "text": "x", "empty": "", "yes": true, "no": false, "n": int64(1 << 53), "minus": int64(-1), "raw": []byte{0, 255}}
	put := item{Op: dynamodbapi.Put, Table: table, Put: want, Condition: "attribute_not_exists(pk)", Must: "it is new"}
	if _, err := s.Write(ctx, put); err != nil {
		t.Fatal(err)
	}
	got, ok, err := s.Get(ctx, table, dynamodbapi.Key("a", "b"))
	if err != nil || !ok || !cmp.Equal(got, want) {
		t.Errorf("got %v %v, %s", ok, err, cmp.Diff(got, want))
	}
	_, err = s.Write(ctx, put)
	var failed *dynamodbapi.ConditionError
	if !errors.As(err, &failed) || !failed.Has("it is new") || failed.Failed[0].Old.Text("text") != "x" || !dynamodbapi.Unwritten(err) {
		t.Errorf("the second put answered %v", err)
	}
	if failed.Has("it is old") {
		t.Error("a condition that was not there has failed")
	}
	if _, err := s.Write(ctx, item{Op: dynamodbapi.Delete, Table: table, Key: dynamodbapi.Key("a", "b")}); err != nil {
		t.Error(err)
	}
	if _, ok, err := s.Get(ctx, table, dynamodbapi.Key("a", "b")); ok || err != nil {
		t.Errorf("after the delete: %v %v", ok, err)
	}
	if diff := cmp.Diff(s.Requests(), map[string]int{"dynamodb:PutItem": 2, "dynamodb:GetItem": 2, "dynamodb:DeleteItem": 1}); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateReturnsTheNewItem(t *testing.T) {
	t.Parallel()
	_, s, table := open(t)
	add := item{Op: dynamodbapi.Update, Table: table, Key: dynamodbapi.Key("a", "b"), Set: "SET #s = :s ADD n :one",
		Names: map[string]string{"#s": "state"}, Values: values{":s": "on", ":one": 2}}
	for range 2 {
		if _, err := s.Write(t.Context(), add); err != nil {
			t.Fatal(err)
		}
	}
	add.Condition, add.Values[":max"] = "n < :max", 5
	got, err := s.Write(t.Context(), add)
	if want := (values{"pk": "a", "sk": "b", "state": "on", "n": int64(6)}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if _, err = s.Write(t.Context(), add); err == nil || !dynamodbapi.Unwritten(err) {
		t.Errorf("the fourth update answered %v", err)
	}
}

func TestTransactionSaysWhichConditionFailed(t *testing.T) {
	t.Parallel()
	_, s, table := open(t)
	ctx := t.Context()
	items := []item{
		{Op: dynamodbapi.Put, Table: table, Put: dynamodbapi.Key("new", "1")},
		{Op: dynamodbapi.Check, Table: table, Key: dynamodbapi.Key("switch", "1"), Condition: "attribute_not_exists(pk)", Must: "the switch is off"},
		{Op: dynamodbapi.Update, Table: table, Key: dynamodbapi.Key("count", "1"), Set: "ADD n :one", Values: values{":one": 1}},
	}
	if err := s.Transact(ctx, "first", items...); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(ctx, item{Op: dynamodbapi.Put, Table: table, Put: values{"pk": "switch", "sk": "1", "why": "fire"}}); err != nil {
		t.Fatal(err)
	}
	items[0].Put = dynamodbapi.Key("new", "2")
	err := s.Transact(ctx, "second", items...)
	var failed *dynamodbapi.ConditionError
	if !errors.As(err, &failed) || len(failed.Failed) != 1 || !failed.Has("the switch is off") || failed.Failed[0].Old.Text("why") != "fire" {
		t.Errorf("got %v", err)
	}
	if _, ok, _ := s.Get(ctx, table, dynamodbapi.Key("new", "2")); ok {
		t.Error("half of the transaction was written")
	}
	if v, _, _ := s.Get(ctx, table, dynamodbapi.Key("count", "1")); v.Int("n") != 1 {
		t.Errorf("counted %d", v.Int("n"))
	}
}

func TestQueryPages(t *testing.T) {
	t.Parallel()
	_, s, table := open(t)
	ctx := t.Context()
	for i := range 7 {
		if _, err := s.Write(ctx, item{Op: dynamodbapi.Put, Table: table, Put: dynamodbapi.Key("p", fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		query dynamodbapi.Query
		want  []string
	}{
		"all":            {dynamodbapi.Query{Limit: 3}, []string{"0", "1", "2", "3", "4", "5", "6"}},
		"descending":     {dynamodbapi.Query{Limit: 2, Descending: true}, []string{"6", "5", "4", "3", "2", "1", "0"}},
		"between":        {dynamodbapi.Query{From: "2", To: "4"}, []string{"2", "3", "4"}},
		"from":           {dynamodbapi.Query{From: "5"}, []string{"5", "6"}},
		"up to":          {dynamodbapi.Query{To: "1", From: "0"}, []string{"0", "1"}},
		"nothing to see": {dynamodbapi.Query{From: "7"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Table, c.query.PK = table, "p"
			var got []string
			for v, err := range s.All(ctx, c.query) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, v.Text(dynamodbapi.SK))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestErrorsSayWhetherSomethingWasWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault     tabletest.Fault
		table     string
		unwritten bool
	}{
		"lost request":  {tabletest.Lost, "", false},
		"lost answer":   {tabletest.AnswerLost, "", false},
		"broken":        {tabletest.Broken, "", false},
		"throttled":     {tabletest.Throttle, "", true},
		"no such table": {tabletest.None, "nowhere", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, s, table := open(t)
			cloud.Fail(func(string) tabletest.Fault { return c.fault })
			if c.table != "" {
				table = c.table
			}
			// Without a condition, a repetition after a lost answer does not fail either.
			err := s.Transact(t.Context(), "token", item{Op: dynamodbapi.Put, Table: table, Put: dynamodbapi.Key("a", "b")})
			if err == nil || dynamodbapi.Unwritten(err) != c.unwritten {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	s := dynamodbapi.NewStore(awsapi.Session{Account: "111122223333"})
	if _, err := s.Write(t.Context(), item{Op: dynamodbapi.Put, Table: "x", Put: values{"pk": 1.5}}); err == nil {
		t.Error("a fraction was stored")
	}
	if err := s.Transact(t.Context(), "t", item{Op: "Guess", Table: "x"}); err == nil {
		t.Error("an unknown operation was done")
	}
	if _, _, err := s.Get(t.Context(), "x", dynamodbapi.Key("a", "b")); err == nil {
		t.Error("a session without credentials was used")
	}
}
