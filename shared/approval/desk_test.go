package approval_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const people = `version: 1
people:
  - { name: ada, slack: U0ADA00001, aws: ["sso:ada@example.com"] }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, slack: U0EVE00001, aws: ["sso:eve@example.com"] }
approvals:
  - { name: all, within_hours: 10 }
`

// world is a desk with its tables, a clock, and everything it said.
type world struct {
	t       *testing.T
	desk    *approval.Desk
	cloud   *tabletest.Cloud
	account string
	now     time.Time
	file    *rules.File
	orders  []approval.Request
	news    []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, cloud: tabletest.New(t), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.account = w.cloud.Session.Account
	w.rules(people)
	clock := func() time.Time { return w.now }
	store := w.cloud.Store()
	w.desk = &approval.Desk{
		Store: store, Table: w.cloud.Table(occurrence.ApprovalTable), Account: w.account,
		Log:   audit.New(store, w.cloud.Table(occurrence.AuditTable), clock, "test"),
		Book:  occurrence.New(store, w.cloud.Table(occurrence.StateTable), clock),
		Rules: func(context.Context) *rules.File { return w.file },
		Control: func(id string) (core.Meta, bool) {
			return core.Meta{ID: id, Family: "storage", Service: "s3", Severity: "high", Type: awsapi.ResourceType{Name: "AWS::S3::Bucket", ARN: func(r awsapi.Resource) string { return "arn:aws:s3:::" + r.ID }}}, id == "s3-bucket-public"
		},
		Order: func(_ context.Context, r approval.Request) error { w.orders = append(w.orders, r); return nil },
		Tell: func(_ context.Context, r approval.Request, n approval.News) {
			w.news = append(w.news, string(n)+" "+string(r.State))
		},
		Now: clock,
	}
	return w
}

func (w *world) rules(text string) {
	w.t.Helper()
	file, err := rules.Load([]byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	w.file = file
}

func (w *world) bucket() awsapi.Resource {
	return awsapi.Resource{Type: "AWS::S3::Bucket", ID: "photos", Account: w.account, Region: "eu-west-1", Partition: "aws"}
}

// wrong opens an occurrence whose plan waits for people, and has the desk ask about it.
func (w *world) wrong(hash, cause string) occurrence.Occurrence {
	w.t.Helper()
	occ, _, err := w.desk.Book.Open(w.t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: w.bucket(), State: occurrence.Waiting, PlanID: "p-" + hash, PlanHash: hash, Decision: "approve", Person: cause,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.follow()
	return occ
}

func (w *world) follow() {
	w.t.Helper()
	if err := w.desk.Follow(w.t.Context(), "s3-bucket-public", w.bucket(), ""); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) key(occ occurrence.Occurrence) approval.Key {
	return approval.Key{Account: w.account, Kind: approval.Fix, ID: occ.ID, Hash: occ.PlanHash}
}

// say gives a person's word and returns the state, or the code of the refusal.
func (w *world) say(k approval.Key, v approval.Verdict, who string) string {
	w.t.Helper()
	r, err := w.desk.Decide(w.t.Context(), approval.Answer{Key: k, Round: 1, Verdict: v, Identity: who, Via: "slack"})
	var no *approval.Refusal
	if errors.As(err, &no) {
		return no.Code
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return string(r.State)
}

func (w *world) granted(k approval.Key) bool {
	w.t.Helper()
	_, ok, err := approval.Granted(w.t.Context(), w.desk.Store, w.desk.Table, k, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return ok
}

// entries is how the audit log of the account ends: kind, outcome and actor.
func (w *world) entries(last int) []string {
	w.t.Helper()
	all, err := w.desk.Log.List(w.t.Context(), w.account, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, string(e.Kind)+" "+e.Outcome+" "+e.Actor)
	}
	return out[max(0, len(out)-last):]
}

func TestOneYes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ := w.wrong("h1", "sso:eve@example.com")
	k := w.key(occ)
	if w.granted(k) {
		t.Fatal("a plan that nobody approved is granted")
	}
	for _, c := range []struct{ who, want string }{
		{"U0EVE00001", "four-eyes"}, {"U0STRANGER", "stranger"}, {"", "stranger"}, {"ada", "stranger"}, {"U0ADA00001", "approved"}, {"U0BO000001", "ended"},
	} {
		if got := w.say(k, approval.Yes, c.who); got != c.want {
			t.Errorf("%q says yes: %s, want %s", c.who, got, c.want)
		}
	}
	if !w.granted(k) || len(w.orders) != 1 || w.orders[0].Key != k {
		t.Errorf("granted %v, orders %v", w.granted(k), w.orders)
	}
	if other := (approval.Key{Account: k.Account, Kind: k.Kind, ID: k.ID, Hash: "h2"}); w.granted(other) {
		t.Error("another plan of the same occurrence is granted")
	}
	want := []string{"verdict refused eve", "verdict refused unknown", "verdict refused unknown", "verdict refused unknown", "verdict planned ada", "verdict refused bo"}
	if got := w.entries(6); strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// A cause that nobody vouches for needs two; a person who leaves the rules file between does not count.
func TestTwoForAnUnknownCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", ""))
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "pending" || w.granted(k) {
		t.Errorf("after one yes it is %s, granted %v", got, w.granted(k))
	}
	if got := w.say(k, approval.Yes, "U0BO000001"); got != "approved" || !w.granted(k) {
		t.Errorf("after two it is %s, granted %v", got, w.granted(k))
	}
}

func TestAnApprovalEndsWithItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
		t.Fatal(got)
	}
	grant, ok, err := approval.Granted(t.Context(), w.desk.Store, w.desk.Table, k, w.now)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	guard := func() error {
		return w.desk.Store.Transact(t.Context(), w.now.Format("150405"), grant.Guard(w.now), dynamodbapi.Item{Op: dynamodbapi.Put, Table: w.desk.Table, Put: dynamodbapi.Key("test", "written")})
	}
	if err := guard(); err != nil {
		t.Errorf("a write under a valid approval failed: %v", err)
	}
	w.now = w.now.Add(10 * time.Hour)
	var failed *dynamodbapi.ConditionError
	if err := guard(); !errors.As(err, &failed) || !failed.Has(approval.MustBeGranted) {
		t.Errorf("a write under an approval that has run out: %v", err)
	}
	if w.granted(k) {
		t.Error("it is granted after its time")
	}
	if err := w.desk.Tick(t.Context(), w.account); err != nil {
		t.Fatal(err)
	}
	if got := w.say(k, approval.Yes, "U0BO000001"); got != "ended" {
		t.Errorf("after its time: %s", got)
	}
}

func TestReminderAndExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{5*time.Hour - 1, ""}, {1, "reminder pending"}, {time.Hour, ""}, {4*time.Hour - 1, ""}, {1, "over expired"}, {time.Hour, ""},
	} {
		w.now, w.news = w.now.Add(c.after), nil
		if err := w.desk.Tick(t.Context(), w.account); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(w.news, ","); got != c.want {
			t.Errorf("at %s: %q, want %q", w.now.Format(time.TimeOnly), got, c.want)
		}
	}
	w.follow() // nobody in person asks again, so nobody is bothered again
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "ended" {
		t.Errorf("after its end: %s", got)
	}
	if err := w.desk.Follow(t.Context(), "s3-bucket-public", w.bucket(), "bo"); err != nil {
		t.Fatal(err)
	}
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "other-hash" {
		t.Errorf("a click on the message of the first round: %s", got)
	}
}

// What people approved is one plan of one occurrence: another plan, another decision, or an end in another way takes it back.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world, occurrence.Occurrence) (occurrence.Step, error)
		want   string
	}{
		"another plan": {func(w *world, o occurrence.Occurrence) (occurrence.Step, error) {
			return w.desk.Book.Replan(o, occurrence.Waiting, "p-h2", "h2", "approve", nil)
		}, "superseded"},
		"report by now": {func(w *world, o occurrence.Occurrence) (occurrence.Step, error) {
			return w.desk.Book.Replan(o, occurrence.Waiting, "p-h1", "h1", "report", nil)
		}, "stale"},
		"in order": {func(w *world, o occurrence.Occurrence) (occurrence.Step, error) {
			return w.desk.Book.Close(o, "compliant")
		}, "stale"},
		"fixed": {func(w *world, o occurrence.Occurrence) (occurrence.Step, error) {
			if err := w.write(w.desk.Book.SpendItem(o, 1)); err != nil {
				return occurrence.Step{}, err
			}
			return w.desk.Book.Close(o, "fixed")
		}, "applied"},
		"fixed without it": {func(w *world, o occurrence.Occurrence) (occurrence.Step, error) { return w.desk.Book.Close(o, "fixed") }, "stale"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			occ := w.wrong("h1", "sso:eve@example.com")
			k := w.key(occ)
			if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
				t.Fatal(got)
			}
			step, err := c.change(w, occ)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.desk.Book.Do(t.Context(), step); err != nil {
				t.Fatal(err)
			}
			if got := w.say(k, approval.No, "U0BO000001"); got != "moved" {
				t.Errorf("a word after it: %s", got)
			}
			r, _, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
			if err != nil || string(r.State) != c.want || w.granted(k) {
				t.Errorf("it is %s (%s), granted %v, %v; want %s", r.State, r.Why, w.granted(k), err, c.want)
			}
		})
	}
}

// The same bucket wrong again in the same way is another occurrence: the old yes is spent.
func TestAYesIsSpent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.wrong("h1", "sso:eve@example.com")
	if got := w.say(w.key(first), approval.Yes, "U0ADA00001"); got != "approved" {
		t.Fatal(got)
	}
	if err := w.write(w.desk.Book.SpendItem(first, 1)); err != nil {
		t.Fatal(err)
	}
	step, err := w.desk.Book.Close(first, "fixed")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Book.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	second := w.wrong("h1", "sso:eve@example.com")
	if second.ID == first.ID || w.granted(w.key(second)) {
		t.Errorf("the second time (%s after %s) is granted: %v", second.ID, first.ID, w.granted(w.key(second)))
	}
	if r, _, _ := approval.Get(t.Context(), w.desk.Store, w.desk.Table, w.key(first)); r.State != approval.Applied {
		t.Errorf("the first one is %s", r.State)
	}
}

