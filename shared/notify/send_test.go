package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
)

// fakeClock is a time that only passes in sleeps.
type fakeClock struct {
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func sink(t *testing.T, o slacksink.Options) *slacksink.Server {
	t.Helper()
	s, err := slacksink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func sender(t *testing.T, c Config) (*Sender, *fakeClock) {
	t.Helper()
	clock := &fakeClock{now: time.Now()} // contexts have deadlines in real time
	c.Now, c.Sleep = clock.Now, clock.Sleep
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, clock
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"nothing": {}, "both": {Token: "x", Webhook: "y", Channel: "#c"}, "no channel": {Token: "x"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestEveryMessageIsTakenBySlack(t *testing.T) {
	t.Parallel()
	slackAPI := sink(t, slacksink.Options{})
	s, _ := sender(t, Config{Token: slackAPI.Token(), Channel: "#sec", APIURL: slackAPI.APIURL()})
	lists := [][]core.Finding{{fixed()}, {waiting()}, {advised()}, {blind()}, {fixed(), waiting(), advised(), blind()}, {everywhere(strings.Repeat("<*&`😀", 3000))}}
	for i, list := range lists {
		for _, m := range Build(list, Options{Channel: "#sec"}) {
			if err := s.Send(t.Context(), m); err != nil {
				t.Errorf("list %d: %v", i, err)
			}
		}
	}
	if got := slackAPI.Refused(); len(got) != 0 || len(slackAPI.Messages()) != len(lists) {
		t.Errorf("%d messages, refused: %q", len(slackAPI.Messages()), got)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	hook := sink(t, slacksink.Options{})
	s, _ := sender(t, Config{Webhook: hook.WebhookURL(), Route: func(core.Finding) string { return "#elsewhere" }})
	failed, err := s.Deliver(t.Context(), bodies(t, fixed(), waiting()))
	if err != nil || failed != nil {
		t.Fatalf("failed %v: %v", failed, err)
	}
	if got := hook.Messages(); len(got) != 1 || !got[0].Webhook || !strings.HasPrefix(got[0].Text, "2 findings") {
		t.Errorf("messages %+v", got)
	}
}

// answers is Slack answering one thing after the other, and what it was sent.
func answers(t *testing.T, list ...func(http.ResponseWriter)) (*httptest.Server, *[]string) {
	t.Helper()
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		blocks := "blocks"
		if b := r.Form.Get("blocks"); b == "" || b == "[]" {
			blocks = "text"
		}
		got = append(got, fmt.Sprintf("%s to %s, unfurl %s %s", blocks, r.Form.Get("channel"), r.Form.Get("unfurl_links"), r.Form.Get("unfurl_media")))
		list[min(len(got), len(list))-1](w)
	}))
	t.Cleanup(srv.Close)
	return srv, &got
}

func say(code string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { fmt.Fprintf(w, `{"ok":%v,"error":%q}`, code == "", code) }
}

func status(code int, retry string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if retry != "" {
			w.Header().Set("Retry-After", retry)
		}
		w.WriteHeader(code)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	const blocks, text = "blocks to #sec, unfurl false false", "text to #sec, unfurl false false"
	for name, tt := range map[string]struct {
		answers   []func(http.ResponseWriter)
		code      string // of the error; empty: it is sent
		permanent bool
		sent      []string
		slept     time.Duration
	}{
		"taken":               {answers: []func(http.ResponseWriter){say("")}, sent: []string{blocks}},
		"too fast once":       {answers: []func(http.ResponseWriter){status(429, "7"), say("")}, sent: []string{blocks, blocks}, slept: 7 * time.Second},
		"too fast for good":   {answers: []func(http.ResponseWriter){status(429, "2")}, code: "ratelimited", sent: []string{blocks, blocks, blocks, blocks}, slept: 6 * time.Second},
		"too fast, no header": {answers: []func(http.ResponseWriter){status(429, ""), say("")}, sent: []string{blocks, blocks}, slept: time.Second},
		"bad token":           {answers: []func(http.ResponseWriter){say("invalid_auth")}, code: "invalid_auth", permanent: true, sent: []string{blocks}},
		"no channel":          {answers: []func(http.ResponseWriter){say("channel_not_found")}, code: "channel_not_found", permanent: true, sent: []string{blocks}},
		"Slack is ill":        {answers: []func(http.ResponseWriter){say("internal_error")}, code: "internal_error", sent: []string{blocks}},
		"Slack is down":       {answers: []func(http.ResponseWriter){status(503, "")}, code: "http_503", sent: []string{blocks}},
		"blocks refused":      {answers: []func(http.ResponseWriter){say("msg_blocks_too_long"), say("")}, sent: []string{blocks, text}, slept: time.Second},
		"all refused":         {answers: []func(http.ResponseWriter){say("invalid_blocks")}, code: "invalid_blocks", permanent: true, sent: []string{blocks, text}, slept: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, got := answers(t, tt.answers...)
			s, clock := sender(t, Config{Token: "xoxb-secret", Channel: "#sec", APIURL: srv.URL + "/"})
			err := s.Send(t.Context(), Build([]core.Finding{fixed()}, Options{Channel: "#sec"})[0])
			var failure *SendError
			switch {
			case tt.code == "" && err != nil, tt.code != "" && (!errors.As(err, &failure) || failure.Code != tt.code):
				t.Errorf("error %v, want code %q", err, tt.code)
			case IsPermanent(err) != tt.permanent:
				t.Errorf("permanent is %v: %v", !tt.permanent, err)
			case err != nil && strings.Contains(err.Error(), "xoxb"):
				t.Errorf("the token is in the error: %v", err)
			}
			if diff := cmp.Diff(tt.sent, *got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			var slept time.Duration
			for _, d := range clock.slept {
				slept += d
			}
			if slept != tt.slept {
				t.Errorf("slept %s (%v), want %s", slept, clock.slept, tt.slept)
			}
		})
	}
}

func TestOneASecondInAChannel(t *testing.T) {
	t.Parallel()
	srv, _ := answers(t, say(""))
	s, clock := sender(t, Config{Token: "x", Channel: "#a", APIURL: srv.URL + "/"})
	for _, channel := range []string{"#a", "#b", "#a", "#a"} {
		if err := s.Send(t.Context(), Message{Channel: channel, Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]time.Duration{0, 0, time.Second, time.Second}, clock.slept); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

// TestAnotherInterval: where it is not Slack that listens, nobody has to wait for a second.
func TestAnotherInterval(t *testing.T) {
	t.Parallel()
	srv, _ := answers(t, say(""))
	s, clock := sender(t, Config{Token: "x", Channel: "#a", APIURL: srv.URL + "/", Interval: 50 * time.Millisecond})
	for range 3 {
		if err := s.Send(t.Context(), Message{Channel: "#a", Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]time.Duration{0, 50 * time.Millisecond, 50 * time.Millisecond}, clock.slept); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestALongWaitIsForTheQueue(t *testing.T) {
	t.Parallel()
	srv, got := answers(t, status(429, "60"))
	s, clock := sender(t, Config{Token: "x", Channel: "#sec", APIURL: srv.URL + "/"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Send(ctx, Message{Channel: "#sec", Text: "x"})
	if !errors.Is(err, context.DeadlineExceeded) || IsPermanent(err) {
		t.Errorf("error %v", err)
	}
	if len(*got) != 1 || len(clock.slept) != 1 || clock.slept[0] != 0 {
		t.Errorf("%d requests, pauses %v: it waited although the time would not do", len(*got), clock.slept)
	}
}

func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	for name, c := range map[string]Config{
		"webhook":             {Webhook: down.URL + "/services/T0/B0/secret"},
		"webhook that is odd": {Webhook: "http://[::1/services/secret"},
		"token":               {Token: "xoxb-secret", Channel: "#sec", APIURL: down.URL + "/"},
	} {
		s, _ := sender(t, c)
		err := s.Send(t.Context(), Message{Channel: s.options.Channel, Text: "x"})
		if err == nil || IsPermanent(err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "secret") {
				t.Errorf("%s: wrapped: %v", name, e)
			}
		}
	}
}

// answersEach is a Slack that answers each method as told, and the methods that were called.
func answersEach(t *testing.T, answer func(method string) string) (string, *[]string) {
	t.Helper()
	var called []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := strings.TrimPrefix(r.URL.Path, "/")
		called = append(called, method)
		fmt.Fprint(w, answer(method))
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/", &called
}
