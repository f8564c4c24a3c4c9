package core

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// Schema is the version of the plan's form.
const Schema = 1

// Plan is a fix as data, and exactly what its hash covers: what is wrong with which resource, the calls that mend it and those that undo it.
// The same wrong thing gives the same plan and the same hash; ids, times, tags and owners are kept beside it.
type Plan struct {
	Schema     int             `json:"schema"`
	Control    string          `json:"control"`
	Version    int             `json:"version"`
	Resource   awsapi.Resource `json:"resource"`
	Before     string          `json:"before"` // fingerprint of the state found
	After      string          `json:"after"`  // fingerprint of the state expected
	Violations []Violation     `json:"violations,omitempty"`
	Changes    []Change        `json:"changes,omitempty"`
}

// Bytes returns the canonical form that people approve and the hash covers.
func (p Plan) Bytes() ([]byte, error) { return canon.Marshal(p) }

// Hash returns the SHA-256 of [Plan.Bytes] in hexadecimal.
func (p Plan) Hash() (string, error) {
	b, err := p.Bytes()
	if err != nil {
		return "", err
	}
	return canon.Hash(b), nil
}

// ParsePlan reads a plan from its canonical bytes; anything else is refused.
func ParsePlan(b []byte) (Plan, error) {
	var p Plan
	if err := canon.Unmarshal(b, &p); err != nil {
		return Plan{}, fmt.Errorf("reading a plan: %w", err)
	}
	if p.Schema != Schema {
		return Plan{}, fmt.Errorf("reading a plan: schema %d is not %d, the one that this version writes", p.Schema, Schema)
	}
	return p, nil
}

// ShortHash is the part of a hash that people read and type.
func ShortHash(hash string) string { return hash[:min(len(hash), 12)] }

// RecordHash is the part of an audit record's hash that people keep, to compare the log with later: long enough that nobody makes another log that fits it.
func RecordHash(hash string) string { return hash[:min(len(hash), 16)] }

// CheckWrite refuses a call that is not one of the control's declared writes, or acts on anything but the resource.
func (m Meta) CheckWrite(c awsapi.Call, r awsapi.Resource) error { return m.check(m.Writes, c, r) }

// CheckUndo is CheckWrite for the declared undo operations.
func (m Meta) CheckUndo(c awsapi.Call, r awsapi.Resource) error { return m.check(m.Undoes, c, r) }

func (m Meta) check(ops []awsapi.Op, c awsapi.Call, r awsapi.Resource) error {
	op, err := find(ops, c.Op)
	if err != nil {
		return fmt.Errorf("checking %s: %w", m.ID, err)
	}
	return op.Check(c, r.ID)
}

// Write returns the declared write or undo operation of that name.
func (m Meta) Write(name string) (awsapi.Op, error) {
	op, err := find(m.Writes, name)
	if err != nil {
		return find(m.Undoes, name)
	}
	return op, nil
}

func find(ops []awsapi.Op, name string) (awsapi.Op, error) {
	for _, o := range ops {
		if o.Name == name {
			return o, nil
		}
	}
	return awsapi.Op{}, fmt.Errorf("%s is not a declared operation", name)
}
