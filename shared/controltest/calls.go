package controltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// shownCall is a call in a form that compares and prints well.
type shownCall struct {
	Op    string
	Input any
	Bind  []awsapi.Bind
}

func doCalls(changes []core.Change) []awsapi.Call {
	var out []awsapi.Call
	for _, c := range changes {
		out = append(out, c.Do)
	}
	return out
}

func undoCalls(changes []core.Change) []awsapi.Call {
	var out []awsapi.Call
	for _, c := range changes {
		out = append(out, c.Undo...)
	}
	return out
}

func show(calls []awsapi.Call) ([]shownCall, error) {
	var out []shownCall
	for _, c := range calls {
		in, err := tree(c.Input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Op, err)
		}
		out = append(out, shownCall{c.Op, in, c.Bind})
	}
	return out, nil
}

// wanted reads the calls that a case lists. Where a real call has a text and the listed one a JSON object, the object's own bytes are that text.
func wanted(section string, vars map[string]string, got []shownCall) ([]shownCall, error) {
	statements, err := setup.Parse(section)
	if err != nil {
		return nil, err
	}
	var out []shownCall
	for i, st := range statements {
		text, err := setup.Expand(st.Input, vars)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", st.Line, err)
		}
		var like any
		if i < len(got) && got[i].Op == st.Op {
			like = got[i].Input
		}
		c := shownCall{Op: st.Op}
		if c.Input, err = align(json.RawMessage(text), like); err != nil {
			return nil, fmt.Errorf("line %d: %w", st.Line, err)
		}
		for _, b := range st.Bind {
			call, from, _ := strings.Cut(b.Path, ".")
			n, err := strconv.Atoi(call)
			if err != nil {
				return nil, fmt.Errorf("line %d: a binding here is Field=0.Path, got %s", st.Line, b.Path)
			}
			c.Bind = append(c.Bind, awsapi.Bind{Field: b.Name, Call: n, From: from})
		}
		out = append(out, c)
	}
	return out, nil
}

func align(want json.RawMessage, like any) (any, error) {
	want = bytes.TrimSpace(want)
	if _, isText := like.(string); isText && (want[0] == '{' || want[0] == '[') {
		return string(want), nil
	}
	switch want[0] {
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(want, &members); err != nil {
			return nil, err
		}
		likes, _ := like.(map[string]any)
		out := make(map[string]any, len(members))
		for k, v := range members {
			var err error
			if out[k], err = align(v, likes[k]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case '[':
		var elems []json.RawMessage
		if err := json.Unmarshal(want, &elems); err != nil {
			return nil, err
		}
		likes, _ := like.([]any)
		out := make([]any, len(elems))
		for i, v := range elems {
			var one any
			if i < len(likes) {
				one = likes[i]
			}
			var err error
			if out[i], err = align(v, one); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return tree(want)
}

func tree(raw json.RawMessage) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// stateOf reads a state that a case lists, into the form of canonical bytes.
func stateOf(section string, vars map[string]string) (json.RawMessage, error) {
	text, err := setup.Expand(section, vars)
	if err != nil {
		return nil, err
	}
	return canon.Marshal(json.RawMessage(text))
}
