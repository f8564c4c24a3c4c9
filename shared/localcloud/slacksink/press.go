package slacksink

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answerWithin is what Slack gives an app to answer.
const answerWithin = 3 * time.Second

// Click is a person's click on a button. Team and UserTeam are those of the
// workspace and of the person, by default "T00000000".
type Click struct {
	Channel, TS, Action string
	User                string
	Team, UserTeam      string
}

// ErrAnswered is an answer of the app that shows the person that it did not
// work.
var ErrAnswered = errors.New("the app did not take it")

// Sign makes the signature of a request's bytes at a time (Unix seconds):
// https://docs.slack.dev/authentication/verifying-requests-from-slack
func Sign(secret string, at int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%d:%s", at, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Press lets a person click a button of a message that is there, and tells the
// app.
func (s *Server) Press(ctx context.Context, c Click) error {
	c = c.withDefaults()
	c.Channel = s.named(c.Channel)
	s.mu.Lock()
	i := s.find(c.Channel, c.TS)
	if i < 0 || s.messages[i].Webhook {
		s.mu.Unlock()
		return fmt.Errorf("there is no message %s in %s to click on", c.TS, c.Channel)
	}
	m := s.messages[i]
	s.counter++
	id := fmt.Sprintf("%d.%d.%032x", s.counter, s.opts.Now().Unix(), s.counter)
	s.triggers[id] = trigger{s.opts.Now(), c}
	s.mu.Unlock()
	blockID, b, ok := buttonOf(m, c.Action)
	if !ok {
		return fmt.Errorf("message %s has no button %s", c.TS, c.Action)
	}
	status, answer, err := s.interaction(ctx, map[string]any{
		"type": "block_actions", "team": map[string]any{"id": c.Team, "domain": "local"}, "enterprise": nil, "is_enterprise_install": false,
		"user": map[string]any{"id": c.User, "username": "somebody", "name": "somebody", "team_id": c.UserTeam}, "api_app_id": "A00000000", "token": "deprecated",
		"container": map[string]any{"type": "message", "message_ts": c.TS, "channel_id": channelID(c.Channel), "is_ephemeral": false}, "trigger_id": id,
		"channel": map[string]any{"id": channelID(c.Channel), "name": "local"}, "response_url": s.url + "/actions/none",
		"message": map[string]any{"type": "message", "bot_id": "B00000000", "user": "U00000000", "ts": c.TS, "text": m.Text, "blocks": m.Blocks},
		"state":   map[string]any{"values": map[string]any{}},
		"actions": []any{map[string]any{"type": "button", "action_id": b.ActionID, "block_id": blockID, "text": b.Text, "value": b.Value, "style": b.Style, "action_ts": "1.2"}},
	})
	switch {
	case err != nil:
		return err
	case status != http.StatusOK:
		return fmt.Errorf("%w: status %d: %s", ErrAnswered, status, answer)
	case len(answer) > 0:
		return fmt.Errorf("the app answered a click with %q; nothing is expected", answer)
	}
	return nil
}

// channelID is the id of a channel that may be named: Slack takes names and
// speaks of ids.
func channelID(channel string) string {
	if !strings.HasPrefix(channel, "#") {
		return channel
	}
	sum := sha256.Sum256([]byte(channel))
	return "C" + strings.ToUpper(hex.EncodeToString(sum[:5]))
}

// named returns the name under which messages came into a channel, given its id.
func (s *Server) named(channel string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if channelID(m.Channel) == channel {
			return m.Channel
		}
	}
	return channel
}

func (c Click) withDefaults() Click {
	if c.Team == "" {
		c.Team = "T00000000"
	}
	if c.UserTeam == "" {
		c.UserTeam = c.Team
	}
	return c
}

// buttonOf finds a button of a message and the id of its block.
func buttonOf(m Message, action string) (string, element, bool) {
	blocks, err := parseBlocks(m.Blocks)
	if err != nil {
		return "", element{}, false
	}
	for _, b := range blocks {
		list := b.Elements
		if b.Accessory != nil {
			list = append(list, *b.Accessory)
		}
		if i := slices.IndexFunc(list, func(e element) bool { return e.Type == "button" && e.ActionID == action }); i >= 0 {
			return b.BlockID, list[i], true
		}
	}
	return "", element{}, false
}

// Submit lets the person who opened a form send it, with texts and dates by
// block id; what is left out stays as it was. The result is what the app says is
// wrong, by block id; the form stays open then.
func (s *Server) Submit(ctx context.Context, v View, values map[string]string) (map[string]string, error) {
	state, err := v.state(values)
	if err != nil {
		return nil, err
	}
	status, answer, err := s.interaction(ctx, map[string]any{
		"type": "view_submission", "team": map[string]any{"id": v.Click.Team, "domain": "local"}, "api_app_id": "A00000000", "token": "deprecated", "trigger_id": "1.2.3",
		"user": map[string]any{"id": v.Click.User, "username": "somebody", "name": "somebody", "team_id": v.Click.UserTeam},
		"view": map[string]any{
			"id": v.ID, "team_id": v.Click.Team, "type": "modal", "callback_id": v.Callback, "private_metadata": v.Metadata, "hash": "1.2",
			"state": map[string]any{"values": state}, "title": v.raw.Title, "bot_id": "B00000000",
		},
	})
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: status %d: %s", ErrAnswered, status, answer)
	}
	var out struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
	}
	if len(answer) > 0 {
		if err := strictly(answer, &out); err != nil || out.Action != "errors" || len(out.Errors) == 0 {
			return nil, fmt.Errorf("the app answered a form with %q", answer)
		}
		for id := range out.Errors {
			if !slices.ContainsFunc(v.Inputs, func(in Input) bool { return in.Block == id }) {
				return nil, fmt.Errorf("the app complains about %q, which the form does not ask for", id)
			}
		}
		return out.Errors, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = slices.DeleteFunc(s.views, func(o View) bool { return o.ID == v.ID })
	return nil, nil
}

// Interaction makes the request that Slack would make of a payload: its headers
// and its body.
func (s *Server) Interaction(payload any, at time.Time) (map[string]string, []byte, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, nil, err
	}
	body := []byte(url.Values{"payload": {string(raw)}}.Encode())
	return map[string]string{
		"content-type": "application/x-www-form-urlencoded", "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
		"x-slack-request-timestamp": strconv.FormatInt(at.Unix(), 10), "x-slack-signature": Sign(s.opts.SigningSecret, at.Unix(), body),
	}, body, nil
}

func (s *Server) interaction(ctx context.Context, payload any) (int, []byte, error) {
	if s.opts.Deliver == nil {
		return 0, nil, errors.New("the app has no address to tell of clicks")
	}
	headers, body, err := s.Interaction(payload, s.opts.Now())
	if err != nil {
		return 0, nil, err
	}
	began := time.Now()
	status, answer, err := s.opts.Deliver(ctx, headers, body)
	if took := time.Since(began); err == nil && took > answerWithin {
		return 0, nil, fmt.Errorf("%w: it answered after %s, and %s are given", ErrAnswered, took.Round(time.Millisecond), answerWithin)
	}
	return status, answer, err
}
