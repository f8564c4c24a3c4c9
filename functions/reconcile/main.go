// Command reconcile is the Lambda function that compares the calls made with shoreup's own roles, as CloudTrail tells them, with the audit log, and tells of
// those that nothing there explains. It reads the audit table and writes nothing.
package main

import (
	"context"
	"log/slog"
	"os"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/annotate"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/catalog/iam"
	"github.com/shoreup/shoreup/shared/catalog/network"
	"github.com/shoreup/shoreup/shared/catalog/storage"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/reconcile"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_NOTIFY_QUEUE", "SHOREUP_DEAD_LETTERS")
	if err != nil {
		slog.Error("starting reconcile", "error", err.Error())
		os.Exit(1)
	}
	controls := slices.Concat(storage.Controls(), network.Controls(), iam.Controls())
	h, err := hub.Open(context.Background(), env, controls)
	if err != nil {
		slog.Error("starting reconcile", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start((&reconcile.Function{
		Judge:   &reconcile.Judge{Controls: controls, Annotate: annotate.Operations()},
		Journal: &reconcile.Journal{Store: dynamodbapi.NewStore(h.Own), Table: dynamodbapi.Table{Suffix: occurrence.AuditTable}.Name(env.Tables)},
		Tell:    h.Engine.Notify, DeadLetter: h.DeadLetter, Count: hub.Metric,
	}).Handle)
}
