package show

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Value returns a JSON value on one line, easy to read: {cidr: "0.0.0.0/0", from: 22}. A policy statement becomes a sentence. Nothing is left out.
func Value(raw json.RawMessage) string {
	v, ok := decode(raw)
	if !ok {
		return Visible(string(raw))
	}
	if s, ok := statementOf(v); ok {
		return s.sid + s.text
	}
	return inline(v)
}

// JSON returns a call's input as compact JSON.
func JSON(raw json.RawMessage) string {
	v, ok := decode(raw)
	if !ok {
		return Visible(string(raw))
	}
	if v == nil {
		return ""
	}
	return Visible(string(encode(v)))
}

func inline(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return quoted(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = inline(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			name := Visible(k)
			if !plainKey.MatchString(k) {
				name = quoted(k)
			}
			parts = append(parts, name+": "+inline(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v) // a number or a switch
}

// quoted writes a text in quotes, with what cannot be seen spelled out.
func quoted(s string) string { return Visible(strconv.Quote(s)) }

// statement is one policy statement as people read it.
type statement struct {
	sid  string // (Sid "Everyone") with a blank behind it, or nothing
	text string // Allow s3:GetObject on arn:aws:s3:::b/* for everyone (*)
	key  string // its JSON, to tell whether two are the same
}

// statementOf recognises a policy statement by its Effect, the one element that every statement must have (IAM user guide, "IAM JSON policy
// elements: Effect").
func statementOf(v any) (statement, bool) {
	m, ok := v.(map[string]any)
	effect, has := m["Effect"].(string)
	if !ok || !has {
		return statement{}, false
	}
	var b strings.Builder
	var sid string
	if s, ok := m["Sid"].(string); ok && s != "" {
		sid = "(Sid " + quoted(s) + ") "
	}
	b.WriteString(Visible(effect))
	rest := maps.Clone(m)
	for _, k := range []string{"Effect", "Sid"} {
		if _, text := m[k].(string); text {
			delete(rest, k)
		}
	}
	for _, part := range []struct {
		key, lead string
		say       func(any) string
	}{
		{"Action", " ", listed}, {"NotAction", " everything but ", listed}, {"Resource", " on ", listed}, {"NotResource", " on everything but ", listed},
		{"Principal", " for ", principals}, {"NotPrincipal", " for everyone but ", principals}, {"Condition", " if ", conditions},
	} {
		if x, ok := m[part.key]; ok {
			b.WriteString(part.lead + part.say(x))
			delete(rest, part.key)
		}
	}
	if len(rest) > 0 {
		b.WriteString(" and " + inline(rest))
	}
	return statement{sid, b.String(), string(encode(v))}, true
}

// listed writes one text or a list of texts without quotes: actions and ARNs hold no blanks.
func listed(v any) string {
	switch v := v.(type) {
	case string:
		return word(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = listed(x)
		}
		if len(parts) == 0 {
			return "nothing"
		}
		return strings.Join(parts, ", ")
	}
	return inline(v)
}

// word leaves out the quotes where nothing can be misread without them.
func word(s string) string {
	if s == "" || s != Visible(s) || strings.ContainsAny(s, " ,;\"'`()") {
		return quoted(s)
	}
	return s
}

func principals(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		if v == "*" {
			return "everyone (*)"
		}
		return listed(v)
	}
	kinds := map[string]string{"AWS": "", "Service": "service ", "Federated": "identity provider ", "CanonicalUser": "canonical user "}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		lead, known := kinds[k]
		switch {
		case !known:
			parts = append(parts, inline(map[string]any{k: m[k]}))
		case m[k] == "*":
			parts = append(parts, "everyone ("+k+" *)")
		default:
			parts = append(parts, lead+listed(m[k]))
		}
	}
	return strings.Join(parts, ", ")
}

func conditions(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return inline(v)
	}
	var parts []string
	for _, operator := range slices.Sorted(maps.Keys(m)) {
		keys, ok := m[operator].(map[string]any)
		if !ok {
			parts = append(parts, word(operator)+" "+inline(m[operator]))
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			parts = append(parts, word(k)+" "+word(operator)+" "+listed(keys[k]))
		}
	}
	return strings.Join(parts, " and ")
}
