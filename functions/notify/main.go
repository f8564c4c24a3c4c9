// Command notify is the Lambda function that tells people in Slack. It takes findings in batches, so that a burst becomes few messages, and
// has no access to customers' accounts.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/notify"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	sender, err := open(context.Background())
	if err != nil {
		slog.Error("starting notify", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start((&handler.Notify{Sender: sender}).Handle)
}

func open(ctx context.Context) (*notify.Sender, error) {
	env, err := hub.FromEnv("SHOREUP_SLACK_SECRET")
	if err != nil {
		return nil, err
	}
	h, err := hub.Open(ctx, env, nil)
	if err != nil {
		return nil, err
	}
	return h.Slack(ctx)
}
