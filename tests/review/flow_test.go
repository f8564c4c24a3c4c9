package review

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
)

// A finding waits, is shown, approved by who may, applied, and nothing waits any more. Others are refused, and told why.
func TestFromFindingToFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)

	var list review.List
	s := w.run(2, as(w.ada), "", "pending", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &list); err != nil || list.You != w.ada.ARN || len(list.Items) != 1 || list.Items[0].Ref != it.Ref || canon.Hash([]byte(list.Items[0].Plan)) != it.Request.Key.Hash {
		t.Fatalf("%v, %+v", err, list)
	}
	for _, env := range [][]string{as(w.ada), as(w.bo)} {
		if s := w.run(2, env, "", "pending"); !strings.Contains(s.out, hash) || !strings.Contains(s.out, "s3-bucket-public") || !strings.Contains(s.out, "0 of 1") {
			t.Errorf("pending shows\n%s", s.out)
		}
	}
	if s := w.run(2, w.operator(), "", "pending", "--table", "shoreup"); !strings.Contains(s.out, hash) {
		t.Errorf("the tables show\n%s", s.out)
	}

	for _, c := range []struct {
		name  string
		who   reviewtest.Principal
		typed string
		want  string
		shown bool // the plan is shown before
	}{
		{"nothing typed", w.ada, "", "nothing was said", true},
		{"something else typed", w.ada, "yes\n", "nothing was said", true},
		{"who caused it", w.eve, hash, "eve caused the finding", true},
		{"who is no approver", w.zoe, hash, "nobody of the list people", true},
		{"a session named like one", w.robot, "", "does not vouch for a person", false},
	} {
		s := w.run(1, as(c.who), c.typed+"\n", "approve", hash)
		if !strings.Contains(s.out+s.err, c.want) {
			t.Errorf("%s: does not say %q\n%s%s", c.name, c.want, s.out, s.err)
		}
		if shown := strings.Contains(s.err, "s3:PutBucketPolicy") || strings.Contains(s.err, "s3:DeleteBucketPolicy") || strings.Contains(s.err, "PublicAccessBlock"); shown != c.shown {
			t.Errorf("%s: the plan is shown: %v\n%s", c.name, shown, s.err)
		}
	}
	if got := w.state(it); got.State != approval.Pending || len(got.Votes) > 0 || !w.open(it.Request.Where.ID) {
		t.Fatalf("refused words changed something: %+v", got)
	}

	if s := w.run(0, as(w.ada), hash+"\n", "approve", hash, "--wait", "5s"); !strings.Contains(s.out, "approved by ada") {
		t.Errorf("approving says %q", s.out)
	}
	w.until("it is fixed and the request closed", func() bool { return w.state(it).State == approval.Applied })
	if w.open(it.Request.Where.ID) {
		t.Error("the bucket is open")
	}
	if s := w.run(0, as(w.ada), "", "pending"); s.out != "nothing waits for a person\n" {
		t.Errorf("pending shows\n%s", s.out)
	}
	if s := w.run(1, as(w.ada), hash+"\n", "approve", hash); !strings.Contains(s.err, "nothing that waits is called") {
		t.Errorf("approving what is fixed says %q", s.err)
	}
	want := []string{"four-eyes " + w.eve.ARN, "stranger " + w.zoe.ARN}
	if diff := cmp.Diff(want, w.refusals()); diff != "" {
		t.Errorf("refusals on record (-want +got)\n%s", diff)
	}
	w.reported(it)
}

// reported looks at the report of the tables afterwards.
func (w *world) reported(it review.Item) {
	w.t.Helper()
	var r struct {
		Fixes []struct {
			Resource, Outcome, Approver string
			Owner                       string // as the plan on record knew it
			UndoCommand                 string `json:"undo_command"`
		}
		Plans []json.RawMessage
	}
	s := w.run(0, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &r); err != nil {
		w.t.Fatal(err)
	}
	if len(r.Fixes) != 1 || r.Fixes[0].Approver != "ada" || r.Fixes[0].Owner != "team-web" || r.Fixes[0].Outcome != string(core.Fixed) || r.Fixes[0].Resource != it.Request.Where.ID || r.Fixes[0].UndoCommand == "" || len(r.Plans) != 0 {
		w.t.Errorf("the report says %+v", r)
	}
}

func TestTwoPeopleHaveToAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "approvals:\n  - { name: two, needed: 2 }\n")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)
	if s := w.run(0, as(w.ada), hash+"\n", "approve", it.Request.Plan); !strings.Contains(s.out, "approved by ada: 1 of 2 are there") {
		t.Errorf("the first says %q", s.out)
	}
	if s := w.run(0, as(w.ada), hash+"\n", "approve", hash); !strings.Contains(s.out, "ada has approved it already, and that counts: 1 of 2 are there") {
		t.Errorf("the same person again says %q", s.out)
	}
	if s := w.run(2, as(w.bo), "", "pending"); !strings.Contains(s.out, "1 of 2") {
		t.Errorf("pending shows\n%s", s.out)
	}
	if s := w.run(0, as(w.bo), hash+"\n", "approve", it.Ref, "--wait", "1s"); !strings.Contains(s.out, "approved by bo") {
		t.Errorf("the second says %q", s.out)
	}
	w.until("it is fixed", func() bool { return w.state(it).State == approval.Applied })
	if w.open(it.Request.Where.ID) {
		t.Error("the bucket is open")
	}
}

func TestRejecting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)
	if s := w.run(1, as(w.ada), "", "reject", hash); !strings.Contains(s.err, "--reason") {
		t.Errorf("without a reason: %q", s.err)
	}
	var got struct {
		Counted        bool
		You, State     string
		Message, Ref   string
		Word           review.Outcome
		Verdict, Extra string
	}
	s := w.run(0, as(w.bo), hash+"\n", "reject", hash, "--reason", "the site needs it", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &got); err != nil || !got.Counted || got.You != "sso:bo@example.com" || got.State != "rejected" || got.Word.Person != "bo" {
		t.Errorf("%v, %s", err, s.out)
	}
	if r := w.state(it); r.State != approval.Rejected || r.Why != "rejected by bo: the site needs it" || !w.open(it.Request.Where.ID) {
		t.Errorf("%+v", r)
	}
	w.run(0, as(w.ada), "", "pending")
}

// An exemption is asked for by one and agreed on by another, is listed, and is honoured.
func TestExempting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	bucket := "b-" + w.account
	it := w.public(bucket, w.eve)
	soon := time.Now().AddDate(0, 0, 10).Format(time.DateOnly)
	if s := w.run(1, as(w.ada), short(it)+"\n", "exempt", short(it), "--reason", "on purpose", "--until", time.Now().AddDate(1, 0, 0).Format(time.DateOnly)); !strings.Contains(s.err, "nothing was sent: an exemption lasts 90 days at most") {
		t.Errorf("a year: %s%s", s.out, s.err)
	}
	if s := w.run(0, as(w.ada), short(it)+"\n", "exempt", short(it), "--reason", "on purpose", "--until", soon, "--owner", "team-web"); !strings.Contains(s.out, "asked for by ada") {
		t.Errorf("asking says %s", s.out)
	}
	i := slices.IndexFunc(w.waiting(), func(it review.Item) bool { return it.Request.Key.Kind == approval.Exempt })
	if i < 0 {
		t.Fatal("nobody is asked about the exemption")
	}
	asked := w.waiting()[i]
	if s := w.run(1, as(w.ada), short(asked)+"\n", "approve", short(asked)); !strings.Contains(s.out, "ada asked for it") {
		t.Errorf("who asked: %s%s", s.out, s.err)
	}
	s := w.run(0, as(w.bo), short(asked)+"\n", "approve", short(asked))
	if !strings.Contains(s.err, "on purpose") || !strings.Contains(s.err, "team-web") || !strings.Contains(s.err, soon) || !strings.Contains(s.out, "approved by bo") {
		t.Errorf("agreeing shows %s and says %s", s.err, s.out)
	}
	var got struct {
		Exceptions []struct {
			Resource, Owner, Reason, Approver, Source string
			EndsSoon                                  bool `json:"ends_soon"`
		}
	}
	s = w.run(0, w.operator(), "", "exceptions", "--table", "shoreup", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &got); err != nil || len(got.Exceptions) != 2 {
		t.Fatalf("%v, %s", err, s.out)
	}
	if x := got.Exceptions[0]; x.Resource != bucket || x.Owner != "team-web" || x.Reason != "on purpose" || x.Approver != "bo" || !x.EndsSoon {
		t.Errorf("first is %+v", x)
	}
	if x := got.Exceptions[1]; x.Resource != "old-site" || x.Source != "rules file, line 7" || x.EndsSoon {
		t.Errorf("second is %+v", x)
	}
	if s := w.run(0, w.operator(), "", "exceptions", "--table", "shoreup"); !strings.Contains(s.out, "! in 9 d") || !strings.Contains(s.out, "old-site") {
		t.Errorf("as a table:\n%s", s.out)
	}
	if s := w.run(0, as(w.ada), "", "exceptions"); strings.Contains(s.out, bucket) || !strings.Contains(s.out, "old-site") {
		t.Errorf("without tables:\n%s", s.out)
	}
	f := w.engine.Find(t.Context(), w.engine.Controls[0], it.Request.Where, core.Cause{})
	if f.Outcome != core.Excepted {
		t.Errorf("the next look says %s: %s", f.Outcome, f.Reason)
	}
}