func TestExemption(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ := w.wrong("h1", "sso:eve@example.com")
	x := approval.Exemption{Control: "s3-bucket-public", Resource: w.bucket(), ARN: "arn:aws:s3:::photos", Owner: "web", Reason: "press photos", Until: w.now.Add(30 * 24 * time.Hour)}
	for name, bad := range map[string]func(*approval.Exemption){
		"too long": func(x *approval.Exemption) { x.Until = w.now.Add(91 * 24 * time.Hour) }, "past": func(x *approval.Exemption) { x.Until = w.now },
		"no owner": func(x *approval.Exemption) { x.Owner = " " }, "no reason": func(x *approval.Exemption) { x.Reason = "" },
	} {
		y := x
		bad(&y)
		if r, err := w.desk.AskExemptionOf(t.Context(), w.key(occ), y, "U0BO000001"); err == nil {
			t.Errorf("%s: it was asked for: %+v", name, r)
		}
	}
	if _, err := w.desk.AskExemptionOf(t.Context(), w.key(occ), x, "U0STRANGER"); err == nil {
		t.Error("a stranger asked for it")
	}
	r, err := w.desk.AskExemptionOf(t.Context(), w.key(occ), x, "U0BO000001")
	if err != nil {
		t.Fatal(err)
	}
	exempted := func() bool {
		_, ok, err := approval.Exempted(t.Context(), w.desk.Store, w.desk.Table, x.Control, x.Resource, w.now)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for _, c := range []struct {
		who, want string
		exempt    bool
	}{{"U0BO000001", "four-eyes", false}, {"U0EVE00001", "four-eyes", false}, {"U0ADA00001", "applied", true}} {
		if got := w.say(r.Key, approval.Yes, c.who); got != c.want || exempted() != c.exempt {
			t.Errorf("%s: %s, exempt %v", c.who, got, exempted())
		}
	}
	if w.now = x.Until; exempted() {
		t.Error("it is exempt after its end")
	}
}

func TestKillSwitchIsLiftedByTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.desk.AskLift(t.Context(), "", "U0BO000001"); err == nil {
		t.Error("lifting what is not engaged was asked for")
	}
	if err := w.desk.Book.Engage(t.Context(), "eve", "outage"); err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.AskLift(t.Context(), "it is over", "U0BO000001")
	if err != nil {
		t.Fatal(err)
	}
	engaged := func() bool {
		s, err := w.desk.Book.Engaged(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Engaged
	}
	if got := w.say(r.Key, approval.Yes, "U0BO000001"); got != "four-eyes" || !engaged() {
		t.Errorf("who asked says yes: %s, engaged %v", got, engaged())
	}
	if got := w.say(r.Key, approval.Yes, "U0ADA00001"); got != "applied" || engaged() {
		t.Errorf("another says yes: %s, engaged %v", got, engaged())
	}
}

// Somebody who can write the rules file cannot make approvers of their friends with it.
func TestPeopleAreChangedByPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	w.rules(people + "  - { name: friends, within_hours: 1000 }\n")
	w.rules(strings.Replace(people, "approvals:", "  - { name: mal, slack: U0MAL00001 }\napprovals:", 1))
	if got := w.say(k, approval.Yes, "U0MAL00001"); got != "stranger" {
		t.Errorf("somebody whom nobody agreed to: %s", got)
	}
	if err := w.desk.Electors(t.Context()); err != nil {
		t.Fatal(err)
	}
	change := approval.Key{Account: w.account, Kind: approval.People, ID: "people", Hash: w.file.ElectorsHash()}
	for _, c := range []struct{ who, want string }{{"U0MAL00001", "stranger"}, {"U0ADA00001", "pending"}, {"U0BO000001", "applied"}} {
		if got := w.say(change, approval.Yes, c.who); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	if got := w.say(k, approval.Yes, "U0MAL00001"); got != "not-permitted" {
		t.Errorf("after two agreed, about what she was not asked: %s", got)
	}
}

func TestUnreadableRulesDecideNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	w.file = nil
	if got := w.say(k, approval.Yes, "U0ADA00001"); got != "rules" || w.granted(k) {
		t.Errorf("without rules: %s", got)
	}
}

// A word whose answer is lost counts once, and one that never arrived not at all.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]tabletest.Fault{"answer lost": tabletest.AnswerLost, "lost": tabletest.Lost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			k := w.key(w.wrong("h1", ""))
			once := true
			w.cloud.Fail(func(op string) tabletest.Fault {
				if op == "TransactWriteItems" && once {
					once = false
					return fault
				}
				return tabletest.None
			})
			if got := w.say(k, approval.Yes, "U0ADA00001"); got != "pending" {
				t.Fatal(got)
			}
			w.cloud.Fail(nil)
			r, _, err := approval.Get(t.Context(), w.desk.Store, w.desk.Table, k)
			if err != nil || len(r.Votes) != 1 || r.State != approval.Pending {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
