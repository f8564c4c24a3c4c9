// Command seal is the Lambda function that is started hourly: it verifies what is new in the audit log and writes it into a bucket where nobody can
// change it. It reads the audit table, and of the rules file which accounts there are; it writes nothing but segments.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/shoreup/shoreup/shared/audit/seal"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/hub"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	env, err := hub.FromEnv("SHOREUP_AUDIT_BUCKET")
	if err != nil {
		slog.Error("starting seal", "error", err.Error())
		os.Exit(1)
	}
	h, err := hub.Open(context.Background(), env, nil)
	if err != nil {
		slog.Error("starting seal", "error", err.Error())
		os.Exit(1)
	}
	sealer := &seal.Sealer{Log: h.Engine.Log, Session: h.Own, Bucket: env.AuditBucket, Now: time.Now, Limits: seal.Standard, Accounts: accounts(env.Account, h.Rules)}
	lambda.Start((&handler.Seal{Run: sealer.Run, Count: hub.Metric}).Handle)
}

// accounts are those that may have a chain, whatever the table lists: the installation's own and those of the rules file. A file that cannot be used names
// none; that it cannot be is logged, and sealing goes on.
func accounts(own string, file *hub.RulesSource) func(context.Context) []string {
	return func(ctx context.Context) []string {
		out := []string{own}
		if f := file.Get(ctx); f != nil {
			for _, a := range f.Accounts {
				out = append(out, a.ID)
			}
		}
		return out
	}
}