// Decided too late, about what changed meanwhile, or once more: refused with the reason.
func TestTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	w.ahead.Store(int64(8 * 24 * time.Hour))
	if s := w.run(1, as(w.ada), short(it)+"\n", "approve", short(it)); !strings.Contains(s.out, "refused: ") || !strings.Contains(s.out, "expired") {
		t.Errorf("after a week: %s%s", s.out, s.err)
	}
	if !w.open(it.Request.Where.ID) || w.state(it).State != approval.Expired {
		t.Errorf("%+v", w.state(it))
	}
}

func TestARoundThatIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	ref := review.RefOf(it.Request)
	ref.Round = 2
	c := w.client(w.ada)
	word := review.Word{Verdict: review.Approve, Ref: ref.String(), Hash: ref.Key.Hash, Via: "cli"}
	for name, change := range map[string]func(*review.Ref){
		"this was asked again":     func(r *review.Ref) { r.Round = 2 },
		"there is no such request": func(r *review.Ref) { r.Key.ID = "01KB0000000000000000000000" },
	} {
		ref := review.RefOf(it.Request)
		change(&ref)
		word.Ref = ref.String()
		receipt, err := c.Say(t.Context(), word)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Outcome(t.Context(), word, receipt, 20*time.Second)
		if err != nil || !strings.Contains(answer.Word.Refused, name) {
			t.Errorf("want %q: %+v, %v", name, answer.Word, err)
		}
	}
	if w.state(it).State != approval.Pending || !w.open(it.Request.Where.ID) {
		t.Error("something changed")
	}
}

// The kill switch is lifted by asking, and by somebody else's yes.
func TestLiftingTheKillSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	word := review.Word{Verdict: review.Lift, Reason: "it was a drill", Via: "cli"}
	c := w.client(w.ada)
	say := func() review.Answer {
		receipt, err := c.Say(t.Context(), word)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Outcome(t.Context(), word, receipt, 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if got := say(); !strings.Contains(got.Word.Refused, "is not engaged") {
		t.Errorf("%+v", got.Word)
	}
	if _, err := w.decide.Desk.Store.Write(t.Context(), w.decide.Desk.Book.SwitchItem(true, "eve", "a drill")); err != nil {
		t.Fatal(err)
	}
	if got := say(); got.Word.Refused != "" || got.Word.Person != "ada" {
		t.Errorf("%+v", got.Word)
	}
	asked := w.waiting()
	if len(asked) != 1 || asked[0].Request.Key.Kind != approval.Lift {
		t.Fatalf("%+v", asked)
	}
	s := w.run(0, as(w.bo), short(asked[0])+"\n", "approve", short(asked[0]))
	if !strings.Contains(s.err, "it was a drill") {
		t.Errorf("shown: %s", s.err)
	}
	state, err := w.decide.Desk.Book.Engaged(t.Context())
	if err != nil || state.Engaged {
		t.Errorf("%+v, %v", state, err)
	}
}

// With --look the difference is shown, and a resource that changed is not approved.
func TestLookingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	w.sameCredentials()
	s := w.run(1, w.operator(), "\n", "approve", short(it), "--look")
	if !strings.Contains(s.err, "nothing was said") {
		t.Errorf("%s", s.err)
	}
	if !strings.Contains(s.err, "+ block: {blockPublicAcls: true") {
		t.Errorf("the difference is not shown:\n%s", s.err)
	}
	if s := w.run(1, as(w.ada), "\n", "approve", short(it)); strings.Contains(s.err, "+ block: {") {
		t.Errorf("a difference that nobody looked for is shown:\n%s", s.err)
	}
	if err := setup.Run(t.Context(), w.own, `s3:DeleteBucketPolicy {"Bucket":"${bucket}"}`+"\n", map[string]string{"bucket": it.Request.Where.ID}); err != nil {
		t.Fatal(err)
	}
	if s := w.run(1, w.operator(), short(it)+"\n", "approve", short(it), "--look"); !strings.Contains(s.err, "is not as it was when the plan was made") {
		t.Errorf("after it changed: %s", s.err)
	}
	if r := w.state(it); r.State != approval.Pending || len(r.Votes) > 0 {
		t.Errorf("%+v", r)
	}
}

// sameCredentials lets the URL know the operator's credentials as ada's: one set reads the account and signs.
func (w *world) sameCredentials() {
	w.t.Helper()
	p := w.ada
	for _, kv := range w.operator() {
		name, value, _ := strings.Cut(kv, "=")
		switch name {
		case "AWS_ACCESS_KEY_ID":
			p.Key = value
		case "AWS_SECRET_ACCESS_KEY":
			p.Secret = value
		}
	}
	w.url = reviewtest.URL(w.t, w.answering().Handle, p)
}
