package canon

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// maxInt is the largest integer that every JSON reader keeps exactly (RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles).
const maxInt = 1 << 53

// absent marks a field that is not encoded at all.
type absent struct{}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// walker turns Go values into the plain tree (maps, slices, strings, numbers, booleans) that encoding/json prints.
type walker struct{ stable bool }

func (w *walker) value(v any) (any, error) {
	t, err := w.walk(reflect.ValueOf(v))
	if err != nil {
		return nil, err
	}
	if _, none := t.(absent); none {
		return nil, nil
	}
	return t, nil
}

func (w *walker) walk(v reflect.Value) (any, error) {
	if !v.IsValid() {
		return absent{}, nil
	}
	switch v.Type() {
	case timeType:
		return v.Interface().(time.Time).UTC().Format(time.RFC3339Nano), nil
	case rawType:
		return w.raw(v.Bytes())
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return absent{}, nil
		}
		return w.pointee(v.Elem())
	case reflect.Interface:
		return w.iface(v)
	case reflect.Struct:
		return w.structure(v)
	case reflect.Map:
		return w.mapping(v)
	case reflect.Slice, reflect.Array:
		return w.list(v)
	case reflect.String:
		if v.Len() == 0 {
			return absent{}, nil
		}
		return text(v.String())
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := v.Int(); n > maxInt || n < -maxInt {
			return nil, fmt.Errorf("integer %d does not survive JSON (beyond 2^53)", n)
		}
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n := v.Uint(); n > maxInt {
			return nil, fmt.Errorf("integer %d does not survive JSON (beyond 2^53)", n)
		}
		return v.Uint(), nil
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("number %v has no JSON form", f)
		}
		return v.Float(), nil
	}
	return nil, fmt.Errorf("a %s has no canonical form", v.Type())
}

// pointee walks what a set pointer points to: an empty string there was set on purpose and stays.
func (w *walker) pointee(v reflect.Value) (any, error) {
	t, err := w.walk(v)
	if _, none := t.(absent); none && v.Kind() == reflect.String {
		return "", err
	}
	return t, err
}

// iface refuses the values that an interface field of an SDK input can hold (readers, union members): they have no JSON form that
// reads back into the same type. An empty interface is a plain tree of ours and passes.
func (w *walker) iface(v reflect.Value) (any, error) {
	if v.IsNil() {
		return absent{}, nil
	}
	if v.NumMethod() > 0 {
		return nil, fmt.Errorf("a %s in a field of type %s does not survive: it is a reader or a union member", v.Elem().Type(), v.Type())
	}
	return w.pointee(v.Elem())
}

func (w *walker) structure(v reflect.Value) (any, error) {
	out, folded := map[string]any{}, map[string]string{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, skip := w.fieldName(f)
		if skip {
			continue
		}
		t, err := w.walk(v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := put(out, folded, name, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *walker) fieldName(f reflect.StructField) (name string, skip bool) {
	if !f.IsExported() || f.Type.Size() == 0 && f.Type.Kind() == reflect.Struct && f.Anonymous {
		return "", true
	}
	if tag := f.Tag.Get("aws"); w.stable && (tag == "assigned" || tag == "context") {
		return "", true
	}
	name, _, _ = strings.Cut(f.Tag.Get("json"), ",")
	switch name {
	case "-":
		return "", true
	case "":
		return f.Name, false
	}
	return name, false
}

func (w *walker) mapping(v reflect.Value) (any, error) {
	if v.IsNil() {
		return absent{}, nil
	}
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a %s has keys that are not strings", v.Type())
	}
	out, folded := map[string]any{}, map[string]string{}
	for iter := v.MapRange(); iter.Next(); {
		t, err := w.pointee(iter.Value())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", iter.Key(), err)
		}
		if err := put(out, folded, iter.Key().String(), t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// put adds a key, and refuses two that differ only in case: Go's decoder would take one for the other.
func put(out map[string]any, folded map[string]string, key string, value any) error {
	if _, err := text(key); err != nil {
		return err
	}
	low := strings.ToLower(key)
	if other, ok := folded[low]; ok {
		return fmt.Errorf("keys %q and %q are equal but for case", other, key)
	}
	folded[low] = key
	if _, none := value.(absent); !none {
		out[key] = value
	}
	return nil
}

func (w *walker) list(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return absent{}, nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
		return base64.StdEncoding.EncodeToString(v.Bytes()), nil
	}
	out := make([]any, v.Len())
	for i := range out {
		t, err := w.pointee(v.Index(i))
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		if _, none := t.(absent); none {
			return nil, fmt.Errorf("[%d]: an unset element in a list", i)
		}
		out[i] = t
	}
	return out, nil
}

// raw reads JSON that is already encoded, so that it takes part in key order and checks like any other value.
func (w *walker) raw(b []byte) (any, error) {
	if len(b) == 0 {
		return absent{}, nil
	}
	if !utf8.Valid(b) {
		return nil, errors.New("raw JSON is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var t any
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("reading raw JSON: %w", err)
	}
	return w.tree(t)
}

// tree checks a decoded JSON tree. Unlike Go fields, its empty strings, nulls and empty lists were written by somebody and stay.
func (w *walker) tree(t any) (any, error) {
	switch t := t.(type) {
	case map[string]any:
		out, folded := map[string]any{}, map[string]string{}
		for k, v := range t {
			c, err := w.tree(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			if err := put(out, folded, k, c); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(t))
		for i, v := range t {
			c, err := w.tree(v)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			out[i] = c
		}
		return out, nil
	case json.Number:
		return number(t)
	}
	return t, nil
}

func number(n json.Number) (any, error) {
	if i, err := n.Int64(); err == nil {
		if i > maxInt || i < -maxInt {
			return nil, fmt.Errorf("integer %s does not survive JSON (beyond 2^53)", n)
		}
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > maxInt && f == math.Trunc(f) {
		return nil, fmt.Errorf("number %s does not survive JSON", n)
	}
	return f, nil
}

func text(s string) (any, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("text %q is not UTF-8", s)
	}
	return s, nil
}
