package report

import "time"

// Waiting is something that a person has to decide.
type Waiting struct {
	Key  string `json:"key"`
	Plan string `json:"plan"` // key of the plan; empty: it is about something else
	Kind string `json:"kind"` // plan, undo, exempt, switch, approvers
	// Approval is the id of the question; empty: nobody was asked yet.
	Approval string `json:"approval,omitempty"`
	Subject
	For         []string  `json:"for"` // who may decide; empty: not known
	RequestedBy string    `json:"requested_by,omitempty"`
	Hash        string    `json:"hash,omitempty"`    // of what is decided about, where it is no plan of this report
	About       string    `json:"about,omitempty"`   // what a yes leads to, in a sentence; empty where the plan says it
	Details     []string  `json:"details,omitempty"` // the same, point by point
	Changes     []Change  `json:"changes,omitempty"` // the calls that take a fix back
	Since       time.Time `json:"since,omitzero"`
	Expires     time.Time `json:"expires,omitzero"` // zero: never
	Given       []Verdict `json:"given"`
	Needed      int       `json:"needed"` // approvals; 0: not known
	Was         *Was      `json:"was,omitempty"`
	Again       *Again    `json:"again,omitempty"`
}

// Was is the plan that another one took the place of.
type Was struct {
	Plan    string   `json:"plan"`
	Hash    string   `json:"hash"`
	Why     []string `json:"why"`     // each thing that is otherwise now
	Changed []string `json:"changed"` // "- " is not wrong or not called any more, "+ " is new
}

// Again is why people are asked once more about what was rejected or has expired.
type Again struct {
	By    string `json:"by"` // empty: not known
	Why   string `json:"why"`
	Ended string `json:"ended"` // how the time before ended
}

// Verdict is what one person said.
type Verdict struct {
	Who  string    `json:"who"`
	When time.Time `json:"when"`
	Says string    `json:"says"` // approve, reject
	Why  string    `json:"why,omitempty"`
}

// Approvals counts those who said yes.
func (w Waiting) Approvals() int {
	n := 0
	for _, v := range w.Given {
		n += b2i(v.Says == "approve")
	}
	return n
}
