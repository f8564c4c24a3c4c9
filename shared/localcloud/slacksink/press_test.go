package slacksink_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
)

// app is an app that answers as it is told.
type app struct {
	status  int
	answer  string
	delay   time.Duration
	got     []map[string]any
	headers []map[string]string
	then    func(map[string]any)
}

func (a *app) deliver(_ context.Context, headers map[string]string, body []byte) (int, []byte, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return 0, nil, err
	}
	var payload map[string]any
	if err := json.Unmarshal([]byte(form.Get("payload")), &payload); err != nil {
		return 0, nil, err
	}
	a.got, a.headers = append(a.got, payload), append(a.headers, headers)
	if a.then != nil {
		a.then(payload)
	}
	time.Sleep(a.delay)
	return a.status, []byte(a.answer), nil
}

func button(id, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, slack.NewTextBlockObject("plain_text", id, false, false))
}

func posted(t *testing.T, s *slacksink.Server) string {
	t.Helper()
	_, ts, err := client(s).PostMessage("C1", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("b", button("yes", "v-1"), button("no", "v-2"))))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// The example of Slack's documentation: https://docs.slack.dev/authentication/verifying-requests-from-slack
func TestSign(t *testing.T) {
	t.Parallel()
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&" +
		"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	if got, want := slacksink.Sign("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, []byte(body)), "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPress(t *testing.T) {
	t.Parallel()
	a := &app{status: http.StatusOK}
	s := start(t, slacksink.Options{Deliver: a.deliver, SigningSecret: "s"})
	ts := posted(t, s)
	c := slacksink.Click{Channel: "C1", TS: ts, Action: "no", User: "U1"}
	if err := s.Press(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got := a.got[0]
	clicked := got["actions"].([]any)[0].(map[string]any)
	if clicked["value"] != "v-2" || clicked["block_id"] != "b" || got["user"].(map[string]any)["team_id"] != "T00000000" || !strings.HasPrefix(a.headers[0]["x-slack-signature"], "v0=") {
		t.Errorf("the app heard %v", got)
	}
	_, named, err := client(s).PostMessage("#sec", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("b", button("yes", "v-3"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Press(t.Context(), slacksink.Click{Channel: "#sec", TS: named, Action: "yes", User: "U1"}); err != nil {
		t.Fatal(err)
	}
	id, _ := a.got[1]["container"].(map[string]any)["channel_id"].(string)
	if len(id) != 11 || id[0] != 'C' {
		t.Errorf("the app heard of channel %q, want an id", id)
	}
	if _, _, _, err := client(s).UpdateMessage(id, named, slack.MsgOptionText("y", false)); err != nil {
		t.Errorf("changing a message by its channel's id: %v", err)
	}
	a.got = a.got[:1]
	for name, change := range map[string]func(*slacksink.Click){"no message": func(c *slacksink.Click) { c.TS = "1.1" }, "no button": func(c *slacksink.Click) { c.Action = "maybe" }} {
		x := c
		change(&x)
		if err := s.Press(t.Context(), x); err == nil || len(a.got) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, answer := range map[string]app{"an error": {status: 403, answer: "no"}, "words": {status: 200, answer: "ok"}, "too late": {status: 200, delay: 3100 * time.Millisecond}} {
		a.status, a.answer, a.delay = answer.status, answer.answer, answer.delay
		if err := s.Press(t.Context(), c); err == nil || (name != "words") != errors.Is(err, slacksink.ErrAnswered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func input(id, kind, more string) string {
	return `{"type":"input","block_id":"` + id + `","label":{"type":"plain_text","text":"` + id + `"},"element":{"type":"` + kind + `","action_id":"` + id + `"` + more + `}}`
}

func form(more string, blocks ...string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"Why?"},"submit":{"type":"plain_text","text":"Send"}` + more + `,"blocks":[` + strings.Join(blocks, ",") + `]}`
}

// open makes a form for a trigger, and returns Slack's word.
func open(t *testing.T, s *slacksink.Server, trigger, view string) string {
	t.Helper()
	body := `{"trigger_id":"` + trigger + `","view":` + view + `}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.APIURL()+"views.open", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct{ Error string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Error
}

func TestForms(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := &app{status: http.StatusOK}
	s := start(t, slacksink.Options{Deliver: a.deliver, Now: func() time.Time { return now }})
	click := slacksink.Click{Channel: "C1", TS: posted(t, s), Action: "no", User: "U1"}
	view := form(`,"private_metadata":"m","callback_id":"c"`, input("why", "plain_text_input", `,"min_length":2,"max_length":5`), input("day", "datepicker", `,"initial_date":"2026-12-01"`))
	var answers []string
	a.then = func(p map[string]any) {
		if id, ok := p["trigger_id"].(string); ok && p["type"] == "block_actions" {
			answers = []string{open(t, s, id, view), open(t, s, id, view)}
		}
	}
	if err := s.Press(t.Context(), click); err != nil || answers[0] != "" || answers[1] != "invalid_trigger" {
		t.Fatalf("%v, %q", err, answers)
	}
	a.then = func(p map[string]any) {
		now = now.Add(4 * time.Second)
		answers = []string{open(t, s, p["trigger_id"].(string), view)}
	}
	if err := s.Press(t.Context(), click); err != nil || answers[0] != "expired_trigger_id" {
		t.Errorf("after four seconds: %v, %q", err, answers)
	}
	a.then = nil
	v := s.Views()[0]
	for name, c := range map[string]struct {
		values map[string]string
		answer string
		ok     bool
		open   bool
	}{
		"too short":                  {map[string]string{"why": "x"}, "", false, true},
		"too long":                   {map[string]string{"why": "xxxxxx"}, "", false, true},
		"words as an answer":         {map[string]string{"why": "xxx"}, "ok", false, true},
		"an error of nothing":        {map[string]string{"why": "xxx"}, `{"response_action":"errors","errors":{}}`, false, true},
		"an error of another field":  {map[string]string{"why": "xxx"}, `{"response_action":"errors","errors":{"x":"y"}}`, false, true},
		"an error of the form's own": {map[string]string{"why": "xxx"}, `{"response_action":"errors","errors":{"why":"y"}}`, true, true},
	} {
		a.answer = c.answer
		if _, err := s.Submit(t.Context(), v, c.values); (err == nil) != c.ok || (len(s.Views()) == 1) != c.open {
			t.Errorf("%s: %v, %d forms", name, err, len(s.Views()))
		}
	}
	a.answer, a.got = "", nil
	if wrong, err := s.Submit(t.Context(), v, map[string]string{"why": "xxx"}); err != nil || len(wrong) != 0 || len(s.Views()) != 0 {
		t.Fatal(wrong, err)
	}
	sent := a.got[0]["view"].(map[string]any)
	state, _ := json.Marshal(sent["state"])
	if want := `{"values":{"day":{"day":{"selected_date":"2026-12-01","type":"datepicker"}},"why":{"why":{"type":"plain_text_input","value":"xxx"}}}}`; string(state) != want || sent["private_metadata"] != "m" || sent["callback_id"] != "c" {
		t.Errorf("the app got %s of %v", state, sent)
	}
}

func TestFormsSlackRefuses(t *testing.T) {
	t.Parallel()
	s := start(t, slacksink.Options{})
	why := input("why", "plain_text_input", "")
	for name, view := range map[string]string{
		"no title": `{"type":"modal","blocks":[` + why + `]}`, "a long title": strings.Replace(form("", why), "Why?", strings.Repeat("x", 25), 1), "no submit": strings.Replace(form("", why), `"submit":{"type":"plain_text","text":"Send"},`, "", 1),
		"a long submit": strings.Replace(form("", why), "Send", strings.Repeat("x", 25), 1), "no blocks": form(""), "101 blocks": form("", strings.TrimSuffix(strings.Repeat(`{"type":"divider"},`, 101), ",")), "not a modal": strings.Replace(form("", why), "modal", "home", 1),
		"long metadata": form(`,"private_metadata":"`+strings.Repeat("x", 3001)+`"`, why), "a long callback": form(`,"callback_id":"`+strings.Repeat("x", 256)+`"`, why), "the same block twice": form("", why, why), "another property": form(`,"colour":"red"`, why),
		"an unknown element": form("", input("why", "slider", "")), "a text of nothing at most": form("", input("why", "plain_text_input", `,"max_length":0`)), "more at least than at most": form("", input("why", "plain_text_input", `,"min_length":9,"max_length":3`)),
		"no date": form("", input("why", "datepicker", `,"initial_date":"tomorrow"`)), "a date of some length": form("", input("why", "datepicker", `,"min_length":3`)), "no element": form("", `{"type":"input","block_id":"x","label":{"type":"plain_text","text":"x"}}`),
		"no label": form("", `{"type":"input","block_id":"x","element":{"type":"datepicker","action_id":"x"}}`), "a label in mrkdwn": form("", strings.Replace(why, "plain_text", "mrkdwn", 1)), "no view": "null",
	} {
		if got := open(t, s, "1", view); got != "invalid_arguments" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := open(t, s, "1", form("", why)); got != "invalid_trigger" {
		t.Errorf("a good one without a click: %q", got)
	}
}

func TestThreadsAndWhispers(t *testing.T) {
	t.Parallel()
	s := start(t, slacksink.Options{})
	api := client(s)
	text := slack.MsgOptionText("x", false)
	parent := posted(t, s)
	_, below, err := api.PostMessage("C1", text, slack.MsgOptionTS(parent), slack.MsgOptionBroadcast())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessage("C1", text, slack.MsgOptionTS(below)); err == nil || err.Error() != "thread_not_found" {
		t.Errorf("a thread below a thread: %v", err)
	}
	whispered, err := api.PostEphemeral("C1", "U0ADA00001", text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.PostEphemeral("C1", "ada", text); err == nil {
		t.Error("nobody was told, and it was taken")
	}
	if _, _, _, err := api.UpdateMessage("C1", whispered, text); err == nil || err.Error() != "cant_update_message" {
		t.Errorf("changing what one person sees: %v", err)
	}
	got := s.Messages()
	if len(got) != 3 || got[1].Thread != parent || !got[1].Broadcast || got[2].Only != "U0ADA00001" {
		t.Errorf("%+v", got)
	}
}
