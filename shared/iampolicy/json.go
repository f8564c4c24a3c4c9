package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// maxBytes is well above the largest policy AWS stores (KMS: 32 kB).
	maxBytes = 256 << 10
	// maxDepth is well above the deepest legal policy (7 levels).
	maxDepth = 32
)

type nodeKind byte

const (
	kindNull nodeKind = iota
	kindScalar
	kindString
	kindList
	kindObject
)

// node is one JSON value with its place in the source: src[start:end].
// encoding/json gives no offsets of values, and the edits of this package keep bytes.
type node struct {
	kind       nodeKind
	text       string // decoded string, or the literal of a number or boolean
	start, end int
	elems      []node   // of a list
	members    []member // of an object, in source order
}

type member struct {
	name  string
	value node
}

type scanner struct {
	src []byte
	pos int
}

// parseJSON reads one JSON text: valid UTF-8, no key twice in one object, a leading byte order mark allowed.
func parseJSON(src []byte) (node, error) {
	if len(src) > maxBytes {
		return node{}, fmt.Errorf("the text has %d bytes, more than any policy (%d)", len(src), maxBytes)
	}
	if !utf8.Valid(src) {
		return node{}, errors.New("the text is not valid UTF-8")
	}
	s := &scanner{src: src, pos: len(src) - len(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")))}
	var skip json.RawMessage
	if err := json.Unmarshal(src[s.pos:], &skip); err != nil {
		return node{}, fmt.Errorf("the text is not one JSON value: %w", err)
	}
	return s.value(0)
}

// value reads the value at pos. The syntax is known to be valid, so only nesting and duplicate keys can fail.
func (s *scanner) value(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, fmt.Errorf("the text nests deeper than %d levels", maxDepth)
	}
	s.space()
	n := node{start: s.pos}
	var err error
	switch s.src[s.pos] {
	case '{':
		n.kind = kindObject
		n.members, err = s.object(depth)
	case '[':
		n.kind = kindList
		n.elems, err = s.list(depth)
	case '"':
		n.kind = kindString
		n.text, err = s.str()
	default:
		n.kind, n.text = s.literal()
	}
	n.end = s.pos
	return n, err
}

func (s *scanner) object(depth int) ([]member, error) {
	var members []member
	seen := map[string]bool{}
	s.pos++
	for s.space(); s.src[s.pos] != '}'; s.space() {
		name, err := s.str()
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("key %q stands twice in one object", name)
		}
		seen[name] = true
		s.space()
		s.pos++ // colon
		value, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, value})
		s.comma()
	}
	s.pos++
	return members, nil
}

func (s *scanner) list(depth int) ([]node, error) {
	var elems []node
	s.pos++
	for s.space(); s.src[s.pos] != ']'; s.space() {
		value, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		elems = append(elems, value)
		s.comma()
	}
	s.pos++
	return elems, nil
}

func (s *scanner) str() (string, error) {
	start := s.pos
	escaped := false
	for s.pos++; s.src[s.pos] != '"'; s.pos++ {
		if s.src[s.pos] == '\\' {
			escaped = true
			s.pos++
		}
	}
	s.pos++
	if !escaped {
		return string(s.src[start+1 : s.pos-1]), nil
	}
	var out string
	if err := json.Unmarshal(s.src[start:s.pos], &out); err != nil {
		return "", fmt.Errorf("decoding a string: %w", err)
	}
	return out, nil
}

func (s *scanner) literal() (nodeKind, string) {
	start := s.pos
	for s.pos < len(s.src) && bytes.IndexByte([]byte(" \t\r\n,]}"), s.src[s.pos]) < 0 {
		s.pos++
	}
	text := string(s.src[start:s.pos])
	if text == "null" {
		return kindNull, text
	}
	return kindScalar, text
}

func (s *scanner) space() {
	for s.pos < len(s.src) && bytes.IndexByte([]byte(" \t\r\n"), s.src[s.pos]) >= 0 {
		s.pos++
	}
}

func (s *scanner) comma() {
	s.space()
	if s.src[s.pos] == ',' {
		s.pos++
	}
}
