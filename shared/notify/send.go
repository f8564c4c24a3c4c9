package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/core"
)

// Config says how to reach Slack. Exactly one of Token and Webhook is set; both are secrets and stand in no error and no log.
type Config struct {
	Token   string // a bot token with chat:write: messages go to the channel of their route
	Webhook string // an incoming webhook's URL: everything goes to the webhook's own channel

	Channel     string                    // for what has no route
	Route       func(core.Finding) string // the finding's own channel, or empty; not asked with a webhook. May be nil
	AccountName func(id string) string    // "prod" for "111122223333", or empty. May be nil

	APIURL     string       // of the Web API, with a slash at the end; empty: Slack's
	HTTPClient *http.Client // nil: one with a timeout of 10 seconds
	Now        func() time.Time
	Sleep      func(context.Context, time.Duration) error
}

// Sender sends messages. It may be used concurrently; messages to one channel wait for each other.
type Sender struct {
	options Options
	post    func(context.Context, Message) error
	pace    *pace
	sleep   func(context.Context, time.Duration) error
}

// attempts is how often one message is tried when Slack says that we are too fast. Everything else is for the queue to try again.
const attempts = 4

// New returns a sender. It makes no request.
func New(c Config) (*Sender, error) {
	client := cmp.Or(c.HTTPClient, &http.Client{Timeout: 10 * time.Second})
	s := &Sender{options: Options{c.Channel, c.Route, c.AccountName}, sleep: c.Sleep, pace: &pace{now: c.Now, next: map[string]time.Time{}}}
	if s.sleep == nil {
		s.sleep = sleep
	}
	if s.pace.now == nil {
		s.pace.now = time.Now
	}
	switch {
	case (c.Token == "") == (c.Webhook == ""):
		return nil, errors.New("setting up Slack: give either a bot token or an incoming webhook")
	case c.Webhook != "":
		s.options.Channel, s.options.Route = "", nil
		s.post = func(ctx context.Context, m Message) error { return postWebhook(ctx, client, c.Webhook, m) }
		return s, nil
	case c.Channel == "" && c.Route == nil:
		return nil, errors.New("setting up Slack: a bot token needs a channel for what has no route")
	}
	options := []slack.Option{slack.OptionHTTPClient(client)}
	if c.APIURL != "" {
		options = append(options, slack.OptionAPIURL(c.APIURL))
	}
	api := slack.New(c.Token, options...)
	s.post = func(ctx context.Context, m Message) error {
		_, _, err := api.PostMessageContext(ctx, m.Channel, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		return err
	}
	return s, nil
}

func postWebhook(ctx context.Context, client *http.Client, url string, m Message) error {
	off := false
	return slack.PostWebhookCustomHTTPContext(ctx, url, client, &slack.WebhookMessage{
		Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, UnfurlLinks: &off, UnfurlMedia: &off,
	})
}

// Send sends one message, keeping to one a second in its channel and waiting when Slack asks for it, as far as the context allows. A message whose
// blocks Slack refuses is sent again as text alone: people must hear of it. Its error is a [*SendError].
func (s *Sender) Send(ctx context.Context, m Message) error {
	err := s.try(ctx, m)
	var refused *SendError
	if errors.As(err, &refused) && len(m.Blocks) > 0 && blocksRefused[refused.Code] {
		m.Blocks = nil
		m.Text += "\n(Slack refused the details: " + refused.Code + ")"
		return s.try(ctx, m)
	}
	return err
}

func (s *Sender) try(ctx context.Context, m Message) error {
	for attempt := 1; ; attempt++ {
		if err := s.wait(ctx, s.pace.reserve(m.Channel)); err != nil {
			return &SendError{Channel: m.Channel, Code: "not_sent", Err: err}
		}
		err := s.post(ctx, m)
		if err == nil {
			return nil
		}
		failure := classify(m.Channel, err)
		if failure.RetryAfter == 0 || attempt == attempts {
			return failure
		}
		s.pace.hold(m.Channel, failure.RetryAfter)
	}
}

// wait pauses, or says at once that the context will not last that long.
func (s *Sender) wait(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && s.pace.now().Add(d).After(end) {
		return fmt.Errorf("waiting %s for Slack's rate limit: %w", d.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return s.sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
