package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// encodeBlocks returns the blocks' JSON without the escapes that Go adds.
func encodeBlocks(t testing.TB, m Message) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m.Blocks); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func generic(t testing.TB, raw string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// texts returns the text objects of a block by the limit that holds for them.
func texts(t testing.TB, b slack.Block) map[int][]*slack.TextBlockObject {
	t.Helper()
	switch b := b.(type) {
	case *slack.HeaderBlock:
		return map[int][]*slack.TextBlockObject{150: {b.Text}}
	case *slack.SectionBlock:
		out := map[int][]*slack.TextBlockObject{2000: b.Fields}
		if len(b.Fields) > 10 || b.Text == nil && len(b.Fields) == 0 {
			t.Errorf("a section of %d fields", len(b.Fields))
		}
		if b.Text != nil {
			out[3000] = []*slack.TextBlockObject{b.Text}
		}
		return out
	case *slack.ContextBlock:
		if n := len(b.ContextElements.Elements); n < 1 || n > 10 {
			t.Errorf("a context of %d elements", n)
		}
		var list []*slack.TextBlockObject
		for _, e := range b.ContextElements.Elements {
			list = append(list, e.(*slack.TextBlockObject))
		}
		return map[int][]*slack.TextBlockObject{2000: list}
	case *slack.ActionBlock:
		return buttonTexts(t, b)
	}
	t.Errorf("a block of type %T", b)
	return nil
}

// buttonTexts returns the texts of buttons by their limits, and checks the rest of them.
func buttonTexts(t testing.TB, a *slack.ActionBlock) map[int][]*slack.TextBlockObject {
	t.Helper()
	out := map[int][]*slack.TextBlockObject{}
	ids := map[string]bool{}
	for _, e := range a.Elements.ElementSet {
		b, ok := e.(*slack.ButtonBlockElement)
		if !ok || b.ActionID == "" || ids[b.ActionID] || len(b.Value) > 2000 || len(b.URL) > 3000 || a.BlockID != slackapp.Block {
			t.Errorf("a button %+v", e)
			continue
		}
		ids[b.ActionID] = true
		out[75] = append(out[75], b.Text)
		if c := b.Confirm; c != nil {
			out[100], out[300], out[30] = append(out[100], c.Title), append(out[300], c.Text), append(out[30], c.Confirm, c.Deny)
		}
	}
	return out
}

var entity = regexp.MustCompile(`&(amp|lt|gt);`)

// withinLimits asserts what must hold for each message whatever it is made of.
func withinLimits(t testing.TB, m Message) {
	t.Helper()
	blocksWithin(t, m, 10_000)
}

// blocksWithin is the same for another number of characters in total.
func blocksWithin(t testing.TB, m Message, total int) {
	t.Helper()
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Blocks) > 50 || utf8.RuneCount(raw) > total {
		t.Errorf("%d blocks of %d characters", len(m.Blocks), utf8.RuneCount(raw))
	}
	harmless(t, m.Text)
	unformatted(t, m.Text)
	if m.Text == "" || len(m.Text) > 40_000 {
		t.Errorf("text of %d bytes", len(m.Text))
	}
	for _, b := range m.Blocks {
		for limit, list := range texts(t, b) {
			for _, o := range list {
				if n := utf8.RuneCountInString(o.Text); n < 1 || n > limit {
					t.Errorf("%d characters where %d are allowed: %q", n, limit, o.Text)
				}
				if err := o.Validate(); err != nil {
					t.Error(err)
				}
				harmless(t, o.Text)
				if o.Type == "mrkdwn" {
					unformatted(t, o.Text)
				}
				if o.Type == "mrkdwn" && !o.Verbatim {
					t.Errorf("Slack may make links of %q", o.Text)
				}
			}
		}
	}
}

// harmless asserts that nothing in a text can mention, link, hide or steer, and that code is closed.
func harmless(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	if bare := entity.ReplaceAllString(s, ""); strings.ContainsAny(bare, "&<>") {
		t.Errorf("not escaped, or an escape was cut: %q", s)
	}
	if mention.MatchString(s) {
		t.Errorf("a mention: %q", s)
	}
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U got through: %q", r, s)
			break
		}
	}
}

var codes = regexp.MustCompile("(?s)```\n.*?\n```|`[^`\n]+`")

// unformatted asserts that outside text formats nothing: code is closed, and no formatting is left outside of it but our own bold labels at the
// beginnings of lines.
func unformatted(t testing.TB, s string) {
	t.Helper()
	rest := codes.ReplaceAllString(s, "")
	for line := range strings.Lines(rest) {
		stars := strings.Count(line, "*")
		if strings.ContainsAny(line, "`~_") || stars != 0 && (stars != 2 || !strings.HasPrefix(strings.TrimPrefix(line, "• "), "*")) {
			t.Errorf("%q formats something in %q", line, s)
		}
	}
}

// everywhere is a finding with s wherever outside text may stand.
func everywhere(s string) core.Finding {
	raw, err := json.Marshal(map[string]any{s: s, "Effect": s, "Action": []string{s}, "Principal": map[string]string{s: s}})
	if err != nil {
		panic(err) // a map of texts always has a JSON form
	}
	f := core.Finding{
		ID: s, Hash: s, Control: s, Title: s, Severity: core.Severity(s), Resource: s, ARN: s, Account: s, Region: s, Outcome: core.Outcome(s), Reason: s,
		Violations: []core.Violation{{Where: s, Reason: s}, {Where: s, Reason: s, Unsettled: true}}, NeverAuto: []string{s, s}, Notes: []string{s}, RulesVersion: s,
		Changes: []core.ShownChange{{Call: s, Why: s, Input: raw, Diff: []core.DiffLine{
			{Path: s, Before: raw}, {Path: s, Before: json.RawMessage(s), After: raw}, {Path: "policy.Statement[0]", After: raw}}}},
		Advice:   []core.Advice{{Title: s, Steps: []string{s, s}, Outage: s, Cost: s}},
		Decision: core.Decision{Mode: s, Reason: s + " " + s, Rule: s}, Context: core.Context{Owner: s, Tags: map[string]string{s: s}},
		Cause: core.Cause{Origin: "event", Actor: s, Event: s}, Exposure: 1, Record: core.Record{Chain: s, Seq: 1, Hash: s},
	}
	return f
}

