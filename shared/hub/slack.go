package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/secretsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// localInterval is between messages to a stand-in for Slack on this machine: nobody there asks for a second, and still no two come at once.
const localInterval = 50 * time.Millisecond

// intervalAt is how far apart messages to an address of Slack's API are: 0 is as far as Slack wants them.
func intervalAt(address string) time.Duration {
	if awsapi.Loopback(address) {
		return localInterval
	}
	return 0
}

// Slack makes the sender from the secret, which package slackapp describes, and the rules file's channels. People can answer messages where there is a
// function that decides.
func (h *Hub) Slack(ctx context.Context) (*notify.Sender, error) {
	text, err := secretsapi.Get(ctx, h.Own, h.SlackSecret)
	if err != nil {
		return nil, err
	}
	secret, err := slackapp.ParseSecret(text)
	if err != nil {
		return nil, err
	}
	name := func(id string) string { return h.accountName(ctx, id) }
	c := notify.Config{Channel: h.Channel, APIURL: h.SlackURL, Interval: intervalAt(h.SlackURL), AccountName: name, Token: secret.BotToken, Webhook: secret.Webhook}
	if file := h.Rules.Get(ctx); file != nil {
		c.PlanURL = file.Slack.Page
	}
	if c.Webhook != "" {
		return notify.New(c)
	}
	if h.Decide != "" {
		c.Point, c.Buttons = h.pointTo, h.Signing != "" // without it nobody hears a click
		store, approvals := dynamodbapi.NewStore(h.Own), table(occurrence.ApprovalTable, h.Tables)
		c.Latest = func(ctx context.Context, k approval.Key) (approval.Request, bool, error) {
			return approval.Get(ctx, store, approvals, k)
		}
		c.BatchAt = func(ctx context.Context, channel, ts string) (approval.Batch, bool, error) {
			return approval.BatchAt(ctx, store, approvals, channel, ts)
		}
	}
	c.Route = func(f core.Finding) string {
		return h.Rules.Get(ctx).Channel(rules.Subject{Control: f.Control, Severity: string(f.Severity), Account: f.Account, Family: f.Family})
	}
	return notify.New(c)
}

// pointTo tells the deciding function where people are shown what waits for them.
func (h *Hub) pointTo(ctx context.Context, p approval.Pointer) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return sqsapi.Send(ctx, h.Own, h.Decide, string(body), "")
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
