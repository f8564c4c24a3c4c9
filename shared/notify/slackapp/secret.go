package slackapp

import (
	"encoding/json"
	"errors"
	"strings"
)

// Secret is what the app's secret in Secrets Manager holds. None of it is ever put into an error or a log.
type Secret struct {
	BotToken      string `json:"bot_token"`      // xoxb-...: messages with buttons, updates, threads
	Webhook       string `json:"webhook"`        // an incoming webhook's URL: messages only
	SigningSecret string `json:"signing_secret"` // of the app, to know that a click comes from Slack
}

// ParseSecret reads the secret's text: {"bot_token": "xoxb-...", "signing_secret": "..."}, or {"webhook": "https://..."}, or the bare token or URL of an
// installation that only posts.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	var s Secret
	switch {
	case strings.HasPrefix(text, "{"):
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if dec.Decode(&s) != nil || dec.More() { // the decoder's own words could hold a piece of it
			return Secret{}, errors.New(`reading Slack's secret: it is no JSON object of "bot_token", "signing_secret" and "webhook"`)
		}
	case strings.HasPrefix(text, "https://"):
		s.Webhook = text
	default:
		s.BotToken = text
	}
	if (s.BotToken == "") == (s.Webhook == "") {
		return Secret{}, errors.New("reading Slack's secret: it must hold either a bot token or an incoming webhook")
	}
	return s, nil
}
