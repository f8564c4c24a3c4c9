package iampolicy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shoreup/shoreup/shared/canon"
)

// Value is a document as it stands in a state: its JSON, so that spaces and the order of keys do not count. A text that has no canonical JSON (a number
// that readers of JSON do not agree on, keys that are equal but for case, no JSON at all) stands there as one JSON string instead: whoever can write
// a policy could otherwise keep it from ever being judged. [ParseValue] reads both.
func Value(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		if _, err := canon.Marshal(json.RawMessage(text)); err == nil {
			return json.RawMessage(text)
		}
	}
	if !utf8.ValidString(text) {
		text = strconv.Quote(text) // no policy either, and other bytes stay another text
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil // a string always encodes
	}
	return quoted
}

// ParseValue is [Parse] for what [Value] gave.
func ParseValue(raw json.RawMessage) (Document, error) {
	if !strings.HasPrefix(string(raw), `"`) {
		return Parse(raw)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return Document{}, fmt.Errorf("parsing policy: %w", err)
	}
	return Parse([]byte(text))
}
