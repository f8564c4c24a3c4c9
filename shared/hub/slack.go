package hub

import (
	"context"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/secretsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/rules"
)

// Slack makes the sender from the secret, which holds a bot token or the URL of an incoming webhook, and the rules file's channels.
func (h *Hub) Slack(ctx context.Context) (*notify.Sender, error) {
	secret, err := secretsapi.Get(ctx, h.Own, h.SlackSecret)
	if err != nil {
		return nil, err
	}
	name := func(id string) string { return h.accountName(ctx, id) }
	c := notify.Config{Channel: h.Channel, APIURL: h.SlackURL, AccountName: name}
	if strings.HasPrefix(secret, "https://") {
		c.Webhook = secret
		return notify.New(c)
	}
	c.Token = secret
	c.Route = func(f core.Finding) string {
		return h.Rules.Get(ctx).Channel(rules.Subject{Control: f.Control, Severity: string(f.Severity), Account: f.Account, Family: f.Family})
	}
	return notify.New(c)
}

func (h *Hub) accountName(ctx context.Context, id string) string {
	file := h.Rules.Get(ctx)
	if file == nil {
		return ""
	}
	for _, a := range file.Accounts {
		if a.ID == id {
			return a.Name
		}
	}
	return ""
}
