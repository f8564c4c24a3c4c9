package approval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

const asks = people + "rules:\n  - { name: ask, match: { controls: [s3-bucket-public] }, mode: approve }\n"

// planOf is a plan that puts a policy in the place of another, and its hash.
func (w *world) planOf(version int, before, policy, reason string) (plan []byte, hash string) {
	w.t.Helper()
	input := func(policy string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"Bucket":"photos","Policy":%q}`, policy))
	}
	p := core.Plan{
		Schema: core.Schema, Control: "s3-bucket-public", Version: version, Resource: w.bucket(), Before: before, After: "after",
		Violations: []core.Violation{{Rule: "policy-public", Where: "statement 1", Reason: reason}},
		Changes:    []core.Change{{Why: "shut it", Do: awsapi.Call{Op: "PutBucketPolicy", Input: input(policy)}}},
	}
	plan, err := p.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	return plan, canon.Hash(plan)
}

// waits opens an occurrence, or gives the open one another plan, and has the desk look.
func (w *world) waits(o occurrence.Occurrence, plan []byte, hash string) occurrence.Occurrence {
	w.t.Helper()
	about, err := json.Marshal(rules.Subject{
		Control: "s3-bucket-public", Family: "storage", Service: "s3", Severity: "high", Account: w.account, Region: "eu-west-1", ResourceType: "AWS::S3::Bucket", ResourceID: "photos", Origin: "sweep",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if o.ID != "" {
		o.About = about
		step, err := w.desk.Book.Replan(o, occurrence.Waiting, "p-"+hash[:4], hash, "approve", plan)
		if err == nil {
			o, err = w.desk.Book.Do(w.t.Context(), step)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.follow()
		return o
	}
	o.Control, o.Resource, o.State, o.PlanID, o.PlanHash, o.Plan, o.Decision, o.About = "s3-bucket-public", w.bucket(), occurrence.Waiting, "p-"+hash[:4], hash, plan, "approve", about
	o, _, err = w.desk.Book.Open(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.follow()
	return o
}

// What took the place of a plan says so, and what is otherwise: the resource, the control, or what the rules file makes of it.
func TestWhatChangedIsSaid(t *testing.T) {
	t.Parallel()
	const one, two = `{"Statement":[{"Sid":"Mine"}]}`, `{"Statement":[{"Sid":"Mine"},{"Sid":"Photos"}]}`
	for name, c := range map[string]struct {
		version        int
		before, policy string
		reason         string
		why, changed   []string
	}{
		"the resource": {1, "f2", two, "anybody may read", []string{"the resource changed: Policy"}, []string{`+ Policy.Statement[1]: {"Sid":"Photos"}`}},
		"what is wrong": {1, "f2", one, "anybody may write", []string{"the resource changed"},
			[]string{"- wrong: statement 1: anybody may read", "+ wrong: statement 1: anybody may write"}},
		"the control":         {2, "f1", one, "anybody may read", []string{"the control's version 1 is 2 now"}, nil},
		"both":                {2, "f2", one, "anybody may read", []string{"the resource changed", "the control's version 1 is 2 now"}, nil},
		"what the rules keep": {1, "f1", two, "anybody may read", []string{"what the fix does is otherwise, by the settings of the rules file or the date"}, []string{`+ Policy.Statement[1]: {"Sid":"Photos"}`}},
		"what must not be shown": {1, "f1", `{"Statement":[{"Sid":"Mine"}],"DBPassword":"hunter2"}`, "anybody may read", []string{"what the fix does is otherwise, by the settings of the rules file or the date"},
			[]string{`+ Policy.DBPassword: "(hidden)"`}},
	} {
		for _, how := range []string{"by an event", "by whoever came to apply it", "so, and the desk looks in between"} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.rules(asks)
				plan, hash := w.planOf(1, "f1", one, "anybody may read")
				occ := w.waits(occurrence.Occurrence{Person: "sso:eve@example.com"}, plan, hash)
				old := w.key(occ)
				if how != "by an event" {
					step, err := w.desk.Book.Close(occ, "stale")
					if err == nil {
						_, err = w.desk.Book.Do(t.Context(), step)
					}
					if err != nil {
						t.Fatal(err)
					}
					if how != "by whoever came to apply it" {
						w.follow()
						if r := w.request(old); r.Why != "the resource changed after the plan was made" || r.Moved != nil {
							t.Errorf("in between it is %s (%s), %v", r.State, r.Why, r.Moved)
						}
					}
					occ = occurrence.Occurrence{Person: occ.Person + " unknown"}
				}
				plan, hash = w.planOf(c.version, c.before, c.policy, c.reason)
				w.news = nil
				occ = w.waits(occ, plan, hash)
				wantNews := map[string]string{
					"by an event": "over superseded,asked pending", "by whoever came to apply it": "over stale,asked pending",
					"so, and the desk looks in between": "asked pending,asked stale", // the last one only brings its message up to date
				}[how]
				if got := strings.Join(w.news, ","); got != wantNews {
					t.Errorf("told %q, want %q", got, wantNews)
				}
				was, now := w.request(old), w.request(w.key(occ))
				if was.State != approval.Stale && was.State != approval.Superseded || now.State != approval.Pending {
					t.Fatalf("the old one is %s, the new one %s", was.State, now.State)
				}
				want := &approval.Was{Plan: was.Plan, Hash: old.Hash, Why: c.why, Changed: c.changed}
				if diff := cmp.Diff(want, now.Was); diff != "" {
					t.Errorf("the new one says of the old one (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(&approval.Moved{Plan: now.Plan, Hash: now.Key.Hash}, was.Moved); diff != "" {
					t.Errorf("the old one says of the new one (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want.Why, was.EndedWhy); diff != "" || !strings.HasPrefix(was.Why, strings.Join(want.Why, "; ")) {
					t.Errorf("the old one ended %q, %q", was.EndedWhy, was.Why)
				}
			})
		}
	}
}

// A yes is judged by what the rules file says at that moment, and not by what it said when somebody last looked.
func TestTheRulesOfNowCount(t *testing.T) {
	t.Parallel()
	report := strings.Replace(asks, "mode: approve", "mode: report", 1)
	for name, c := range map[string]struct{ text, why string }{ // how the reason begins; empty: people are still asked
		"report":    {report, "the rules say report now (rule ask, line 9)"},
		"no rule":   {people, "the rules say report now (no rule matches)"},
		"exception": {asks + "exceptions:\n  - { control: s3-bucket-public, resource: photos, owner: web, reason: press photos, expires: 2026-12-01 }\n", "the rules say exception now (exception until 2026-12-01, owner web: press photos)"},
		"frozen":    {asks + "freezes:\n  - { name: launch, from: 2026-11-20T00:00:00Z, to: 2026-11-30T00:00:00Z }\n", "the rules say refuse now (frozen until 2026-11-30T00:00:00Z by launch"},
		"auto":      {strings.Replace(asks, "mode: approve", "mode: auto", 1), ""}, // an old finding is not automatic where no rule names its origin
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rules(asks)
			plan, hash := w.planOf(1, "f1", "{}", "anybody may read")
			k := w.key(w.waits(occurrence.Occurrence{Person: "sso:eve@example.com"}, plan, hash))
			before := w.request(k)
			if before.State != approval.Pending {
				t.Fatal(before.State)
			}
			if file, err := rules.Load([]byte(c.text)); err != nil || file.ElectorsHash() != w.file.ElectorsHash() {
				t.Fatal("it changes who may decide, too", err)
			}
			w.rules(c.text)
			if c.why == "" {
				if got := w.say(k, approval.Yes, "U0ADA00001"); got != "approved" {
					t.Errorf("it is %s (%s)", got, w.request(k).Why)
				}
				return
			}
			w.news = nil
			if got := w.say(k, approval.Yes, "U0ADA00001"); got != "moved" || w.granted(k) || len(w.orders) > 0 {
				t.Errorf("a yes: %s, granted %v", got, w.granted(k))
			}
			r := w.request(k)
			if r.State != approval.Stale || !strings.HasPrefix(r.Why, c.why) || len(r.EndedWhy) != 1 || r.EndedWhy[0] != r.Why || strings.Join(w.news, ",") != "over stale" {
				t.Errorf("it is %s: %q, told %q", r.State, r.Why, w.news)
			}
			if got := w.entries(2); got[0] != "verdict stale shoreup" || got[1] != "verdict refused ada" {
				t.Errorf("recorded %q", got)
			}
			w.follow()
			w.tick()
			if r := w.request(k); r.State != approval.Stale {
				t.Errorf("it is asked about again: %s", r.State)
			}
			w.rules(asks)
			w.tick()
			if r := w.request(k); r.State != approval.Pending || r.Round != 2 {
				t.Errorf("once the rules ask again it is %s in round %d", r.State, r.Round)
			}
		})
	}
}

// Exposure is counted from the first cause, through another plan and another round, and nobody who had a hand in it may decide.
func TestTheFirstCauseStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules(asks)
	first := w.now.Add(-time.Hour)
	plan, hash := w.planOf(1, "f1", "{}", "anybody may read")
	occ := w.waits(occurrence.Occurrence{Person: "sso:eve@example.com", Cause: first}, plan, hash)
	w.now = w.now.Add(4 * time.Minute)
	plan, hash = w.planOf(1, "f2", "{}", "anybody may write")
	occ.Person += " sso:ada@example.com" // as the engine adds whoever changed it since
	occ = w.waits(occ, plan, hash)
	k := w.key(occ)
	if r := w.request(k); !r.Since.Equal(first) || strings.Join(r.Caused, ",") != "eve,ada" {
		t.Errorf("since %s, caused by %v", r.Since, r.Caused)
	}
	for _, c := range []struct{ who, want string }{{"U0EVE00001", "four-eyes"}, {"U0ADA00001", "four-eyes"}, {"U0BO000001", "rejected"}} {
		v := approval.Yes
		if c.want == "rejected" {
			v = approval.No
		}
		if got := w.say(k, v, c.who); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	w.now = w.now.Add(time.Hour)
	if _, no := w.again(k, "U0EVE00001"); no != "" {
		t.Fatal(no)
	}
	if r := w.request(k); !r.Since.Equal(first) || r.Round != 2 || r.Was == nil {
		t.Errorf("asked again: %+v", r)
	}
}

// A word that comes twice is not lost: it is recorded as refused, and whoever spoke hears that it counts.
func TestARepeatedWordStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.key(w.wrong("h1", ""))
	give := func(v approval.Verdict, who string) (string, bool) {
		t.Helper()
		_, err := w.desk.Decide(t.Context(), approval.Answer{Key: k, Round: 1, Verdict: v, Identity: who, Via: "cli"})
		if err == nil {
			return "", true
		}
		no, is := err.(*approval.Refusal)
		if !is {
			t.Fatal(err)
		}
		return no.Code, no.Stands
	}
	for i, c := range []struct {
		v      approval.Verdict
		who    string
		code   string
		stands bool
	}{
		{approval.Yes, "U0ADA00001", "", true}, {approval.Yes, "U0ADA00001", "again", true}, {approval.Yes, "sso:ada@example.com", "again", true}, {approval.Yes, "U0BO000001", "", true},
		{approval.Yes, "U0ADA00001", "again", true}, {approval.Yes, "U0EVE00001", "ended", false}, {approval.No, "U0BO000001", "", true}, {approval.No, "U0BO000001", "again", true},
		{approval.No, "U0ADA00001", "ended", false}, {approval.Yes, "U0ADA00001", "ended", false},
	} {
		if code, stands := give(c.v, c.who); code != c.code || stands != c.stands {
			t.Errorf("%d: %s by %s: %q, stands %v; want %q, %v", i, c.v, c.who, code, stands, c.code, c.stands)
		}
	}
	if got := w.entries(1000); len(got) != 12 { // two of the asking, and each word
		t.Errorf("%d records: %q", len(got), got)
	}
}

// What cannot be judged, since the rules file cannot be read, is on record with whoever said it.
func TestNoWordIsLostWithoutRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undoable("sso:eve@example.com")
	k := w.key(w.wrong("h1", "sso:eve@example.com"))
	w.file = nil
	for name, ask := range map[string]func(context.Context) (approval.Request, error){
		"lift": func(ctx context.Context) (approval.Request, error) {
			return w.desk.AskLift(ctx, "it is over", "U0ADA00001")
		},
		"undo": func(ctx context.Context) (approval.Request, error) {
			return w.desk.AskUndo(ctx, approval.Undoing{Account: w.account, Seq: 17, Why: "the site is down", Identity: "U0ADA00001"})
		},
		"exempt": func(ctx context.Context) (approval.Request, error) {
			return w.desk.AskExemptionOf(ctx, k, approval.Exemption{Owner: "web", Reason: "press", Until: w.now.Add(time.Hour)}, "U0ADA00001")
		},
		"again": func(ctx context.Context) (approval.Request, error) {
			return w.desk.AskAgain(ctx, approval.Againing{Key: k, Identity: "U0ADA00001"})
		},
	} {
		before := len(w.entries(1000))
		_, err := ask(t.Context())
		no, is := err.(*approval.Refusal)
		if !is || no.Code != "rules" {
			t.Errorf("%s: %v", name, err)
		}
		all, err := w.desk.Log.List(t.Context(), w.account, int64(before), 0)
		if err != nil || len(all) != 1 || !strings.Contains(string(all[0].Detail), "U0ADA00001") || all[0].Actor != "unknown" {
			t.Errorf("%s: recorded %+v, %v", name, all, err)
		}
	}
}
