package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// DiffLine is one field that differs between two states. Before or After is empty where the field is absent there.
type DiffLine struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Diff returns the differences between two states given as canonical JSON. A text field that holds a JSON document (a policy) is compared
// as a document, and lists are compared by their elements, so that a removed statement shows as just that.
func Diff(before, after json.RawMessage) []DiffLine {
	var out differ
	out.compare("", tree(before), tree(after))
	return out.lines
}

// diffs splits the difference of two states among the changes that cause it.
func diffs(before, after json.RawMessage, changes []Change) [][]DiffLine {
	all := Diff(before, after)
	out := make([][]DiffLine, len(changes))
	for i, c := range changes {
		for _, line := range all {
			field, _, _ := strings.Cut(line.Path, ".")
			field, _, _ = strings.Cut(field, "[")
			if len(c.Touches) == 0 || slices.Contains(c.Touches, field) {
				out[i] = append(out[i], line)
			}
		}
	}
	return out
}

type differ struct{ lines []DiffLine }

func (d *differ) compare(path string, a, b any) {
	if reflect.DeepEqual(a, b) {
		return
	}
	a, b = document(a), document(b)
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			d.objects(path, a, b)
			return
		}
	case []any:
		if b, ok := b.([]any); ok {
			d.lists(path, a, b)
			return
		}
	}
	d.lines = append(d.lines, DiffLine{path, plain(a), plain(b)})
}

func (d *differ) objects(path string, a, b map[string]any) {
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		sub := k
		if path != "" {
			sub = path + "." + k
		}
		d.compare(sub, a[k], b[k])
	}
}

// lists reports the elements that only one side has; what both have is not a difference, wherever it stands.
func (d *differ) lists(path string, a, b []any) {
	left := slices.Clone(b)
	for i, v := range a {
		if k := slices.IndexFunc(left, func(o any) bool { return reflect.DeepEqual(o, v) }); k >= 0 {
			left = slices.Delete(left, k, k+1)
			continue
		}
		d.lines = append(d.lines, DiffLine{fmt.Sprintf("%s[%d]", path, i), plain(v), nil})
	}
	for _, v := range left {
		i := slices.IndexFunc(b, func(o any) bool { return reflect.DeepEqual(o, v) })
		d.lines = append(d.lines, DiffLine{fmt.Sprintf("%s[%d]", path, i), nil, plain(v)})
	}
}

// document reads a text that holds a JSON object as that object.
func document(v any) any {
	s, ok := v.(string)
	if !ok || !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return v
	}
	if t := tree(json.RawMessage(s)); t != nil {
		return t
	}
	return v
}

func tree(raw json.RawMessage) any {
	var t any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&t) != nil {
		return nil
	}
	return t
}

func plain(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSpace(buf.Bytes())
}
