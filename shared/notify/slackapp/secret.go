package slackapp

import (
	"encoding/json"
	"errors"
	"strings"
)

// Secret is what the secret in Secrets Manager holds that messages are posted with. Whoever reads it can post as the app, and cannot make a click: what
// Slack signs clicks with is in a secret of its own, see [ParseSigning]. None of it is ever put into an error or a log.
type Secret struct {
	BotToken string `json:"bot_token"` // xoxb-...: messages with buttons, updates, threads
	Webhook  string `json:"webhook"`   // an incoming webhook's URL: messages only
}

// ParseSecret reads the secret's text: {"bot_token": "xoxb-..."}, or {"webhook": "https://..."}, or the bare token or URL. One that also holds the signing
// secret is refused: the function that posts reads it, and could make clicks of anybody with that.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	var s Secret
	switch {
	case strings.HasPrefix(text, "{"):
		if decode(text, &s) != nil {
			return Secret{}, errors.New(`reading Slack's secret: it must be a JSON object of either "bot_token" or "webhook" and nothing else; the signing secret belongs into a secret of its own`)
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

// ParseSigning reads the text of the secret that only the function reads which hears clicks: {"signing_secret": "..."}.
func ParseSigning(text string) (string, error) {
	var s struct {
		SigningSecret string `json:"signing_secret"`
	}
	if decode(text, &s) != nil || s.SigningSecret == "" {
		return "", errors.New(`reading Slack's signing secret: it must be a JSON object of "signing_secret" and nothing else`)
	}
	return s.SigningSecret, nil
}

// decode reads one JSON object without unknown fields. Its error may hold a piece of the text.
func decode(text string, into any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("there is more behind the object")
	}
	return nil
}
