package handler_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// ask opens an occurrence in a bucket of that name and has the deciding function ask about it.
func (d *deciding) ask(t *testing.T, name string) approval.Key {
	t.Helper()
	bucket := awsapi.Resource{Type: "AWS::S3::Bucket", ID: name, Account: d.account, Region: "eu-west-1", Partition: "aws"}
	occ, _, err := d.book.Open(t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: bucket, State: occurrence.Waiting, PlanID: "p-" + name, PlanHash: "h-" + name, Decision: "approve", Person: "sso:eve@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	d.send(t, pointersQueue, approval.Pointer{Control: "s3-bucket-public", Resource: bucket}, false)
	return approval.Key{Account: d.account, Kind: approval.Fix, ID: occ.ID, Hash: occ.PlanHash}
}

func (d *deciding) send(t *testing.T, queue string, message any, again bool) {
	t.Helper()
	raw, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.give(t, queue, string(raw)); got != again {
		t.Errorf("%.100s: delivered again is %v", raw, got)
	}
}

// From where people are shown plans to one word about all of them, and the answer to whoever spoke.
func TestABatchIsPostedAndDecided(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	var notes []approval.Note
	d.Answer = func(_ context.Context, n approval.Note) { notes = append(notes, n) }
	var told []string
	d.Desk.Tell = func(_ context.Context, r approval.Request, n approval.News) {
		told = append(told, string(n)+" "+string(r.State)+" "+string(r.Shown))
	}
	one, two := d.ask(t, "one"), d.ask(t, "two")
	told = nil
	d.send(t, pointersQueue, approval.Pointer{Posted: &approval.Posting{Key: one, Channel: "C1", TS: "1.1", Shown: json.RawMessage(`[]`)}}, false)
	missing := one
	missing.Hash = "h-other"
	d.send(t, pointersQueue, approval.Pointer{Posted: &approval.Posting{Key: missing, Channel: "C1", TS: "1.1"}}, true)
	b := approval.Batch{Channel: "C1", Plans: []approval.Ref{{Key: one, Round: 1}, {Key: two, Round: 1}}}
	b.ID = approval.BatchID{Hash: approval.BatchHash(b.Plans), TS: "1.0"}
	d.send(t, pointersQueue, approval.Pointer{Batch: &b}, false)
	if strings.Join(told, ",") != "asked pending []" || len(d.dead) != 0 {
		t.Fatalf("told %q, dead letters %q", told, d.dead)
	}
	reply := &approval.Reply{Channel: "C1", User: "U0ADA00001"}
	all := approval.Said{Reply: reply, All: &approval.Together{Batch: b.ID, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack"}}
	d.send(t, wordsQueue, all, false)
	if d.orders != 2 || len(notes) != 1 || notes[0].Batch == nil || len(notes[0].Results) != 2 || notes[0].Person != "ada" || *notes[0].To != *reply {
		t.Errorf("%d orders, notes %+v", d.orders, notes)
	}
	notes = nil
	d.send(t, wordsQueue, all, false)
	if d.orders != 2 || len(notes) != 1 || notes[0].Results[0].Why != "" || notes[0].Results[1].Why != "" { // it counts already
		t.Errorf("the same word again: %d orders, notes %+v", d.orders, notes)
	}
}

func TestWhoeverSpokeInVainIsAnswered(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	var notes []approval.Note
	d.Answer = func(_ context.Context, n approval.Note) { notes = append(notes, n) }
	k := d.ask(t, "one")
	reply := &approval.Reply{Channel: "C1", User: "U0MAL00001"}
	answer := &approval.Answer{Key: k, Round: 1, Verdict: approval.Yes, Identity: "U0MAL00001", Via: "slack"}
	for code, s := range map[string]approval.Said{
		"stranger": {Reply: reply, Answer: answer}, "replay": {Reply: reply, Refused: &approval.Unheard{Key: k, Code: "replay", Why: "sent before"}},
		"unknown": {Reply: reply, All: &approval.Together{Batch: approval.BatchID{Hash: "x", TS: "1"}, Identity: "U0ADA00001"}},
	} {
		notes = nil
		d.send(t, wordsQueue, s, false)
		if len(notes) != 1 || notes[0].Code != code || notes[0].Why == "" || *notes[0].To != *reply {
			t.Errorf("%s: notes %+v", code, notes)
		}
	}
	notes = nil
	d.send(t, wordsQueue, approval.Said{Answer: answer}, false) // nobody knows where to answer
	if len(notes) != 0 || d.orders != 0 || len(d.dead) != 0 {
		t.Errorf("notes %+v, %d orders, dead letters %q", notes, d.orders, d.dead)
	}
}

// What is shown before the deciding function heard of it is asked then.
func TestPostedBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	bucket := awsapi.Resource{Type: "AWS::S3::Bucket", ID: "early", Account: d.account, Region: "eu-west-1", Partition: "aws"}
	occ, _, err := d.book.Open(t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: bucket, State: occurrence.Waiting, PlanID: "p", PlanHash: "h", Decision: "approve", Person: "sso:eve@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	k := approval.Key{Account: d.account, Kind: approval.Fix, ID: occ.ID, Hash: "h"}
	d.send(t, pointersQueue, approval.Pointer{Control: "s3-bucket-public", Resource: bucket, Posted: &approval.Posting{Key: k, Channel: "C1", TS: "1.1"}}, false)
	r, ok, err := approval.Get(t.Context(), d.Desk.Store, d.Desk.Table, k)
	if err != nil || !ok || len(r.Posted) != 1 || r.State != approval.Pending {
		t.Errorf("%+v, %v, %v", r, ok, err)
	}
}

// Two things in one message are neither.
func TestMixedMessagesAreDeadLetters(t *testing.T) {
	t.Parallel()
	d := newDeciding(t)
	for _, m := range []struct{ queue, body string }{
		{wordsQueue, `{"answer":{},"refused":{}}`}, {wordsQueue, `{"all":{},"answer":{}}`}, {wordsQueue, `{"reply":{"channel":"C1","user":"U1"}}`}, {wordsQueue, `{"posted":{}}`},
		{pointersQueue, `{"posted":{},"batch":{}}`}, {pointersQueue, `{"posted":{},"control":"s3-bucket-public"}`}, {pointersQueue, `{"batch":{},"control":"s3-bucket-public"}`}, {pointersQueue, `{"batch":{},"resource":{"ID":"b"}}`}, {pointersQueue, `{"refused":{}}`},
		{wordsQueue, `{"answer":{},"again":{}}`}, {pointersQueue, `{"clicked":"2026-11-22T12:00:00Z"}`}, {pointersQueue, `{"posted":{},"clicked":"2026-11-22T12:00:00Z"}`}, {pointersQueue, `{"again":{}}`},
	} {
		before := len(d.dead)
		if d.give(t, m.queue, m.body) || len(d.dead) != before+1 {
			t.Errorf("%s: %d dead letters more", m.body, len(d.dead)-before)
		}
	}
}
