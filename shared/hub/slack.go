package hub

import (
	"context"
	"encoding/json"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/secretsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

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
	c := notify.Config{Channel: h.Channel, APIURL: h.SlackURL, AccountName: name, Token: secret.BotToken, Webhook: secret.Webhook}
	if file := h.Rules.Get(ctx); file != nil {
		c.PlanURL = file.Slack.Page
	}
	if c.Webhook != "" {
		return notify.New(c)
	}
	if h.Decide != "" {
		c.Point, c.Buttons = h.pointTo, secret.SigningSecret != "" // without it nobody could tell a click from a forged one
		store, approvals := dynamodbapi.NewStore(h.Own), table(occurrence.ApprovalTable, h.Tables)
		c.Latest = func(ctx context.Context, k approval.Key) (approval.Request, bool, error) {
			return approval.Get(ctx, store, approvals, k)
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
