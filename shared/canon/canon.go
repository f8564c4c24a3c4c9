// Package canon is the one codec and the one hash of the project: every plan, record and call is encoded here and
// nowhere else, so that equal things have equal bytes and equal bytes have one meaning.
//
// The encoding is JSON under RFC 8785 (JSON Canonicalization Scheme). On top of it:
//   - unset fields (nil pointers, nil slices and maps, empty strings that are not behind a pointer) are left out;
//   - a field tagged `aws:"assigned"` (a value that AWS makes anew each time) or `aws:"context"` (shown to people, but not part of what is
//     wrong) is left out of [Stable] bytes;
//   - what does not survive the round trip is refused: readers, set union members, invalid UTF-8, integers beyond 2^53, keys that are equal but for case.
package canon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gowebpki/jcs"
)

// ErrNotCanonical says that bytes were refused because they do not encode back to themselves.
var ErrNotCanonical = errors.New("not canonical")

// Marshal returns the canonical bytes of v: a struct (json tag names, else Go field names), map with string keys, slice or scalar.
func Marshal(v any) ([]byte, error) { return encode(v, false) }

// Stable returns the canonical bytes of v without its assigned and context fields: equal bytes mean that nothing that matters differs.
func Stable(v any) ([]byte, error) { return encode(v, true) }

// Hash returns the SHA-256 of b as 64 lower-case hexadecimal digits.
func Hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Unmarshal decodes canonical bytes into v, a pointer. It accepts only bytes that encode back to themselves, so unknown fields, doubled keys,
// other spellings of a key and other number forms are all refused with an error that wraps [ErrNotCanonical].
func Unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("decoding canonical bytes: %w: %w", ErrNotCanonical, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decoding canonical bytes: %w: data after the value", ErrNotCanonical)
	}
	again, err := Marshal(v)
	if err != nil {
		return fmt.Errorf("decoding canonical bytes: %w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("decoding canonical bytes: %w: the bytes do not encode back to themselves", ErrNotCanonical)
	}
	return nil
}

func encode(v any, stable bool) ([]byte, error) {
	t, err := (&walker{stable: stable}).value(v)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	out, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return out, nil
}
