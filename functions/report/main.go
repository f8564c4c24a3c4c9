// Command report is the Lambda function that is started on a schedule, writes the report into its bucket and says where it is. It reads tables and the rules
// file, and looks at no resource.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/catalog/iam"
	"github.com/shoreup/shoreup/shared/catalog/network"
	"github.com/shoreup/shoreup/shared/catalog/storage"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_REPORT_BUCKET")
	if err != nil {
		slog.Error("starting report", "error", err.Error())
		os.Exit(1)
	}
	controls := slices.Concat(storage.Controls(), network.Controls(), iam.Controls())
	h, err := hub.Open(context.Background(), env, controls)
	if err != nil {
		slog.Error("starting report", "error", err.Error())
		os.Exit(1)
	}
	metas := make([]core.Meta, len(controls))
	for i, c := range controls {
		metas[i] = c.Meta
	}
	bucket := os.Getenv("SHOREUP_REPORT_BUCKET")
	lambda.Start((&reports.Scheduled{
		Source: func(ctx context.Context) (reports.Source, error) {
			file := h.Rules.Get(ctx)
			if file == nil {
				return reports.Source{}, fmt.Errorf("reporting on every account that the rules file names: %s cannot be read", env.Rules)
			}
			return reports.Source{Tables: review.TablesOf(h.Own, env.Tables, h.Engine.Log, h.Engine.State), Controls: metas, Rules: file, Accounts: h.Enrolled(ctx)}, nil
		},
		Put: func(ctx context.Context, key, contentType string, content []byte) error {
			return s3api.Put(ctx, h.Own, bucket, key, contentType, content)
		},
		Tell: h.Engine.Notify, Bucket: bucket, Account: env.Account, Region: env.Region,
	}).Handle)
}
