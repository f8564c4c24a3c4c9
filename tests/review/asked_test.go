package review

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
	"github.com/shoreup/shoreup/shared/rules"
)

// fixed has a bucket closed with ada's yes, and returns the record of what came of it.
func (w *world) fixed(name string) string {
	w.t.Helper()
	it := w.public(name, w.eve)
	w.run(0, as(w.ada), short(it)+"\n", "approve", short(it), "--wait", "5s")
	w.until("it is fixed", func() bool { return w.state(it).State == approval.Applied })
	return w.account + "/" + strconv.FormatInt(w.last(audit.Result), 10)
}

// last is the number of the last record of a kind.
func (w *world) last(kind audit.Kind) int64 {
	w.t.Helper()
	all, err := w.tables.Log.List(w.t.Context(), w.account, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	seq := int64(0)
	for _, e := range all {
		if e.Kind == kind {
			seq = e.Seq
		}
	}
	return seq
}

// asked returns the one request of a kind that waits.
func (w *world) asked(kind approval.Kind) review.Item {
	w.t.Helper()
	for _, it := range w.waiting() {
		if it.Request.Key.Kind == kind {
			return it
		}
	}
	w.t.Fatalf("nobody is asked about a %s", kind)
	return review.Item{}
}

// A fix is taken back because somebody asked and somebody else agreed; neither who asked nor who caused it can agree.
func TestTakingBackByApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	bucket := "b-" + w.account
	record := w.fixed(bucket)
	if s := w.run(1, as(w.bo), "", "undo", record, "--ask"); !strings.Contains(s.err, "--reason") {
		t.Errorf("without a reason: %s", s.err)
	}
	if s := w.run(1, as(w.zoe), "", "undo", record, "--ask", "--reason", "x"); !strings.Contains(s.out, "nobody of the list people") {
		t.Errorf("a stranger: %s%s", s.out, s.err)
	}
	if s := w.run(1, as(w.bo), "", "undo", w.account+"/1", "--ask", "--reason", "x"); !strings.Contains(s.out, "refused: this cannot be undone: record "+w.account+"/1 is a plan") {
		t.Errorf("no fix: %s%s", s.out, s.err)
	}
	s := w.run(0, as(w.bo), "", "undo", record, "--ask", "--reason", "the site is down")
	it := w.asked(approval.Undo)
	for _, want := range []string{"Take back: ", "s3:", "the site is down", "asked for by bo", "approved by ada", "now somebody else must agree: shoreup approve " + short(it)} {
		if !strings.Contains(s.out, want) {
			t.Errorf("asking does not say %q:\n%s", want, s.out)
		}
	}
	if s := w.run(1, as(w.ada), "", "undo", record, "--ask", "--reason", "me too"); !strings.Contains(s.out, "it is asked already") {
		t.Errorf("once more: %s%s", s.out, s.err)
	}
	if s := w.run(2, as(w.ada), "", "pending"); !strings.Contains(s.out, "critical undo") || !strings.Contains(s.out, bucket) {
		t.Errorf("pending shows\n%s", s.out)
	}
	for _, c := range []struct {
		who  reviewtest.Principal
		want string
	}{{w.bo, "bo asked for it"}, {w.eve, "eve caused the finding"}} {
		if s := w.run(1, as(c.who), short(it)+"\n", "approve", short(it)); !strings.Contains(s.out, c.want) {
			t.Errorf("does not say %q: %s%s", c.want, s.out, s.err)
		}
	}
	if w.open(bucket) {
		t.Fatal("it is taken back without a yes that counts")
	}
	s = w.run(0, as(w.ada), short(it)+"\n", "approve", short(it), "--wait", "10s")
	if !strings.Contains(s.err, "s3:DeletePublicAccessBlock") || !strings.Contains(s.err, "the site is down") || !strings.Contains(s.out, "approved by ada") {
		t.Errorf("agreeing shows %s and says %s", s.err, s.out)
	}
	w.until("it is taken back", func() bool { return w.state(it).State == approval.Applied })
	if !w.open(bucket) {
		t.Error("the bucket is still closed")
	}
	if s := w.run(1, as(w.bo), "", "undo", record, "--ask", "--reason", "again"); !strings.Contains(s.out, "it was taken back already") {
		t.Errorf("what is taken back: %s%s", s.out, s.err)
	}
	w.takenBackInReport(record)
}

