package approval

import (
	"fmt"
	"slices"
	"strings"
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

	Posted []Place `json:"posted,omitempty"` // messages in which people are shown it
	Shown  []byte  `json:"-"`                // blocks of the first of them

	Body []byte `json:"-"` // what is decided about, where no other table holds it (all but fixes)
	rev  int64  // of the item; each write is for the one that was read
}

// Refusal says why a person's word changed nothing. It is an error that people are shown.
type Refusal struct {
	Why  string
	Code string // stable, for programs: unknown, ended, other-hash, late, stranger, not-permitted, four-eyes, again, moved, nothing
}

func (r *Refusal) Error() string { return r.Why }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
}

// Verdict is what a person says.
type Verdict string

// The verdicts.
const (
	Yes Verdict = "approve"
	No  Verdict = "reject"
)

// Voter is who says it, as the rules file knows them.
type Voter struct {
	Person   string
	Identity []string // all identities of the person
	Via      string
}

// needs is what the rules in force ask for at the moment of a word; the more cautious of this and of the request's own counts.
type needs struct {
	by       []string
	needed   int
	stranger bool // the cause is an identity of nobody in the rules file
}

// decide is the whole of what a word can do to a request. It is pure: the request as it would be afterwards, or why nothing changes.
func decide(r Request, verdict Verdict, who Voter, why string, rule needs, now time.Time) (Request, *Refusal) {
	switch {
	case !r.State.open():
		return r, refuse("ended", "it is decided: %s%s", r.State, because(r.Why))
	case !now.Before(r.Expires):
		return r, refuse("late", "it expired at %s; nothing was changed, and it can be asked for again", stamp(r.Expires))
	case !slices.Contains(r.By, who.Person) || !slices.Contains(rule.by, who.Person):
		return r, refuse("not-permitted", "%s may not decide this; those who may: %s", who.Person, list(both(r.By, rule.by)))
	case slices.ContainsFunc(who.Identity, r.causedBy): // not even no: it would keep what they opened open
		return r, refuse("four-eyes", "%s caused the finding; somebody else has to decide", who.Person)
	}
	if verdict == No {
		r.State, r.Ended, r.Why = Rejected, now, reasonOf(who.Person, why)
		return r, nil
	}
	if verdict != Yes {
		return r, refuse("nothing", "%q is neither approve nor reject", verdict)
	}
	switch {
	case r.State == Approved:
		return r, refuse("ended", "it is approved already, by %s", list(r.people()))
	case who.Person == r.Requester:
		return r, refuse("four-eyes", "%s asked for it; somebody else has to agree", who.Person)
	case slices.Contains(r.people(), who.Person):
		return r, refuse("again", "%s has approved it already; %d of %d are there", who.Person, r.counted(rule), r.needed(rule))
	}
	r.Votes = append(slices.Clone(r.Votes), Vote{who.Person, now, who.Via})
	if r.counted(rule) >= r.needed(rule) {
		r.State = Approved
	}
	return r, nil
}

// counted is how many yeses are of people who may still give one.
func (r Request) counted(rule needs) int { return len(both(r.people(), rule.by)) }

// causes are the identities of all who had a hand in the finding.
func (r Request) causes() []string { return strings.Fields(r.Cause) }

func (r Request) causedBy(identity string) bool {
	return slices.ContainsFunc(r.causes(), func(cause string) bool { return same(identity, cause) })
}

// needed is how many different people must agree: two at least where it is not known which person caused the finding, since that could be any one of
// them: AWS vouches for nobody, or for an identity that no entry of the rules file has and that may be another one of somebody's who has an entry.
func (r Request) needed(rule needs) int {
	n := max(r.Needed, rule.needed)
	if (r.Key.Kind == Fix || r.Key.Kind == Exempt || r.Key.Kind == Undo) && (r.Cause == "" || rule.stranger) {
		n = max(n, 2)
	}
	if r.Key.Kind == People { // whoever changed the file is not known either
		n = max(n, min(2, len(rule.by)))
	}
	return n
}

func (r Request) people() []string {
	var out []string
	for _, v := range r.Votes {
		out = append(out, v.Person)
	}
	return out
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
