package awsapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/canon"
)

// Output returns what a call's bindings may need of an SDK output: its canonical JSON, without the SDK's metadata.
func Output(out any) (json.RawMessage, error) {
	raw, err := canon.Marshal(out)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("reading a call's output: %w", err)
	}
	delete(m, "ResultMetadata")
	return canon.Marshal(m)
}

// Bound fills the call's bindings from the journalled outputs of the plan's calls, by index.
func (c Call) Bound(outputs []json.RawMessage) (Call, error) {
	if len(c.Bind) == 0 {
		return c, nil
	}
	var in map[string]any
	if err := json.Unmarshal(c.Input, &in); err != nil {
		return c, fmt.Errorf("binding %s: %w", c.Op, err)
	}
	for _, b := range c.Bind {
		if b.Call < 0 || b.Call >= len(outputs) {
			return c, fmt.Errorf("binding %s.%s: call %d has no recorded output", c.Op, b.Field, b.Call)
		}
		v, err := lookup(outputs[b.Call], b.From)
		if err != nil {
			return c, fmt.Errorf("binding %s.%s: %w", c.Op, b.Field, err)
		}
		in[b.Field] = v
	}
	raw, err := canon.Marshal(in)
	if err != nil {
		return c, fmt.Errorf("binding %s: %w", c.Op, err)
	}
	return Call{Op: c.Op, Input: raw}, nil
}

func lookup(raw json.RawMessage, path string) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	for _, key := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return "", fmt.Errorf("the output has no %s", path)
		}
		v = m[key]
	}
	s, ok := v.(string)
	if !ok || s == "" {
		return "", fmt.Errorf("the output has no text at %s", path)
	}
	return s, nil
}
