package iampolicy

import (
	"cmp"
	"slices"
	"strings"
)

// Rung is a step of the ladder of over-broad identity policies; a smaller one is worse.
type Rung int

// The rungs. (An open trust policy stands between Admin and Escalation: see JudgeTrust.)
const (
	Admin            Rung = iota + 1 // every action on every resource, literally or in effect (Security Hub IAM.1)
	Escalation                       // one action makes its holder an administrator
	Combination                      // iam:PassRole on any role, and a service that runs code under it
	PassRoleAny                      // iam:PassRole on any role for any service
	ServiceWildcard                  // every action of a service (Security Hub IAM.21)
	DataExfiltration                 // reads of data and secrets on every resource
	PassRoleNamed                    // iam:PassRole on named roles, to whatever service: never settled
)

// String names the rung.
func (r Rung) String() string {
	return [...]string{Admin: "admin", Escalation: "escalation", Combination: "combination escalation", PassRoleAny: "PassRole on any role",
		ServiceWildcard: "service wildcard", DataExfiltration: "data exfiltration", PassRoleNamed: "PassRole on named roles"}[r]
}

// Ref names a statement among several documents.
type Ref struct {
	Document  int // index among the documents that were judged
	Statement int
}

// Finding is one thing that is too broad in what a set of identity policies grants together.
type Finding struct {
	Rung       Rung
	Unsettled  bool     // AWS does not settle it, or a condition narrows it in a way that cannot be weighed: report only
	Statements []Ref    // without all of these the finding is gone
	With       []Ref    // for Combination: the statements that grant the other actions
	Actions    []string // the dangerous actions, or the patterns for ServiceWildcard
	Reason     string
}

type grant struct {
	ref Ref
	Statement
}

// holdings are the statements that one principal has from all of its policies.
type holdings struct {
	grants []grant
	denies []Statement // unconditional ones: only these take anything away for certain
}

// JudgeIdentity judges identity policies that one principal holds together, worst rung first. Actions are matched
// without case, with wildcards anywhere. An unconditional Deny on every resource takes away; a conditional or scoped one
// does not. Conditions such as MFA or a source address do not make a grant smaller, since they say how, not what.
// Boundaries and service control policies are unknown here: they cap what is reported. A statement that is Admin for
// certain is not repeated on the rungs it implies; a literal "service:*" beside it is.
func JudgeIdentity(docs ...Document) []Finding {
	h := gather(docs)
	out := h.admins()
	var rest []grant
	for _, g := range h.grants {
		if !slices.ContainsFunc(out, func(f Finding) bool { return !f.Unsettled && slices.Contains(f.Statements, g.ref) }) {
			rest = append(rest, g)
		}
	}
	wildcards := h.serviceWildcards()
	h.grants = rest
	out = slices.Concat(out, h.escalations(), h.combinations(), h.anyPassRole(), wildcards, h.exfiltrations(), h.namedPassRole())
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(a.Rung, b.Rung) })
	return out
}

func gather(docs []Document) holdings {
	var h holdings
	for i, d := range docs {
		for _, s := range d.Statements {
			switch {
			case s.Allow && s.grantsNothing():
			case s.Allow:
				h.grants = append(h.grants, grant{Ref{i, s.Index}, s})
			case len(s.Conditions) == 0:
				h.denies = append(h.denies, s)
			}
		}
	}
	return h
}

// grantsNothing: everything but everything is nothing.
func (s Statement) grantsNothing() bool {
	return slices.ContainsFunc(s.NotActions, isEveryAction) || slices.ContainsFunc(s.NotResources, func(r string) bool { return covers(r, "*") })
}

// denied: an unconditional Deny takes the action away on every resource of the type.
func (h holdings) denied(action string, t target) bool {
	return slices.ContainsFunc(h.denies, func(d Statement) bool {
		return d.appliesTo(action) && d.deniesAll(t)
	})
}

// Denies reports whether an unconditional Deny of the document takes the action away on every resource.
func (d Document) Denies(action string) bool { return gather([]Document{d}).denied(action, anything) }

// limited: an unconditional Deny takes the action away everywhere but on resources that its NotResource names, and those
// are not all of the type. How dangerous they are cannot be weighed here.
func (h holdings) limited(action string, t target) bool {
	return slices.ContainsFunc(h.denies, func(d Statement) bool {
		return d.NotResources != nil && d.appliesTo(action) && !slices.ContainsFunc(d.NotResources, t.coveredBy)
	})
}

// deniesAll: the Deny leaves no resource of the type. (A NotResource that spares one leaves it.)
func (s Statement) deniesAll(t target) bool {
	if s.NotResources != nil {
		everything := t.in("*", "*", "*")
		return !slices.ContainsFunc(s.NotResources, func(r string) bool { return overlaps(r, everything) })
	}
	return slices.ContainsFunc(s.Resources, t.coveredBy)
}

// deniedPattern: an unconditional Deny takes every action of the pattern away on every resource.
func (h holdings) deniedPattern(pattern string) bool {
	return slices.ContainsFunc(h.denies, func(d Statement) bool {
		return d.coversAction(strings.ToLower(pattern)) && d.deniesAll(anything)
	})
}

