// Command interact is the Lambda function behind the URL that Slack tells of clicks. It finds out whether it is Slack and who clicked, and passes the word on
// to the deciding function; it can neither decide nor change anything.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/oklog/ulid/v2"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/secretsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/occurrence"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	h, err := open(context.Background())
	if err != nil {
		slog.Error("starting interact", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(h.Handle)
}

func open(ctx context.Context) (*interact.Handler, error) {
	env, err := hub.FromEnv("SHOREUP_SLACK_SECRET", "SHOREUP_SLACK_SIGNING", "SHOREUP_WORDS_QUEUE_URL")
	if err != nil {
		return nil, err
	}
	words := os.Getenv("SHOREUP_WORDS_QUEUE_URL")
	cfg, err := awsapi.LoadConfig(ctx, env.Region, "")
	if err != nil {
		return nil, err
	}
	own := awsapi.NewSession(cfg, env.Account, env.Region)
	file := &hub.RulesSource{Where: env.Rules, Session: own, Now: time.Now}
	store, table := dynamodbapi.NewStore(own), func(suffix string) string { return dynamodbapi.Table{Suffix: suffix}.Name(env.Tables) }
	load := func(name string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return secretsapi.Get(ctx, own, name) }
	}
	signing := &interact.Secret[string]{Now: time.Now, Load: load(env.Signing), Parse: slackapp.ParseSigning}
	token := &interact.Secret[slackapp.Secret]{Now: time.Now, Load: load(env.SlackSecret), Parse: slackapp.ParseSecret}
	// The first click waits for both; reading them starts before it is here, and at the same time.
	go func() { _, _ = signing.Get(ctx) }() // an error is told when the secret is needed
	go func() { _, _ = token.Get(ctx) }()
	go file.Get(ctx)
	client := &http.Client{Timeout: 2 * time.Second}
	return &interact.Handler{
		Secret: signing.Get, Now: time.Now,
		Rules: interact.InForce(store, table(occurrence.ApprovalTable), file.Get),
		Once:  interact.Once(store, table(occurrence.StateTable), func() string { return ulid.Make().String() }),
		Say:   func(ctx context.Context, body string) error { return sqsapi.Send(ctx, own, words, body, "") },
		Show:  interact.Views{Secret: token, URL: env.SlackURL, Client: client}.Open,
		Count: func(metric string) { hub.Metric(metric, 1) },
	}, nil
}
