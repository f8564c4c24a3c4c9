package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text        string
		first, rest int
		want        []string
	}{
		"nothing":            {"", 20, 20, []string{""}},
		"fits":               {"one two", 7, 3, []string{"one two"}},
		"narrower later":     {"one two three", 7, 3, []string{"one two", "thr", "ee"}},
		"at blanks":          {"one two  three", 8, 8, []string{"one two", "three"}},
		"the first shorter":  {"one two three", 4, 20, []string{"one", "two three"}},
		"a word stays whole": {"see arn:aws:s3:::a-bucket/key now", 28, 28, []string{"see", "arn:aws:s3:::a-bucket/key", "now"}},
		"JSON behind commas": {`{"Bucket":"b","Key":"a/b","Tag":"x"}`, 20, 20, []string{`{"Bucket":"b",`, `"Key":"a/b",`, `"Tag":"x"}`}},
		"JSON behind a bracket": {
			`put {"Policy":{"Action":["s3:GetObject","s3:PutObject"]}}`, 30, 30, []string{`put {"Policy":{"Action":[`, `"s3:GetObject",`, `"s3:PutObject"]}}`},
		},
		"a policy in text": {
			`{"PolicyDocument":"{\"Resource\":\"arn:aws:iam::1:role/a\"}"}`, 41, 41, []string{`{"PolicyDocument":"{`, `\"Resource\":\"arn:aws:iam::1:role/a\"}"}`},
		},
		"name and value apart":        {`{"Resource":"arn:aws:iam::111122223333:role/deploy"}`, 42, 42, []string{`{"Resource":`, `"arn:aws:iam::111122223333:role/deploy"}`}},
		"an index is no JSON":         {"policy.Statement[0]", 19, 19, []string{"policy.Statement[0]"}},
		"longer than a line":          {"arn:aws:iam::111122223333:role/teams/deploy", 30, 30, []string{"arn:aws:iam::111122223333:", "role/teams/deploy"}},
		"longer, without punctuation": {strings.Repeat("x", 25), 10, 10, []string{"xxxxxxxxxx", "xxxxxxxxxx", "xxxxx"}},
		"no room at all":              {"ab c", 0, 0, []string{"a", "b", "c"}},
		"wide characters":             {"日本語 x", 4, 4, []string{"日本", "語 x"}},
	} {
		if d := cmp.Diff(c.want, wrap(c.text, c.first, c.rest)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestWrapKeepsEverything: nothing is lost, no line is too long, and no word is cut that would fit on a line.
func TestWrapKeepsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-z:/"{},\[\]\\é日]{1,40}`)).Draw(t, "words")
		width := rapid.IntRange(1, 50).Draw(t, "width")
		lines := wrap(strings.Join(words, " "), width, width)
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.Join(words, ""); got != want {
			t.Fatalf("%q became %q", want, got)
		}
		for _, l := range lines {
			if text.StringWidth(l) > max(width, 2) { // a wide character is not cut
				t.Fatalf("%q has more than %d columns", l, width)
			}
		}
		whole := strings.Join(lines, "\n")
		for _, w := range words {
			if !strings.ContainsAny(w, `,{[`) && text.StringWidth(w) <= width && !strings.Contains(whole, w) {
				t.Fatalf("%q was cut:\n%s", w, whole)
			}
		}
	})
}
