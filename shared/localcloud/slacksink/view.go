package slacksink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Limits of a modal and of what it asks for, in characters or items:
// https://docs.slack.dev/reference/views/modal-views and
// https://docs.slack.dev/reference/block-kit/blocks/input-block
const (
	maxViewBlocks = 100
	maxViewTitle  = 24
	maxMetadata   = 3000
	maxCallback   = 255
	maxLabel      = 2000
	maxPrompt     = 150
	maxInput      = 3000

	// triggerFor is how long a click may open a form.
	triggerFor = 3 * time.Second
)

var member = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)

// trigger is a click that may open one form.
type trigger struct {
	at    time.Time
	click Click
}

// View is an open form.
type View struct {
	ID       string
	Callback string
	Metadata string
	Title    string
	Inputs   []Input
	Click    Click // that opened it
	raw      view
}

// Input is one thing that a form asks for.
type Input struct {
	Block, Action, Type, Label string
	Initial                    string // text or date
	min, max                   int    // characters of a text
}

type view struct {
	Type     string      `json:"type"`
	Title    *textObject `json:"title"`
	Submit   *textObject `json:"submit"`
	Close    *textObject `json:"close"`
	Blocks   []block     `json:"blocks"`
	Metadata string      `json:"private_metadata"`
	Callback string      `json:"callback_id"`
	Clear    *bool       `json:"clear_on_close"`
	Notify   *bool       `json:"notify_on_close"`
}

// Views returns the forms that were opened and not submitted, in order.
func (s *Server) Views() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.views)
}

// openView checks a form and opens it for whoever clicked.
func (s *Server) openView(r request) (View, error) {
	var v view
	if err := strictly(r.View, &v); err != nil {
		return View{}, &refusal{code: "invalid_arguments", detail: "view: " + err.Error()}
	}
	inputs, err := v.check()
	if err != nil {
		return View{}, &refusal{code: "invalid_arguments", detail: "view: " + err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.triggers[r.Trigger]
	delete(s.triggers, r.Trigger) // it opens one form
	switch {
	case !ok:
		return View{}, &refusal{code: "invalid_trigger", detail: "no click, or used before"}
	case s.opts.Now().Sub(t.at) > triggerFor:
		return View{}, &refusal{code: "expired_trigger_id", detail: "more than three seconds after the click"}
	}
	s.counter++
	out := View{ID: fmt.Sprintf("V%08d", s.counter), Callback: v.Callback, Metadata: v.Metadata, Title: v.Title.Text, Inputs: inputs, Click: t.click, raw: v}
	s.views = append(s.views, out)
	return out, nil
}

func (v view) check() ([]Input, error) {
	err := errors.Join(
		v.Title.check("title", maxViewTitle, "plain_text"),
		within("private_metadata", v.Metadata, 0, maxMetadata), within("callback_id", v.Callback, 0, maxCallback))
	if v.Type != "modal" {
		err = errors.Join(err, fmt.Errorf("type %q is not modal", v.Type))
	}
	for name, t := range map[string]*textObject{"submit": v.Submit, "close": v.Close} {
		if t != nil {
			err = errors.Join(err, t.check(name, maxViewTitle, "plain_text"))
		}
	}
	if n := len(v.Blocks); n < 1 || n > maxViewBlocks {
		err = errors.Join(err, fmt.Errorf("%d blocks, must be 1 to %d", n, maxViewBlocks))
	}
	var inputs []Input
	err = errors.Join(err, checkBlocks(v.Blocks, func(b block) error {
		if b.Type != "input" {
			return b.check()
		}
		in, err := b.input()
		inputs = append(inputs, in)
		return err
	}))
	if len(inputs) > 0 && v.Submit == nil {
		err = errors.Join(err, errors.New("submit is missing, and something is asked for"))
	}
	return inputs, err
}

// input checks an input block.
func (b block) input() (Input, error) {
	e := b.Element
	if e == nil {
		return Input{}, errors.New("element is missing")
	}
	in := Input{Block: b.BlockID, Action: e.ActionID, Type: e.Type, Initial: e.Initial + e.InitialDate, max: maxInput}
	err := errors.Join(within("block_id", b.BlockID, 1, maxID), within("action_id", e.ActionID, 1, maxID), b.Label.check("label", maxLabel, "plain_text"))
	if b.Hint != nil {
		err = errors.Join(err, b.Hint.check("hint", maxLabel, "plain_text"))
	}
	if e.Placeholder != nil {
		err = errors.Join(err, e.Placeholder.check("placeholder", maxPrompt, "plain_text"))
	}
	if b.Label != nil {
		in.Label = b.Label.Text
	}
	switch e.Type {
	case "plain_text_input":
		if e.MinLength != nil {
			in.min = *e.MinLength
		}
		if e.MaxLength != nil {
			in.max = *e.MaxLength
		}
		if in.min < 0 || in.max < 1 || in.max > maxInput || in.min > in.max {
			err = errors.Join(err, fmt.Errorf("min_length %d, max_length %d", in.min, in.max))
		}
	case "datepicker":
		if _, bad := time.Parse(time.DateOnly, e.InitialDate); bad != nil && e.InitialDate != "" {
			err = errors.Join(err, fmt.Errorf("initial_date %q", e.InitialDate))
		}
		if e.MinLength != nil || e.MaxLength != nil || e.Multiline {
			err = errors.Join(err, errors.New("a datepicker with properties of a text"))
		}
	default:
		err = errors.Join(err, fmt.Errorf("unsupported element type %q", e.Type))
	}
	return in, err
}

// state writes what was filled in as Slack sends it. What a form does not let
// people send is an error.
func (v View) state(values map[string]string) (json.RawMessage, error) {
	out := map[string]map[string]any{}
	for _, in := range v.Inputs {
		given, ok := values[in.Block]
		if !ok {
			given = in.Initial
		}
		field := map[string]any{"type": in.Type}
		switch n := len([]rune(given)); {
		case in.Type == "datepicker":
			field["selected_date"] = given
		case n < max(in.min, 1) || n > in.max:
			return nil, fmt.Errorf("%s takes %d to %d characters", in.Block, max(in.min, 1), in.max)
		default:
			field["value"] = given
		}
		out[in.Block] = map[string]any{in.Action: field}
	}
	return json.Marshal(out)
}

// strictly decodes one JSON value without unknown properties.
func strictly(raw []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("something follows the value")
	}
	return nil
}

// checkBlocks checks each block, and that none has another's id.
func checkBlocks(blocks []block, check func(block) error) error {
	ids := map[string]bool{}
	for i, b := range blocks {
		if err := check(b); err != nil {
			return fmt.Errorf("block %d (%s): %w", i, b.Type, err)
		}
		if err := once(ids, "block_id", b.BlockID); err != nil {
			return fmt.Errorf("block %d (%s): %w", i, b.Type, err)
		}
	}
	return nil
}
