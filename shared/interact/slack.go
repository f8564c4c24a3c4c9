package interact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// keepSecret is how long a secret that was read is used: somebody may have put a new one into its place.
const keepSecret = 15 * time.Minute

// Secret reads one of the app's two secrets once and keeps it for a while.
type Secret[T any] struct {
	Load  func(context.Context) (string, error)
	Parse func(string) (T, error) // [slackapp.ParseSecret] or [slackapp.ParseSigning]
	Now   func() time.Time

	mu     sync.Mutex
	secret T
	read   time.Time
}

// Get returns the secret. One that cannot be read again stays in use.
func (s *Secret[T]) Get(ctx context.Context) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && s.Now().Sub(s.read) < keepSecret {
		return s.secret, nil
	}
	raw, err := s.Load(ctx)
	var fresh T
	if err == nil {
		fresh, err = s.Parse(raw)
	}
	if err != nil {
		if s.read.IsZero() {
			return fresh, err
		}
		return s.secret, nil
	}
	s.secret, s.read = fresh, s.Now()
	return s.secret, nil
}

// slackURL is the address of the Web API.
const slackURL = "https://slack.com/api/"

// Views opens forms. URL is another address than Slack's, for tests; empty: Slack's.
type Views struct {
	Secret *Secret[slackapp.Secret]
	URL    string
	Client *http.Client
}

// Open opens a form for whoever clicked; the trigger of a click is good for three seconds (docs.slack.dev, views.open). Scope: none but the bot token.
func (v Views) Open(ctx context.Context, trigger string, f Form) error {
	secret, err := v.Secret.Get(ctx)
	if err != nil {
		return err
	}
	if secret.BotToken == "" {
		return errors.New("opening a form needs a bot token; put bot_token into Slack's secret")
	}
	body, err := json.Marshal(map[string]any{"trigger_id": trigger, "view": f})
	if err != nil {
		return err
	}
	at := v.URL
	if at == "" {
		at = slackURL
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"views.open", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+secret.BotToken)
	resp, err := v.Client.Do(req)
	if err != nil {
		var request *url.Error
		if errors.As(err, &request) {
			err = request.Err
		}
		return fmt.Errorf("opening a form: %w", err)
	}
	defer resp.Body.Close()
	var out struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&out); err != nil {
		return fmt.Errorf("opening a form: HTTP %d: %w", resp.StatusCode, err)
	}
	if !out.OK {
		return fmt.Errorf("opening a form: %.100q", out.Error)
	}
	return nil
}
