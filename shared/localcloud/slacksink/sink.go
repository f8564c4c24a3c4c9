// Package slacksink is a strict stand-in for Slack on this machine: it takes
// the Web API's chat.postMessage, chat.update, chat.postEphemeral, views.open
// and auth.test and an incoming webhook, refuses what Slack would refuse (and
// some things Slack merely advises against, such as a message without
// top-level text), and keeps what it took. The demo prints its messages, the
// tests look at them.
//
// Its people can click ([Server.Press]) and fill in forms ([Server.Submit]):
// the app hears of it as Slack would tell it, signed, and must answer as Slack
// wants it answered.
//
// Blocks it knows: header, section, context, actions (buttons), divider and
// image; in forms, input too. Slack has more; those are refused here until
// somebody uses them.
package slacksink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// webhookPath has the form of Slack's webhook addresses; its last part is the
// only secret a webhook has.
const webhookPath = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"

// Options of Start.
type Options struct {
	Token     string           // the bot token callers must present, default "xoxb-local"
	Channels  []string         // channels there are; empty means any
	Interval  time.Duration    // between messages of one channel, else 429; 0 is no limit (Slack: about 1 s)
	Now       func() time.Time // default time.Now
	OnMessage func(Message)    // called with each new or changed message, one at a time

	// SigningSecret signs what the app is told of clicks; default "local-signing-secret".
	SigningSecret string
	// Deliver brings a request to the app's address and returns its answer. Nil: nobody can click.
	Deliver func(ctx context.Context, headers map[string]string, body []byte) (status int, answer []byte, err error)
}

// Message is a message as Slack would show it.
type Message struct {
	Channel string // empty for a webhook's
	TS      string // identifies it in its channel
	Thread  string // TS of the message it answers, if any
	Text    string // top-level text, shown in notifications
	Blocks  json.RawMessage
	Webhook bool
	Updates int    // how often it was changed
	Only    string // the one person who sees it, if it is for one

	Broadcast bool // shown in the channel as well as in its thread
}

// Server is a running sink.
type Server struct {
	opts Options
	http *http.Server
	url  string

	mu       sync.Mutex
	messages []Message
	refused  []string
	last     map[string]time.Time // of the latest message, by channel
	counter  int
	triggers map[string]trigger // by id
	views    []View

	telling sync.Mutex // held while OnMessage runs
}

// Start listens on a free loopback port.
func Start(opts Options) (*Server, error) {
	if opts.Token == "" {
		opts.Token = "xoxb-local"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.SigningSecret == "" {
		opts.SigningSecret = "local-signing-secret"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for Slack messages: %w", err)
	}
	s := &Server{opts: opts, url: "http://" + listener.Addr().String(), last: map[string]time.Time{}, triggers: map[string]trigger{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", s.api)
	mux.HandleFunc("POST "+webhookPath, s.webhook)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// APIURL is the Web API's address, with the slash at the end that slack-go's
// OptionAPIURL wants.
func (s *Server) APIURL() string { return s.url + "/api/" }

// WebhookURL is the address of the incoming webhook.
func (s *Server) WebhookURL() string { return s.url + webhookPath }

// Token is the bot token that callers must present.
func (s *Server) Token() string { return s.opts.Token }

// Messages returns what was taken, in order, as it reads after updates.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Refused returns why requests were refused, in order. A test that expects
// none should look.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// Stop ends the sink. Its messages stay readable.
func (s *Server) Stop() error {
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("stopping the Slack sink: %w", err)
	}
	return nil
}

// refusal is an error with Slack's code for it.
type refusal struct {
	code   string
	detail string
	wait   time.Duration // for code ratelimited
}

func (r *refusal) Error() string {
	if r.detail == "" {
		return r.code
	}
	return r.code + ": " + r.detail
}

// request is what a caller wants posted.
type request struct {
	Channel string          `json:"channel"`
	TS      string          `json:"ts"` // of the message to change
	Thread  string          `json:"thread_ts"`
	Text    string          `json:"text"`
	Blocks  json.RawMessage `json:"blocks"`

	User      string          `json:"user"` // who alone sees it
	Broadcast bool            `json:"reply_broadcast"`
	Trigger   string          `json:"trigger_id"`
	View      json.RawMessage `json:"view"`
}

// maxTopText is where Slack truncates the top-level text.
const maxTopText = 40_000

// checkContent checks what a message says, wherever it goes.
func checkContent(r request) error {
	if r.Text == "" {
		return &refusal{code: "no_text", detail: "top-level text is what notifications and screen readers show"}
	}
	if n := utf8.RuneCountInString(r.Text); n > maxTopText {
		return &refusal{code: "msg_too_long", detail: fmt.Sprintf("text of %d characters", n)}
	}
	_, err := parseBlocks(r.Blocks)
	switch {
	case errors.Is(err, errTooLong):
		return &refusal{code: "msg_blocks_too_long", detail: err.Error()}
	case err != nil:
		return &refusal{code: "invalid_blocks", detail: err.Error()}
	}
	return nil
}

// take checks a message and keeps it.
func (s *Server) take(r request, webhook bool) (Message, error) {
	if err := checkContent(r); err != nil {
		return Message{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkPlace(r, webhook); err != nil {
		return Message{}, err
	}
	s.counter++
	now := s.opts.Now()
	s.last[r.Channel] = now
	m := Message{
		Channel: r.Channel, Thread: r.Thread, Text: r.Text, Blocks: r.Blocks, Webhook: webhook, Only: r.User, Broadcast: r.Broadcast,
		// The form of Slack's: seconds, a point, and six digits that make it unique.
		TS: fmt.Sprintf("%d.%06d", now.Unix(), s.counter),
	}
	s.messages = append(s.messages, m)
	return m, nil
}

// checkPlace checks channel, thread and rate; s.mu is held.
func (s *Server) checkPlace(r request, webhook bool) error {
	if !webhook && (r.Channel == "" || len(s.opts.Channels) > 0 && !slices.Contains(s.opts.Channels, r.Channel)) {
		return &refusal{code: "channel_not_found", detail: r.Channel}
	}
	if i := s.find(r.Channel, r.Thread); r.Thread != "" && (i < 0 || s.messages[i].Thread != "") {
		return &refusal{code: "thread_not_found", detail: r.Thread} // a thread has one level
	}
	if r.Broadcast && r.Thread == "" {
		return &refusal{code: "invalid_arguments", detail: "reply_broadcast without thread_ts"}
	}
	last, posted := s.last[r.Channel]
	if left := s.opts.Interval - s.opts.Now().Sub(last); posted && left > 0 {
		return &refusal{code: "ratelimited", wait: left}
	}
	return nil
}

func (s *Server) tell(m Message) {
	if s.opts.OnMessage != nil {
		s.telling.Lock()
		defer s.telling.Unlock()
		s.opts.OnMessage(m)
	}
}
