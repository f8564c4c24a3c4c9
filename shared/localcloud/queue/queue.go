// Package queue delivers SQS messages to Lambda functions on this machine, as
// Lambda's event source mapping does: batches, partial batch responses,
// retries, batching windows, concurrency. Messages come from a queue at the
// AWS emulator (SQS) or from one in memory that can also duplicate and bury
// messages (Queue).
package queue

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// Message is a received message.
type Message struct {
	ID         string               `json:"MessageId"`
	Receipt    string               `json:"ReceiptHandle"`
	Body       string               `json:"Body"`
	MD5        string               `json:"MD5OfBody"`
	System     map[string]string    `json:"Attributes"`        // ApproximateReceiveCount and such
	Attributes map[string]Attribute `json:"MessageAttributes"` // the sender's own
}

// Attribute is a message attribute of the sender's.
type Attribute struct {
	DataType    string
	StringValue *string
	BinaryValue []byte
}

// Source is a queue as a consumer sees it.
type Source struct {
	ARN     string
	Receive func(ctx context.Context, limit int) ([]Message, error) // hides what it returns; does not wait
	Delete  func(ctx context.Context, receipt string) error
	// Retry shows the message again after some time.
	Retry func(ctx context.Context, receipt, reason string, after time.Duration) error
}

// Queue is a standard queue in memory. A message that was received and
// neither deleted nor retried shows again after the visibility timeout; one
// received MaxReceives times goes to the dead letters instead of being
// received once more.
type Queue struct {
	ARN         string
	MaxReceives int              // default 3
	Visibility  time.Duration    // default 30 s
	Now         func() time.Time // default time.Now

	mu      sync.Mutex
	entries []*entry
	dead    []DeadLetter
	handed  int // receipts given out, so that each is new
}

// DeadLetter is a message that was given up.
type DeadLetter struct {
	Message Message
	Reason  string // of its last failure
}

type entry struct {
	message  Message
	sent     time.Time
	first    time.Time // of the first receipt
	receives int
	hidden   time.Time // until then
	reason   string
}

// Send puts one message into the queue and returns its id. copies more of the
// same id follow, as a standard queue may deliver a message more than once.
func (q *Queue) Send(body string, copies int) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := rand.Text()
	for range copies + 1 {
		q.entries = append(q.entries, &entry{message: Message{ID: id, Body: body}, sent: q.now()})
	}
	return id
}

// Len is the number of messages that are not done with, hidden or not.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

// DeadLetters returns what was given up so far.
func (q *Queue) DeadLetters() []DeadLetter {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]DeadLetter(nil), q.dead...)
}

// Source returns the queue's consumer side.
func (q *Queue) Source() Source {
	return Source{ARN: q.ARN, Receive: q.receive, Delete: q.delete, Retry: q.retry}
}

func (q *Queue) receive(_ context.Context, limit int) ([]Message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	var got []Message
	var kept []*entry
	for _, e := range q.entries {
		if len(got) >= limit || now.Before(e.hidden) {
			kept = append(kept, e)
			continue
		}
		if e.receives >= orDefault(q.MaxReceives, 3) {
			q.dead = append(q.dead, DeadLetter{Message: e.message, Reason: e.reason})
			continue
		}
		q.hand(e, now)
		kept, got = append(kept, e), append(got, e.message)
	}
	q.entries = kept
	return got, nil
}

// hand marks an entry as received under a receipt of its own.
func (q *Queue) hand(e *entry, now time.Time) {
	if e.receives == 0 {
		e.first = now
	}
	e.receives++
	e.hidden = now.Add(orDefault(q.Visibility, 30*time.Second))
	e.reason = "not deleted within the visibility timeout"
	q.handed++
	e.message.Receipt = fmt.Sprintf("receipt-%d", q.handed)
	e.message.System = map[string]string{
		"ApproximateReceiveCount":          fmt.Sprint(e.receives),
		"ApproximateFirstReceiveTimestamp": fmt.Sprint(e.first.UnixMilli()),
		"SentTimestamp":                    fmt.Sprint(e.sent.UnixMilli()),
		"SenderId":                         "AIDAEXAMPLE",
	}
}

// delete removes the message last received under the receipt. An outdated
// receipt, of a message that has been received again since, does nothing.
func (q *Queue) delete(_ context.Context, receipt string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, e := range q.entries {
		if e.message.Receipt == receipt {
			q.entries = append(q.entries[:i:i], q.entries[i+1:]...)
			return nil
		}
	}
	return nil
}

func (q *Queue) retry(_ context.Context, receipt, reason string, after time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.entries {
		if e.message.Receipt == receipt {
			e.hidden, e.reason = q.now().Add(after), reason
		}
	}
	return nil
}

func (q *Queue) now() time.Time {
	if q.Now == nil {
		return time.Now()
	}
	return q.Now()
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
