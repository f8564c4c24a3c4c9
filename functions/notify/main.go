// Command notify is the Lambda function that tells what became of findings: people in Slack, in batches so that a burst becomes few messages, and after them
// Security Hub and AWS Config in the finding's account. It can change nothing there but notes, and has no access to customers' resources.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/annotate"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/hub"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	handle, err := open(context.Background())
	if err != nil {
		slog.Error("starting notify", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handle)
}

func open(ctx context.Context) (annotate.Handler, error) {
	env, err := hub.FromEnv()
	if err != nil {
		return nil, err
	}
	cfg, err := awsapi.LoadConfig(ctx, env.Region, "")
	if err != nil {
		return nil, err
	}
	people := nobody
	if env.SlackSecret != "" {
		sender, err := hub.New(cfg, env, nil).Slack(ctx)
		if err != nil {
			return nil, err
		}
		people = (&handler.Notify{Sender: sender}).Handle
	}
	if env.Annotate == "" {
		return people, nil
	}
	return annotate.After(people, annotate.New(hub.Sessions(cfg, env.Annotate, "annotate"), annotate.Counter(os.Stdout, time.Now))), nil
}

// nobody stands in for people where there is no Slack.
func nobody(context.Context, lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	return lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}, nil
}
