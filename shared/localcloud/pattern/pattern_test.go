package pattern

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stricter are the vectors on which this package refuses what Event Ruler lets
// through: it reads on after a pattern's end, and takes a malformed "$or" for a
// field of that name.
var stricter = []string{"stricter 2", "stricter 3", "stricter 4", "stricter 5"}

// different are the vectors on which this package follows the user guide and
// not Event Ruler, which compares addresses digit by digit and so takes some of
// the other version, and numbers, into a network; and which makes several
// letters of one, or takes one apart, when it ignores the case.
var different = map[string]bool{
	"cidr 33": true, "cidr 35": true, "cidr 6 12": true,
	"folding to several letters 2": true, "folding to several letters 9": true, "folding to several letters 10": true,
}

// vector is a line of testdata/operators.jsonl; Ruler is Event Ruler's answer.
type vector struct {
	Name    string
	Pattern json.RawMessage
	Text    string // the pattern, if it is no JSON
	Event   json.RawMessage
	Ruler   any // whether it matches, or "refused"
}

func TestOperatorsAsEventRuler(t *testing.T) {
	t.Parallel()
	n := 0
	for raw := range lines(t, "operators.jsonl") {
		n++
		var v vector
		decode(t, raw, &v)
		want := v.Ruler
		if different[v.Name] {
			want = v.Ruler == false
		}
		if slices.Contains(stricter, v.Name) {
			want = "refused"
		}
		pattern := v.Pattern
		if pattern == nil {
			pattern = []byte(v.Text)
		}
		if got := answer(t, pattern, v.Event); got != want {
			t.Errorf("%s: pattern %s, event %s: %v, Event Ruler says %v", v.Name, pattern, v.Event, got, v.Ruler)
		}
	}
	if n < 1000 {
		t.Errorf("%d vectors, want a thousand and more", n)
	}
}

func answer(t *testing.T, pattern, event []byte) any {
	p, err := Compile(pattern)
	if err != nil {
		return "refused"
	}
	got, err := p.Match(event)
	if err != nil {
		t.Fatalf("event %s: %v", event, err)
	}
	return got
}

func TestOwnPatternsAsEventRuler(t *testing.T) {
	t.Parallel()
	patterns := ownPatterns(t)
	for raw := range lines(t, "events.jsonl") {
		var v struct {
			Name    string
			Event   json.RawMessage
			Matches []string
		}
		decode(t, raw, &v)
		e, err := Read(v.Event)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		for name, p := range patterns {
			if got, want := p.MatchEvent(e), slices.Contains(v.Matches, name); got != want {
				t.Errorf("%s, %s: %v; Event Ruler says %v", v.Name, name, got, want)
			}
		}
	}
}

func ownPatterns(t *testing.T) map[string]*Pattern {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "patterns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]json.RawMessage
	decode(t, raw, &texts)
	patterns := map[string]*Pattern{}
	for name, text := range texts {
		if patterns[name], err = Compile(text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return patterns
}

func lines(t *testing.T, name string) func(func([]byte) bool) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return func(yield func([]byte) bool) {
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() && yield(s.Bytes()) {
		}
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	}
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%.80s: %v", raw, err)
	}
}

// or is a pattern with n pairs under "$or", which makes 2^n combinations.
func or(n int) string {
	pair := `"$or":[{"a":[1]},{"b":[1]}]`
	if n == 1 {
		return pair
	}
	return `"x":{` + or(n-1) + `},` + pair
}

func TestLimitsOfTheService(t *testing.T) {
	t.Parallel()
	ofLength := func(n int) string { return `{"a":["` + strings.Repeat("ü", n-len(`{"a":[""]}`)) + `"]}` }
	for name, c := range map[string]struct {
		pattern string
		want    string // in the error
	}{
		"as long as may be":          {ofLength(2048), ""},
		"a character too long":       {ofLength(2049), "2049 characters"},
		"512 combinations":           {`{` + or(9) + `}`, ""},
		"1024 combinations":          {`{` + or(10) + `}`, "more than 1000 combinations"},
		"combinations without limit": {`{` + or(40) + `}`, "more than 1000 combinations"},
	} {
		_, err := Compile([]byte(c.pattern))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`{"detail":{"eventName":"CreateBucket"}}`:              "detail.eventName must be an object or an array",
		`{"detail":{"eventName":[]}}`:                          "detail.eventName is an empty array",
		`{"detail":{}}`:                                        "detail is an empty object",
		`{"source":[{"begins":"aws."}]}`:                       "source: begins is not an operator",
		`{"a":[{"numeric":["=","5"]}]}`:                        `a: numeric takes no "5" as a number`,
		`{"a":[{"anything-but":{"prefix":5}}]}`:                "a: anything-but prefix takes text",
		`{"$or":[{"a":["x"]}]}`:                                "must hold two objects",
		`["aws.s3"]`:                                           "it is not a JSON object",
		`{"a":["x"]} {}`:                                       "it is not JSON",
		`{"a":[{"wildcard":"a**"}]}`:                           "a: wildcard takes no **",
		`{"a":[{"prefix":"x","suffix":"y"}]}`:                  "stands beside another operator",
		`{"$or":[{"b":[1]},{"a":{"prefix":["not allowed"]}}]}`: "reserved key prefix",
	} {
		if _, err := Compile([]byte(pattern)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, err, want)
		}
	}
}

func TestEventsThatAreNone(t *testing.T) {
	t.Parallel()
	p, err := Compile([]byte(`{"a":[{"exists":false}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{``, `[]`, `"x"`, `null`, `{"a"`, `{} {}`} {
		if got, err := p.Match([]byte(event)); err == nil || got {
			t.Errorf("%q: %v, %v; want an error", event, got, err)
		}
	}
}

// TestTemplatePatternsCompile holds what the templates of today listen to
// against EventBridge's rules; the vectors hold what they listened to once.
func TestTemplatePatternsCompile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../infra/template/*.template.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources map[string]struct{ Properties struct{ EventPattern any } }
		}
		decode(t, raw, &template)
		for name, r := range template.Resources {
			if r.Properties.EventPattern == nil {
				continue
			}
			pattern, err := json.Marshal(resolve(r.Properties.EventPattern))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Compile(pattern); err != nil {
				t.Errorf("%s in %s: %v", name, filepath.Base(file), err)
			}
		}
	}
}

// resolve puts a text for each intrinsic function.
func resolve(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if strings.HasPrefix(key, "Fn::") || key == "Ref" {
				return "resolved"
			}
			v[key] = resolve(inner)
		}
	case []any:
		for i := range v {
			v[i] = resolve(v[i])
		}
	}
	return v
}
