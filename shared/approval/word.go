package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

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
		return r, r.over(verdict, who.Person)
	case !now.Before(r.Expires):
		over := r
		over.State = Expired
		return r, refuse("late", "it expired at %s; nothing was changed%s", stamp(r.Expires), over.howAgain())
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
	case r.stands(verdict, who.Person) && slices.Contains(rule.by, who.Person):
		no := r.said(verdict, who.Person)
		if r.State == Pending {
			no.Why = fmt.Sprintf("%s has approved it already, and that counts: %d of %d are there", who.Person, r.counted(rule), r.needed(rule))
		}
		return r, no
	case r.State == Approved:
		return r, refuse("ended", "it is approved already, by %s", list(r.people()))
	case who.Person == r.Requester:
		return r, refuse("four-eyes", "%s asked for it; somebody else has to agree", who.Person)
	}
	r.Votes = append(slices.Clone(r.Votes), Vote{who.Person, now, who.Via})
	if r.counted(rule) >= r.needed(rule) {
		r.State = Approved
	}
	return r, nil
}

// over refuses a word about what has ended.
func (r Request) over(verdict Verdict, person string) *Refusal {
	if r.stands(verdict, person) {
		return r.said(verdict, person)
	}
	return refuse("ended", "it is decided: %s%s%s", r.State, because(r.Why), r.howAgain())
}

// stands reports whether a person has said the same before, and it counted.
func (r Request) stands(verdict Verdict, person string) bool {
	switch verdict {
	case Yes:
		return slices.Contains(r.people(), person) && (r.State.open() || r.State == Applied)
	case No:
		by := reasonOf(person, "")
		return r.State == Rejected && (r.Why == by || strings.HasPrefix(r.Why, by+": "))
	}
	return false
}

// said is the answer to a word that stands already: the same click twice, or at the same moment in two places.
func (r Request) said(verdict Verdict, person string) *Refusal {
	no := refuse("again", "%s has rejected it already, and that counts", person)
	if verdict == Yes {
		no = refuse("again", "%s has approved it already, and that counts: it is %s", person, r.State)
	}
	no.Stands = true
	return no
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
	if r.Again != nil && r.Again.By == "" { // and so is not who asked again
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
