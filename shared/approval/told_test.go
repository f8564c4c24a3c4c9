package approval_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// planned puts a plan with so many violations in the place of what an occurrence has.
func (w *world) planned(occ occurrence.Occurrence, violations int) {
	w.t.Helper()
	plan := core.Plan{Schema: core.Schema, Control: occ.Control, Version: 1, Resource: occ.Resource, Before: "a", After: "b", Changes: []core.Change{{Do: awsapi.Call{Op: "s3:PutPublicAccessBlock", Input: json.RawMessage(`{}`)}, Why: "close it"}}}
	for range violations {
		plan.Violations = append(plan.Violations, core.Violation{Rule: "public", Where: "policy", Reason: "anyone may read"})
	}
	raw, err := plan.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	step, err := w.desk.Book.Replan(occ, occurrence.Waiting, occ.PlanID, occ.PlanHash, "approve", raw)
	if err == nil {
		_, err = w.desk.Book.Do(w.t.Context(), step)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// Whoever agrees to an exemption is told what stays wrong, since when and by whom; and who cannot agree.
func TestAnExemptionSaysWhatStaysWrong(t *testing.T) {
	t.Parallel()
	for violations, want := range map[int][]string{
		1: {"policy: anyone may read"}, 7: append(slices.Repeat([]string{"policy: anyone may read"}, 5), "and 2 more"),
	} {
		w := newWorld(t)
		occ, _, err := w.desk.Book.Open(t.Context(), occurrence.Occurrence{
			Control: "s3-bucket-public", Resource: w.bucket(), State: occurrence.Waiting, PlanID: "p", PlanHash: strings.Repeat("a", 64), Decision: "approve", Person: "sso:eve@example.com", Actor: "arn:eve", Cause: w.now.Add(-time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.planned(occ, violations)
		w.follow()
		e := approval.Exemption{Owner: "web", Reason: "press", Until: w.now.Add(48 * time.Hour)}
		r, err := w.desk.AskExemptionOf(t.Context(), w.key(occ), e, "U0BO000001")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.Wrong); diff != "" || r.Actor != "arn:eve" || !r.Since.Equal(w.now.Add(-time.Hour)) || !cmp.Equal(r.Caused, []string{"eve"}) {
			t.Errorf("%d: %q since %s, caused %v (-want +got)\n%s", violations, r.Actor, r.Since, r.Caused, diff)
		}
	}
}

// Whoever lifts the kill switch is told how much it holds up, and everybody hears of it once.
func TestTheKillSwitchIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	news := func() *approval.Switched {
		t.Helper()
		n, is, err := w.desk.SwitchNews(t.Context())
		if err != nil || is != (n.Switch != nil) {
			t.Fatal(n, is, err)
		}
		return n.Switch
	}
	if s := news(); s != nil {
		t.Errorf("it was never engaged: %+v", s)
	}
	w.desk.Accounts = func(context.Context) []string { return []string{w.account} }
	k := w.key(w.wrong("a", "sso:eve@example.com"))
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
		t.Fatal(got)
	}
	if err := w.desk.Book.Engage(t.Context(), "ops", "a storm"); err != nil {
		t.Fatal(err)
	}
	if s := news(); s == nil || !s.Switch.Engaged || s.Switch.By != "ops" || s.Held != 1 {
		t.Errorf("%+v", s)
	}
	if s := news(); s != nil {
		t.Errorf("told twice: %+v", s)
	}
	r, err := w.desk.AskLift(t.Context(), "it is over", "U0BO000001")
	if err != nil || r.Held != 1 {
		t.Errorf("%d are held, %v", r.Held, err)
	}
	w.now = w.now.Add(25 * time.Hour)
	if s := news(); s != nil {
		t.Errorf("told twice: %+v", s)
	}
	if err := w.desk.Book.Lift(t.Context(), "ada", "agreed"); err != nil {
		t.Fatal(err)
	}
	if s := news(); s == nil || s.Switch.Engaged || s.Switch.By != "ada" {
		t.Errorf("%+v", s)
	}
}

// A batch is found by the message that shows it, and by no other.
func TestBatchAtAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := approval.Batch{Channel: "C1", Plans: []approval.Ref{{Key: approval.Key{Hash: "a"}, Round: 1}, {Key: approval.Key{Hash: "b"}, Round: 1}}}
	b.ID = approval.BatchID{Hash: approval.BatchHash(b.Plans), TS: "1.1"}
	for range 2 { // delivered twice
		if err := w.desk.KeepBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[string]bool{"C1 1.1": true, "C1 1.2": false, "C2 1.1": false} {
		channel, ts, _ := strings.Cut(at, " ")
		got, found, err := approval.BatchAt(t.Context(), w.desk.Store, w.desk.Table, channel, ts)
		if err != nil || found != want || found && !cmp.Equal(got, b) {
			t.Errorf("%s: %+v, %v, %v", at, got, found, err)
		}
	}
	other := b
	other.Plans = append(slices.Clone(b.Plans), approval.Ref{Key: approval.Key{Hash: "c"}, Round: 1})
	other.ID.Hash = approval.BatchHash(other.Plans)
	var no *approval.Refusal
	if err := w.desk.KeepBatch(t.Context(), other); !errors.As(err, &no) {
		t.Errorf("another batch in the same message: %v", err)
	}
}

// The people in force are those of before, until those have agreed; asking who they are changes nothing.
func TestInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := func() string {
		t.Helper()
		file, err := approval.InForce(t.Context(), w.desk.Store, w.desk.Table, w.file)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, p := range file.People {
			out = append(out, p.Name)
		}
		return strings.Join(out, " ")
	}
	mal := strings.Replace(people, "approvals:", "  - { name: mal, slack: U0MAL00001 }\napprovals:", 1)
	if got := names(); got != "ada bo eve" {
		t.Error(got)
	}
	w.rules(mal)
	if got := names(); got != "ada bo eve mal" { // nobody has decided anything yet
		t.Error(got)
	}
	w.rules(people)
	if err := w.desk.Electors(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.rules(mal)
	if got := names(); got != "ada bo eve" {
		t.Error(got)
	}
}

// What could not be told now is told by the next look: counting what is held up may fail.
func TestNewsOfTheKillSwitchIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.desk.Book.Engage(t.Context(), "ops", "a storm"); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	w.desk.Accounts = func(context.Context) []string { end(); return []string{w.account} }
	if _, is, err := w.desk.SwitchNews(ctx); err == nil || is {
		t.Fatalf("told %v, %v, although nothing could be read", is, err)
	}
	if n, is, err := w.desk.SwitchNews(t.Context()); err != nil || !is || !n.Switch.Switch.Engaged {
		t.Errorf("told %v, %v: %+v", is, err, n.Switch)
	}
}
