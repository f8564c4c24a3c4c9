package audit_test

import (
	"errors"
	"testing"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// logs is a log with the store that it writes through.
type logs struct {
	*audit.Log
	store        *dynamodbapi.Store
	table, chain string
}

// newLogs makes the logs of two processes on one table.
func newLogs(t *testing.T) (one, other *logs) {
	t.Helper()
	f := setup(t)
	make := func(writer string) *logs {
		store := f.Store()
		return &logs{audit.New(store, f.table, f.now, writer), store, f.table, account}
	}
	return make("one"), make("other")
}

func TestAppendAllIsOneWrite(t *testing.T) {
	t.Parallel()
	log, other := newLogs(t)
	chain := log.chain
	both := []audit.Entry{{Kind: audit.Plan, Plan: "p"}, {Kind: audit.Decision, Plan: "p"}}
	must := dynamodbapi.Item{Op: dynamodbapi.Put, Table: log.table, Put: dynamodbapi.Key("test", "once"), Condition: "attribute_not_exists(pk)", Must: "it is the first"}
	out, err := log.AppendAll(t.Context(), chain, both, must)
	if err != nil || len(out) != 2 || out[0].Seq != 1 || out[1].Seq != 2 || out[1].Prev != out[0].Hash {
		t.Fatalf("%+v, %v", out, err)
	}
	var failed *dynamodbapi.ConditionError
	if _, err := log.AppendAll(t.Context(), chain, both, must); !errors.As(err, &failed) || !failed.Has("it is the first") {
		t.Errorf("a second time: %v", err)
	}
	if head, err := log.Head(t.Context(), chain); err != nil || head.Seq != 2 || head.Hash != out[1].Hash {
		t.Errorf("after a write that was refused the head is %+v, %v", head, err)
	}
	// Another process has been there since: what is remembered of the head is not believed, and need not be read either.
	if _, err := other.Append(t.Context(), chain, audit.Entry{Kind: audit.Error}); err != nil {
		t.Fatal(err)
	}
	before := log.store.Requests()["dynamodb:GetItem"]
	last, err := log.Append(t.Context(), chain, audit.Entry{Kind: audit.Error})
	if err != nil || last.Seq != 4 {
		t.Errorf("%+v, %v", last, err)
	}
	if n := log.store.Requests()["dynamodb:GetItem"] - before; n != 0 {
		t.Errorf("the head was read %d times", n)
	}
	if _, err := log.AppendAll(t.Context(), chain, nil); err == nil {
		t.Error("nothing was appended, and that was no error")
	}
}

// The table was put back to an earlier state: what is remembered is ahead of it, and the log goes on from what is there.
func TestTheTableWentBack(t *testing.T) {
	t.Parallel()
	log, other := newLogs(t)
	chain := log.chain
	for range 3 {
		if _, err := log.Append(t.Context(), chain, audit.Entry{Kind: audit.Error}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := log.Get(t.Context(), chain, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, sk := range []string{"0000000000000002", "0000000000000003"} {
		if _, err := log.store.Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Delete, Table: log.table, Key: dynamodbapi.Key(chain, sk)}); err != nil {
			t.Fatal(err)
		}
	}
	head := dynamodbapi.Key(chain, "head")
	head["entry_seq"], head["entry_hash"], head["entry_time"] = 1, first.Hash, "2026-11-22T10:00:00Z"
	if _, err := log.store.Write(t.Context(), dynamodbapi.Item{Op: dynamodbapi.Put, Table: log.table, Put: head}); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*logs{log, other} {
		if _, err := l.Append(t.Context(), chain, audit.Entry{Kind: audit.Error}); err != nil {
			t.Errorf("after the table went back: %v", err)
		}
	}
	if head, err := log.Head(t.Context(), chain); err != nil || head.Seq != 3 {
		t.Errorf("the head is %+v, %v", head, err)
	}
}
