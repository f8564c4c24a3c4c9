// Package setup builds accounts at the emulator: a small script names typed AWS calls, one after the other, and binds what they answer.
// The tests of the controls make their wrong resources with it, and the demo its broken company.
//
// It is for local use only and is linked into no function: its calls go around the declared operations, their limits and their records.
package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// operation is one AWS call that a script can name.
type operation struct {
	name string // "s3:CreateBucket": the SDK's service and operation
	run  func(context.Context, awsapi.Session, json.RawMessage) (any, error)
}

type method[C, Opt, I, O any] func(*C, context.Context, *I, ...func(*Opt)) (*O, error)

// op makes an operation of an SDK method; its name comes from the input's type, so that the two cannot differ.
func op[C, Opt, I, O any](make func(aws.Config, ...func(*Opt)) *C, m method[C, Opt, I, O]) operation {
	t := reflect.TypeFor[I]()
	return operation{
		name: path.Base(t.PkgPath()) + ":" + strings.TrimSuffix(t.Name(), "Input"),
		run: func(ctx context.Context, s awsapi.Session, raw json.RawMessage) (any, error) {
			in := new(I)
			if err := decode(raw, in); err != nil {
				return nil, err
			}
			c, err := awsapi.Client(s, make)
			if err != nil {
				return nil, err
			}
			return m(c, ctx, in)
		},
	}
}

// Operations returns the names of all calls that a script can make, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// Call makes one call. The input is relaxed JSON: members in any order, and a JSON object where AWS wants a document as text (a policy), kept
// byte by byte. Unknown members are an error. It returns the output as canonical JSON without the SDK's metadata.
func Call(ctx context.Context, s awsapi.Session, name string, input json.RawMessage) (json.RawMessage, error) {
	o, ok := operations[name]
	if !ok {
		return nil, fmt.Errorf("calling %s: no such operation here, see Operations", name)
	}
	out, err := o.run(ctx, s, input)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", name, err)
	}
	return awsapi.Output(out)
}

// decode fills an SDK input from relaxed JSON.
func decode(raw json.RawMessage, in any) error {
	if _, err := canon.Marshal(raw); err != nil { // refuses keys that are equal but for case, and numbers that do not survive
		return fmt.Errorf("reading the input: %w", err)
	}
	raw, err := textify(raw, reflect.TypeOf(in).Elem())
	if err != nil {
		return fmt.Errorf("reading the input: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return fmt.Errorf("reading the input: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("reading the input: data after the object")
	}
	return nil
}

// textify turns JSON objects and lists that stand where the type has a string into that string.
func textify(raw json.RawMessage, t reflect.Type) (json.RawMessage, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return raw, nil
	}
	switch {
	case t.Kind() == reflect.String:
		return json.Marshal(string(raw))
	case t.Kind() == reflect.Slice && raw[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		for i := range list {
			var err error
			if list[i], err = textify(list[i], t.Elem()); err != nil {
				return nil, err
			}
		}
		return marshal(list)
	case (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && raw[0] == '{':
		return textifyMembers(raw, t)
	}
	return raw, nil
}

func textifyMembers(raw json.RawMessage, t reflect.Type) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	for name, value := range members {
		inner := reflect.TypeFor[any]()
		if t.Kind() == reflect.Map {
			inner = t.Elem()
		} else if f, ok := t.FieldByNameFunc(func(n string) bool { return strings.EqualFold(n, name) }); ok {
			inner = f.Type
		}
		var err error
		if members[name], err = textify(value, inner); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return marshal(members)
}

// marshal writes JSON without the escapes for HTML: nested documents are kept as they were written.
func marshal(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}
