package pattern

import (
	"encoding/json"
	"testing"
)

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{"a":["x",5,null,true]}`, `{"$or":[{"a":[1]},{"b":{"c":[{"exists":false}]}}]}`,
		`{"a":[{"numeric":[">",0,"<=",5e2]},{"cidr":"10.0.0.0/8"},{"wildcard":"a\\**"},{"anything-but":{"prefix":["x"]}}]}`,
		`{"a":[{"prefix":{"equals-ignore-case":"x"}}]}`, `{"a":[1e999999999,0.1e-99999999]}`, `{"a":[`, `[]`,
	} {
		f.Add([]byte(seed), []byte(`{"a":["x",{"b":{"c":1}},[5]],"10":"10.0.0.1"}`))
	}
	f.Fuzz(func(t *testing.T, pattern, event []byte) {
		p, err := Compile(pattern)
		if err != nil {
			return
		}
		first, err := p.Match(event)
		if err != nil {
			return
		}
		if again, err := p.Match(event); err != nil || again != first {
			t.Errorf("once %v, then %v, %v", first, again, err)
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(event, &object) != nil {
			t.Errorf("an event that is no object was matched: %q", event)
		}
	})
}

// FuzzMatchOfPlainPattern turns an event into the pattern of its own values: it
// must match, and must not once a value that the event lacks is asked for.
func FuzzMatchOfPlainPattern(f *testing.F) {
	f.Add([]byte(`{"a":"x","b":{"c":5.0,"d":[true,null]},"e":[{"f":1},{"f":2}]}`))
	f.Add([]byte(`{"a":"::1","b":-0,"c":"","d":"10.0.0.01","e":1e400}`))
	f.Add([]byte(`{"u":{"s":{"i":"arn:aws:iam::1:role/x"}},"f":[{"n":"1","m":[{"o":2}]}]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		var object map[string]any
		if json.Unmarshal(event, &object) != nil || object == nil {
			return
		}
		own := asPattern(object)
		if len(own) == 0 {
			return
		}
		matched, ok := compileAndMatch(t, own, event)
		if ok && !matched {
			t.Errorf("%s does not match the pattern of its own values %v", event, own)
		}
		own["a field that no event has"] = []any{map[string]any{"exists": true}}
		if matched, ok := compileAndMatch(t, own, event); ok && matched {
			t.Errorf("%s has a field that it has not", event)
		}
	})
}

// asPattern takes the first element of each array, so that one element has all.
func asPattern(event map[string]any) map[string]any {
	pattern := map[string]any{}
	for key, v := range event {
		for {
			list, isList := v.([]any)
			if !isList {
				break
			}
			if len(list) == 0 {
				v = map[string]any{} // no leaf: nothing to ask for
				break
			}
			v = list[0]
		}
		if inner, isObject := v.(map[string]any); !isObject {
			pattern[key] = []any{v}
		} else if below := asPattern(inner); len(below) > 0 {
			pattern[key] = below
		}
	}
	return pattern
}

// compileAndMatch is not ok for patterns that may not be: too long, or with a
// key that means something else.
func compileAndMatch(t *testing.T, pattern map[string]any, event []byte) (matched, ok bool) {
	raw, err := json.Marshal(pattern)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(raw)
	if err != nil {
		return false, false
	}
	matched, err = p.Match(event)
	if err != nil {
		t.Fatal(err)
	}
	return matched, true
}
