package verify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is what is checked of an entry.
type entry struct {
	seq         int64
	time        time.Time
	chain, prev string
}

// parse reads an entry's bytes. What could be read is returned along with an error.
func parse(body string) (entry, error) {
	var e entry
	fields, err := object([]byte(body))
	if err != nil {
		return e, err
	}
	var at, kind string
	err = cmp.Or(number(fields, "seq", &e.seq), text(fields, "chain", &e.chain), text(fields, "prev", &e.prev),
		text(fields, "time", &at), text(fields, "kind", &kind))
	if err != nil {
		return e, err
	}
	if !slices.Contains(kinds, kind) {
		return e, fmt.Errorf("its kind %q is not known", kind)
	}
	if e.time, err = time.Parse(time.RFC3339Nano, at); err != nil || !strings.HasSuffix(at, "Z") {
		return e, fmt.Errorf("its time %q is not a time in UTC (RFC 3339)", at)
	}
	return e, nil
}

// object reads a JSON object. A key that is there twice is refused: two readers may see two things.
func object(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it is not a JSON object")
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("it is not a JSON object: %w", err)
		}
		key, _ := t.(string) // the decoder lets nothing else through in a key's place
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("it is not a JSON object: %w", err)
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("it has %q twice", key)
		}
		fields[key] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return fields, nil
}

func text(fields map[string]json.RawMessage, key string, to *string) error {
	if err := json.Unmarshal(fields[key], to); err != nil || *to == "" {
		return fmt.Errorf("it has no text %q", key)
	}
	return nil
}

func number(fields map[string]json.RawMessage, key string, to *int64) error {
	n, err := strconv.ParseInt(string(fields[key]), 10, 64)
	if err != nil || n < 1 || n == math.MaxInt64 {
		return fmt.Errorf("it has no number %q", key)
	}
	*to = n
	return nil
}
