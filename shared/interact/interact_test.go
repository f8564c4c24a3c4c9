package interact_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

func TestWordsArePassedOn(t *testing.T) {
	t.Parallel()
	value := slackapp.Value(plan, 3)
	reply := &approval.Reply{Channel: channel, User: ada}
	undo := plan
	undo.Kind, undo.ID = approval.Undo, "42"
	for name, c := range map[string]struct {
		payload map[string]any
		want    approval.Said
	}{
		"approve":         {click("approve", value), approval.Said{Reply: reply, Answer: &approval.Answer{Key: plan, Round: 3, Verdict: approval.Yes, Identity: ada, Via: "slack"}}},
		"approve an undo": {click("approve", slackapp.Value(undo, 1)), approval.Said{Reply: reply, Answer: &approval.Answer{Key: undo, Round: 1, Verdict: approval.Yes, Identity: ada, Via: "slack"}}},
		"approve all":     {click("approve_all", slackapp.AllValue(all)), approval.Said{Reply: reply, All: &approval.Together{Batch: all, Verdict: approval.Yes, Identity: ada, Via: "slack"}}},
		"reject": {filled("reject", map[string]any{"reason": line("reason", " it is the press page \n\n of the 1st ")}),
			approval.Said{Reply: reply, Answer: &approval.Answer{Key: plan, Round: 1, Verdict: approval.No, Identity: ada, Via: "slack", Why: "it is the press page \n\n of the 1st"}}},
		"ask again": {filled("ask_again", map[string]any{"reason": line("reason", "it was a wrong click")}),
			approval.Said{Reply: reply, Again: &approval.Againing{Key: plan, Round: 1, Identity: ada, Why: "it was a wrong click"}}},
		"exempt": {filled("exempt", exemption("press photos", "web", "2027-02-20")),
			approval.Said{Reply: reply, Exempt: &approval.Exempting{Key: plan, Identity: ada, Exemption: approval.Exemption{Reason: "press photos", Owner: "web", Until: time.Date(2027, 2, 20, 0, 0, 0, 0, time.UTC)}}}},
	} {
		w := newWorld(t)
		resp := w.give(t, signed(formOf(t, c.payload), noon))
		if resp.StatusCode != 200 || resp.Body != "" {
			t.Errorf("%s: answered %d %q", name, resp.StatusCode, resp.Body)
		}
		if diff := cmp.Diff([]approval.Said{c.want}, w.said); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(map[string]int{interact.Heard: 1}, w.counts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct {
		title  string
		inputs []string
	}{"reject": {"Reject this plan", []string{"reason"}}, "ask_again": {"Ask again", []string{"reason"}}, "exempt": {"Ask for an exemption", []string{"reason", "owner", "until"}}} {
		w := newWorld(t)
		if resp := w.give(t, signed(formOf(t, click(id, slackapp.Value(plan, 1))), noon)); resp.StatusCode != 200 || resp.Body != "" || len(w.said) != 0 || len(w.forms) != 1 {
			t.Fatalf("%s: answered %d %q, said %v, %d forms", id, resp.StatusCode, resp.Body, w.said, len(w.forms))
		}
		f := w.forms[0]
		var inputs []string
		for _, b := range f.Blocks {
			inputs = append(inputs, b.ID)
		}
		if f.Title.Text != want.title || !cmp.Equal(inputs, want.inputs) || f.Callback != id || f.Metadata != slackapp.Value(plan, 1)+" "+channel {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

// What is no word is answered and leaves no trace.
func TestNoWords(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a link": formOf(t, click("open_plan", "")), "a look at the certificate": "ssl_check=1&token=x"} {
		w := newWorld(t)
		if resp := w.give(t, signed(body, noon)); resp.StatusCode != 200 || resp.Body != "" || len(w.said)+len(w.forms)+len(w.counts) != 0 {
			t.Errorf("%s: answered %d %q, said %v, counts %v", name, resp.StatusCode, resp.Body, w.said, w.counts)
		}
	}
}

// The same bytes are taken however AWS brings them, and up to the edge of what is allowed.
func TestWhatIsTakenAsWell(t *testing.T) {
	t.Parallel()
	body := formOf(t, click("approve", slackapp.Value(plan, 1)))
	for name, change := range map[string]func(*world, *interact.Request){
		"base64": func(_ *world, r *interact.Request) {
			r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body)), true
		},
		"a charset": func(_ *world, r *interact.Request) {
			r.Headers["content-type"] = "application/x-www-form-urlencoded; charset=UTF-8"
		},
		"names of headers in capitals": func(_ *world, r *interact.Request) {
			for k, v := range r.Headers {
				delete(r.Headers, k)
				r.Headers[strings.ToUpper(k)] = v
			}
		},
		"the last moment":            func(w *world, _ *interact.Request) { w.now = noon.Add(5 * time.Minute) },
		"a clock that is slow":       func(w *world, _ *interact.Request) { w.now = noon.Add(-5 * time.Minute) },
		"an organisation of Slack":   func(w *world, r *interact.Request) { grid(t, w, r, "E0GRID0001", "E0GRID0001", "") },
		"an organisation, other way": func(w *world, r *interact.Request) { grid(t, w, r, "", "E0GRID0001", "E0GRID0001") },
		"another of its members": func(w *world, r *interact.Request) {
			p := click("approve", slackapp.Value(plan, 1))
			p["user"].(map[string]any)["id"] = "W0BO000001"
			*r = signed(formOf(t, p), noon)
		},
	} {
		w := newWorld(t)
		r := signed(body, noon)
		change(w, &r)
		if resp := w.give(t, r); resp.StatusCode != 200 || len(w.said) != 1 || w.said[0].Answer == nil {
			t.Errorf("%s: answered %d %q, said %v", name, resp.StatusCode, resp.Body, w.said)
		}
	}
}

// grid makes it a click in an organisation of Slack, which the rules file names.
func grid(t *testing.T, w *world, r *interact.Request, enterprise, user, ofTeam string) {
	t.Helper()
	w.rules(t, strings.Replace(people, team, "E0GRID0001", 1))
	p := click("approve", slackapp.Value(plan, 1))
	p["user"].(map[string]any)["team_id"] = user
	if ofTeam != "" {
		p["team"].(map[string]any)["enterprise_id"] = ofTeam
	}
	if enterprise != "" {
		p["enterprise"] = map[string]any{"id": enterprise, "name": "grid"}
	}
	*r = signed(formOf(t, p), noon)
}

func TestAReplayIsOnTheRecordOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := signed(formOf(t, click("approve", slackapp.Value(plan, 1))), noon)
	for i, want := range []int{200, 409, 409, 409} {
		if resp := w.give(t, r); resp.StatusCode != want {
			t.Errorf("time %d: answered %d, want %d", i, resp.StatusCode, want)
		}
	}
	if len(w.said) != 2 || w.said[0].Answer == nil || w.said[1].Refused == nil || w.said[1].Refused.Code != "replay" || w.said[1].Refused.Key != plan || w.said[1].Refused.Identity != ada {
		t.Errorf("said %+v", w.said)
	}
	w.now = noon.Add(2 * time.Hour) // and when nobody remembers it any more
	w.heard, w.said = map[string]bool{}, nil
	for range 3 {
		if resp := w.give(t, r); resp.StatusCode != 401 {
			t.Errorf("later: answered %d", resp.StatusCode)
		}
	}
	if len(w.said) != 1 || w.said[0].Refused == nil || w.said[0].Refused.Code != "late" {
		t.Errorf("later it said %+v", w.said)
	}
	if diff := cmp.Diff(map[string]int{interact.Heard: 1, interact.Refused: 6}, w.counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What cannot be done now is no refusal: the person sees that it did not work, and clicks again.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		action string
		fail   func(*world)
		status int
	}{
		"the table":          {"approve", func(w *world) { w.failing = errors.New("down") }, 503},
		"no signing secret":  {"approve", func(w *world) { w.secret = "" }, 503},
		"the form":           {"reject", func(w *world) { w.handler.Show = failingShow }, 502},
		"who may decide":     {"approve", func(w *world) { w.unknown = errors.New("down") }, 503},
		"the queue of words": {"approve", func(w *world) { w.handler.Say = failingSay }, 503},
	} {
		w := newWorld(t)
		c.fail(w)
		resp := w.give(t, signed(formOf(t, click(c.action, slackapp.Value(plan, 1))), noon))
		if resp.StatusCode != c.status || len(w.said)+len(w.counts) != 0 {
			t.Errorf("%s: answered %d, said %v, counts %v", name, resp.StatusCode, w.said, w.counts)
		}
		if strings.Contains(resp.Body, "down") || strings.Contains(resp.Body, secret) {
			t.Errorf("%s: strangers read %q", name, resp.Body)
		}
	}
	// An empty secret must not make an empty key.
	w := newWorld(t)
	w.secret = ""
	r := signed(formOf(t, click("approve", slackapp.Value(plan, 1))), noon)
	r.Headers["x-slack-signature"] = emptyKey(r.Body)
	if resp := w.give(t, r); resp.StatusCode != 503 || len(w.said) != 0 {
		t.Errorf("signed with an empty key: %d", resp.StatusCode)
	}
}

func TestWhatIsWrongInAFormIsShownThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resp := w.give(t, signed(formOf(t, filled("exempt", exemption("", "a\u202eb", "2027-02-21"))), noon))
	var out struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
	}
	if err := json.Unmarshal([]byte(resp.Body), &out); err != nil || resp.StatusCode != 200 || resp.Headers["Content-Type"] != "application/json" {
		t.Fatalf("answered %d %q: %v", resp.StatusCode, resp.Body, err)
	}
	want := map[string]string{"reason": "this is needed", "owner": "this holds characters that cannot be seen", "until": "90 days at most; for longer, write an exception into the rules file"}
	if diff := cmp.Diff(want, out.Errors); diff != "" || out.Action != "errors" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(w.said) != 1 || w.said[0].Refused == nil || w.said[0].Reply != nil {
		t.Errorf("said %+v", w.said)
	}
}
