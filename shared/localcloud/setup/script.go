package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Statement is one line of a script: a call, and what of its output gets a name.
type Statement struct {
	Line  int    // where it begins, from 1
	Op    string // "ec2:CreateSecurityGroup"
	Input string // JSON text, with ${name} still in it
	Bind  []Binding
}

// Binding gives a name to a text of an output.
type Binding struct{ Name, Path string } // Path: dotted, with [0] for elements: "SecurityGroups[0].GroupId"

var (
	headForm = regexp.MustCompile(`^(?:([A-Za-z_][A-Za-z0-9_]*)\s*=\s*)?([a-z0-9]+:[A-Za-z0-9]+)\s*`)
	bindForm = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=(\S+)$`)
	pathForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(?:\[[0-9]+\])*(?:\.[A-Za-z0-9_-]+(?:\[[0-9]+\])*)*$`)
	useForm  = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
)

// Parse reads a script. A statement is
//
//	[name =] service:Operation {JSON input} [Path] [-> name=Path name=Path ...]
//
// on one line; a line that begins with a space or tab continues the one before. Lines that begin with # and empty lines are left out. Path is the place of a
// text in the call's output; "name = ... Path" is short for "... -> name=Path".
func Parse(script string) ([]Statement, error) {
	var out []Statement
	for _, l := range joinLines(script) {
		st, err := parseStatement(l.text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
		st.Line = l.number
		out = append(out, st)
	}
	return out, nil
}

type line struct {
	number int
	text   string
}

func joinLines(script string) []line {
	var lines []line
	for i, text := range strings.Split(script, "\n") {
		switch {
		case strings.TrimSpace(text) == "" || text[0] == '#':
		case (text[0] == ' ' || text[0] == '\t') && len(lines) > 0:
			lines[len(lines)-1].text += "\n" + text
		default:
			lines = append(lines, line{i + 1, text})
		}
	}
	return lines
}

func parseStatement(text string) (Statement, error) {
	head := headForm.FindStringSubmatch(text)
	if head == nil {
		return Statement{}, errors.New("want [name =] service:Operation {JSON}")
	}
	st := Statement{Op: head[2]}
	rest := text[len(head[0]):]
	dec := json.NewDecoder(strings.NewReader(rest))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return Statement{}, fmt.Errorf("want a JSON object after %s (a ${name} stands inside a text): %w", st.Op, err)
	}
	if raw[0] != '{' {
		return Statement{}, fmt.Errorf("want a JSON object after %s, got %s", st.Op, raw)
	}
	st.Input = strings.TrimSpace(rest[:dec.InputOffset()])
	plain, bound, _ := strings.Cut(rest[dec.InputOffset():], "->")
	plain = strings.TrimSpace(plain)
	if (head[1] == "") != (plain == "") {
		return Statement{}, errors.New("want both a name and the path of its value, or neither")
	}
	fields := strings.Fields(bound)
	if plain != "" {
		fields = append([]string{head[1] + "=" + plain}, fields...)
	}
	for _, f := range fields {
		b := bindForm.FindStringSubmatch(f)
		if b == nil || !pathForm.MatchString(b[2]) {
			return Statement{}, fmt.Errorf("want name=Path, got %q", f)
		}
		st.Bind = append(st.Bind, Binding{b[1], b[2]})
	}
	return st, nil
}

// Run makes a script's calls in order. It replaces ${name} in an input by vars or what an earlier statement bound, and adds the bindings to vars.
// IAM policy variables, which have a colon, stay. An error names the line; what was made before it stays.
func Run(ctx context.Context, s awsapi.Session, script string, vars map[string]string) error {
	statements, err := Parse(script)
	if err != nil {
		return fmt.Errorf("reading the setup: %w", err)
	}
	for _, st := range statements {
		bound, err := run(ctx, s, st, vars)
		if err != nil {
			return fmt.Errorf("setup, line %d: %w", st.Line, err)
		}
		maps.Copy(vars, bound)
	}
	return nil
}

func run(ctx context.Context, s awsapi.Session, st Statement, vars map[string]string) (map[string]string, error) {
	input, err := Expand(st.Input, vars)
	if err != nil {
		return nil, err
	}
	out, err := Call(ctx, s, st.Op, json.RawMessage(input))
	if err != nil {
		return nil, err
	}
	bound := map[string]string{}
	for _, b := range st.Bind {
		if bound[b.Name], err = lookup(out, b.Path); err != nil {
			return nil, fmt.Errorf("binding %s from %s: %w", b.Name, st.Op, err)
		}
	}
	return bound, nil
}

// Expand replaces ${name} by the value of that name. A name without a value is an error.
func Expand(text string, vars map[string]string) (string, error) {
	var missing []string
	out := useForm.ReplaceAllStringFunc(text, func(use string) string {
		name := use[2 : len(use)-1]
		v, ok := vars[name]
		if !ok {
			missing = append(missing, name)
		}
		return v
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("no value for ${%s}", strings.Join(missing, "}, ${"))
	}
	return out, nil
}

// lookup returns the text, number or boolean at a path.
func lookup(raw json.RawMessage, where string) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	for _, key := range strings.FieldsFunc(where, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch in := v.(type) {
		case map[string]any:
			v = in[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) {
				return "", fmt.Errorf("the output has no %s", where)
			}
			v = in[i]
		default:
			v = nil
		}
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("the output has no text at %s", where)
}
