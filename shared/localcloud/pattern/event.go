package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
)

// kind tells the types of values apart that operators treat differently.
type kind byte

const (
	text    kind = iota
	number       // as it is spelled
	literal      // true, false, null
)

type value struct {
	kind kind
	text string
}

// leaf is one value of an event and the array elements that it stands in.
type leaf struct {
	value value
	at    []place // ascending by array
}

// place is an element of an array of the event. Arrays are numbered in the
// order in which they open.
type place struct{ array, index int }

// join unites two lists of places, unless they name different elements of one
// array.
func join(a, b []place) ([]place, bool) {
	var all []place
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].array < b[0].array:
			all, a = append(all, a[0]), a[1:]
		case a[0].array > b[0].array:
			all, b = append(all, b[0]), b[1:]
		case a[0].index != b[0].index:
			return nil, false
		default:
			all, a, b = append(all, a[0]), a[1:], b[1:]
		}
	}
	return append(append(all, a...), b...), true
}

func newDecoder(raw []byte) *json.Decoder {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec
}

// flattener reads an event token by token, since a key that stands twice in an
// object counts twice.
type flattener struct {
	dec    *json.Decoder
	leaves map[string][]leaf
	arrays int
}

// flatten returns the leaves of an event by path.
func flatten(eventJSON []byte) (map[string][]leaf, error) {
	if !json.Valid(eventJSON) {
		return nil, errors.New("the event is not JSON")
	}
	f := flattener{dec: newDecoder(eventJSON), leaves: map[string][]leaf{}}
	first, err := f.dec.Token()
	if err != nil {
		return nil, err
	}
	if first != json.Delim('{') {
		return nil, errors.New("the event is not a JSON object")
	}
	return f.leaves, f.object("", nil)
}

// object reads what stands between { and }.
func (f *flattener) object(path string, at []place) error {
	for f.dec.More() {
		key, err := f.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string) // keys are strings in valid JSON
		if err := f.value(extend(path, name), at); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

func (f *flattener) value(path string, at []place) error {
	token, err := f.dec.Token()
	if err != nil {
		return err
	}
	return f.token(token, path, at)
}

func (f *flattener) token(token json.Token, path string, at []place) error {
	switch token {
	case json.Delim('{'):
		return f.object(path, at)
	case json.Delim('['):
		return f.array(path, at)
	}
	f.leaves[path] = append(f.leaves[path], leaf{valueOf(token), at})
	return nil
}

// array reads what stands between [ and ]. Only elements that hold others are
// places: of two strings in one array each may match a field of its own.
func (f *flattener) array(path string, at []place) error {
	number := f.arrays
	f.arrays++
	for i := 0; f.dec.More(); i++ {
		token, err := f.dec.Token()
		if err != nil {
			return err
		}
		where := at
		if _, holds := token.(json.Delim); holds {
			where = append(at[:len(at):len(at)], place{number, i})
		}
		if err := f.token(token, path, where); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

// valueOf converts a token that is neither an object nor an array.
func valueOf(token json.Token) value {
	switch t := token.(type) {
	case string:
		return value{text, t}
	case json.Number:
		return value{number, t.String()}
	case bool:
		if t {
			return value{literal, "true"}
		}
		return value{literal, "false"}
	default:
		return value{literal, "null"}
	}
}

func extend(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
