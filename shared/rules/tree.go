package rules

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. The parser's time grows with the square of the nesting, so depth is bounded before it runs.
const (
	maxBytes = 128 << 10
	maxDepth = 16
)

type kind int

const (
	kindNull kind = iota
	kindString
	kindNumber // a plain decimal integer
	kindBool
	kindList
	kindMap
	kindOther // a scalar that no field takes: floats, octal and hex numbers
)

var kindNames = [...]string{"nothing", "a text", "a number", "true or false", "a list", "a set of fields", "a number in an unusual form"}

// node is the part of YAML that a rules file may use: no anchors, aliases, merge keys or type tags, so that what is
// read is what is written.
type node struct {
	kind      kind
	text      string // of scalars, unquoted
	line, col int    // from 1
	items     []*node
	pairs     []pair
}

type pair struct {
	key       string
	line, col int
	value     *node
}

// parseTree reads one YAML document.
func parseTree(data []byte) (root *node, err error) {
	if err := precheck(data); err != nil {
		return nil, err
	}
	// The YAML parser is foreign code that reads outside input: a panic in it must be an unreadable file, not a crash.
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, problem(1, 1, "", "the file cannot be parsed as YAML (%v)", p)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxProblem(err)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive {
			return nil, problem(1, 1, "", "YAML directives are not allowed; remove the line that begins with %%")
		}
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil, problem(1, 1, "", `the file is empty; begin with "version: 1"`)
	case 1:
		return convert(bodies[0], 0)
	}
	line, col := position(bodies[1])
	return nil, problem(line, col, "", "a second YAML document begins here; keep everything in one")
}

func precheck(data []byte) error {
	switch {
	case len(data) > maxBytes:
		return problem(1, 1, "", "the file has %d bytes; the limit is %d", len(data), maxBytes)
	case !utf8.Valid(data):
		return problem(1, 1, "", "the file is not valid UTF-8; save it as UTF-8")
	case strings.HasPrefix(string(data), "\ufeff"):
		return problem(1, 1, "", "the file begins with a byte order mark; save it as UTF-8 without one")
	}
	for i, line := range strings.Split(string(data), "\n") {
		if strings.Count(line, "- -") > maxDepth || strings.Count(line, "[")+strings.Count(line, "{") > 4*maxDepth {
			return problem(i+1, 1, "", "this line nests lists too deeply; spread it over several lines")
		}
	}
	open := 0
	for i, c := range data {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open--
		}
		if open > 4*maxDepth {
			return problem(1+strings.Count(string(data[:i]), "\n"), 1, "", "brackets are nested too deeply here or not closed")
		}
	}
	return nil
}

func syntaxProblem(err error) error {
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &located) && located.GetToken() != nil && located.GetToken().Position != nil {
		p := located.GetToken().Position
		return problem(max(p.Line, 1), max(p.Column, 1), "", "not readable as YAML: %s", located.GetMessage())
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return problem(1, 1, "", "not readable as YAML: %s", first)
}

func convert(n ast.Node, depth int) (*node, error) {
	line, col := position(n)
	if depth > maxDepth {
		return nil, problem(line, col, "", "nested too deeply")
	}
	out := &node{line: line, col: col}
	switch v := n.(type) {
	case nil, *ast.NullNode:
		out.kind = kindNull
	case *ast.StringNode:
		out.kind, out.text = kindString, v.Value
	case *ast.LiteralNode:
		out.kind, out.text = kindString, v.Value.Value
	case *ast.BoolNode:
		out.kind, out.text = kindBool, v.Token.Value
	case *ast.IntegerNode:
		out.kind, out.text = kindNumber, v.Token.Value
		if !plainDecimal(out.text) {
			out.kind = kindOther
		}
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = kindOther, v.GetToken().Value
	case *ast.SequenceNode:
		out.kind = kindList
		return out, convertItems(out, v.Values, depth)
	case *ast.MappingNode:
		out.kind = kindMap
		return out, convertPairs(out, v.Values, depth)
	case *ast.AnchorNode, *ast.AliasNode:
		return nil, problem(line, col, "", "anchors (&) and aliases (*) are not allowed: write the value out, or quote it if it is a text")
	case *ast.TagNode:
		return nil, problem(line, col, "", "YAML type tags (!) are not allowed: remove the tag, or quote the value if it is a text")
	default:
		return nil, problem(line, col, "", "this YAML construct is not allowed; write plain fields and lists")
	}
	return out, nil
}

func convertItems(out *node, values []ast.Node, depth int) error {
	for _, v := range values {
		item, err := convert(v, depth+1)
		if err != nil {
			return err
		}
		out.items = append(out.items, item)
	}
	return nil
}

func convertPairs(out *node, values []*ast.MappingValueNode, depth int) error {
	seen := map[string]int{}
	for _, v := range values {
		line, col := position(v.Key)
		key, ok := v.Key.(*ast.StringNode)
		if !ok {
			return problem(line, col, "", "field names are plain texts; write name: value (quote the name if it looks like a number)")
		}
		if before, twice := seen[key.Value]; twice {
			return problem(line, col, "", "field %q is there twice (first in line %d); keep one", key.Value, before)
		}
		seen[key.Value] = line
		value, err := convert(v.Value, depth+1)
		if err != nil {
			return err
		}
		out.pairs = append(out.pairs, pair{key: key.Value, line: line, col: col, value: value})
	}
	return nil
}

func position(n ast.Node) (line, col int) {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	p := n.GetToken().Position
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		p = m.Values[0].Key.GetToken().Position // a mapping's own token is its first colon
	}
	return max(p.Line, 1), max(p.Column, 1)
}

// plainDecimal keeps out 0123 (octal), 0x10 and 1_000, which people and programs read differently.
func plainDecimal(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 9 || (digits[0] == '0' && digits != "0") {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// Problem is one thing wrong with a file. Lines and columns count from 1.
type Problem struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Path   string `json:"path"` // "rules[0].mode", "" for the file as a whole
	Text   string `json:"text"`
}

// LoadError lists everything wrong with a file, in the order of its lines.
type LoadError struct{ Problems []Problem }

func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		where := ""
		if p.Path != "" {
			where = p.Path + ": "
		}
		lines[i] = fmt.Sprintf("%d:%d: %s%s", p.Line, p.Column, where, p.Text)
	}
	return "reading rules file: " + strings.Join(lines, "\n")
}

func problem(line, col int, path, format string, args ...any) error {
	return &LoadError{Problems: []Problem{{Line: line, Column: col, Path: path, Text: fmt.Sprintf(format, args...)}}}
}
