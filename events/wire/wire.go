// Package wire holds what the parsers of all event sources share: the EventBridge envelope, size limits, the error for what cannot be parsed,
// and the checks that every signal passes before it may be trusted. Standard library only.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxBytes is the largest event accepted. EventBridge's own limit is 256 KiB an entry (1 MiB on newer buses), SQS's 1 MiB.
const MaxBytes = 1 << 20

// ErrMalformed is wrapped by every parser's error: the event cannot be read, a retry will not help, it belongs into the dead-letter queue.
var ErrMalformed = errors.New("malformed event")

// Envelope is what EventBridge puts around every event. Fields we do not use are ignored.
// Source: EventBridge user guide, "AWS service event metadata".
type Envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Detail     json.RawMessage `json:"detail"`
}

// Decode reads the envelope of one event. Errors wrap ErrMalformed: too large, not one JSON object, or without source or detail-type.
func Decode(raw []byte) (Envelope, error) {
	var e Envelope
	if len(raw) > MaxBytes {
		return e, fmt.Errorf("reading event: %d bytes, at most %d expected: %w", len(raw), MaxBytes, ErrMalformed)
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("reading event: %w: %w", ErrMalformed, err)
	}
	if e.Source == "" || e.DetailType == "" {
		return e, e.Malformed("no source or detail-type; expected an EventBridge event")
	}
	return e, nil
}

// DecodeDetail reads the detail, which must be an object, into v. Unknown fields are ignored; a number in a field of any type stays a json.Number.
func (e Envelope) DecodeDetail(v any) error {
	if len(e.Detail) > MaxBytes {
		return e.Malformed("detail of %d bytes, at most %d expected", len(e.Detail), MaxBytes)
	}
	if d := bytes.TrimLeft(e.Detail, " \t\r\n"); len(d) == 0 || d[0] != '{' {
		return e.Malformed("detail is not an object")
	}
	dec := json.NewDecoder(bytes.NewReader(e.Detail))
	dec.UseNumber() // a policy in a request may hold numbers that no Go type does; none of them says where to look
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("reading detail of %s event %q: %w: %w", e.Source, e.ID, ErrMalformed, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return e.Malformed("something follows the detail")
	}
	return nil
}

// Malformed is an error that names the event and wraps ErrMalformed.
func (e Envelope) Malformed(format string, args ...any) error {
	return fmt.Errorf("reading %s event %q: %s: %w", e.Source, e.ID, fmt.Sprintf(format, args...), ErrMalformed)
}

// When is the envelope's time, zero if it cannot be read.
func (e Envelope) When() time.Time { return Time(e.Time) }

// Time reads an RFC 3339 time in UTC, zero if s is not one. A zero time makes an event look old, which only lowers automation.
func Time(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
