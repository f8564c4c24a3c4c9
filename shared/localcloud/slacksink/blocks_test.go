package slacksink

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// list writes blocks out of JSON pieces.
func list(blocks ...string) string { return "[" + strings.Join(blocks, ",") + "]" }

func text(kind string, n int) string {
	return fmt.Sprintf(`{"type":%q,"text":%q}`, kind, strings.Repeat("é", n))
}

func section(n int) string { return `{"type":"section","text":` + text("mrkdwn", n) + `}` }

func header(n int) string { return `{"type":"header","text":` + text("plain_text", n) + `}` }

func repeat(item string, n int) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

func fields(items string) string { return `{"type":"section","fields":[` + items + `]}` }

func elements(kind, items string) string {
	return `{"type":"` + kind + `","elements":[` + items + `]}`
}

func button(label, value int, more string) string {
	return fmt.Sprintf(`{"type":"button","text":%s,"value":%q%s}`, text("plain_text", label), strings.Repeat("v", value), more)
}

const confirm = `,"confirm":{"title":{"type":"plain_text","text":"Sure?"},"text":{"type":"mrkdwn","text":"It *closes* the port."},"confirm":{"type":"plain_text","text":"Yes"}}`

func TestBlocksSlackTakes(t *testing.T) {
	t.Parallel()
	image := `{"type":"image","image_url":"https://example.com/a.png","alt_text":"a"}`
	for name, blocks := range map[string]string{
		"nothing":         "",
		"none":            "[]",
		"longest header":  list(header(150)),
		"longest section": list(section(3000)),
		"50 blocks":       list(repeat(`{"type":"divider"}`, 50)),
		"most fields":     list(fields(repeat(text("mrkdwn", 1), 10))),
		"longest field":   list(fields(text("plain_text", 2000))),
		"full context":    list(elements("context", repeat(text("mrkdwn", 1), 9)+","+image)),
		"buttons":         list(elements("actions", button(75, 2000, `,"style":"danger","action_id":"x"`+confirm)+","+button(1, 0, `,"action_id":"y"`))),
		"most buttons":    list(elements("actions", repeat(button(1, 0, ""), 25))),
		"accessory":       list(`{"type":"section","text":` + text("mrkdwn", 1) + `,"accessory":` + button(1, 1, "") + `}`),
		"image":           list(image),
		"escapes":         list(`{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat(`\u0026amp;`, 600) + `"}}`),
	} {
		if _, err := parseBlocks([]byte(blocks)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBlocksSlackRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ blocks, want string }{
		"not a list":             {`{"type":"divider"}`, "reading blocks"},
		"two lists":              {`[][]`, "something follows"},
		"51 blocks":              {list(repeat(`{"type":"divider"}`, 51)), "no more than 50 items"},
		"unknown type":           {list(`{"type":"card"}`), `unsupported block type "card"`},
		"unknown property":       {list(`{"type":"divider","colour":"red"}`), "colour"},
		"long header":            {list(header(151)), "151 characters"},
		"header in mrkdwn":       {list(`{"type":"header","text":` + text("mrkdwn", 1) + `}`), "type"},
		"empty header":           {list(header(0)), "0 characters"},
		"header without text":    {list(`{"type":"header"}`), "text is missing"},
		"long section":           {list(section(3001)), "3001 characters"},
		"empty section":          {list(`{"type":"section"}`), "neither text nor fields"},
		"11 fields":              {list(fields(repeat(text("mrkdwn", 1), 11))), "11 fields"},
		"long field":             {list(fields(text("mrkdwn", 2001))), "2001 characters"},
		"11 context elements":    {list(elements("context", repeat(text("mrkdwn", 1), 11))), "11 elements"},
		"empty context":          {list(elements("context", "")), "0 elements"},
		"button in context":      {list(elements("context", button(1, 1, ""))), "type"},
		"26 buttons":             {list(elements("actions", repeat(button(1, 0, ""), 26))), "26 elements"},
		"long button":            {list(elements("actions", button(76, 0, ""))), "76 characters"},
		"long value":             {list(elements("actions", button(1, 2001, ""))), "2001 characters"},
		"button in mrkdwn":       {list(elements("actions", `{"type":"button","text":`+text("mrkdwn", 1)+`}`)), "type"},
		"button without text":    {list(elements("actions", `{"type":"button"}`)), "text is missing"},
		"button with a string":   {list(elements("actions", `{"type":"button","text":"Go"}`)), "text is missing"},
		"odd style":              {list(elements("actions", button(1, 1, `,"style":"default"`))), "style"},
		"text in actions":        {list(elements("actions", text("mrkdwn", 1))), "unsupported element type"},
		"same action twice":      {list(elements("actions", repeat(button(1, 1, `,"action_id":"a"`), 2))), "stands twice"},
		"same block twice":       {list(repeat(`{"type":"divider","block_id":"a"}`, 2)), "stands twice"},
		"confirm without text":   {list(elements("actions", button(1, 1, `,"confirm":{}`))), "confirm.title is missing"},
		"image without alt text": {list(`{"type":"image","image_url":"https://example.com/a.png"}`), "alt_text"},
		"emoji in mrkdwn":        {list(`{"type":"section","text":{"type":"mrkdwn","text":"a","emoji":true}}`), "emoji"},
	} {
		if _, err := parseBlocks([]byte(tt.blocks)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.want)
		}
	}
}

func TestTotalLength(t *testing.T) {
	t.Parallel()
	// A section of n characters is {"text":{"text":"…","type":"mrkdwn"},"type":"section"}:
	// n and 53 more; commas and brackets come on top.
	fits := list(section(3000), section(3000), section(3000), section(3000), section(13_000-12_000-5*53-6))
	if _, err := parseBlocks([]byte(fits)); err != nil {
		t.Errorf("13,000 characters: %v", err)
	}
	over := list(section(3000), section(3000), section(3000), section(3000), section(13_000-12_000-5*53-5))
	if _, err := parseBlocks([]byte(over)); !errors.Is(err, errTooLong) {
		t.Errorf("13,001 characters: %v, want msg_blocks_too_long", err)
	}
}

func FuzzParseAndRender(f *testing.F) {
	f.Add(list(header(3), section(3), elements("actions", button(1, 1, confirm))), "text")
	f.Add(list(elements("context", text("mrkdwn", 2)), `{"type":"divider"}`), "<https://a|b> &lt;")
	f.Fuzz(func(t *testing.T, blocks, top string) {
		parsed, err := parseBlocks([]byte(blocks))
		if err == nil && len(parsed) > maxBlocks {
			t.Errorf("%d blocks were taken", len(parsed))
		}
		if err == nil && blocks != "" && !json.Valid([]byte(blocks)) && strings.TrimSpace(blocks) != "" {
			t.Errorf("what is not JSON was taken: %q", blocks)
		}
		for _, r := range Render(Message{Text: top, Blocks: []byte(blocks)}) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("rendering holds %U", r)
			}
		}
	})
}
