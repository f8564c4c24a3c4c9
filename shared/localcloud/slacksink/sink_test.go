package slacksink_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
)

func start(t *testing.T, opts slacksink.Options) *slacksink.Server {
	t.Helper()
	s, err := slacksink.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func client(s *slacksink.Server) *slack.Client {
	return slack.New(s.Token(), slack.OptionAPIURL(s.APIURL()))
}

// blocks is a message of each kind of block, made by slack-go.
func blocks() []slack.Block {
	mrkdwn := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.MarkdownType, text, false, false)
	}
	plain := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, text, true, false)
	}
	approve := slack.NewButtonBlockElement("approve", "plan-1", plain("Approve")).WithStyle(slack.StylePrimary)
	open := slack.NewButtonBlockElement("open", "", plain("Open")).WithURL("https://example.com/plan")
	return []slack.Block{
		slack.NewHeaderBlock(plain("Public bucket closed")),
		slack.NewSectionBlock(mrkdwn("*s3.public* on <https://example.com/b|logs &amp; more> by <@U1|ann>"), nil, nil),
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{mrkdwn("*Account*\n111122223333"), mrkdwn("*Exposed*\n4 min")}, nil),
		slack.NewDividerBlock(),
		slack.NewContextBlock("", mrkdwn("seq 12"), mrkdwn("head `ab12`")),
		slack.NewActionBlock("", approve, open),
	}
}

