// Command evaluate is the Lambda function that takes AWS events and sweep messages from its queues, looks at the resources they point to, and
// decides what is to be done. It reads customers' accounts and never writes to them.
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
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_EVENTS_QUEUE", "SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS")
	if err != nil {
		slog.Error("starting evaluate", "error", err.Error())
		os.Exit(1)
	}
	h, err := hub.Open(context.Background(), env, slices.Concat(storage.Controls(), network.Controls(), iam.Controls()))
	if err != nil {
		slog.Error("starting evaluate", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(hub.Counted(h, handler.NewEvaluate(h.Engine, h.DeadLetter, env.Events).Handle))
}
