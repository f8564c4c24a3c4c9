package pattern

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// equalFold is text in any letter case.
func equalFold(s string) (test, error) {
	want := []rune(s)
	return onText(func(got string) bool { return foldedEqual([]rune(got), want) }), nil
}

func prefixFold(s string) (test, error) {
	want := []rune(s)
	return onText(func(got string) bool {
		runes := []rune(got)
		return len(runes) >= len(want) && foldedEqual(runes[:len(want)], want)
	}), nil
}

func suffixFold(s string) (test, error) {
	want := []rune(s)
	return onText(func(got string) bool {
		runes := []rune(got)
		return len(runes) >= len(want) && foldedEqual(runes[len(runes)-len(want):], want)
	}), nil
}

// foldedEqual compares letter by letter with the upper and lower case of what
// is wanted, as Event Ruler does; strings.EqualFold would take more (ſ for s).
func foldedEqual(got, want []rune) bool {
	return slices.EqualFunc(got, want, func(g, w rune) bool { return g == unicode.ToLower(w) || g == unicode.ToUpper(w) })
}

// wildcard is text with * for any number of any characters; \* and \\ stand for
// themselves.
func wildcard(s string) (test, error) {
	parts, err := pieces(s)
	if err != nil {
		return nil, err
	}
	return onText(func(got string) bool { return glob(got, parts) }), nil
}

// pieces splits a wildcard at its asterisks.
func pieces(s string) ([]string, error) {
	parts, piece := []string(nil), strings.Builder{}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			if strings.HasPrefix(s[i+1:], "*") {
				return nil, errors.New("takes no ** (one asterisk does the same)")
			}
			parts = append(parts, piece.String())
			piece.Reset()
		case '\\':
			i++
			if i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, errors.New(`takes a backslash before * and \ only`)
			}
			piece.WriteByte(s[i])
		default:
			piece.WriteByte(s[i])
		}
	}
	return append(parts, piece.String()), nil
}

// glob reports whether got is the parts in their order, with anything between
// them. Taking each part at its first place is enough.
func glob(got string, parts []string) bool {
	last := len(parts) - 1
	if last == 0 {
		return got == parts[0]
	}
	got, ok := strings.CutPrefix(got, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(got, part)
		if !found {
			return false
		}
		got = after
	}
	return strings.HasSuffix(got, parts[last])
}
