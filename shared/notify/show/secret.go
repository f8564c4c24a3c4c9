package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Hidden stands where a secret was.
const Hidden = "(hidden)"

// secretWords are parts of names whose values are kept from people and logs. They are compared with the name in lower case without separators,
// so "db_password", "MasterUserPassword" and "auth-token" are all found.
var secretWords = []string{"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "keymaterial", "privatekey", "apikey", "plaintext", "userdata", "connectionstring"}

// Secret reports whether a field or tag of that name looks as if it held a secret.
func Secret(name string) bool {
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(plain, w) })
}

// Hide returns the finding without the values that look like secrets: texts under telling names in diffs, call inputs and tags, and private keys
// anywhere in them. Numbers and switches stay, so that a password policy can be read. The given finding is not changed.
func Hide(f core.Finding) core.Finding {
	f.Changes = slices.Clone(f.Changes)
	for i := range f.Changes {
		c := &f.Changes[i]
		c.Input = hideIn(c.Input, false)
		c.Undo = slices.Clone(c.Undo)
		for k := range c.Undo {
			c.Undo[k] = awsapi.Call{Op: c.Undo[k].Op, Input: hideIn(c.Undo[k].Input, false), Bind: c.Undo[k].Bind}
		}
		c.Diff = slices.Clone(c.Diff)
		for k, d := range c.Diff {
			secret := Secret(d.Path) && !underCondition(d.Path)
			c.Diff[k] = core.DiffLine{Path: d.Path, Before: hideIn(d.Before, secret), After: hideIn(d.After, secret)}
		}
	}
	if f.Context.Tags != nil {
		tags := make(map[string]string, len(f.Context.Tags))
		for k, v := range f.Context.Tags {
			tags[k] = hideText(v, Secret(k))
		}
		f.Context.Tags = tags
	}
	return f
}

// hideIn hides inside one JSON value. What is no JSON is passed on as a JSON text, so that the result can always be encoded.
func hideIn(raw json.RawMessage, secret bool) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	v, ok := decode(raw)
	if !ok {
		return encode(hideText(string(raw), secret))
	}
	return encode(hide(v, secret))
}

func hide(v any, secret bool) any {
	switch v := v.(type) {
	case string:
		return hideText(v, secret)
	case []any:
		for i := range v {
			v[i] = hide(v[i], secret)
		}
	case map[string]any:
		_, statement := v["Effect"]
		named := namedSecret(v)
		for k, field := range v {
			if statement && k == "Condition" {
				continue // its keys are names of conditions: "aws:TokenIssueTime" holds no token
			}
			v[k] = hide(field, secret || Secret(k) || named && strings.EqualFold(strings.TrimSuffix(k, "s"), "value"))
		}
	}
	return v
}

// namedSecret finds the other form of a tag: {"Key": "db-password", "Value": "..."}.
func namedSecret(m map[string]any) bool {
	for _, k := range []string{"Key", "key", "Name", "name", "ParameterName", "parameterName"} {
		if name, ok := m[k].(string); ok && Secret(name) {
			return true
		}
	}
	return false
}

// underCondition: the same for the path of a single field.
func underCondition(path string) bool { return strings.Contains(path, ".Condition.") }

func hideText(s string, secret bool) string {
	switch {
	case secret && s != "":
		return Hidden
	case strings.Contains(s, "PRIVATE KEY-----"):
		return Hidden
	}
	if t := strings.TrimSpace(s); strings.HasPrefix(t, "{") { // a document in a text: a policy in a call's input
		if v, ok := decode(json.RawMessage(t)); ok {
			if after := string(encode(hide(v, false))); strings.Contains(after, Hidden) {
				return after
			}
		}
	}
	return s
}

func decode(raw json.RawMessage) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return v, true
}

func encode(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return json.RawMessage(`"(unreadable)"`) // cannot happen: it was decoded from JSON
	}
	return bytes.TrimSpace(buf.Bytes())
}
