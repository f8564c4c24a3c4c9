package approval_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// again asks once more about the newest round, and returns the next one, or the code of the refusal.
func (w *world) again(k approval.Key, who string) (approval.Request, string) {
	w.t.Helper()
	there, _, err := approval.Get(w.t.Context(), w.desk.Store, w.desk.Table, k)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.againAfter(there.Round, k, who)
}

func (w *world) againAfter(round int64, k approval.Key, who string) (approval.Request, string) {
	w.t.Helper()
	r, err := w.desk.AskAgain(w.t.Context(), approval.Againing{Key: k, Round: round, Why: "it is Monday", Identity: who})
	var no *approval.Refusal
	if errors.As(err, &no) {
		return r, no.Code
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r, ""
}

// sayIn gives a person's word about a round.
func (w *world) sayIn(round int64, k approval.Key, v approval.Verdict, who string) string {
	w.t.Helper()
	r, err := w.desk.Decide(w.t.Context(), approval.Answer{Key: k, Round: round, Verdict: v, Identity: who, Via: "slack"})
	var no *approval.Refusal
	if errors.As(err, &no) {
		return no.Code
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return string(r.State)
}

func (w *world) tick() {
	w.t.Helper()
	if err := w.desk.Tick(w.t.Context(), w.account); err != nil {
		w.t.Fatal(err)
	}
}

// A no, or a weekend without a word, is not the end of a finding: whoever asks again cannot decide it, and no word of the round before counts.
func TestAskAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   func(*world, approval.Key)
		state approval.State
		why   string
	}{
		"rejected": {func(w *world, k approval.Key) { w.say(k, approval.No, "U0ADA00001") }, approval.Rejected, "rejected by ada"},
		"expired": {func(w *world, k approval.Key) {
			w.now = w.now.Add(10 * time.Hour)
			w.tick()
		}, approval.Expired, "nobody decided in time"},
		"expired, and nobody has noticed": {func(w *world, _ approval.Key) { w.now = w.now.Add(10 * time.Hour) }, approval.Expired, "nobody decided in time"},
		"approved, and rejected after all": {func(w *world, k approval.Key) {
			w.say(k, approval.Yes, "U0ADA00001")
			w.say(k, approval.No, "U0ADA00001")
		}, approval.Rejected, "rejected by ada"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			k := w.key(w.wrong("h1", "sso:eve@example.com"))
			c.end(w, k)
			w.now = w.now.Add(time.Minute)
			w.news = nil
			r, no := w.again(k, "U0BO000001")
			if no != "" {
				t.Fatalf("it cannot be asked again: %s", no)
			}
			want := approval.Again{By: "bo", Why: "it is Monday", State: c.state, Ended: c.why}
			if r.Again == nil || *r.Again != want || r.Round != 2 || r.State != approval.Pending || r.Requester != "bo" || len(r.Votes) > 0 || !r.Expires.Equal(w.now.Add(10*time.Hour)) || !r.Ended.IsZero() {
				t.Errorf("asked again is %+v, %+v", r, r.Again)
			}
			if got := w.news[len(w.news)-1]; got != "asked pending" {
				t.Errorf("told %q", w.news)
			}
			if got := w.entries(1); got[0] != "verdict awaiting_approval bo" {
				t.Errorf("recorded %q", got)
			}
			for _, s := range []struct {
				round     int64
				who, want string
			}{{1, "U0ADA00001", "other-hash"}, {2, "U0BO000001", "four-eyes"}, {2, "U0EVE00001", "four-eyes"}, {3, "U0ADA00001", "other-hash"}} {
				if got := w.sayIn(s.round, k, approval.Yes, s.who); got != s.want || w.granted(k) {
					t.Errorf("%s says yes to round %d: %s, granted %v", s.who, s.round, got, w.granted(k))
				}
			}
			if _, no := w.againAfter(1, k, "U0BO000001"); no != "other-hash" {
				t.Errorf("the same word, delivered once more: %s", no)
			}
			if got := w.sayIn(2, k, approval.Yes, "U0ADA00001"); got != "approved" || !w.granted(k) {
				t.Errorf("ada says yes to round 2: %s", got)
			}
			if got := w.sayIn(2, k, approval.No, "U0ADA00001"); got != "rejected" {
				t.Errorf("ada says no to round 2: %s", got)
			}
			if _, no := w.againAfter(1, k, "U0BO000001"); no != "other-hash" || w.request(k).Round != 2 {
				t.Errorf("and after another no: %s", no)
			}
		})
	}
}

