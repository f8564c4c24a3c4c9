package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

// readPlans is a plan file while it is read: one plan after the other, since the canonical form of a whole large file takes many times its size.
type readPlans struct {
	format, digest string
	plans          []core.Finding
	sum            hash.Hash // of the plans' canonical form, which is that of each, in brackets and with commas between
}

// decodePlanFile reads the three keys, each once and spelled as we spell them, and nothing else: Go's own decoder takes the last of two keys for both, "Digest"
// for "digest", and passes over what it does not know.
func decodePlanFile(raw []byte) (*readPlans, error) {
	f := &readPlans{sum: sha256.New()}
	dec := json.NewDecoder(bytes.NewReader(raw))
	seen := map[string]bool{}
	if err := expect(dec, '{'); err != nil {
		return nil, err
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, notPlanFile(err)
		}
		key, _ := token.(string)
		if seen[key] {
			return nil, fmt.Errorf("%w: it has %q twice", errEdited, key)
		}
		seen[key] = true
		switch key {
		case "format":
			err = dec.Decode(&f.format)
		case "digest":
			err = dec.Decode(&f.digest)
		case "plans":
			err = f.readPlans(dec)
		default:
			return nil, fmt.Errorf("%w: %q is no key of a plan file", errEdited, key)
		}
		if err != nil {
			return nil, notPlanFile(err)
		}
	}
	if err := expect(dec, '}'); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, notPlanFile(errors.New("something follows the plans"))
	}
	if len(seen) != 3 {
		return nil, fmt.Errorf("%w: it needs format, digest and plans", errEdited)
	}
	return f, nil
}

func notPlanFile(err error) error {
	if errors.Is(err, errEdited) || errors.Is(err, errTooMany) {
		return err
	}
	return fmt.Errorf("it is not a plan file: %w", err)
}

var errTooMany = fmt.Errorf("a plan file has at most %d plans and %d MiB: plan with --control or --resource, and apply one part after the other", mostPlans, mostPlanBytes>>20)

func expect(dec *json.Decoder, delim json.Delim) error {
	token, err := dec.Token()
	if err == nil && token != delim {
		err = fmt.Errorf("%v where %v is expected", token, delim)
	}
	if err != nil {
		return notPlanFile(err)
	}
	return nil
}

func (f *readPlans) readPlans(dec *json.Decoder) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	f.sum.Write([]byte("["))
	f.plans = []core.Finding{}
	for dec.More() {
		if len(f.plans) == mostPlans {
			return errTooMany
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		plan, canonical, err := decodePlan(raw)
		if err != nil {
			return fmt.Errorf("plan %d: %w", len(f.plans)+1, err)
		}
		if len(f.plans) > 0 {
			f.sum.Write([]byte(","))
		}
		f.sum.Write(canonical)
		f.plans = append(f.plans, plan)
	}
	f.sum.Write([]byte("]"))
	return expect(dec, ']')
}

func decodePlan(raw []byte) (plan core.Finding, canonical []byte, err error) {
	if err := distinctKeys(raw); err != nil {
		return plan, nil, err
	}
	if canonical, err = canon.Marshal(json.RawMessage(raw)); err != nil {
		return plan, nil, err
	}
	return plan, canonical, json.Unmarshal(raw, &plan)
}

// distinctKeys refuses an object that has a key twice, be it in another case. The JSON is well-formed.
func distinctKeys(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var open []map[string]bool // of each object or list that is open, the keys so far; nil: a list
	isKey := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				open, isKey = append(open, map[string]bool{}), true
				continue
			case '[':
				open, isKey = append(open, nil), false
				continue
			}
			open = open[:len(open)-1]
			isKey = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if isKey && inObject {
				key := strings.ToLower(t)
				if open[len(open)-1][key] {
					return fmt.Errorf("%w: it has %q twice", errEdited, t)
				}
				open[len(open)-1][key] = true
				isKey = false
				continue
			}
		}
		isKey = inObject
	}
}
