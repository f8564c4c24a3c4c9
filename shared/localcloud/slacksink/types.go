package slacksink

import "encoding/json"

// textObject is a text composition object.
type textObject struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji"`
	Verbatim *bool  `json:"verbatim"`
}

// element is what stands in actions, contexts and beside a section: a button,
// an image, or (in contexts) a text object.
type element struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"` // a string in a text object, an object in a button
	Emoji    *bool           `json:"emoji"`
	Verbatim *bool           `json:"verbatim"`
	ActionID string          `json:"action_id"`
	URL      string          `json:"url"`
	Value    string          `json:"value"`
	Style    string          `json:"style"`
	Confirm  *confirmation   `json:"confirm"`
	ImageURL string          `json:"image_url"`
	AltText  string          `json:"alt_text"`
	Label    string          `json:"accessibility_label"`

	// Of what a form asks for.
	Placeholder *textObject `json:"placeholder"`
	Initial     string      `json:"initial_value"`
	InitialDate string      `json:"initial_date"`
	Multiline   bool        `json:"multiline"`
	MinLength   *int        `json:"min_length"`
	MaxLength   *int        `json:"max_length"`
	Focus       *bool       `json:"focus_on_load"`
}

type confirmation struct {
	Title   *textObject `json:"title"`
	Text    *textObject `json:"text"`
	Confirm *textObject `json:"confirm"`
	Deny    *textObject `json:"deny"`
	Style   string      `json:"style"`
}

// block is any block this sink takes.
type block struct {
	Type      string       `json:"type"`
	BlockID   string       `json:"block_id"`
	Text      *textObject  `json:"text"`
	Fields    []textObject `json:"fields"`
	Accessory *element     `json:"accessory"`
	Expand    *bool        `json:"expand"`
	Elements  []element    `json:"elements"`
	ImageURL  string       `json:"image_url"`
	AltText   string       `json:"alt_text"`
	Title     *textObject  `json:"title"`
	Level     *int         `json:"level"`

	// Of an input block.
	Label    *textObject `json:"label"`
	Hint     *textObject `json:"hint"`
	Element  *element    `json:"element"`
	Optional *bool       `json:"optional"`
}
