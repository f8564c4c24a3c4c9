package slacksink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of Block Kit, in characters or items:
// https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks       = 50
	maxHeaderText   = 150
	maxText         = 3000
	maxFields       = 10
	maxFieldText    = 2000
	maxContextItems = 10
	maxActions      = 25
	maxButtonText   = 75
	maxButtonValue  = 2000
	maxURL          = 3000
	maxID           = 255
	maxAltText      = 2000

	// maxTotal is not documented. Messages were refused from some 13,200
	// characters on, and one with 11,341 of text alone in many containers
	// (slackapi/bolt-js issues 2509 and 2867). Counting all of the JSON and
	// stopping at 13,000 is the strict reading.
	maxTotal = 13_000
)

// errTooLong is the whole message being too long, the one block error with a
// code of its own.
var errTooLong = errors.New("msg_blocks_too_long")

// parseBlocks reads and checks the blocks of a message. Unknown block types,
// elements and properties are errors, as at Slack.
func parseBlocks(raw []byte) ([]block, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	var blocks []block
	if err := strictly(raw, &blocks); err != nil {
		return nil, fmt.Errorf("reading blocks: %w", err)
	}
	if len(blocks) > maxBlocks {
		return nil, fmt.Errorf("%d blocks, no more than %d items allowed", len(blocks), maxBlocks)
	}
	if err := checkBlocks(blocks, block.check); err != nil {
		return nil, err
	}
	if n := characters(raw); n > maxTotal {
		return nil, fmt.Errorf("%w: %d characters of blocks, at most %d", errTooLong, n, maxTotal)
	}
	return blocks, nil
}

// characters counts the JSON's characters without spaces between tokens and
// without escapes, so that the sender's encoder makes no difference.
func characters(raw []byte) int {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return len(raw)
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return len(raw)
	}
	return utf8.RuneCount(bytes.TrimSpace(plain.Bytes()))
}

func (b block) check() error {
	if err := within("block_id", b.BlockID, 0, maxID); err != nil {
		return err
	}
	switch b.Type {
	case "header":
		return b.Text.check("text", maxHeaderText, "plain_text")
	case "section":
		return b.checkSection()
	case "context":
		return checkEach(b.Elements, maxContextItems, element.checkInContext)
	case "actions":
		ids := map[string]bool{}
		return checkEach(b.Elements, maxActions, func(e element) error {
			return errors.Join(e.checkButton(), once(ids, "action_id", e.ActionID))
		})
	case "divider":
		return nil
	case "image":
		return checkImage(b.ImageURL, b.AltText)
	case "input":
		return errors.New("an input stands in a form, not in a message that nobody submits")
	default:
		return fmt.Errorf("unsupported block type %q", b.Type)
	}
}

func (b block) checkSection() error {
	if b.Text == nil && len(b.Fields) == 0 {
		return errors.New("neither text nor fields")
	}
	if b.Text != nil {
		if err := b.Text.check("text", maxText, "mrkdwn", "plain_text"); err != nil {
			return err
		}
	}
	if len(b.Fields) > maxFields {
		return fmt.Errorf("%d fields, no more than %d items allowed", len(b.Fields), maxFields)
	}
	for i := range b.Fields {
		if err := b.Fields[i].check(fmt.Sprintf("field %d", i), maxFieldText, "mrkdwn", "plain_text"); err != nil {
			return err
		}
	}
	if b.Accessory == nil {
		return nil
	}
	if b.Accessory.Type == "image" {
		return checkImage(b.Accessory.ImageURL, b.Accessory.AltText)
	}
	return b.Accessory.checkButton()
}

func checkEach(elements []element, most int, check func(element) error) error {
	if len(elements) < 1 || len(elements) > most {
		return fmt.Errorf("%d elements, must be 1 to %d", len(elements), most)
	}
	for i, e := range elements {
		if err := check(e); err != nil {
			return fmt.Errorf("element %d (%s): %w", i, e.Type, err)
		}
	}
	return nil
}

func (e element) checkInContext() error {
	if e.Type == "image" {
		return checkImage(e.ImageURL, e.AltText)
	}
	text := e.plain()
	return text.check("text", maxText, "mrkdwn", "plain_text")
}

// plain reads the element as a text object of a context.
func (e element) plain() *textObject {
	t := &textObject{Type: e.Type, Emoji: e.Emoji, Verbatim: e.Verbatim}
	_ = json.Unmarshal(e.Text, &t.Text) // what is not a string stays empty, and that is refused
	return t
}

// label reads the element's text as a button's.
func (e element) label() *textObject {
	var t *textObject
	if err := json.Unmarshal(e.Text, &t); err != nil {
		return nil // refused as missing
	}
	return t
}

func (e element) checkButton() error {
	if e.Type != "button" {
		return fmt.Errorf("unsupported element type %q", e.Type)
	}
	if !slices.Contains([]string{"", "primary", "danger"}, e.Style) {
		return fmt.Errorf("style %q is neither primary nor danger", e.Style)
	}
	if e.URL != "" && !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://") {
		return fmt.Errorf("url %.40q leads nowhere", e.URL)
	}
	return errors.Join(
		e.label().check("text", maxButtonText, "plain_text"),
		within("value", e.Value, 0, maxButtonValue),
		within("action_id", e.ActionID, 0, maxID),
		within("url", e.URL, 0, maxURL),
		within("accessibility_label", e.Label, 0, maxButtonText),
		e.Confirm.check(),
	)
}

func (c *confirmation) check() error {
	if c == nil {
		return nil
	}
	err := errors.Join(
		c.Title.check("confirm.title", 100, "plain_text"),
		c.Text.check("confirm.text", 300, "mrkdwn", "plain_text"),
		c.Confirm.check("confirm.confirm", 30, "plain_text"),
	)
	if !slices.Contains([]string{"", "primary", "danger"}, c.Style) {
		err = errors.Join(err, fmt.Errorf("confirm.style %q is neither primary nor danger", c.Style))
	}
	if c.Deny != nil {
		err = errors.Join(err, c.Deny.check("confirm.deny", 30, "plain_text"))
	}
	return err
}

func (t *textObject) check(name string, most int, types ...string) error {
	if t == nil {
		return fmt.Errorf("%s is missing", name)
	}
	if !slices.Contains(types, t.Type) {
		return fmt.Errorf("%s is of type %q, not one of %q", name, t.Type, types)
	}
	if t.Emoji != nil && t.Type != "plain_text" {
		return fmt.Errorf("%s has emoji, which only plain_text takes", name)
	}
	if t.Verbatim != nil && t.Type != "mrkdwn" {
		return fmt.Errorf("%s has verbatim, which only mrkdwn takes", name)
	}
	return within(name, t.Text, 1, most)
}

func checkImage(url, alt string) error {
	return errors.Join(within("image_url", url, 1, maxURL), within("alt_text", alt, 1, maxAltText))
}

func within(name, text string, least, most int) error {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		return fmt.Errorf("%s has %d characters, must be %d to %d", name, n, least, most)
	}
	return nil
}

func once(seen map[string]bool, name, id string) error {
	if id != "" && seen[id] {
		return fmt.Errorf("%s %q stands twice", name, id)
	}
	seen[id] = true
	return nil
}