func (w *world) takenBackInReport(record string) {
	w.t.Helper()
	var r struct {
		Fixes []struct {
			Outcome string
			Record  struct {
				Chain string
				Seq   int64
			}
			Undone time.Time
		}
	}
	s := w.run(0, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &r); err != nil || len(r.Fixes) != 1 {
		w.t.Fatalf("%v, %+v", err, r)
	}
	if f := r.Fixes[0]; f.Outcome != "undone" || f.Undone.IsZero() || f.Record.Chain+"/"+strconv.FormatInt(f.Record.Seq, 10) != record {
		w.t.Errorf("the report says %+v", f)
	}
}

func TestAskingOnTheCommandLineToResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if s := w.run(1, as(w.ada), "", "resume", "--reason", "it was a drill"); !strings.Contains(s.out, "refused: the kill switch is not engaged") {
		t.Errorf("%s%s", s.out, s.err)
	}
	if s := w.run(0, w.operator(), "", "stop", "--table", "shoreup", "--reason", "a drill"); !strings.Contains(s.out, "shoreup resume") {
		t.Errorf("stopping does not say how to go on: %s", s.out)
	}
	if s := w.run(1, as(w.ada), "", "resume"); !strings.Contains(s.err, "--reason") {
		t.Errorf("without a reason: %s", s.err)
	}
	var got struct {
		Counted                    bool
		Verdict, Ref, You, Message string
	}
	s := w.run(0, as(w.ada), "", "resume", "--reason", "it was a drill", "--format", "json")
	it := w.asked(approval.Lift)
	if err := json.Unmarshal([]byte(s.out), &got); err != nil || !got.Counted || got.Verdict != "lift" || got.Ref != it.Ref || got.You != w.ada.ARN {
		t.Errorf("%v, %s", err, s.out)
	}
	if s := w.run(2, as(w.bo), "", "pending"); !strings.Contains(s.out, "lift the kill switch") {
		t.Errorf("pending shows\n%s", s.out)
	}
	if s := w.run(1, as(w.ada), short(it)+"\n", "approve", short(it)); !strings.Contains(s.out, "ada asked for it") {
		t.Errorf("who asked: %s%s", s.out, s.err)
	}
	s = w.run(0, as(w.bo), short(it)+"\n", "approve", short(it))
	if !strings.Contains(s.err, "# lift the kill switch\n") || !strings.Contains(s.err, "it was a drill") || !strings.Contains(s.err, "asked for by ada") {
		t.Errorf("shown: %s", s.err)
	}
	if state, err := w.decide.Desk.Book.Engaged(t.Context()); err != nil || state.Engaged {
		t.Errorf("%+v, %v", state, err)
	}
}

// Who may decide is changed by those who may, and they are shown what would be otherwise.
func TestThePeopleAreShownWhatChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.run(0, as(w.ada), "", "pending") // the first people are in force once anything was asked
	w.public("b-"+w.account, w.eve)
	raw, err := os.ReadFile(filepath.Join(w.dir, "shoreup.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := rules.Load([]byte(strings.Replace(string(raw), "people:\n", "people:\n  - { name: mal, slack: U0MAL00001 }\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	w.file = file
	if err := w.decide.Desk.Electors(t.Context()); err != nil {
		t.Fatal(err)
	}
	it := w.asked(approval.People)
	if s := w.run(2, as(w.bo), "", "pending"); !strings.Contains(s.out, "who may approve") {
		t.Errorf("pending shows\n%s", s.out)
	}
	s := w.run(0, as(w.ada), short(it)+"\n", "approve", short(it))
	if !strings.Contains(s.err, "mal is added, known as Slack member U0MAL00001") || !strings.Contains(s.out, "1 of 2 are there") {
		t.Errorf("shown %s, said %s", s.err, s.out)
	}
	if s := w.run(0, as(w.bo), short(it)+"\n", "approve", short(it)); !strings.Contains(s.out, "approved by bo") {
		t.Errorf("the second: %s%s", s.out, s.err)
	}
}
