package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// note answers one person, and brings the message of a batch up to date.
func (s *Sender) note(ctx context.Context, n approval.Note) error {
	if n.Switch != nil {
		return s.Send(ctx, switchMessage(*n.Switch, s.options.Channel))
	}
	if s.api == nil {
		return nil // nobody can have clicked
	}
	var failed []error
	if n.Batch != nil {
		failed = append(failed, s.bringBatch(ctx, *n.Batch, &n))
	}
	if text := noteText(n); text != "" && n.To != nil {
		failed = append(failed, s.whisper(ctx, n.To.Channel, n.To.User, text))
	}
	return firstOf(failed)
}

// noteText says why a word changed nothing; empty: it changed what it was to change.
func noteText(n approval.Note) string {
	switch {
	case n.Batch == nil && n.Stands:
		return "Your word counts already: " + prose(n.Why, 600)
	case n.Batch == nil:
		return "Nothing was changed: " + prose(n.Why, 600)
	}
	var lines []string
	for _, r := range n.Results {
		if r.Why != "" {
			lines = append(lines, "• plan "+code(core.ShortHash(r.Key.Hash), 20)+": "+prose(r.Why, 200))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	head := fmt.Sprintf("Your word changed nothing about %d of %d plans:", len(lines), len(n.Results))
	if left := len(lines) - 10; left > 0 {
		lines = append(lines[:10], fmt.Sprintf("and %d more", left))
	}
	return head + "\n" + strings.Join(lines, "\n")
}

// without takes the buttons out of a message.
func without(blocks []slack.Block, buttons bool) []slack.Block {
	return slices.DeleteFunc(slices.Clone(blocks), func(b slack.Block) bool {
		a, ok := b.(*slack.ActionBlock)
		return ok && buttons && a.BlockID == slackapp.Block
	})
}

// beforeButtons puts blocks above the buttons, at the end if there are none.
func beforeButtons(blocks []slack.Block, more ...slack.Block) []slack.Block {
	i := slices.IndexFunc(blocks, func(b slack.Block) bool { _, ok := b.(*slack.ActionBlock); return ok })
	if i < 0 {
		i = len(blocks)
	}
	return slices.Concat(blocks[:i], more, blocks[i:])
}
