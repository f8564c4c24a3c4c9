package approval_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// undoPlan holds characters that encoders write in more than one way.
const undoPlan = `{"calls":["put it back","<a> &   é"]}`

// undoable lets the desk find one fix, that of record 17, whose result is record 18.
func (w *world) undoable(cause string) {
	plan := undoPlan
	w.desk.Undoable = func(_ context.Context, _ string, seq int64) (approval.Undoable, error) {
		if seq != 17 && seq != 18 {
			return approval.Undoable{}, &approval.Refusal{Code: "unknown", Why: "there is no such record"}
		}
		return approval.Undoable{
			Intent: 17, Plan: []byte(plan), Hash: canon.Hash([]byte(plan)), Control: "s3-bucket-public", Where: w.bucket(), ARN: "arn:aws:s3:::photos", Fix: "p-1",
			Fixed: w.now.Add(-time.Hour), Approver: "ada", Occurrence: "o-1", Cause: cause,
		}, nil
	}
}

// askUndo asks and returns what is to be decided about, or the code of the refusal.
func (w *world) askUndo(seq int64, who string) (approval.Key, string) {
	w.t.Helper()
	r, err := w.desk.AskUndo(w.t.Context(), approval.Undoing{Account: w.account, Seq: seq, Why: "the site is down", Identity: who})
	var no *approval.Refusal
	if errors.As(err, &no) {
		return r.Key, no.Code
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Key, ""
}

func (w *world) write(it dynamodbapi.Item) error {
	_, err := w.desk.Store.Write(w.t.Context(), it)
	return err
}

// Eve opened the bucket and bo asks to have it open again: neither can agree to it.
func TestUndoIsDecidedUnderTheSameRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("sso:eve@example.com")
	k, no := w.askUndo(18, "U0BO000001")
	if no != "" || k != (approval.Key{Account: w.account, Kind: approval.Undo, ID: "17", Hash: canon.Hash([]byte(undoPlan))}) {
		t.Fatalf("asked about %+v, %s", k, no)
	}
	r, _, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
	if err != nil || r.Record != w.account+"/18" || r.Severity != "high" || r.Needed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	body, err := approval.ReadUndo(r.Body, k.Hash)
	if err != nil || string(body.Plan) != undoPlan || body.Why != "the site is down" || body.Fix != "p-1" || body.Approver != "ada" {
		t.Fatalf("%+v, %v", body, err)
	}
	if _, err := approval.ReadUndo([]byte(strings.Replace(string(r.Body), "put it back", "open it all", 1)), k.Hash); err == nil {
		t.Error("another plan is taken for the one of the hash")
	}
	passedOn, err := json.Marshal(map[string]json.RawMessage{"body": r.Body}) // as a message on a queue
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Body json.RawMessage }
	if err := json.Unmarshal(passedOn, &got); err != nil {
		t.Fatal(err)
	}
	if body, err := approval.ReadUndo(got.Body, k.Hash); err != nil || string(body.Plan) != undoPlan {
		t.Errorf("passed on as %s: %s, %v", got.Body, body.Plan, err)
	}
	for _, c := range []struct{ who, want string }{
		{"U0BO000001", "four-eyes"}, {"U0EVE00001", "four-eyes"}, {"U0ZOE00001", "stranger"}, {"U0ADA00001", "approved"}, {"U0ADA00001", "again"},
	} {
		if got := w.say(k, approval.Yes, c.who); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	if len(w.orders) != 1 || w.orders[0].Key != k {
		t.Errorf("orders %+v", w.orders)
	}
	want := []string{"verdict awaiting_approval bo", "verdict refused bo", "verdict refused eve", "verdict refused unknown", "verdict planned ada", "verdict refused ada"}
	if diff := cmp.Diff(want, w.entries(6)); diff != "" {
		t.Errorf("records (-want +got)\n%s", diff)
	}
}

func TestUndoOfAnUnknownCauseNeedsTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("")
	k, _ := w.askUndo(17, "U0BO000001")
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "pending" {
		t.Errorf("the first: %s", got)
	}
	if got := w.say(k, approval.Yes, "U0EVE00001"); got != "approved" {
		t.Errorf("the second: %s", got)
	}
}

// What people were asked about the fix knows better who caused it than its first plan does.
func TestTheCauseOfAnUndoIsThatOfItsFix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ := w.wrong("h1", "sso:eve@example.com sso:ada@example.com")
	w.undoable("sso:eve@example.com")
	inner := w.desk.Undoable
	w.desk.Undoable = func(ctx context.Context, account string, seq int64) (approval.Undoable, error) {
		u, err := inner(ctx, account, seq)
		u.Occurrence = occ.ID
		return u, err
	}
	k, _ := w.askUndo(17, "U0BO000001")
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "four-eyes" {
		t.Errorf("ada had a hand in it: %s", got)
	}
}

func TestUndoIsNotAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("sso:eve@example.com")
	for _, c := range []struct {
		name string
		seq  int64
		who  string
		want string
	}{{"a stranger", 17, "U0ZOE00001", "stranger"}, {"no record", 5, "U0BO000001", "unknown"}, {"no number", 0, "U0BO000001", "unknown"}, {"no number at all", -17, "U0BO000001", "unknown"}} {
		if _, got := w.askUndo(c.seq, c.who); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, no := w.askUndo(17, "U0BO000001"); no != "" {
		t.Fatal(no)
	}
	if _, no := w.askUndo(18, "U0EVE00001"); no != "again" {
		t.Errorf("while it waits: %q", no)
	}
	if diff := cmp.Diff([]string{"verdict refused bo", "verdict awaiting_approval bo", "verdict refused eve"}, w.entries(3)); diff != "" {
		t.Errorf("records (-want +got)\n%s", diff)
	}
	w.desk.Undoable = nil
	if _, no := w.askUndo(18, "U0EVE00001"); no != "unknown" {
		t.Errorf("where nothing can be undone: %q", no)
	}
}

// TestWhatBecameOfAnUndo follows a request after its approval, and one that was not approved, through all that the state can say.
func TestWhatBecameOfAnUndo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		approved bool
		round    int64  // of what is in the state; 0: somebody's own
		outcome  string // empty: begun
		want     approval.State
		why      string
		last     string // record
	}{
		{"undone by it", true, 1, "undone", approval.Applied, "applied: undone, read back", "verdict undone shoreup"},
		{"failed", true, 1, "failed", approval.Applied, "applied: failed, read back", "verdict failed shoreup"},
		{"unverified", true, 1, "unverified", approval.Applied, "applied: unverified, read back", "verdict unverified shoreup"},
		{"refused", true, 1, "refused", approval.Stale, "read back", "verdict stale shoreup"},
		{"begun", true, 1, "", approval.Approved, "", "verdict planned ada"},
		{"undone by somebody else before it was begun", true, 0, "undone", approval.Stale, "it was taken back already, on 2026-11-22 12:00:00 UTC", "verdict stale shoreup"},
		{"somebody else failed", true, 0, "failed", approval.Approved, "", "verdict planned ada"},
		{"undone by somebody else before it was approved", false, 0, "undone", approval.Stale, "it was taken back already, on 2026-11-22 12:00:00 UTC", "verdict stale shoreup"},
		{"an earlier round failed", false, 0, "failed", approval.Pending, "", "verdict awaiting_approval bo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.undoable("sso:eve@example.com")
			k, _ := w.askUndo(17, "U0BO000001")
			if c.approved {
				if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
					t.Fatal(got)
				}
			}
			if err := w.write(w.desk.Book.TakeBackItem(w.account, 17, c.round, "p-2")); err != nil {
				t.Fatal(err)
			}
			if c.outcome != "" {
				if err := w.write(w.desk.Book.TookBackItem(w.account, 17, c.round, c.outcome, "read back")); err != nil {
					t.Fatal(err)
				}
			}
			w.follow()
			r, _, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
			if err != nil || r.State != c.want || r.Why != c.why {
				t.Errorf("%s %q, %v, want %s %q", r.State, r.Why, err, c.want, c.why)
			}
			if got := w.entries(1)[0]; got != c.last {
				t.Errorf("the last record is %q, want %q", got, c.last)
			}
		})
	}
}

func TestAnUndoIsNotRejectedWhileItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("sso:eve@example.com")
	k, _ := w.askUndo(17, "U0BO000001")
	w.say(k, approval.Yes, "U0ADA00001")
	if err := w.write(w.desk.Book.TakeBackItem(w.account, 17, 1, "p-2")); err != nil {
		t.Fatal(err)
	}
	if got := w.say(k, approval.No, "U0BO000001"); got != "moved" {
		t.Errorf("%s", got)
	}
	if err := w.write(w.desk.Book.TakeBackItem(w.account, 17, 1, "p-3")); err == nil {
		t.Error("an approval is used twice")
	}
	if err := w.write(w.desk.Book.TakeBackItem(w.account, 17, 2, "p-3")); err != nil {
		t.Errorf("the next round: %v", err)
	}
}

// A control that is declared otherwise by now makes another plan of the same record.
func TestAnUndoThatChangedIsStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("sso:eve@example.com")
	k, _ := w.askUndo(17, "U0BO000001")
	inner := w.desk.Undoable
	w.desk.Undoable = func(ctx context.Context, account string, seq int64) (approval.Undoable, error) {
		u, err := inner(ctx, account, seq)
		u.Hash = canon.Hash([]byte("another"))
		return u, err
	}
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "moved" {
		t.Errorf("%s", got)
	}
	if len(w.orders) > 0 {
		t.Errorf("orders %+v", w.orders)
	}
}
