// Command decide is the Lambda function that takes people's words about plans that wait for them. It alone writes approvals; it can change nothing in
// a customer's account.
package main

import (
	"context"
	"log/slog"
	"os"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/catalog/iam"
	"github.com/shoreup/shoreup/shared/catalog/network"
	"github.com/shoreup/shoreup/shared/catalog/storage"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/notify"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_WORDS_QUEUE", "SHOREUP_NOTIFY_QUEUE")
	if err != nil {
		slog.Error("starting decide", "error", err.Error())
		os.Exit(1)
	}
	h, err := hub.Open(context.Background(), env, slices.Concat(storage.Controls(), network.Controls(), iam.Controls()))
	if err != nil {
		slog.Error("starting decide", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start((&handler.Decide{Desk: h.Desk(), DeadLetter: h.DeadLetter, Words: env.Words, Accounts: h.Enrolled, Answer: notify.Answerer(h.SendNotify)}).Handle)
}
