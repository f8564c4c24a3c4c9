package approval

import (
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// State is how far a request is.
type State string

// The states; see the package's comment.
const (
	Pending    State = "pending"
	Approved   State = "approved"
	Rejected   State = "rejected"
	Expired    State = "expired"
	Stale      State = "stale"
	Superseded State = "superseded"
	Applied    State = "applied"
)

// open reports whether a request may still change.
func (s State) open() bool { return s == Pending || s == Approved }

// overtaken reports whether a request ended because what it is about changed, and not by a word or the clock.
func (s State) overtaken() bool { return s == Stale || s == Superseded }

// Vote is one person's yes.
type Vote struct {
	Person string    `json:"person"`
	At     time.Time `json:"at"`
	Via    string    `json:"via"` // slack, review, cli
}

// Key names one thing that people are asked about. Hash is that of exactly what they are shown: a plan's, an undo's, an exemption's.
type Key struct {
	Account string `json:"account"` // its audit chain, too
	Kind    Kind   `json:"kind"`
	ID      string `json:"id"` // occurrence of a fix; otherwise what the kind says
	Hash    string `json:"hash"`
}

// Kind says what a yes would lead to.
type Kind string

// The kinds. All follow the same rules.
const (
	Fix    Kind = "fix"    // ID: the occurrence; hash: its plan's
	Undo   Kind = "undo"   // ID: sequence of the intent; hash: the undo plan's
	Exempt Kind = "exempt" // ID: the occurrence; hash: the exemption's
	Lift   Kind = "lift"   // ID: when the kill switch was engaged; hash: of that
	People Kind = "people" // ID: "people"; hash: of the new sections people and approvals of the rules file
)

// Request is one thing that waits for people, or did.
type Request struct {
	Key     Key             `json:"key"`
	Round   int64           `json:"round"` // asked again after an end: the next round
	Plan    string          `json:"plan"`  // plan id
	Control string          `json:"control"`
	ARN     string          `json:"arn"`
	Where   awsapi.Resource `json:"where"` // the zero value for what is about no resource

	Requester string   `json:"requester"`         // person; empty: shoreup itself
	Record    string   `json:"record,omitempty"`  // of an undo: the record that was named, ACCOUNT/SEQ
	Changes   []string `json:"changes,omitempty"` // of people: what would be otherwise, in sentences
	Severity  string   `json:"severity,omitempty"`
	Cause     string   `json:"cause"` // those who caused the finding, as AWS vouches, separated by blanks; empty: not known

	Rules    []string  `json:"rules"` // approval rules that matched when it was asked
	Needed   int       `json:"needed"`
	By       []string  `json:"by"`
	Escalate []string  `json:"escalate"`
	Asked    time.Time `json:"asked"`
	Expires  time.Time `json:"expires"`
	Reminded bool      `json:"reminded"`

	State State     `json:"state"`
	Votes []Vote    `json:"votes"`
	Ended time.Time `json:"ended,omitzero"`
	Why   string    `json:"why"` // of the end

	Since    time.Time `json:"since,omitzero"`      // when it went wrong first, as far as that is known; until now it is exposed
	Was      *Was      `json:"was,omitempty"`       // what it takes the place of
	EndedWhy []string  `json:"ended_why,omitempty"` // of what was overtaken: each thing that is otherwise now, for people; Why has them all in one
	Moved    *Moved    `json:"moved,omitempty"`     // of what was overtaken: the plan that took its place, if there is one
	Again    *Again    `json:"again,omitempty"`     // of another round: who asked again, and why
	Away     bool      `json:"away,omitempty"`      // of people, ended: the rules file has said something else since

	Caused []string `json:"caused,omitempty"` // people of the rules file who had a hand in it, and so cannot decide
	Wrong  []string `json:"wrong,omitempty"`  // of an exemption: what is wrong with the resource, in sentences
	Actor  string   `json:"actor,omitempty"`  // of an exemption: who caused that, as AWS tells it
	Held   int      `json:"held,omitempty"`   // of a lift: how many approved plans the kill switch holds up

	Posted []Place `json:"posted,omitempty"` // messages in which people are shown it
	Before []Place `json:"before,omitempty"` // messages of the round before, which are not kept up to date any more
	Shown  []byte  `json:"-"`                // blocks of the first of them

	Body []byte `json:"-"` // what is decided about, where no other table holds it (all but fixes)
	plan []byte // of a fix: the plan that people are asked about, to compare it with the one that takes its place; empty if it is long
	rev  int64  // of the item; each write is for the one that was read
}

// Was is the plan that another one takes the place of, on the other one.
type Was struct {
	Plan    string   `json:"plan"`
	Hash    string   `json:"hash"`
	Why     []string `json:"why"`               // as EndedWhy of the old one
	Changed []string `json:"changed,omitempty"` // lines of a comparison: "- " is not wrong or not called any more, "+ " is new; at most 10 of 200 characters
}

// Moved is the plan that took the place of another one, on the old one.
type Moved struct {
	Plan string `json:"plan"`
	Hash string `json:"hash"`
}

// Again is why people are asked once more about what was rejected or has expired.
type Again struct {
	By    string `json:"by"`    // person; empty: somebody at Security Hub, whom AWS does not name
	Why   string `json:"why"`   // in their words
	State State  `json:"state"` // how the round before ended
	Ended string `json:"ended"` // why it ended: the Why of the round before
}

// Refusal says why a person's word changed nothing. It is an error that people are shown.
type Refusal struct {
	Why  string
	Code string // stable, for programs: unknown, ended, other-hash, late, stranger, not-permitted, four-eyes, again, moved, nothing, open, rules
	// Stands says that nothing is lost: the same person said the same before, and that counts.
	Stands bool
}

func (r *Refusal) Error() string { return r.Why }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
}

// end closes a request for another reason than a person's word.
func end(r Request, state State, why string, now time.Time) (Request, bool) {
	if !r.State.open() || state == Applied && r.State != Approved {
		return r, false
	}
	r.State, r.Ended, r.Why = state, now, why
	return r, true
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

func reasonOf(person, why string) string {
	if why == "" {
		return "rejected by " + person
	}
	return "rejected by " + person + ": " + why
}

func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}
