// Command apply is the Lambda function that carries out decided plans: it reads and plans again, journals, writes, reads back and records. It
// alone may take the remediation roles.
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
	env, err := hub.FromEnv("SHOREUP_APPLY_QUEUE", "SHOREUP_APPROVED_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_WRITE_ROLE")
	if err != nil {
		slog.Error("starting apply", "error", err.Error())
		os.Exit(1)
	}
	h, err := hub.Open(context.Background(), env, slices.Concat(storage.Controls(), network.Controls(), iam.Controls()))
	if err != nil {
		slog.Error("starting apply", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(hub.Counted(h, (&handler.Apply{Engine: h.Engine, DeadLetter: h.DeadLetter, Approved: env.Approved}).Handle))
}