func TestPostUpdateAndRenderWithSlackGo(t *testing.T) {
	t.Parallel()
	var told []string
	s := start(t, slacksink.Options{
		Channels: []string{"C1"}, Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
		OnMessage: func(m slacksink.Message) { told = append(told, m.Text) },
	})
	api := client(s)
	if who, err := api.AuthTest(); err != nil || who.User != "shoreup" {
		t.Fatalf("auth.test: %+v, %v", who, err)
	}
	channel, ts, err := api.PostMessage("C1", slack.MsgOptionText("fixed", false), slack.MsgOptionBlocks(blocks()...))
	if err != nil || channel != "C1" || ts != "1800000000.000001" {
		t.Fatalf("posting: %s %s %v", channel, ts, err)
	}
	if _, _, err := api.PostMessage("C1", slack.MsgOptionText("detail", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessage("C1", ts, slack.MsgOptionText("approved", false), slack.MsgOptionBlocks(blocks()[:5]...)); err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff([]string{"fixed", "detail", "approved"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	got := s.Messages()
	if len(got) != 2 || got[0].Text != "approved" || got[0].Updates != 1 || got[1].Thread != ts || len(s.Refused()) != 0 {
		t.Errorf("messages %+v, refused %v", got, s.Refused())
	}
	want := `C1 (updated)
  | Public bucket closed
  | ====================
  | *s3.public* on logs & more (https://example.com/b) by ann
  | *Account*  111122223333
  | *Exposed*  4 min
  | ----------------------------------------
  | seq 12  head ` + "`ab12`" + `
`
	if diff := cmp.Diff(want, slacksink.Render(got[0])); diff != "" {
		t.Errorf("rendering (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("C1 (in thread)\n  | detail\n", slacksink.Render(got[1])); diff != "" {
		t.Errorf("rendering (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, slacksink.Options{Channels: []string{"C1"}})
	api := client(s)
	post := func(channel string, options ...slack.MsgOption) func() error {
		return func() error { _, _, err := api.PostMessage(channel, options...); return err }
	}
	text := slack.MsgOptionText("x", false)
	tests := []struct {
		name, want string
		call       func() error
	}{
		{"no text", "no_text", post("C1", slack.MsgOptionBlocks(blocks()...))},
		{"channel", "channel_not_found", post("C2", text)},
		{"no channel", "channel_not_found", post("", text)},
		{"thread", "thread_not_found", post("C1", text, slack.MsgOptionTS("1.000001"))},
		{"long text", "msg_too_long", post("C1", slack.MsgOptionText(strings.Repeat("x", 40_001), false))},
		{"blocks", "invalid_blocks", post("C1", text, slack.MsgOptionBlocks(&slack.HeaderBlock{Type: "header"}))},
		{"update of nothing", "message_not_found", func() error { _, _, _, err := api.UpdateMessage("C1", "1.000001", text); return err }},
		{"method", "unknown_method", func() error { _, _, err := api.DeleteMessage("C1", "1.000001"); return err }},
		{"wrong token", "invalid_auth", func() error {
			_, err := slack.New("xoxb-wrong", slack.OptionAPIURL(s.APIURL())).AuthTest()
			return err
		}},
		{"no token", "not_authed", func() error { _, err := slack.New("", slack.OptionAPIURL(s.APIURL())).AuthTest(); return err }},
	}
	for i, tt := range tests {
		if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if refused := s.Refused(); len(refused) != i+1 || !strings.HasPrefix(refused[i], tt.want) {
			t.Errorf("%s: refused %q", tt.name, refused)
		}
	}
	if got := s.Messages(); len(got) != 0 {
		t.Errorf("kept %+v", got)
	}
	if strings.Contains(strings.Join(s.Refused(), "\n"), "xoxb-wrong") {
		t.Error("a token is in the refusals")
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	s := start(t, slacksink.Options{Interval: 1500 * time.Millisecond, Now: func() time.Time { return now }})
	api := client(s)
	post := func(channel string) error {
		_, _, err := api.PostMessage(channel, slack.MsgOptionText("x", false))
		return err
	}
	if err := errors.Join(post("C1"), post("C2")); err != nil {
		t.Fatal(err)
	}
	var limited *slack.RateLimitedError
	if err := post("C1"); !errors.As(err, &limited) || limited.RetryAfter != 2*time.Second {
		t.Errorf("second message: %v, want to wait 2 s", err)
	}
	now = now.Add(1500 * time.Millisecond)
	if err := post("C1"); err != nil {
		t.Errorf("after the interval: %v", err)
	}
	if got := s.Messages(); len(got) != 3 {
		t.Errorf("%d messages were kept, want 3", len(got))
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s := start(t, slacksink.Options{})
	send := func(m *slack.WebhookMessage) error {
		return slack.PostWebhookContext(context.Background(), s.WebhookURL(), m)
	}
	if err := send(&slack.WebhookMessage{Text: "hello", Blocks: &slack.Blocks{BlockSet: blocks()}}); err != nil {
		t.Fatal(err)
	}
	var status slack.StatusCodeError
	if err := send(&slack.WebhookMessage{}); !errors.As(err, &status) || status.Code != http.StatusBadRequest {
		t.Errorf("an empty message: %v, want 400", err)
	}
	got := s.Messages()
	if len(got) != 1 || !got[0].Webhook || got[0].Channel != "" || !strings.HasPrefix(slacksink.Render(got[0]), "webhook\n  | Public bucket closed\n") {
		t.Errorf("messages %+v", got)
	}
}

func TestJSONWithBearerToken(t *testing.T) {
	t.Parallel()
	s := start(t, slacksink.Options{})
	post := func(kind, body string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.APIURL()+"chat.postMessage", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Authorization", "Bearer "+s.Token())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	tests := []struct{ kind, body, want string }{
		{"application/json; charset=utf-8", `{"channel":"C1","text":"\u001b[2Jx","blocks":[{"type":"divider"}]}`, `"ok":true`},
		{"application/json", `{"channel":`, `"invalid_json"`},
		{"application/x-www-form-urlencoded", "channel=%zz", `"invalid_form_data"`},
		{"text/plain", "hello", `"invalid_post_type"`},
	}
	for _, tt := range tests {
		if got := post(tt.kind, tt.body); !strings.Contains(got, tt.want) {
			t.Errorf("%s %s: %s, want %s", tt.kind, tt.body, got, tt.want)
		}
	}
}
