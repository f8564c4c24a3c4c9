package faults

import (
	"slices"

	"github.com/shoreup/shoreup/shared/occurrence"
)

// settle is what happens once nothing fails any more: SQS delivers again what was not acknowledged, to processes that are new, after all claims and
// leases of the dead have ended; then the sweep comes round.
func (w *world) settle() {
	w.t.Helper()
	w.play(&script{})
	for range 8 {
		w.clock.advance(afterClaims)
		w.deliverAll()
		if len(w.queue) > 0 {
			continue
		}
		for _, bucket := range w.buckets {
			w.push(w.sweep(bucket))
		}
		w.deliverAll()
		if len(w.queue) == 0 && len(w.unfinished()) == 0 {
			w.checkEnds()
			return
		}
	}
	w.problem("not everything came to an end: %d messages, occurrences %+v", len(w.queue), w.unfinished())
}

// unfinished are the occurrences that are neither over nor waiting for a person.
func (w *world) unfinished() []occurrence.Occurrence {
	open, err := w.book.ListOpen(w.t.Context(), w.account)
	if err != nil {
		w.problem("listing occurrences: %v", err)
	}
	return slices.DeleteFunc(open, func(o occurrence.Occurrence) bool { return o.State == occurrence.Waiting })
}

// deliverAll delivers what is queued once, each to a new process, and keeps what failed.
func (w *world) deliverAll() (failed []error) {
	for _, m := range w.pull() {
		if err := w.process().deliver(m); err != nil {
			failed = append(failed, err)
			w.push(m)
		}
	}
	return failed
}