func TestAskAgainIsRefused(t *testing.T) {
	t.Parallel()
	step := func(w *world, s occurrence.Step, err error) {
		if err == nil {
			_, err = w.desk.Book.Do(w.t.Context(), s)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	rejected := func(w *world, occ occurrence.Occurrence) { w.say(w.key(occ), approval.No, "U0ADA00001") }
	for name, c := range map[string]struct {
		before func(*world, occurrence.Occurrence)
		key    func(*approval.Key)
		who    string
		want   string
	}{
		"a stranger":   {rejected, nil, "U0STRANGER", "stranger"},
		"nobody":       {rejected, nil, "", "stranger"},
		"no such hash": {rejected, func(k *approval.Key) { k.Hash = "h2" }, "U0BO000001", "unknown"},
		"no hash":      {rejected, func(k *approval.Key) { k.Hash = "" }, "U0BO000001", "unknown"},
		"other kind":   {rejected, func(k *approval.Key) { k.Kind = approval.Exempt }, "U0BO000001", "unknown"},
		"it waits":     {func(*world, occurrence.Occurrence) {}, nil, "U0BO000001", "open"},
		"approved":     {func(w *world, o occurrence.Occurrence) { w.say(w.key(o), approval.Yes, "U0ADA00001") }, nil, "U0BO000001", "open"},
		"applied": {func(w *world, o occurrence.Occurrence) {
			w.say(w.key(o), approval.Yes, "U0ADA00001")
			if err := w.write(w.desk.Book.SpendItem(o, 1)); err != nil {
				w.t.Fatal(err)
			}
			s, err := w.desk.Book.Close(o, "fixed")
			step(w, s, err)
			w.follow()
		}, nil, "U0BO000001", "ended"},
		"rejected, and mended since": {func(w *world, o occurrence.Occurrence) {
			rejected(w, o)
			s, err := w.desk.Book.Close(o, "compliant")
			step(w, s, err)
		}, nil, "U0BO000001", "moved"},
		"rejected, and another plan since": {func(w *world, o occurrence.Occurrence) {
			rejected(w, o)
			s, err := w.desk.Book.Replan(o, occurrence.Waiting, "p-h2", "h2", "approve", nil)
			step(w, s, err)
		}, nil, "U0BO000001", "moved"},
		"rejected, and the rules ask nobody now": {func(w *world, o occurrence.Occurrence) {
			rejected(w, o)
			s, err := w.desk.Book.Replan(o, occurrence.Waiting, "p-h1", "h1", "report", nil)
			step(w, s, err)
		}, nil, "U0BO000001", "moved"},
		"superseded": {func(w *world, o occurrence.Occurrence) {
			s, err := w.desk.Book.Replan(o, occurrence.Waiting, "p-h2", "h2", "approve", nil)
			step(w, s, err)
			w.follow()
		}, nil, "U0BO000001", "moved"},
		"the rules cannot be read": {func(w *world, o occurrence.Occurrence) { rejected(w, o); w.file = nil }, nil, "U0BO000001", "rules"},
		"nobody else could decide": {func(w *world, o occurrence.Occurrence) {
			rejected(w, o)
			w.rules(strings.Replace(people, "within_hours: 10", "within_hours: 10, by: [ada, eve]", 1))
			if err := w.desk.Electors(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
			change := approval.Key{Account: w.account, Kind: approval.People, ID: "people", Hash: w.file.ElectorsHash()}
			w.say(change, approval.Yes, "U0ADA00001")
			if got := w.say(change, approval.Yes, "U0BO000001"); got != "applied" {
				w.t.Fatal(got)
			}
		}, nil, "U0ADA00001", "four-eyes"}, // ada asks, and eve caused it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			occ := w.wrong("h1", "sso:eve@example.com")
			c.before(w, occ)
			k := w.key(occ)
			if c.key != nil {
				c.key(&k)
			}
			before, found, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
			if err != nil {
				t.Fatal(err)
			}
			n := len(w.entries(1000))
			if _, got := w.again(k, c.who); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			after, _, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
			if diff := cmp.Diff(before, after, cmp.AllowUnexported(approval.Request{})); err != nil || found && diff != "" {
				t.Errorf("it changed: %v %s", err, diff)
			}
			if got := w.entries(1000)[n:]; len(got) != 1 || !strings.HasPrefix(got[0], "verdict refused ") {
				t.Errorf("recorded %q", got)
			}
		})
	}
}

// A click in Security Hub asks again. Nobody knows whose it is: it could be whoever says yes, so that two have to.
func TestAClickAsksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	click := func(at time.Time) string {
		t.Helper()
		if err := w.desk.Clicked(t.Context(), "s3-bucket-public", w.bucket(), at); err != nil {
			t.Fatal(err)
		}
		r := w.request(k)
		return string(r.State) + " " + string('0'+rune(r.Round))
	}
	if got := click(w.now); got != "pending 1" {
		t.Errorf("a click while it waits: %s", got)
	}
	w.say(k, approval.No, "U0ADA00001")
	if got := click(w.now.Add(-time.Second)); got != "rejected 1" {
		t.Errorf("a click of before the no, delivered after it: %s", got)
	}
	clicked := w.now.Add(time.Minute)
	w.now = clicked.Add(time.Second)
	if got := click(clicked); got != "pending 2" {
		t.Errorf("a click after the no: %s", got)
	}
	if r := w.request(k); r.Again == nil || r.Again.By != "" || r.Requester != "" || r.Needed != 2 {
		t.Errorf("asked is %+v", r)
	}
	if got := w.sayIn(2, k, approval.Yes, "U0ADA00001"); got != "pending" {
		t.Errorf("after one yes: %s", got)
	}
	if got := w.sayIn(2, k, approval.No, "U0BO000001"); got != "rejected" {
		t.Errorf("after a no: %s", got)
	}
	if got := click(clicked); got != "rejected 2" {
		t.Errorf("the same click, delivered once more: %s", got)
	}
}

