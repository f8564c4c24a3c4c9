package handler_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// What was rejected is asked about again for a person, and for a click in Security Hub; a pointer without one asks nobody.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	k := d.ask(t, "one")
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "one", Account: d.account, Region: "eu-west-1", Partition: "aws"}
	no := func(round int64) approval.Said {
		return approval.Said{Answer: &approval.Answer{Key: k, Round: round, Verdict: approval.No, Identity: "U0ADA00001", Via: "slack"}}
	}
	for i, s := range []struct {
		queue string
		give  any
		state approval.State
		round int64
	}{
		{wordsQueue, no(1), approval.Rejected, 1},
		{pointersQueue, approval.Pointer{Control: "s3-bucket-public", Resource: where}, approval.Rejected, 1},
		{wordsQueue, approval.Said{Again: &approval.Againing{Key: k, Round: 1, Why: "it is Monday", Identity: "U0STRANGER"}}, approval.Rejected, 1},
		{wordsQueue, approval.Said{Again: &approval.Againing{Key: k, Round: 1, Why: "it is Monday", Identity: "sso:eve@example.com"}}, approval.Pending, 2},
		{wordsQueue, no(2), approval.Rejected, 2},
		{pointersQueue, approval.Pointer{Control: "s3-bucket-public", Resource: where, Clicked: time.Now().Add(-time.Hour)}, approval.Rejected, 2},
		{pointersQueue, approval.Pointer{Control: "s3-bucket-public", Resource: where, Clicked: time.Now().Add(time.Hour)}, approval.Pending, 3},
	} {
		d.send(t, s.queue, s.give, false)
		r, ok, err := approval.Get(t.Context(), d.Desk.Store, d.Desk.Table, k)
		if err != nil || !ok || r.State != s.state || r.Round != s.round {
			t.Fatalf("%d: it is %s in round %d, %v; want %s in round %d", i, r.State, r.Round, err, s.state, s.round)
		}
	}
	if len(d.dead) > 0 {
		t.Errorf("dead letters %q", d.dead)
	}
}

// Whoever says it twice hears that it counts.
func TestARepeatedWordIsAnsweredSo(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	var notes []approval.Note
	d.Answer = func(_ context.Context, n approval.Note) { notes = append(notes, n) }
	said := approval.Said{Reply: &approval.Reply{Channel: "C1", User: "U0ADA00001"}, Answer: &approval.Answer{Key: d.ask(t, "one"), Round: 1, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack"}}
	d.send(t, wordsQueue, said, false)
	d.send(t, wordsQueue, said, false)
	if len(notes) != 1 || !notes[0].Stands || notes[0].Code != "again" || d.orders != 1 {
		t.Errorf("notes %+v, %d orders", notes, d.orders)
	}
}

// What is about no resource is asked in the installation's own account, which need not be one of those that are looked at.
func TestTheInstallationsOwnAccountIsLookedAfter(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	d.Accounts = func(context.Context) []string { return []string{"444455556666"} }
	now := time.Now()
	d.Desk.Now = func() time.Time { return now }
	if err := d.book.Engage(t.Context(), "eve", "outage"); err != nil {
		t.Fatal(err)
	}
	d.give(t, wordsQueue, encoded(t, approval.Said{Lift: &approval.Lifting{Why: "it is over", Identity: "sso:eve@example.com"}}))
	lifts, err := approval.List(t.Context(), d.Desk.Store, d.Desk.Table, d.account, approval.Lift, "")
	if err != nil || len(lifts) != 1 {
		t.Fatalf("%d requests to lift, %v", len(lifts), err)
	}
	var told []approval.News
	d.Desk.Tell = func(_ context.Context, _ approval.Request, n approval.News) { told = append(told, n) }
	for _, at := range []time.Time{lifts[0].Asked.Add(lifts[0].Expires.Sub(lifts[0].Asked) / 2), lifts[0].Expires} {
		now = at
		if _, err := d.Handle(t.Context(), json.RawMessage(`{"source":"aws.events","detail-type":"Scheduled Event"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 2 || told[0] != approval.Reminder || told[1] != approval.Over {
		t.Errorf("told %q, want the reminder and the end", told)
	}
}