// admins: every action, or all but some (NotAction) among which IAM is not, on every resource, or all but some
// (NotResource). Where a Deny takes IAM away from a literal administrator, letter and effect differ: unsettled.
func (h holdings) admins() []Finding {
	var out []Finding
	if h.deniedPattern("*:*") {
		return nil
	}
	left := h.leftByDeny()
	for _, g := range h.grants {
		everyAction := slices.ContainsFunc(g.Actions, func(a string) bool { return isEveryAction(a) })
		if !everyAction && g.NotActions == nil || !g.unrestricted(anything) {
			continue
		}
		literal := everyAction && g.Resources != nil
		f := Finding{Rung: Admin, Statements: []Ref{g.ref}, Actions: slices.Concat(g.Actions, g.NotActions)}
		switch {
		case h.includesIAM(g.Statement, true):
			f.Unsettled, f.Reason = true, `allows every action or all but some, but a Deny leaves only certain resources of IAM`
		case h.includesIAM(g.Statement, false) && left != nil:
			f.Reason = `a Deny takes away all but ` + strings.Join(left, ", ") + `, which leaves IAM to its holder`
		case h.includesIAM(g.Statement, false) && literal:
			f.Reason = `allows every action on every resource`
		case h.includesIAM(g.Statement, false):
			f.Reason = `allows all but ` + strings.Join(slices.Concat(g.NotActions, g.NotResources), ", ") + `, which leaves IAM to its holder`
		case literal && left != nil:
			continue // not an administrator by any reading: what is left is judged on the other rungs
		case literal:
			f.Unsettled, f.Reason = true, `allows every action on every resource, but a Deny takes IAM away`
		default:
			refs, ok := h.complements(g)
			if !ok {
				continue
			}
			f.Statements, f.Reason = refs, `allows all but `+strings.Join(g.NotActions, ", ")+`, and another statement allows that: together every action on every resource`
		}
		out = append(out, f)
	}
	return out
}

// complements: other Allows give every pattern that the NotAction of this one leaves out, IAM among them. It names all of
// the statements.
func (h holdings) complements(g grant) ([]Ref, bool) {
	refs, iam := []Ref{g.ref}, false
	for _, pattern := range g.NotActions {
		pattern = strings.ToLower(pattern)
		service, _, _ := strings.Cut(pattern, ":")
		i := slices.IndexFunc(h.grants, func(o grant) bool {
			return o.coversAction(pattern) && (o.unrestricted(anything) || !hasWildcard(service) && o.unrestricted(everyResourceOf(service)))
		})
		if i < 0 {
			return nil, false
		}
		refs = append(refs, h.grants[i].ref)
		iam = iam || h.includesIAM(h.grants[i].Statement, false)
	}
	return uniqueRefs(refs), iam
}

// includesIAM: some action of IAM that makes an administrator is left in the grant; limited: none of them but on certain resources.
func (h holdings) includesIAM(s Statement, limited bool) bool {
	left := func(some bool) bool {
		return slices.ContainsFunc(escalationPaths(), func(p single) bool {
			return strings.HasPrefix(p.action, "iam:") && s.appliesTo(p.action) && s.unrestricted(p.on) && !h.denied(p.action, p.on) && h.limited(p.action, p.on) == some
		})
	}
	return left(limited) && (!limited || !left(false))
}

// serviceWildcards: "svc:*" in Action, and in NotAction of an Allow, as IAM.21 states. On less than every resource of
// the service it is unsettled. Every action at all is a service wildcard where it is every resource of a service that it
// works on, and unsettled on named resources: there it allows what "svc:*" of their services would.
func (h holdings) serviceWildcards() []Finding {
	var out []Finding
	for _, g := range h.grants {
		var broad, scoped []string
		for _, p := range slices.Concat(g.Actions, g.NotActions) {
			service, ok := wholeService(p)
			switch {
			case !ok || g.NotActions == nil && h.deniedPattern(p):
			case service == "*" && g.NotActions == nil && g.unrestricted(anything): // Admin's business, but for what a Deny leaves
				broad = append(broad, h.servicesLeft(g)...)
			case service == "*" && g.NotActions == nil && g.everyResourceOfSome():
				broad = append(broad, p+" on "+strings.Join(g.Resources, ", "))
			case service == "*":
				if g.NotActions == nil && g.Resources != nil {
					scoped = append(scoped, p)
				}
			case g.unrestricted(everyResourceOf(service)):
				broad = append(broad, p)
			default:
				scoped = append(scoped, p)
			}
		}
		how := "allows "
		if g.NotActions != nil {
			how = "allows everything but "
		}
		if len(broad) > 0 {
			out = append(out, Finding{Rung: ServiceWildcard, Statements: []Ref{g.ref}, Actions: broad, Reason: how + strings.Join(broad, ", ")})
		}
		if len(scoped) > 0 {
			out = append(out, Finding{Rung: ServiceWildcard, Unsettled: true, Statements: []Ref{g.ref}, Actions: scoped,
				Reason: how + strings.Join(scoped, ", ") + " on certain resources"})
		}
	}
	return out
}

// wholeService: the pattern means every action of a service, in any spelling: svc:*, SVC:**, svc:?*. No action has
// fewer than three letters.
func wholeService(pattern string) (string, bool) {
	if isEveryAction(pattern) {
		return "*", true
	}
	service, action, ok := strings.Cut(strings.ToLower(pattern), ":")
	return service, ok && service != "" && covers(action, "???*")
}
