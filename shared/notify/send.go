package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
)

// Config says how to reach Slack. Exactly one of Token and Webhook is set; both are secrets and stand in no error and no log.
type Config struct {
	Token   string // a bot token with chat:write: messages go to the channel of their route, and people can answer them
	Webhook string // an incoming webhook's URL: everything goes to the webhook's own channel, and nobody can answer

	Channel     string                    // for what has no route
	Route       func(core.Finding) string // the finding's own channel, or empty; not asked with a webhook. May be nil
	AccountName func(id string) string    // "prod" for "111122223333", or empty. May be nil
	PlanURL     string                    // of a page that shows the newest report; empty: there is none

	// Point tells the deciding function where people are shown what waits for them. Nil: there is none, and messages stay as they are.
	Point func(context.Context, approval.Pointer) error
	// Latest returns a request as it is now: news of it may be told out of order. Nil: the news itself is believed.
	Latest func(context.Context, approval.Key) (approval.Request, bool, error)
	// BatchAt returns the plans that a message shows together. Nil: such a message is brought up to date only when all are decided at once.
	BatchAt func(ctx context.Context, channel, ts string) (approval.Batch, bool, error)
	// Buttons are put into messages where clicks are heard; they need a token and Point.
	Buttons bool

	APIURL     string        // of the Web API, with a slash at the end; empty: Slack's
	Interval   time.Duration // between messages in one channel; 0: the second that Slack asks for
	HTTPClient *http.Client  // nil: one with a timeout of 10 seconds
	Now        func() time.Time
	Sleep      func(context.Context, time.Duration) error
}

// Sender sends messages. It may be used concurrently; messages to one channel wait for each other.
type Sender struct {
	options Options
	api     *slack.Client // nil with a webhook
	point   func(context.Context, approval.Pointer) error
	latest  func(context.Context, approval.Key) (approval.Request, bool, error)
	batchAt func(ctx context.Context, channel, ts string) (approval.Batch, bool, error)
	hook    func(context.Context, Message) error // nil with a token
	pace    *pace
	sleep   func(context.Context, time.Duration) error
}

// attempts is how often one message is tried when Slack says that we are too fast. Everything else is for the queue to try again.
const attempts = 4

// New returns a sender. It makes no request.
func New(c Config) (*Sender, error) {
	client := cmp.Or(c.HTTPClient, &http.Client{Timeout: 10 * time.Second})
	s := &Sender{
		options: Options{Channel: c.Channel, Route: c.Route, AccountName: c.AccountName, PlanURL: c.PlanURL, Follow: c.Point != nil && c.Token != "", Buttons: c.Buttons && c.Point != nil && c.Token != ""},
		point:   c.Point, latest: c.Latest, batchAt: c.BatchAt, sleep: c.Sleep, pace: &pace{now: c.Now, each: cmp.Or(c.Interval, interval), next: map[string]time.Time{}},
	}
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
		s.hook = func(ctx context.Context, m Message) error { return postWebhook(ctx, client, c.Webhook, m) }
		return s, nil
	case c.Channel == "" && c.Route == nil:
		return nil, errors.New("setting up Slack: a bot token needs a channel for what has no route")
	}
	options := []slack.Option{slack.OptionHTTPClient(client)}
	if c.APIURL != "" {
		options = append(options, slack.OptionAPIURL(c.APIURL))
	}
	s.api = slack.New(c.Token, options...)
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
	_, err := s.post(ctx, m)
	return err
}

// post does it and returns where the message is; with a webhook nobody knows. More are options of chat.postMessage.
func (s *Sender) post(ctx context.Context, m Message, more ...slack.MsgOption) (approval.Place, error) {
	var at approval.Place
	send := func(ctx context.Context, m Message) (err error) {
		if s.hook != nil {
			return s.hook(ctx, m)
		}
		options := append(content(m), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		at.Channel, at.TS, err = s.api.PostMessageContext(ctx, m.Channel, append(options, more...)...)
		return err
	}
	return at, s.orText(ctx, m, send)
}

// update puts a message in the place of another.
func (s *Sender) update(ctx context.Context, at approval.Place, m Message) error {
	m.Channel = at.Channel
	return s.orText(ctx, m, func(ctx context.Context, m Message) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, at.Channel, at.TS, content(m)...)
		return err
	})
}

// whisper tells one person in a channel.
func (s *Sender) whisper(ctx context.Context, channel, user, text string) error {
	return s.try(ctx, channel, func() error {
		_, err := s.api.PostEphemeralContext(ctx, channel, user, slack.MsgOptionText(text, false))
		return err
	})
}

// content is the message itself. Without blocks those that it had are taken away.
func content(m Message) []slack.MsgOption {
	return []slack.MsgOption{slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...)}
}

// orText sends a message, and its text alone if Slack refuses the blocks.
func (s *Sender) orText(ctx context.Context, m Message, send func(context.Context, Message) error) error {
	err := s.try(ctx, m.Channel, func() error { return send(ctx, m) })
	var refused *SendError
	if errors.As(err, &refused) && len(m.Blocks) > 0 && blocksRefused[refused.Code] {
		m.Blocks = nil
		m.Text += "\n(Slack refused the details: " + refused.Code + ")"
		return s.try(ctx, m.Channel, func() error { return send(ctx, m) })
	}
	return err
}

func (s *Sender) try(ctx context.Context, channel string, send func() error) error {
	for attempt := 1; ; attempt++ {
		if err := s.wait(ctx, s.pace.reserve(channel)); err != nil {
			return &SendError{Channel: channel, Code: "not_sent", Err: err}
		}
		err := send()
		if err == nil {
			return nil
		}
		failure := classify(channel, err)
		if failure.RetryAfter == 0 || attempt == attempts {
			return failure
		}
		s.pace.hold(channel, failure.RetryAfter)
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
