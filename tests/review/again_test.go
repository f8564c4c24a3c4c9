package review

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/review"
)

// What was rejected is listed, shown and asked again by a person, who cannot agree; somebody else does, and it is carried out.
func TestAskingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)
	if s := w.run(0, as(w.ada), "", "pending", "--ended"); s.out != "nothing can be asked again\n" {
		t.Errorf("what waits is listed as ended:\n%s", s.out)
	}
	w.run(0, as(w.ada), hash+"\n", "reject", hash, "--reason", "not before the move")
	if s := w.run(1, as(w.bo), "", "approve", hash); !strings.Contains(s.err, "shoreup pending --ended") {
		t.Errorf("what was rejected does not say how it goes on: %s", s.err)
	}
	for name, run := range map[string][]string{"the URL": as(w.bo), "the tables": w.operator()} {
		args := []string{"pending", "--ended"}
		if name == "the tables" {
			args = append(args, "--table", "shoreup")
		}
		if s := w.run(2, run, "", args...); !strings.Contains(s.out, hash) || !strings.Contains(s.out, "rejected by ada: not before the move") {
			t.Errorf("%s lists\n%s", name, s.out)
		}
	}
	if s := w.run(1, as(w.bo), hash+"\n", "ask", hash); !strings.Contains(s.err, "--reason") {
		t.Errorf("without a reason: %s", s.err)
	}
	s := w.run(0, as(w.bo), hash+"\n", "ask", hash, "--reason", "the move is over")
	if !strings.Contains(s.out, "asked again by bo; now somebody else must agree: shoreup approve "+hash) || !strings.Contains(s.err, "rejected by ada: not before the move") {
		t.Errorf("asking says\n%s%s", s.out, s.err)
	}
	again := w.state(it)
	if again.State != approval.Pending || again.Round != 2 || again.Requester != "bo" || !w.open(it.Request.Where.ID) {
		t.Fatalf("%+v", again)
	}
	if s := w.run(1, as(w.bo), hash+"\n", "approve", hash); !strings.Contains(s.out, "bo asked for it") || !strings.Contains(s.err, "asked again by bo: the move is over") {
		t.Errorf("who asked agrees:\n%s%s", s.out, s.err)
	}
	if s := w.run(0, as(w.ada), hash+"\n", "approve", hash); !strings.Contains(s.out, "approved by ada") {
		t.Errorf("the other says %s", s.out)
	}
	w.until("it is fixed", func() bool { return w.state(it).State == approval.Applied })
	if w.open(it.Request.Where.ID) {
		t.Error("the bucket is open")
	}
	if s := w.run(0, as(w.ada), "", "pending", "--ended"); s.out != "nothing can be asked again\n" {
		t.Errorf("what is fixed is listed as ended:\n%s", s.out)
	}
	w.saysWhoRejected(it)
}

// saysWhoRejected looks for the rejection in the report.
func (w *world) saysWhoRejected(it review.Item) {
	w.t.Helper()
	var r struct {
		Refused []struct{ Kind, By, Reason, Resource, Via string }
		Figures struct {
			Words []struct {
				Name string
				N    int
			} `json:"refused_words"`
		}
	}
	s := w.run(0, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--format", "json")
	if err := json.Unmarshal([]byte(s.out), &r); err != nil {
		w.t.Fatal(err)
	}
	found := 0
	for _, x := range r.Refused {
		if x.Kind == "rejected" && x.By == "ada" && x.Reason == "not before the move" && x.Resource == it.Request.Where.ID && x.Via == "cli" {
			found++
		}
	}
	if found != 1 || len(r.Figures.Words) != 1 || r.Figures.Words[0].Name != "four-eyes" || r.Figures.Words[0].N != 1 {
		w.t.Errorf("the report says %+v", r)
	}
}

// The page asks again with its button, and while the kill switch is engaged a yes says that nothing is written.
func TestAskingAgainOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)
	w.run(0, as(w.ada), hash+"\n", "reject", hash, "--reason", "no")
	b := w.reviewing(w.bo, nil)
	if len(b.report.Waiting) != 0 || len(b.report.Refused) != 1 || b.report.Refused[0].AskAgain != it.Ref || b.report.Only != "waiting" {
		t.Fatalf("the page shows %+v", b.report)
	}
	if status, message := b.send(map[string]string{"verdict": "ask", "approval": it.Ref, "reason": "it is time", "until": ""}); status != 200 || !strings.Contains(message, "asked again by bo") {
		t.Errorf("%d %s", status, message)
	}
	if status, message := b.send(map[string]string{"verdict": "ask", "approval": it.Ref, "reason": "it is time", "until": ""}); status != 409 {
		t.Errorf("a second time: %d %s", status, message)
	}
	w.run(0, w.operator(), "", "stop", "--table", "shoreup", "--reason", "incident 7")
	s := w.run(0, as(w.ada), hash+"\n", "approve", hash, "--wait", "10s")
	if !strings.Contains(s.out, "approved by ada: 1 of 1 are there; nothing is written until the kill switch is lifted (shoreup resume)") {
		t.Errorf("with the kill switch engaged it says %q", s.out)
	}
	if !w.open(it.Request.Where.ID) {
		t.Error("something was written")
	}
}

// Dates, lengths and hashes that cannot be are refused before anybody types a hash.
func TestWhatIsCheckedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	hash := short(it)
	day := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	for want, args := range map[string][]string{
		"an exemption lasts 90 days at most":    {"exempt", hash, "--reason", "x", "--until", day(120)},
		"an exemption ends in the future":       {"exempt", hash, "--reason", "x", "--until", day(-1)},
		"is not a day such as":                  {"exempt", hash, "--reason", "x", "--until", "soon"},
		"has more than 500 characters":          {"reject", hash, "--reason", strings.Repeat("x", 501)},
		"write at least 8 characters of it":     {"approve", hash[:7]},
		"nothing that waits is called 01234567": {"approve", "01234567"},
	} {
		if s := w.run(1, as(w.ada), hash+"\n", args...); !strings.Contains(s.err, want) || strings.Contains(s.err, "Type "+hash) {
			t.Errorf("%v: does not say %q first: %s", args, want, s.err)
		}
	}
	// The difference is shown without a look, and before the calls.
	s := w.run(1, as(w.ada), "\n", "approve", hash)
	diff, call := strings.Index(s.err, "+ PublicAccessBlockConfiguration: {"), strings.Index(s.err, "call s3:PutPublicAccessBlock")
	if diff < 0 || call < diff {
		t.Errorf("the plan is shown as\n%s", s.err)
	}
}
