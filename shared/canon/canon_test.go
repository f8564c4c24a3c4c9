package canon

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type inner struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Note  *string `json:"note"`
}

type outer struct {
	ID      string            `json:"id" aws:"assigned"`
	Tags    map[string]string `json:"tags" aws:"context"`
	Inners  []inner           `json:"inners"`
	Raw     json.RawMessage   `json:"raw"`
	When    *time.Time        `json:"when"`
	On      bool              `json:"on"`
	private int
}

func TestMarshal(t *testing.T) {
	t.Parallel()
	empty := ""
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("x", 3600))
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"unset is left out":             {outer{}, `{"on":false}`},
		"keys are sorted":               {map[string]int{"b": 1, "a": 2}, `{"a":2,"b":1}`},
		"a set empty string stays":      {inner{Note: &empty}, `{"count":0,"note":""}`},
		"an empty list stays":           {outer{Inners: []inner{}}, `{"inners":[],"on":false}`},
		"raw JSON is made canonical":    {outer{Raw: json.RawMessage(`{ "z":1.0, "a":null }`)}, `{"on":false,"raw":{"a":null,"z":1}}`},
		"times are UTC":                 {outer{When: &when}, `{"on":false,"when":"2026-01-02T02:04:05Z"}`},
		"markup is not escaped":         {map[string]string{"k": "<&>"}, `{"k":"<&>"}`},
		"bytes are base64":              {map[string][]byte{"k": []byte("hi")}, `{"k":"aGk="}`},
		"2^53 itself is exact":          {map[string]int64{"k": 1 << 53}, `{"k":9007199254740992}`},
		"unexported fields stay inside": {outer{private: 3}, `{"on":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Marshal(c.in)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	type reader struct{ Body io.Reader }
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"reader":            {reader{strings.NewReader("x")}, "reader or a union"},
		"invalid UTF-8":     {map[string]string{"k": "\xff"}, "not UTF-8"},
		"large integer":     {map[string]int64{"k": 1<<53 + 1}, "2^53"},
		"large raw integer": {json.RawMessage(`{"k":9007199254740993}`), "2^53"},
		"keys but for case": {map[string]int{"Key": 1, "key": 2}, "equal but for case"},
		"raw keys":          {json.RawMessage(`{"Key":1,"kEy":2}`), "equal but for case"},
		"nil in a list":     {[]*inner{nil}, "unset element"},
		"channel":           {map[string]chan int{"k": nil}, "no canonical form"},
		"number keys":       {map[int]int{1: 1}, "keys that are not strings"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Marshal(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v; want an error with %q", got, err, c.want)
			}
		})
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"unknown field":  `{"count":1,"name":"a","other":1}`,
		"space":          `{"count":1, "name":"a"}`,
		"key order":      `{"name":"a","count":1}`,
		"doubled key":    `{"count":1,"count":1,"name":"a"}`,
		"key case":       `{"Count":1,"name":"a"}`,
		"number form":    `{"count":1.0,"name":"a"}`,
		"trailing data":  `{"count":1,"name":"a"}{}`,
		"missing":        `{"name":"a"}`,
		"escaped letter": `{"count":1,"name":"\u0061"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var v inner
			if err := Unmarshal([]byte(in), &v); !errors.Is(err, ErrNotCanonical) {
				t.Errorf("got %v; want ErrNotCanonical", err)
			}
		})
	}
}

func TestStableLeavesOutAssignedAndContext(t *testing.T) {
	t.Parallel()
	got, err := Stable(outer{ID: "1", Tags: map[string]string{"a": "b"}, On: true})
	if err != nil || string(got) != `{"on":true}` {
		t.Errorf("got %s, %v; want {\"on\":true}", got, err)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := outer{
			ID: rapid.String().Draw(t, "id"), On: rapid.Bool().Draw(t, "on"),
			Inners: rapid.SliceOf(rapid.Custom(func(t *rapid.T) inner {
				return inner{Name: rapid.String().Draw(t, "name"), Count: rapid.IntRange(-maxInt, maxInt).Draw(t, "n")}
			})).Draw(t, "inners"),
		}
		b, err := Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out outer
		if err := Unmarshal(b, &out); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"inners":[{"count":1,"name":"a"}],"on":true}`))
	f.Add([]byte(`{"on":false,"raw":{"a":[1,2.5,null,"x"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		if Unmarshal(data, &v) != nil {
			return
		}
		again, err := Marshal(v)
		if err != nil || string(again) != string(data) {
			t.Errorf("accepted %q but encodes to %q, %v", data, again, err)
		}
	})
}
