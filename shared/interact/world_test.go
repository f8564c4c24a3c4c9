package interact_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	secret  = "8f742231b10e8888abcd99yyyzzz85a5"
	team    = "T0HOME0001"
	ada     = "U0ADA00001"
	channel = "C0SECURITY"
	people  = `version: 1
slack: { team: T0HOME0001 }
people:
  - { name: ada, slack: U0ADA00001 }
  - { name: bo, slack: W0BO000001 }
  - { name: cy, aws: ["source:U0CY000001"] }
`
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	plan = approval.Key{Account: "111122223333", Kind: approval.Fix, ID: "01KB0000000000000000000001", Hash: strings.Repeat("0a", 32)}
	all  = approval.BatchID{Hash: strings.Repeat("0b", 32), TS: "1800000000.000001"}
)

// world is a handler with everything that it said.
type world struct {
	handler *interact.Handler
	file    *rules.File
	heard   map[string]bool
	said    []approval.Said
	forms   []interact.Form
	counts  map[string]int
	now     time.Time
	secret  string
	failing error // of all that leaves the function
	unknown error // of who may decide
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{heard: map[string]bool{}, counts: map[string]int{}, now: noon, secret: secret}
	w.rules(t, people)
	w.handler = &interact.Handler{
		Secret: func(context.Context) (string, error) { return w.secret, nil },
		Rules:  func(context.Context) (*rules.File, error) { return w.file, w.unknown },
		Once: func(_ context.Context, id string, _ time.Time) (bool, error) {
			first := !w.heard[id]
			w.heard[id] = true
			return first, w.failing
		},
		Say: func(_ context.Context, body string) error {
			var s approval.Said
			dec := json.NewDecoder(strings.NewReader(body))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&s); err != nil || s.Words() != 1 {
				t.Errorf("said %s: %v", body, err)
			}
			w.said = append(w.said, s)
			return w.failing
		},
		Show: func(_ context.Context, _ string, f interact.Form) error {
			w.forms = append(w.forms, f)
			return w.failing
		},
		Count: func(m string) { w.counts[m]++ },
		Now:   func() time.Time { return w.now },
	}
	return w
}

func (w *world) rules(t testing.TB, text string) {
	t.Helper()
	file, err := rules.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w.file = file
}

func (w *world) give(t testing.TB, r interact.Request) interact.Response {
	t.Helper()
	resp, err := w.handler.Handle(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// click is what Slack says of a click on a button.
func click(id, value string) map[string]any {
	return map[string]any{
		"type": "block_actions", "team": map[string]any{"id": team, "domain": "home"}, "enterprise": nil, "is_enterprise_install": false,
		"user": map[string]any{"id": ada, "username": "ada", "team_id": team}, "api_app_id": "A1", "token": "x",
		"container": map[string]any{"type": "message", "message_ts": "1800000000.000001", "channel_id": channel}, "trigger_id": "1.2.abc",
		"channel": map[string]any{"id": channel, "name": "security"}, "message": map[string]any{"text": "x", "ts": "1800000000.000001"},
		"actions": []any{map[string]any{"type": "button", "action_id": id, "block_id": slackapp.Block, "value": value}},
	}
}

// filled is what Slack says of a form that was sent.
func filled(id string, values map[string]any) map[string]any {
	return map[string]any{
		"type": "view_submission", "team": map[string]any{"id": team}, "user": map[string]any{"id": ada, "team_id": team},
		"view": map[string]any{"type": "modal", "callback_id": id, "private_metadata": slackapp.Value(plan, 1) + " " + channel, "state": map[string]any{"values": values}},
	}
}

func line(id string, text any) map[string]any {
	return map[string]any{id: map[string]any{"type": "plain_text_input", "value": text}}
}

func date(text any) map[string]any {
	return map[string]any{"until": map[string]any{"type": "datepicker", "selected_date": text}}
}

func exemption(reason, owner, until any) map[string]any {
	return map[string]any{"reason": line("reason", reason), "owner": line("owner", owner), "until": date(until)}
}

func formOf(t testing.TB, payload any) string {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"payload": {string(raw)}}.Encode()
}

// signed is a request of Slack with that body, made at that time.
func signed(body string, at time.Time) interact.Request {
	r := interact.Request{Version: "2.0", RawPath: "/", Body: body, Headers: map[string]string{
		"content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": strconv.FormatInt(at.Unix(), 10),
		"x-slack-signature": slacksink.Sign(secret, at.Unix(), []byte(body)), "host": "x.lambda-url.eu-west-1.on.aws",
	}}
	r.RequestContext.HTTP.Method, r.RequestContext.HTTP.SourceIP = "POST", "203.0.113.9"
	return r
}
