package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// anyone reports whether a principal is everybody, or somebody of any account: "*", or an ARN with a wildcard in the account's place.
func (p Principal) anyone() bool { return p.Type == AWS && valueClass(p.ID, true, shapeARN) == open }

// BesideAnyone gives the principals that a statement names beside the AWS principal "*" and its like: what they may do, everybody may, until those are taken out.
func (s Statement) BesideAnyone() []Principal {
	others := slices.DeleteFunc(slices.Clone(s.Principals), Principal.anyone)
	if len(others) == len(s.Principals) {
		return nil
	}
	return others
}

// WithoutAnyone takes "*" and its like out of the AWS principals of one statement, and "AWS" with it if nobody else is named there. Every other byte of the document
// stays. It is an error where nobody else is named at all: then the statement has to go.
func (d Document) WithoutAnyone(index int) ([]byte, error) {
	if index < 0 || index >= len(d.Statements) || len(d.Statements[index].BesideAnyone()) == 0 {
		return nil, fmt.Errorf("taking * out of statement %d: it names nobody beside *", index+1)
	}
	st := d.Statements[index]
	principal, err := memberOf(st.raw, "Principal")
	if err != nil {
		return nil, err
	}
	object := st.raw[principal.value:principal.to]
	list, err := memberOf(object, AWS)
	if err != nil {
		return nil, err
	}
	var ids []json.RawMessage
	if object[list.value] == '[' {
		if err := json.Unmarshal(object[list.value:list.to], &ids); err != nil {
			return nil, fmt.Errorf("reading the principals of %s: %w", st.Name(), err)
		}
	}
	ids = slices.DeleteFunc(ids, func(raw json.RawMessage) bool {
		var id string
		return json.Unmarshal(raw, &id) == nil && Principal{AWS, id}.anyone() // it may be written as an escape
	})
	from, to, put := list.cutFrom, list.cutTo, []byte(nil)
	if len(ids) > 0 {
		from, to, put = list.value, list.to, slices.Concat([]byte{'['}, bytes.Join(rawBytes(ids), []byte{','}), []byte{']'})
	}
	at := st.start + principal.value
	return slices.Concat(d.src[:at+from], put, d.src[at+to:]), nil
}

// Opening is what is wrong in a document because some statements are open to everybody, and how little of it has to go.
type Opening struct {
	doc    Document
	Whole  []int // statements that have to go
	Narrow []int // statements that are fine once "*" and its like are out of their list of AWS principals: whoever is named beside it keeps access
}

// Opening sorts open statements by what has to go of them; fine judges one that those were taken out of.
func (d Document) Opening(open []int, fine func(Statement) bool) Opening {
	o := Opening{doc: d}
	for _, i := range open {
		text, err := d.WithoutAnyone(i) // an error: nobody else is named
		narrowed, bad := Parse(text)
		alive := slices.ContainsFunc(d.Statements[i].BesideAnyone(), func(p Principal) bool { return p.Type != AWS || !isUniqueID(p.ID) })
		if err == nil && bad == nil && alive && fine(narrowed.Statements[i]) {
			o.Narrow = append(o.Narrow, i)
		} else {
			o.Whole = append(o.Whole, i)
		}
	}
	return o
}

// Closed gives the document without what is open; every other byte stays. empty is true, and text nil, if no statement would remain.
func (o Opening) Closed() (text []byte, empty bool, err error) {
	doc := o.doc
	for _, i := range o.Narrow {
		if text, err = doc.WithoutAnyone(i); err != nil {
			return nil, false, err
		}
		if doc, err = Parse(text); err != nil {
			return nil, false, err
		}
	}
	if len(o.Whole) == 0 {
		return doc.Source(), false, nil
	}
	return doc.Without(o.Whole...)
}

// Why says what goes, for people: "take 1 open of 3 statements out of the policy".
func (o Opening) Why(kind, policy string) string {
	whole := fmt.Sprintf("take %d %s of %d statements out of the %s", len(o.Whole), kind, len(o.doc.Statements), policy)
	switch {
	case len(o.Whole) == 0:
		return fmt.Sprintf("take wildcards out of the principals of statements that also name others: %d", len(o.Narrow))
	case len(o.Narrow) > 0:
		return whole + fmt.Sprintf(", and wildcards out of the principals of %d that also name others", len(o.Narrow))
	}
	return whole
}

func rawBytes(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, r := range list {
		out[i] = r
	}
	return out
}

// span is where a member of an object stands: its value, and what to cut so that a comma goes with it.
type span struct{ value, to, cutFrom, cutTo int }

// memberOf finds a member of a JSON object.
func memberOf(object []byte, name string) (span, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return span{}, err
	}
	for first := true; dec.More(); first = false {
		before := int(dec.InputOffset())
		key, err := dec.Token()
		if err != nil {
			return span{}, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return span{}, err
		}
		if key != name {
			continue
		}
		to := int(dec.InputOffset())
		found := span{value: to - len(value), to: to, cutFrom: before, cutTo: to}
		if first && dec.More() { // the comma in front of the next member
			found.cutTo = to + bytes.IndexByte(object[to:], ',') + 1
		}
		return found, nil
	}
	return span{}, errors.New("looking for " + name + " in a statement: there is none")
}
