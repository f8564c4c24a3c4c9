package iampolicy

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Without gives the document without the statements at these indexes. Every other byte stays: key order, white space,
// Version, Id. Separators go with the statement that they precede. empty is true, and doc nil, if no statement would
// remain: AWS refuses a document without statements, so the caller deletes the policy.
func (d Document) Without(indexes ...int) (doc []byte, empty bool, err error) {
	for _, i := range indexes {
		if i < 0 || i >= len(d.Statements) {
			return nil, false, fmt.Errorf("removing statement %d: the policy has %d statements", i, len(d.Statements))
		}
	}
	var kept []Statement
	for _, s := range d.Statements {
		if !slices.Contains(indexes, s.Index) {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return nil, true, nil
	}
	first, last := d.Statements[0], d.Statements[len(d.Statements)-1]
	doc = bytes.Clone(d.src[:first.start])
	for n, s := range kept {
		from := s.start
		if n > 0 {
			from = d.Statements[s.Index-1].end
		}
		doc = append(doc, d.src[from:s.end]...)
	}
	return append(doc, d.src[last.end:]...), false, nil
}

// WithStatement gives the document with one statement more, at the end; the rest stays byte for byte. A single
// statement object becomes a list. The Sid must not be taken already: see UniqueSid.
func (d Document) WithStatement(stmt []byte) ([]byte, error) {
	stmt = bytes.TrimSpace(stmt)
	root, err := parseJSON(stmt)
	if err == nil {
		_, err = readStatement(root)
	}
	if err != nil {
		return nil, fmt.Errorf("adding a statement: %w", err)
	}
	if d.src == nil {
		return nil, fmt.Errorf("adding a statement: the document was not made by Parse")
	}
	before, after := d.insertion()
	out := slices.Concat(before, stmt, after)
	if _, err := Parse(out); err != nil {
		return nil, fmt.Errorf("adding a statement: %w", err)
	}
	return out, nil
}

// insertion gives the bytes before and after a new last statement, in the layout of the statements that are there.
func (d Document) insertion() (before, after []byte) {
	n := len(d.Statements)
	if n == 0 {
		return d.src[:d.start+1], d.src[d.start+1:]
	}
	last := d.Statements[n-1]
	switch {
	case !d.isList:
		return slices.Concat(d.src[:d.start], []byte("["), d.src[d.start:d.end], []byte(",")), slices.Concat([]byte("]"), d.src[d.end:])
	case n == 1:
		return slices.Concat(d.src[:last.end], []byte(","), d.src[d.start+1:last.start]), d.src[last.end:]
	default:
		return slices.Concat(d.src[:last.end], d.src[d.Statements[n-2].end:last.start]), d.src[last.end:]
	}
}

// UniqueSid gives base, or base with the smallest number from 2 that no statement of the document has as Sid.
// Characters that IAM does not allow in a Sid (all but ASCII letters and digits) are dropped from base.
func UniqueSid(d Document, base string) string {
	base = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, base)
	sid := base
	for n := 2; slices.ContainsFunc(d.Statements, func(s Statement) bool { return s.Sid == sid }); n++ {
		sid = base + strconv.Itoa(n)
	}
	return sid
}

// DeletedPrincipal is the unique id that AWS shows in place of a deleted user or role.
type DeletedPrincipal struct {
	Statement int
	ID        string
}

// DeletedPrincipals lists principals that are bare unique ids (IAM user guide, "IAM identifiers": AIDA... user,
// AROA... role, and the other prefixes). A document that holds one cannot be written back: "Invalid principal in policy".
func (d Document) DeletedPrincipals() []DeletedPrincipal {
	var out []DeletedPrincipal
	for _, s := range d.Statements {
		for _, p := range slices.Concat(s.Principals, s.NotPrincipals) {
			if p.Type == AWS && isUniqueID(p.ID) {
				out = append(out, DeletedPrincipal{s.Index, p.ID})
			}
		}
	}
	return out
}

func isUniqueID(id string) bool {
	if len(id) < 8 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return false
	}
	return slices.Contains([]string{"ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "ANVA", "APKA", "AROA", "ASCA", "ASIA"}, id[:4])
}
