// Package pattern matches events against EventBridge event patterns on this
// machine, so that what a synthesised template listens to can be tried without
// AWS.
//
// It follows Event Ruler, the library that AWS published and EventBridge runs
// on; testdata/vectors.jsonl holds that library's own answers. The rules are
// those of "Comparison operators for use in event patterns" in the EventBridge
// user guide, plus what Event Ruler does and the guide leaves out:
//
//   - A field is a path of keys to a leaf; {"a.b": [1]} and {"a": {"b": [1]}}
//     are one pattern. Arrays are looked into at any depth and any element may
//     match, but the elements of one array of objects are never mixed: all
//     that a pattern asks below findings[] must hold in one and the same
//     finding. Only exists:false looks across elements, when nothing that sorts
//     before it has settled on one.
//   - exists is about leaves: an object, an empty object and an empty array do
//     not exist; null does.
//   - anything-but matches null, true and values of the other type, but no
//     absent field.
//   - A number is compared as a number ("5" is not 5, 5 is 5.0), or by its
//     spelling if no 64-bit float has that value.
//   - A string that is an IP address matches every spelling of that address.
//   - cidr takes no whole-address masks (/32 and /128 are refused).
//   - A field named twice counts once: the later one wins, also in "$or".
//   - "exactly" is an operator, though the guide does not list it.
//
// Where this package is stricter than Event Ruler: a pattern may have 2,048
// characters and 1,000 combinations of "$or" (both are limits of the service,
// not of the library), nothing may follow the pattern, and a malformed "$or" is
// refused, where Event Ruler takes it for a field of that name. Where it follows
// the guide and not Event Ruler: a network holds addresses of its own version
// only (Event Ruler compares hexadecimal digits from the left, so that ::1 and
// the number 10 are in 0.0.0.0/0), and ignoring the case takes letter for letter
// (Event Ruler makes SS of ß, and matches no emoji).
package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
)

const (
	// maxLength is the default quota "Event pattern size", in characters.
	maxLength = 2048
	// maxAlternatives is how many combinations of "$or" EventBridge accepts.
	maxAlternatives = 1000
)

// Pattern is a compiled event pattern. It is safe for concurrent use.
type Pattern struct{ alternatives []alternative }

// alternative is one way to match: all its fields, ordered by path. A pattern
// without "$or" has one.
type alternative []field

// field is what a pattern asks of one leaf.
type field struct {
	path   string // keys joined with dots
	absent bool   // {"exists": false} is among the tests
	tests  []test // any of them suffices
}

// test judges one value of an event.
type test func(value) bool

// Compile reads an event pattern, or says why EventBridge would refuse it.
func Compile(patternJSON []byte) (*Pattern, error) {
	if n := len(utf16.Encode([]rune(string(patternJSON)))); n > maxLength {
		return nil, fmt.Errorf("compiling an event pattern: it has %d characters, EventBridge takes %d: split the rule", n, maxLength)
	}
	if !json.Valid(patternJSON) {
		return nil, errors.New("compiling an event pattern: it is not JSON")
	}
	c := compiler{dec: newDecoder(patternJSON), alternatives: []alternative{nil}}
	if err := c.document(); err != nil {
		return nil, fmt.Errorf("compiling an event pattern: %w", err)
	}
	return &Pattern{alternatives: c.alternatives}, nil
}

// Event is an event taken apart, to be matched against several patterns.
type Event struct{ leaves map[string][]leaf }

// Read takes an event apart. It fails if eventJSON is not a JSON object.
func Read(eventJSON []byte) (Event, error) {
	leaves, err := flatten(eventJSON)
	if err != nil {
		return Event{}, fmt.Errorf("reading an event: %w", err)
	}
	return Event{leaves}, nil
}

// Match reports whether EventBridge would hand the event to a rule with this
// pattern. It fails if eventJSON is not a JSON object.
func (p *Pattern) Match(eventJSON []byte) (bool, error) {
	e, err := Read(eventJSON)
	return err == nil && p.MatchEvent(e), err
}

// MatchEvent is Match for an event that was read already.
func (p *Pattern) MatchEvent(e Event) bool {
	for _, a := range p.alternatives {
		s := search{fields: a, leaves: e.leaves, failed: map[string]bool{}}
		if s.from(0, nil) {
			return true
		}
	}
	return false
}

// search looks for one leaf per field such that their places agree.
type search struct {
	fields []field
	leaves map[string][]leaf
	failed map[string]bool // fields and places from which nothing matches
}

// from reports whether the fields from number i on match, given the array
// elements that earlier fields settled on.
func (s *search) from(i int, at []place) bool {
	if i == len(s.fields) {
		return true
	}
	key := fmt.Sprint(i, at)
	if s.failed[key] {
		return false
	}
	f := s.fields[i]
	exists := false
	for _, l := range s.leaves[f.path] {
		next, ok := join(at, l.at)
		if !ok {
			continue
		}
		exists = true
		if f.accepts(l.value) && s.from(i+1, next) {
			return true
		}
	}
	if f.absent && !exists && s.from(i+1, at) {
		return true
	}
	s.failed[key] = true
	return false
}

func (f field) accepts(v value) bool {
	for _, t := range f.tests {
		if t(v) {
			return true
		}
	}
	return false
}
