// Command review is the Lambda function behind a function URL with auth type AWS_IAM: people without Slack see there what waits and decide. It passes their
// words on to the function that decides; it writes no table and can change nothing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/review"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	f, err := open(context.Background())
	if err != nil {
		slog.Error("starting review", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(f.Handle)
}

func open(ctx context.Context) (*review.Function, error) {
	env, err := hub.FromEnv()
	if err != nil {
		return nil, err
	}
	words := os.Getenv("SHOREUP_WORDS_QUEUE_URL")
	if words == "" {
		return nil, errors.New("reading the environment: SHOREUP_WORDS_QUEUE_URL not set")
	}
	cfg, err := awsapi.LoadConfig(ctx, env.Region, "")
	if err != nil {
		return nil, err
	}
	h := hub.New(cfg, env, nil)
	return &review.Function{
		Tables:     review.TablesOf(h.Own, env.Tables, h.Engine.Log, h.Engine.State),
		Identities: &review.Identities{Account: env.Account, Role: review.RolesOf(h.Own)},
		Say: func(ctx context.Context, s approval.Said) error {
			body, err := json.Marshal(s)
			if err != nil {
				return err
			}
			return sqsapi.Send(ctx, h.Own, words, string(body), "")
		},
	}, nil
}
