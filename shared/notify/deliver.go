package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
)

// Deliver sends a batch of encoded findings, one message for each channel, and tells the news of what waits for people. It returns the places of those that
// have to be delivered again, in order: what cannot be read ends in the dead-letter queue that way and holds nothing else up, and so does what Slack would
// not take. The error joins the reasons, for the log; it also names what went wrong after people were told, which is not delivered again.
func (s *Sender) Deliver(ctx context.Context, bodies []string) (failed []int, err error) {
	var findings []core.Finding
	var places []int // of the findings in bodies
	var news []heard
	var problems []error
	for i, body := range bodies {
		if n, ok := readNews(body); ok {
			news = append(news, heard{n, i})
			continue
		}
		f, err := Decode([]byte(body))
		if err != nil {
			failed, problems = append(failed, i), append(problems, fmt.Errorf("message %d: %w", i, err))
			continue
		}
		if s.asked(ctx, f) {
			continue
		}
		findings, places = append(findings, f), append(places, i)
	}
	o := s.options
	o.Now = s.pace.now()
	for _, m := range Build(findings, o) {
		again, err := s.deliver(ctx, m)
		problems = append(problems, err)
		for _, i := range again {
			failed = append(failed, places[i])
		}
	}
	// What asks comes before what answers: an answer that is overtaken would be overwritten.
	slices.SortStableFunc(news, func(a, b heard) int { return a.news.rank() - b.news.rank() })
	together := parents{}
	for _, h := range news {
		if err := s.tell(ctx, h.news); err != nil {
			problems = append(problems, err)
			if !gone(err) {
				failed = append(failed, h.at)
			}
		}
		together.touch(h.news)
	}
	problems = append(problems, s.bringParents(ctx, together))
	slices.Sort(failed)
	return failed, errors.Join(problems...)
}

// heard is news with its place in the batch.
type heard struct {
	news news
	at   int
}

// asked reports whether people are asked about a finding's plan elsewhere: its message is there already, or it is asked again, which news tells. Another
// message with the same buttons would be kept up to date beside the first. Where that is not known, two are better than none.
func (s *Sender) asked(ctx context.Context, f core.Finding) bool {
	if s.latest == nil || s.options.value(f) == "" {
		return false
	}
	r, found, err := s.latest(ctx, *asked(f))
	return err == nil && found && (r.Round > 1 || !r.Open() || len(r.Posted) > 0)
}

// deliver sends a message with what stands below it. It returns the findings that nobody was told of.
func (s *Sender) deliver(ctx context.Context, m Message) (again []int, err error) {
	at, err := s.post(ctx, m)
	if err != nil {
		for _, t := range m.Thread {
			again = append(again, t.Findings...)
		}
		return append(again, m.Findings...), err
	}
	if m.Ask != nil {
		return nil, s.posted(ctx, m.Where, *m.Ask, at, m.Blocks)
	}
	var problems []error
	b := approval.Batch{ID: approval.BatchID{TS: at.TS}, Channel: at.Channel}
	for _, t := range m.Thread {
		t.Channel = m.Channel
		below, err := s.post(ctx, t, slack.MsgOptionTS(at.TS))
		if err != nil {
			again, problems = append(again, t.Findings...), append(problems, err)
			continue
		}
		b.Plans = append(b.Plans, approval.Ref{Key: *t.Ask, Round: 1})
		below.Thread = at.TS
		problems = append(problems, s.posted(ctx, t.Where, *t.Ask, below, t.Blocks))
	}
	if len(b.Plans) > 1 { // only what people can see below can be approved at once
		problems = append(problems, s.offerAll(ctx, b, m))
	}
	return again, errors.Join(problems...)
}

// offerAll lets people approve at once all plans that stand below a message, where clicks are heard, and has it kept which they are.
func (s *Sender) offerAll(ctx context.Context, b approval.Batch, m Message) error {
	b.ID.Hash = approval.BatchHash(b.Plans)
	if s.options.Buttons {
		m.Blocks = append(slices.Clone(m.Blocks), allButton(b))
	}
	var err error
	if b.Shown, err = json.Marshal(m.Blocks); err != nil {
		return err
	}
	if err := s.point(ctx, approval.Pointer{Batch: &b}); err != nil {
		return fmt.Errorf("telling which plans are shown together in channel %s: %w", b.Channel, err)
	}
	if !s.options.Buttons {
		return nil
	}
	return s.update(ctx, approval.Place{Channel: b.Channel, TS: b.ID.TS}, m)
}

// posted tells the deciding function where people are shown a request, and where that is, so that it can ask first if it has not heard of it yet. Without
// that they can answer as well, and the message is not kept up to date.
func (s *Sender) posted(ctx context.Context, p approval.Pointer, k approval.Key, at approval.Place, blocks []slack.Block) error {
	shown, err := json.Marshal(blocks)
	if err == nil {
		p.Posted = &approval.Posting{Key: k, Channel: at.Channel, TS: at.TS, Thread: at.Thread, Escalated: at.Escalated, Shown: shown}
		err = s.point(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("telling where %s %s is shown: %w", k.Kind, k.ID, err)
	}
	return nil
}
