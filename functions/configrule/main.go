// Command configrule is the Lambda function behind AWS Config's custom rules: AWS Config asks about a resource, or about all of a type, and is told what the
// control that the rule names finds. It reads with the read role, and may do nothing of its own but answer.
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
	"github.com/shoreup/shoreup/shared/configrule"
	"github.com/shoreup/shoreup/shared/hub"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	f, err := open(context.Background())
	if err != nil {
		slog.Error("starting configrule", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(f.Handle)
}

func open(ctx context.Context) (*configrule.Function, error) {
	env, err := hub.FromEnv("SHOREUP_READ_ROLE")
	if err != nil {
		return nil, err
	}
	env.Tables = "" // nothing is kept, so no table is touched
	h, err := hub.Open(ctx, env, slices.Concat(storage.Controls(), network.Controls(), iam.Controls()))
	if err != nil {
		return nil, err
	}
	return &configrule.Function{Engine: h.Engine, Own: h.Own}, nil
}
