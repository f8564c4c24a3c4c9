// Command sweep is the Lambda function that looks at everything: started by the schedule it sends one message for each account and Region to its
// own queue, and on such a message it lists every resource there that a control judges and sends it to be evaluated.
package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog/iam"
	"github.com/shoreup/shoreup/shared/catalog/network"
	"github.com/shoreup/shoreup/shared/catalog/storage"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/hub"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_SWEEP_QUEUE", "SHOREUP_EVALUATE_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_REGIONS")
	if err != nil {
		slog.Error("starting sweep", "error", err.Error())
		os.Exit(1)
	}
	h, err := hub.Open(context.Background(), env, slices.Concat(storage.Controls(), network.Controls(), iam.Controls()))
	if err != nil {
		slog.Error("starting sweep", "error", err.Error())
		os.Exit(1)
	}
	sweep := &handler.Sweep{
		Engine: h.Engine, Account: env.Account, Regions: handler.Regions(os.Getenv("SHOREUP_REGIONS")), Home: awsapi.HomeRegion(awsapi.PartitionOf(env.Region)),
		Places: h.SendSweep, Evaluate: h.SendEvaluate, Dead: h.DeadLetter, Now: time.Now,
	}
	lambda.Start(sweep.Handle)
}