// A change of people that was rejected is asked about again when the file has said something else meanwhile, or when a person asks.
func TestPeopleAreAskedAboutAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wrong("h1", "sso:eve@example.com") // brings the first people into force
	changed := strings.Replace(people, "approvals:", "  - { name: mal, slack: U0MAL00001 }\napprovals:", 1)
	electors := func(text string) {
		t.Helper()
		w.rules(text)
		if err := w.desk.Electors(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	electors(changed)
	k := approval.Key{Account: w.account, Kind: approval.People, ID: "people", Hash: w.file.ElectorsHash()}
	if got := w.say(k, approval.No, "U0ADA00001"); got != "rejected" {
		t.Fatal(got)
	}
	electors(changed)
	if r := w.request(k); r.State != approval.Rejected {
		t.Errorf("the same file goes on, and it is %s again", r.State)
	}
	electors(people)
	electors(changed)
	if r := w.request(k); r.State != approval.Pending || r.Round != 2 || r.Requester != "" || len(r.Changes) != 1 {
		t.Fatalf("put back, it is %+v", r)
	}
	if got := w.sayIn(2, k, approval.No, "U0BO000001"); got != "rejected" {
		t.Fatal(got)
	}
	if _, no := w.again(k, "U0EVE00001"); no != "" {
		t.Errorf("eve cannot ask again: %s", no)
	}
	for _, c := range []struct{ who, want string }{{"U0EVE00001", "four-eyes"}, {"U0ADA00001", "pending"}, {"U0BO000001", "applied"}} {
		if got := w.sayIn(3, k, approval.Yes, c.who); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	if _, no := w.again(k, "U0ADA00001"); no != "ended" {
		t.Errorf("what is in force is asked again: %s", no)
	}
	for i, text := range []string{people, changed} { // and what was in force once can be so again
		electors(text)
		back := approval.Key{Account: w.account, Kind: approval.People, ID: "people", Hash: w.file.ElectorsHash()}
		r := w.request(back)
		if r.State != approval.Pending {
			t.Fatalf("at %d it is %s (%s)", i, r.State, r.Why)
		}
		w.sayIn(r.Round, back, approval.Yes, "U0ADA00001")
		if got := w.sayIn(r.Round, back, approval.Yes, "U0BO000001"); got != "applied" {
			t.Errorf("at %d: %s", i, got)
		}
	}
}
