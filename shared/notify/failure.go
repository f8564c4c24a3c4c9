package notify

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"
)

// SendError says that a message did not reach its channel.
type SendError struct {
	Channel    string // empty with a webhook
	Code       string // Slack's ("channel_not_found"), "http_503", or "not_sent"
	Permanent  bool   // somebody has to change something first: a token, a channel, an invitation
	RetryAfter time.Duration
	Err        error
}

func (e *SendError) Error() string {
	to := "the webhook"
	if e.Channel != "" {
		to = "channel " + e.Channel
	}
	text := fmt.Sprintf("sending a message to %s: %s", to, e.Code)
	if e.Err != nil && e.Err.Error() != e.Code {
		text += ": " + e.Err.Error()
	}
	if help := helps[e.Code]; help != "" {
		text += " (" + help + ")"
	}
	return text
}

func (e *SendError) Unwrap() error { return e.Err }

// IsPermanent reports whether trying again is of no use until somebody changes something.
func IsPermanent(err error) bool {
	var e *SendError
	return errors.As(err, &e) && e.Permanent
}

// passing are the errors of chat.postMessage that go away by themselves; all others need somebody (Slack, "chat.postMessage: errors").
var passing = map[string]bool{
	"ratelimited": true, "rate_limited": true, "internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true,
}

// blocksRefused are the errors that are about the blocks and not about the channel.
var blocksRefused = map[string]bool{"invalid_blocks": true, "invalid_blocks_format": true, "msg_blocks_too_long": true, "http_400": true}

var helps = map[string]string{
	"invalid_auth": "put a valid bot token into the secret", "not_authed": "put a bot token into the secret", "token_revoked": "put a valid bot token into the secret",
	"token_expired": "put a valid bot token into the secret", "account_inactive": "install the Slack app again",
	"missing_scope": "give the Slack app the scope chat:write", "channel_not_found": "name an existing channel under slack in the rules file, and invite the app to it",
	"not_in_channel": "invite the Slack app to the channel", "is_archived": "name another channel under slack in the rules file",
	"http_404": "the webhook does not exist any more: put a new one into the secret", "http_403": "the webhook may not post: put a new one into the secret",
	"http_410": "the webhook's channel is archived: put a new one into the secret",
}

// classify says what an error of slack-go means. Neither token nor webhook gets into it: the URL of a failed request is taken out.
func classify(channel string, err error) *SendError {
	e := &SendError{Channel: channel, Code: "not_sent", Err: err}
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var answer slack.SlackErrorResponse
	var request *url.Error
	switch {
	case errors.As(err, &limited):
		e.Code, e.RetryAfter = "ratelimited", max(limited.RetryAfter, interval)
	case errors.As(err, &status):
		e.Code = fmt.Sprintf("http_%d", status.Code)
		e.Permanent = status.Code < 500 && status.Code != http.StatusTooManyRequests
		if status.Code == http.StatusTooManyRequests {
			e.RetryAfter = interval
		}
	case errors.As(err, &answer):
		e.Code, e.Permanent = answer.Err, !passing[answer.Err]
	case errors.As(err, &request):
		e.Err = request.Err
	}
	return e
}
