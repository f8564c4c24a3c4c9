package approval_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

func (w *world) request(k approval.Key) approval.Request {
	w.t.Helper()
	r, ok, err := approval.Get(w.t.Context(), w.desk.Store, w.desk.Table, k)
	if err != nil || !ok {
		w.t.Fatal(ok, err)
	}
	return r
}

// Where people are shown a request is kept beside it, tells how it stands by then, and changes nothing that counts.
func TestPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	post := func(channel, ts, shown string) error {
		return w.desk.Posted(t.Context(), approval.Posting{Key: k, Channel: channel, TS: ts, Shown: json.RawMessage(shown)})
	}
	before, entries := w.request(k), len(w.entries(1000))
	w.news = nil
	for _, p := range []struct{ channel, ts, shown string }{{"C1", "1.1", `["first"]`}, {"C1", "1.1", `["again"]`}, {"C2", "1.1", `["other"]`}} {
		if err := post(p.channel, p.ts, p.shown); err != nil {
			t.Fatal(err)
		}
	}
	r := w.request(k)
	if len(r.Posted) != 2 || r.Posted[0] != (approval.Place{Channel: "C1", TS: "1.1"}) || r.Posted[1] != (approval.Place{Channel: "C2", TS: "1.1"}) || string(r.Shown) != `["first"]` {
		t.Errorf("kept %v, %s", r.Posted, r.Shown)
	}
	if r.State != before.State || r.Round != before.Round || len(r.Votes) != 0 || len(w.entries(1000)) != entries {
		t.Errorf("it changed more: %+v", r)
	}
	if got := strings.Join(w.news, ","); got != "asked pending,asked pending,asked pending" {
		t.Errorf("told %q", got)
	}
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
		t.Fatal(got)
	}
	w.news = nil
	if err := post("C3", "1.1", ""); err != nil || strings.Join(w.news, ",") != "word approved" {
		t.Errorf("posted after the word: %v, told %q", err, w.news)
	}
	if len(w.request(k).Posted) != 3 || !w.granted(k) {
		t.Error("posting it later lost the place, or the approval")
	}
	for i := range 20 {
		if err := post("C4", strings.Repeat("1", i+1)+".1", ""); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.request(k).Posted); got != 8 {
		t.Errorf("%d places are kept, want 8", got)
	}
}

func TestPostedRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	var no *approval.Refusal
	for name, p := range map[string]approval.Posting{
		"no channel": {Key: k, TS: "1.1"}, "no message": {Key: k, Channel: "C1"}, "no JSON": {Key: k, Channel: "C1", TS: "1.1", Shown: json.RawMessage("[")},
		"a long channel": {Key: k, Channel: strings.Repeat("C", 101), TS: "1"}, "too much": {Key: k, Channel: "C1", TS: "1.1", Shown: json.RawMessage(`"` + strings.Repeat("x", 64<<10) + `"`)},
	} {
		if err := w.desk.Posted(t.Context(), p); !errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k.Hash = "h2"
	if err := w.desk.Posted(t.Context(), approval.Posting{Key: k, Channel: "C1", TS: "1.1"}); err == nil || errors.As(err, &no) {
		t.Errorf("what is not asked yet is to be given again: %v", err)
	}
}

// buckets asks about a plan for each cause, in buckets of their own, and returns them as a batch.
func (w *world) buckets(causes ...string) approval.Batch {
	w.t.Helper()
	b := approval.Batch{Channel: "C1"}
	for i, cause := range causes {
		name := strings.Repeat("b", i+3)
		where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: name, Account: w.account, Region: "eu-west-1", Partition: "aws"}
		occ, _, err := w.desk.Book.Open(w.t.Context(), occurrence.Occurrence{
			Control: "s3-bucket-public", Resource: where, State: occurrence.Waiting, PlanID: "p-" + name, PlanHash: "h-" + name, Decision: "approve", Person: cause,
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.desk.Follow(w.t.Context(), "s3-bucket-public", where, ""); err != nil {
			w.t.Fatal(err)
		}
		b.Plans = append(b.Plans, approval.Ref{Key: w.key(occ), Round: 1})
	}
	b.ID = approval.BatchID{Hash: approval.BatchHash(b.Plans), TS: "1.1"}
	return b
}

// One word about a batch is one word about each plan, under the rules of each.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.buckets("sso:eve@example.com", "sso:ada@example.com", "", "sso:eve@example.com")
	if err := w.desk.KeepBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := w.desk.KeepBatch(t.Context(), b); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if got := w.say(b.Plans[3].Key, approval.No, "U0BO000001"); got != "rejected" {
		t.Fatal(got)
	}
	states := func(who string) string {
		t.Helper()
		n, err := w.desk.Together(t.Context(), approval.Together{Batch: b.ID, Verdict: approval.Yes, Identity: who, Via: "slack"})
		if err != nil || n.Batch == nil || n.Batch.Channel != "C1" {
			t.Fatal(n, err)
		}
		out := n.Person + ":"
		for _, r := range n.Results {
			out += " " + string(r.State)
			if r.Why != "" {
				out += "!"
			}
		}
		return out
	}
	for _, c := range []struct{ who, want string }{
		{"U0STRANGER", ": pending! pending! pending! rejected!"},
		{"U0ADA00001", "ada: approved pending! pending rejected!"}, // she caused the second; the third needs two
		{"U0BO000001", "bo: approved! approved approved rejected!"},
	} {
		if got := states(c.who); got != c.want {
			t.Errorf("%s: %q, want %q", c.who, got, c.want)
		}
	}
	if len(w.orders) != 3 {
		t.Errorf("%d orders, want 3", len(w.orders))
	}
}

func TestBatchesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.buckets("sso:eve@example.com", "sso:eve@example.com")
	more := w.buckets("sso:eve@example.com", "sso:eve@example.com", "sso:eve@example.com").Plans[2]
	if err := w.desk.KeepBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var no *approval.Refusal
	for name, change := range map[string]func(*approval.Batch){
		"another plan under the hash": func(b *approval.Batch) { b.Plans = append(b.Plans[:1:1], more) },
		"one plan more":               func(b *approval.Batch) { b.Plans = append(b.Plans[:2:2], more) },
		"another occurrence in its message": func(b *approval.Batch) {
			b.Plans = []approval.Ref{b.Plans[0], {Key: approval.Key{Account: "x", Kind: approval.Fix, ID: "y", Hash: b.Plans[1].Key.Hash}, Round: 1}}
		},
		"no message": func(b *approval.Batch) { b.ID.TS = "" },
		"one plan":   func(b *approval.Batch) { b.Plans = b.Plans[:1]; b.ID.Hash = approval.BatchHash(b.Plans) },
	} {
		x := b
		change(&x)
		if err := w.desk.KeepBatch(t.Context(), x); !errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, id := range map[string]approval.BatchID{"another message": {Hash: b.ID.Hash, TS: "1.2"}, "another hash": {Hash: "x", TS: b.ID.TS}, "nothing": {Hash: "", TS: ""}} {
		before := len(w.entries(1000))
		if n, err := w.desk.Together(t.Context(), approval.Together{Batch: id, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack"}); !errors.As(err, &no) || len(n.Results) != 0 {
			t.Errorf("%s: %v, %+v", name, err, n)
		}
		if got := w.entries(1000); len(got) != before+1 || got[before] != "verdict refused ada" {
			t.Errorf("%s: recorded %q", name, got[before:])
		}
	}
	if len(w.orders) != 0 {
		t.Errorf("%d orders", len(w.orders))
	}
}

// A word that was refused on its way is on the record, and changes nothing.
func TestUnheard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	for name, c := range map[string]struct {
		u    approval.Unheard
		want string
	}{
		"of somebody known":      {approval.Unheard{Key: k, Round: 1, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack", Known: true, Code: "form", Why: "a reason is missing"}, "verdict refused ada"},
		"of another workspace":   {approval.Unheard{Key: k, Round: 1, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack", Code: "stranger", Why: "x"}, "verdict refused unknown"},
		"proved by AWS":          {approval.Unheard{Key: k, Round: 1, Verdict: approval.Yes, Identity: "sso:ada@example.com", Via: "review", Code: "malformed", Why: "x"}, "verdict refused ada"},
		"of a stranger":          {approval.Unheard{Key: k, Identity: "U0STRANGER", Code: "stranger", Why: "x"}, "verdict refused unknown"},
		"about nothing":          {approval.Unheard{Code: "malformed", Why: "x"}, "verdict refused unknown"},
		"with far too much":      {approval.Unheard{Key: approval.Key{Account: strings.Repeat("é", 3000), Kind: "x", ID: strings.Repeat("é", 3000), Hash: strings.Repeat("é", 900)}, Identity: strings.Repeat("é", 3000), Why: strings.Repeat("é", 3001), Code: "x"}, "verdict refused unknown"},
		"without saying why not": {approval.Unheard{Key: k}, "verdict refused unknown"},
	} {
		before := len(w.entries(1000))
		_, err := w.desk.Unheard(t.Context(), c.u)
		var no *approval.Refusal
		if !errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.entries(1000); len(got) != before+1 || got[before] != c.want {
			t.Errorf("%s: recorded %q, want %q", name, got[before:], c.want)
		}
	}
	if r := w.request(k); r.State != approval.Pending || len(r.Votes) != 0 {
		t.Errorf("it is %+v", r)
	}
}

// Asked again, it is another round, with what people were shown and without where.
func TestARoundForgetsWhereItWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	if err := w.desk.Posted(t.Context(), approval.Posting{Key: k, Channel: "C1", TS: "1.1", Shown: json.RawMessage(`[1]`)}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(11 * time.Hour)
	if err := w.desk.Tick(t.Context(), w.account); err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Follow(t.Context(), "s3-bucket-public", w.bucket(), "bo"); err != nil {
		t.Fatal(err)
	}
	if r := w.request(k); r.Round != 2 || len(r.Posted) != 0 || string(r.Shown) != "[1]" || r.State != approval.Pending {
		t.Errorf("it is %+v, shown %s", r, r.Shown)
	}
}
