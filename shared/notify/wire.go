package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// MaxBody bounds an encoded finding in bytes. SQS takes messages of 256 KiB (1 MiB since August 2025); we keep below the older limit with room for attributes.
const MaxBody = 200 << 10

// ErrMalformed says that a message on the queue is no finding and never will be.
var ErrMalformed = errors.New("not a finding")

// Encode returns the finding as the JSON that travels on the queue, without secrets. What is too large to send is cut, and a note in the finding says so.
func Encode(f core.Finding) ([]byte, error) {
	f = show.Hide(f)
	body, err := marshal(f)
	if err != nil || len(body) <= MaxBody {
		return body, err
	}
	for _, s := range []struct{ value, items int }{{8192, 1000}, {1024, 200}, {256, 50}, {128, 10}} {
		small := shrink(f, s.value, s.items)
		small.Notes = append(small.Notes, fmt.Sprintf("this finding was too large to send (%d bytes): long values and lists are cut here; the audit record has all of it", len(body)))
		if body, err := marshal(small); err != nil || len(body) <= MaxBody {
			return body, err
		}
	}
	return nil, fmt.Errorf("encoding finding %s of %s: %d bytes cannot be cut to %d", f.ID, f.Control, len(body), MaxBody)
}

// Decode reads an encoded finding. Fields that it does not know are left out, so that functions can be deployed one after the other.
func Decode(body []byte) (core.Finding, error) {
	var f core.Finding
	if !utf8.Valid(body) {
		return f, fmt.Errorf("decoding a message: %w: it is not UTF-8", ErrMalformed)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&f); err != nil {
		return core.Finding{}, fmt.Errorf("decoding a message: %w: %w", ErrMalformed, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return core.Finding{}, fmt.Errorf("decoding a message: %w: something follows it", ErrMalformed)
	}
	if f.Control == "" || f.Outcome == "" || f.Account == "" {
		return core.Finding{}, fmt.Errorf("decoding a message: %w: it names no control, outcome or account", ErrMalformed)
	}
	return f, nil
}

// marshal encodes in the characters that SQS takes: U+FFFE and U+FFFF are refused there (API reference, SendMessage) and JSON can spell them.
func marshal(f core.Finding) ([]byte, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encoding finding %s of %s: %w", f.ID, f.Control, err)
	}
	body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	body = bytes.ReplaceAll(body, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(body, []byte("\uffff"), []byte(`\uffff`)), nil
}

// shrink cuts values to a number of bytes and lists to a number of items.
func shrink(f core.Finding, value, items int) core.Finding {
	text := func(s *string) { *s = cut(*s, value) }
	texts := func(list ...*string) {
		for _, s := range list {
			text(s)
		}
	}
	texts(&f.Title, &f.ResourceType, &f.Resource, &f.ARN, &f.Region, &f.Reason, &f.Decision.Mode, &f.Decision.Reason, &f.Decision.Rule, &f.RulesVersion,
		&f.Context.Owner, &f.Cause.Actor, &f.Cause.Event, &f.Cause.ID)
	f.Violations = few(f.Violations, items, func(v *core.Violation) { texts(&v.Rule, &v.Where, &v.Reason) })
	f.NeverAuto, f.Notes = few(f.NeverAuto, items, text), few(f.Notes, items, text)
	f.Context.Facts = few(f.Context.Facts, items, text)
	f.Context.Tags = nil // shown nowhere; the owner was taken out of them already
	f.Advice = few(f.Advice, items, func(a *core.Advice) {
		texts(&a.Title, &a.Outage, &a.Cost)
		a.Steps = few(a.Steps, items, text)
	})
	f.Changes = few(f.Changes, items, func(c *core.ShownChange) {
		texts(&c.Call, &c.Why)
		c.Input = smaller(c.Input, value)
		c.Undo = few(c.Undo, items, func(u *awsapi.Call) { u.Input = smaller(u.Input, value) })
		c.Diff = few(c.Diff, items, func(d *core.DiffLine) {
			text(&d.Path)
			d.Before, d.After = smaller(d.Before, value), smaller(d.After, value)
		})
	})
	return f
}

// few returns a copy of the first items, each made smaller.
func few[T any](list []T, items int, each func(*T)) []T {
	out := slices.Clone(list[:min(len(list), items)])
	for i := range out {
		each(&out[i])
	}
	return out
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + ellipsis
}

// smaller puts a text in place of a value that is too large.
func smaller(raw json.RawMessage, limit int) json.RawMessage {
	if len(raw) <= limit {
		return raw
	}
	return json.RawMessage(fmt.Sprintf(`"(%d bytes, left out here)"`, len(raw)))
}
