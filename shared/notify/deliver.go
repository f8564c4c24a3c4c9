package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/core"
)

// Deliver sends a batch of encoded findings, one message for each channel. It returns the places of those that have to be delivered again, in order: what
// cannot be read ends in the dead-letter queue that way and holds nothing else up, and so does what Slack would not take. The error joins
// the reasons, for the log; it is nil exactly if nothing failed.
func (s *Sender) Deliver(ctx context.Context, bodies []string) (failed []int, err error) {
	var findings []core.Finding
	var places []int // of the findings in bodies
	var problems []error
	for i, body := range bodies {
		f, err := Decode([]byte(body))
		if err != nil {
			failed, problems = append(failed, i), append(problems, fmt.Errorf("message %d: %w", i, err))
			continue
		}
		findings, places = append(findings, f), append(places, i)
	}
	for _, m := range Build(findings, s.options) {
		if err := s.Send(ctx, m); err != nil {
			problems = append(problems, err)
			for _, i := range m.Findings {
				failed = append(failed, places[i])
			}
		}
	}
	slices.Sort(failed)
	return failed, errors.Join(problems...)
}
