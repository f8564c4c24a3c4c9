package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// BesideAnyone gives the principals that a statement names in the same list as "*": what they may do, everybody may, until "*" is taken out.
func (s Statement) BesideAnyone() []string {
	anyone := slices.ContainsFunc(s.Principals, func(p Principal) bool { return p.Type == AWS && p.ID == "*" })
	var out []string
	for _, p := range s.Principals {
		if anyone && p.Type == AWS && p.ID != "*" {
			out = append(out, p.ID)
		}
	}
	return out
}

// WithoutAnyone takes "*" out of the list of AWS principals of one statement. Every other byte of the document stays. It is an error where nobody else
// is in that list: then the statement has to go.
func (d Document) WithoutAnyone(index int) ([]byte, error) {
	if index < 0 || index >= len(d.Statements) || len(d.Statements[index].BesideAnyone()) == 0 {
		return nil, fmt.Errorf("taking * out of statement %d: it names nobody beside *", index+1)
	}
	st := d.Statements[index]
	principal, err := valueOf(st.raw, "Principal")
	if err != nil {
		return nil, err
	}
	list, err := valueOf(st.raw[principal.from:principal.to], AWS)
	if err != nil {
		return nil, err
	}
	from, to := principal.from+list.from, principal.from+list.to
	var all []json.RawMessage
	if err := json.Unmarshal(st.raw[from:to], &all); err != nil {
		return nil, fmt.Errorf("reading the principals of %s: %w", st.Name(), err)
	}
	all = slices.DeleteFunc(all, func(p json.RawMessage) bool { return string(p) == `"*"` })
	kept := append([]byte{'['}, bytes.Join(rawBytes(all), []byte{','})...)
	return slices.Concat(d.src[:st.start+from], kept, []byte{']'}, d.src[st.start+to:]), nil
}

func rawBytes(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, r := range list {
		out[i] = r
	}
	return out
}

// span is where a value stands.
type span struct{ from, to int }

// valueOf finds the value of a member of a JSON object.
func valueOf(object []byte, name string) (span, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return span{}, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return span{}, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return span{}, err
		}
		if key == name {
			to := int(dec.InputOffset())
			return span{to - len(value), to}, nil
		}
	}
	return span{}, errors.New("looking for " + name + " in a statement: there is none")
}