var attacks = []string{
	"", " ", "acme", "<!channel> <@U123> <!here> <https://evil.example|click>", "@here @Channel @everyone", "*bold* _it_ ~no~ `code` ```block``` > quote :fire:",
	"a\nb\r\nc\td", "\u202eevil\u2066\u200b\x00\x1b[31m\ufeff", "&amp;&lt;&", "\xff\xfe\xed\xa0\x80", "日本語😀👩‍👩‍👧", "`", "*", "(`)", "```\n*x*",
}

func TestAttacksAreHarmless(t *testing.T) {
	t.Parallel()
	for _, s := range append(attacks, strings.Repeat("<&>", 2000), strings.Repeat("😀", 2000), strings.Repeat("a b ", 2000), strings.Repeat("`*", 2000)) {
		for _, outcome := range []core.Outcome{core.Fixed, core.AwaitingApproval, core.Reported, core.Outcome(s)} {
			f := everywhere(s)
			f.Outcome = outcome
			for _, list := range [][]core.Finding{{f}, {f, fixed(), waiting(), f}} {
				list[0].Record.Seq = 99 // not a duplicate of the last
				for _, m := range Build(list, Options{AccountName: func(string) string { return s }}) {
					withinLimits(t, m)
				}
				if outcome != core.AwaitingApproval {
					continue
				}
				for _, m := range Build(answerable(list), Options{AccountName: func(string) string { return s }, Buttons: true, PlanURL: "https://plans.example/", Now: time.Now()}) {
					withinLimits(t, m)
					for _, below := range m.Thread {
						withinLimits(t, below)
					}
				}
			}
		}
	}
}

// answerable gives findings what makes people able to answer their messages.
func answerable(list []core.Finding) []core.Finding {
	out := slices.Clone(list)
	for i := range out {
		out[i].Account, out[i].Occurrence, out[i].Hash = "111122223333", fmt.Sprintf("01KB00000000000000000000%02d", i%100), fmt.Sprintf("%064x", i)
		out[i].Disruption, out[i].Reversible = core.DisruptsMuch, core.PartlyReversible
	}
	return out
}

func FuzzBuild(f *testing.F) {
	for _, s := range attacks {
		f.Add(s, 1)
		f.Add(strings.Repeat(s, 50), 60)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		var list []core.Finding
		for i := range max(n%100, 1) {
			x := everywhere(s)
			x.Record.Seq = int64(i + 1)
			list = append(list, x)
		}
		for _, m := range Build(list, Options{Channel: "#sec"}) {
			withinLimits(t, m)
		}
		list = list[:min(len(list), 4)] // each has a message of its own
		for i := range list {
			list[i].Outcome = core.AwaitingApproval
		}
		told := 0
		for _, m := range Build(answerable(list), Options{Channel: "#sec", Buttons: true}) {
			withinLimits(t, m)
			told += len(m.Findings)
			for _, below := range m.Thread {
				withinLimits(t, below)
				told += len(below.Findings)
			}
		}
		if told != len(list) {
			t.Errorf("people are told of %d of %d findings", told, len(list))
		}
	})
}

func TestEscaping(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ got, want string }{
		"code":                             {code("a`b<c>", 50), "`a'b&lt;c&gt;`"},
		"code of nothing":                  {code(" ", 50), "unknown"},
		"code is cut":                      {code("abcdef", 4), "`abc…`"},
		"an escape is not cut":             {code("a&b", 10), "`a…`"},
		"a character is not cut":           {code("日本語", 2), "`日…`"},
		"plain words stay":                 {prose(`the group "web" (eu-west-1), really.`, 100), `the group "web" (eu-west-1), really.`},
		"words that format":                {prose("lets * read arn:aws:s3:::b/*, my_bucket and :fire:.", 200), "lets `*` read `arn:aws:s3:::b/*`, `my_bucket` and `:fire`:."},
		"a link":                           {prose("see <https://evil.example|here>", 100), "see `&lt;https://evil.example|here&gt;`"},
		"a mention":                        {prose("ask @here", 100), "ask ＠here"},
		"a line break":                     {prose("one\n> two", 100), "one `&gt;` two"},
		"prose is cut at a word":           {prose("one two three", 12), "one two …"},
		"hidden characters":                {plain("a\u202eb\u200bc", 100), `a\u202eb\u200bc`},
		"a time needs no code":             {prose("at 10:00:00 UTC", 100), "at 10:00:00 UTC"},
		"a code block's delimiter":         {codeLine("a ``` b\n*c*", 100), `a \u0060\u0060\u0060 b *c*`},
		"an exact call stays exact":        {codeLine(`{"Sid":"a`+"`"+`b"}`, 100), `{"Sid":"a\u0060b"}`},
		"a line is cut between characters": {shorten("a&amp;b日本", 13), "a&amp;b…"},
		"a line that fits is not":          {shorten("a&amp;b", 20), "a&amp;b"},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
