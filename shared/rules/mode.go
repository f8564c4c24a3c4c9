package rules

import (
	"fmt"
	"time"
)

// Mode is what may be done about a finding. The zero value is Report, so whatever is forgotten changes nothing.
type Mode int

// Report, Approve and Auto can be written in a file; Exempt and Refuse are only ever results of a decision.
const (
	Report  Mode = iota // tell people; nothing is changed
	Approve             // the plan waits for a person
	Auto                // the plan is applied at once
	Exempt              // nobody may fix this until a date
	Refuse              // nothing may be done, and the reason says why
)

var modeNames = [...]string{Report: "report", Approve: "approve", Auto: "auto", Exempt: "exception", Refuse: "refuse"}

// String gives the word used in files, plans and records.
func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText writes the word; it fails on a value that is no Mode.
func (m Mode) MarshalText() ([]byte, error) {
	if m < 0 || int(m) >= len(modeNames) {
		return nil, fmt.Errorf("writing mode %d: no such mode", int(m))
	}
	return []byte(modeNames[m]), nil
}

// UnmarshalText reads the word; it fails on any other text.
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if name == string(text) {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("reading mode %q: write report, approve, auto, exception or refuse", text)
}

// Writes tells whether a plan decided this way may ever reach AWS (at once or after approval).
func (m Mode) Writes() bool { return m == Approve || m == Auto }

// Automation ranks modes by how much happens without a person: Auto 2, Approve 1, all others 0.
func (m Mode) Automation() int {
	if m.Writes() {
		return int(m)
	}
	return 0
}

// Decision is what the file says about one subject.
type Decision struct {
	Mode    Mode      `json:"mode"`
	Reason  string    `json:"reason"`           // one sentence for people
	Rule    string    `json:"rule"`             // rule name, "default", "exceptions[2]", "freeze NAME", "kill_switch", "accounts", "protected" or "subject"
	Expires time.Time `json:"expires,omitzero"` // when an exception or a freeze ends; zero otherwise
}
