package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// parents are the messages that show several plans together, and whether they still have to be brought up to date.
type parents map[approval.Place]bool

// touch notes what news of one plan changes in the message above it. A note about a batch has brought that up to date itself.
func (p parents) touch(n news) {
	if n.Note != nil {
		if n.Note.Batch != nil {
			p[approval.Place{Channel: n.Note.Batch.Channel, TS: n.Note.Batch.ID.TS}] = false
		}
		return
	}
	places := n.Request.Before
	if n.News == approval.Word || n.News == approval.Over {
		places = append(slices.Clone(places), n.Request.Posted...)
	}
	for _, at := range places {
		if at.Thread != "" {
			p[approval.Place{Channel: at.Channel, TS: at.Thread}] = true
		}
	}
}

// bringParents does so once for each, whatever happened to how many of its plans. People were told before, so that nothing is told again if it fails.
func (s *Sender) bringParents(ctx context.Context, list parents) error {
	if s.api == nil || s.batchAt == nil || s.latest == nil {
		return nil
	}
	var problems []error
	for _, at := range slices.SortedFunc(maps.Keys(list), func(a, b approval.Place) int { return strings.Compare(a.Channel+a.TS, b.Channel+b.TS) }) {
		if !list[at] {
			continue
		}
		b, found, err := s.batchAt(ctx, at.Channel, at.TS)
		if err == nil && found {
			err = s.bringBatch(ctx, b, nil)
		}
		if err != nil && !gone(err) {
			problems = append(problems, fmt.Errorf("bringing up to date what is shown together in channel %s: %w", at.Channel, err))
		}
	}
	return errors.Join(problems...)
}

// bringBatch says in the message of a batch what became of its plans, and of a word about all of them. The button stays as long as somebody can still agree to
// one of them.
func (s *Sender) bringBatch(ctx context.Context, b approval.Batch, note *approval.Note) error {
	blocks, ok := ourBlocks(b.Shown)
	if !ok {
		return nil
	}
	plans, err := s.plansOf(ctx, b, note)
	if err != nil {
		return err
	}
	waiting := 0
	for _, r := range plans {
		if r.State == approval.Pending {
			waiting++
		}
	}
	title := fmt.Sprintf("All %d plans are decided", len(plans))
	if waiting > 0 {
		title = fmt.Sprintf("%d of %d plans wait for approval", waiting, len(plans))
	}
	lines := []string{fmt.Sprintf("*Decided* %d of %d: %s", len(plans)-waiting, len(plans), prose(countStates(plans), 200))}
	if note != nil {
		lines = append(lines, fmt.Sprintf("*Approve all* by %s: %s", code(note.Person, 70), prose(countStates(results(*note)), 200)))
	}
	for i, block := range blocks {
		switch block := block.(type) {
		case *slack.HeaderBlock:
			blocks[i] = header(title)
		case *slack.SectionBlock:
			markLines(block, plans, s.options)
			if waiting == 0 && block.Text != nil {
				block.Text.Text = strings.TrimSuffix(block.Text.Text, decideBelow)
			}
		}
	}
	list := without(blocks, waiting == 0)
	return s.update(ctx, approval.Place{Channel: b.Channel, TS: b.ID.TS}, Message{Text: prose(title+". "+strings.Join(unmarked(lines), " "), 600), Blocks: beforeButtons(list, footer(lines...))})
}

// askedLater is how a plan stands in a batch whose round of it is over.
const askedLater approval.State = "asked again"

// plansOf returns the requests of a batch as they are now, in the order of its plans; where that is not known, as the note says.
func (s *Sender) plansOf(ctx context.Context, b approval.Batch, note *approval.Note) ([]approval.Request, error) {
	if s.latest == nil && note != nil {
		return results(*note), nil
	}
	var out []approval.Request
	for _, p := range b.Plans {
		r, found, err := s.latest(ctx, p.Key)
		switch {
		case err != nil:
			return nil, err
		case !found:
			r = approval.Request{Key: p.Key}
		case r.Round != p.Round:
			r.State = askedLater
		}
		out = append(out, r)
	}
	return out, nil
}

func results(n approval.Note) []approval.Request {
	var out []approval.Request
	for _, r := range n.Results {
		out = append(out, approval.Request{Key: r.Key, State: r.State})
	}
	return out
}

// countStates counts: "2 approved, 1 rejected".
func countStates(list []approval.Request) string {
	var order []string
	counts := map[string]int{}
	for _, r := range list {
		state := string(r.State)
		if state == "" {
			state = "not known"
		}
		if counts[state]++; counts[state] == 1 {
			order = append(order, state)
		}
	}
	for i, state := range order {
		order[i] = fmt.Sprintf("%d %s", counts[state], state)
	}
	return strings.Join(order, ", ")
}

// markLines puts how each plan stands in the place of what its line began with.
func markLines(block *slack.SectionBlock, plans []approval.Request, o Options) {
	if block.Text == nil {
		return
	}
	waits := "• " + bold(show.Headline(core.Finding{Outcome: core.AwaitingApproval}), 30)
	lines := strings.Split(block.Text.Text, "\n")
	for i, line := range lines {
		rest, one := strings.CutPrefix(line, waits)
		for _, r := range plans {
			if one && r.State != approval.Pending && r.Control != "" && strings.Contains(rest, subjectOf(r.Control, r.Where.ID, o.account(core.Finding{Account: r.Key.Account}), r.Where.Region)) {
				state := stateWords[r.State]
				if state == "" {
					state = string(r.State)
				}
				lines[i] = "• " + bold(state, 30) + rest
			}
		}
	}
	block.Text.Text = strings.Join(lines, "\n")
}

// subjectOf names in a line what a finding is about.
func subjectOf(control, resource, account, region string) string {
	return fmt.Sprintf("%s on %s in %s, %s", code(control, 60), code(resource, 120), code(account, 50), code(region, 25))
}
