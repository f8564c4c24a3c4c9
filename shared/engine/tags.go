package engine

import (
	"context"
	"log/slog"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

func resourceOf(s signal.Signal) awsapi.Resource {
	return awsapi.Resource{Type: s.ResourceType, ID: s.ResourceID, Account: s.Account, Region: s.Region, Partition: s.Partition}
}

// tagChanges returns who set the resource's trusted tags lately, as far as events told: whoever caused a finding could otherwise hold off its fix with a
// tag of their own. Where it cannot be read the tags count, which can only lower automation.
func (e *Engine) tagChanges(ctx context.Context, f *core.Finding, r awsapi.Resource, file *rules.File) map[string]rules.TagChange {
	if e.State == nil || file == nil || !trustsAny(file.TrustedTags, f.Context.Tags) {
		return nil
	}
	noted, err := e.State.Tagged(ctx, r)
	if err != nil {
		slog.WarnContext(ctx, "cannot read who set the tags; they count", "resource", f.ARN, "error", err.Error())
		return nil
	}
	out := map[string]rules.TagChange{}
	for key, t := range noted {
		out[key] = rules.TagChange{By: t.By, At: t.At}
	}
	return out
}

func trustsAny(trusted []string, tags map[string]string) bool {
	for _, key := range trusted {
		if _, ok := tags[key]; ok {
			return true
		}
	}
	return false
}
