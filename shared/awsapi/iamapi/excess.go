package iamapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/iampolicy"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// Excess is one thing that is too broad in what a principal holds. Unsettled and Manual ones are reported and never changed, as in core.Violation.
type Excess struct {
	Rule, Where, Reason string
	Unsettled           bool
	Manual              bool // certain, but taking it away would take more than what is wrong, or is not to be done here

	finding iampolicy.Finding
	stuck   bool            // Manual, and Mend's advice says what is in the way
	at      []iampolicy.Ref // the statements to be removed; Document is the index of the policy among those held
}

// RuleOf names a rung of the ladder as a rule.
func RuleOf(r iampolicy.Rung) string {
	return map[iampolicy.Rung]string{
		iampolicy.Admin: "administrator", iampolicy.Escalation: "privilege-escalation", iampolicy.Combination: "privilege-escalation-combination",
		iampolicy.PassRoleAny: "pass-role-any", iampolicy.ServiceWildcard: "service-wildcard", iampolicy.DataExfiltration: "data-exfiltration",
		iampolicy.PassRoleNamed: "pass-role-named",
	}[r]
}

// Judge judges what a principal holds from all its policies together, under its permissions boundary (nil: none). Each thing is reported once in an
// account: what a customer managed policy grants below administrator access is that policy's finding, and what a group grants below it the group's,
// unless it takes the principal's own policies, or another group, to make it complete.
func Judge(held []Held, boundary *Held) []Excess {
	docs := make([]iampolicy.Document, len(held))
	var out []Excess
	for i, h := range held {
		var err error
		if docs[i], err = iampolicy.Parse([]byte(h.Text)); err != nil {
			out = append(out, Excess{Rule: "policy-unreadable", Where: h.String(), Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()})
		}
	}
	for _, f := range iampolicy.JudgeIdentity(docs...) {
		if !concerns(held, docs, f) {
			continue
		}
		if others := besides(held, f); others != "" {
			f.Reason += "; the rest comes from " + others
		}
		e := Excess{Rule: RuleOf(f.Rung), Reason: f.Reason, Unsettled: f.Unsettled, Manual: !f.Unsettled && reportedOnly(held, f), finding: f, at: f.Statements}
		if boundary != nil && !e.Unsettled && capped(f, boundary.Text) {
			e.Unsettled, e.Manual, e.Reason = true, false, e.Reason+"; capped by permissions boundary "+boundary.ARN+" as it is now"
		}
		var where []string
		for _, ref := range f.Statements {
			where = append(where, place(held[ref.Document], docs[ref.Document].Statements[ref.Statement]))
		}
		e.Where = strings.Join(slices.Compact(where), " and ")
		if !slices.ContainsFunc(out, func(o Excess) bool { return o.Rule == e.Rule && o.Where == e.Where }) {
			out = append(out, e)
		}
	}
	markStuck(held, out)
	return out
}

// markStuck marks what we cannot take away although it is certain, so that the rest is mended all the same.
func markStuck(held []Held, excess []Excess) {
	settled := Over(excess)
	for i, e := range excess {
		if !e.Unsettled && !e.Manual && slices.ContainsFunc(e.at, func(r iampolicy.Ref) bool { return Principal{}.stuck(held, settled, r) != "" }) {
			excess[i].Manual, excess[i].stuck = true, true
		}
	}
}

// Over returns the violations that are settled and ours to mend.
func Over(excess []Excess) []Excess {
	return slices.DeleteFunc(slices.Clone(excess), func(e Excess) bool { return e.Unsettled || e.Manual })
}

// certain returns what would be taken away if nothing were in the way.
func certain(excess []Excess) []Excess {
	return slices.DeleteFunc(slices.Clone(excess), func(e Excess) bool { return e.Unsettled || e.Manual && !e.stuck })
}

func place(h Held, s iampolicy.Statement) string {
	if h.Inline == "" {
		return h.String()
	}
	return h.String() + ", " + strings.TrimPrefix(h.asNow(s).Name(), "policy ")
}

// concerns reports whether a finding is the principal's own, see [Judge].
func concerns(held []Held, docs []iampolicy.Document, f iampolicy.Finding) bool {
	involved := slices.Concat(f.Statements, f.With)
	own := slices.ContainsFunc(involved, func(r iampolicy.Ref) bool { return held[r.Document].Via == "" })
	one := !slices.ContainsFunc(involved, func(r iampolicy.Ref) bool { return r.Document != involved[0].Document })
	h := held[involved[0].Document]
	switch {
	case f.Rung == iampolicy.Admin:
		return true
	case !own:
		return takesGroups(held, docs, f)
	case f.Rung >= iampolicy.ServiceWildcard:
		return h.Inline != ""
	}
	return !one || h.Inline != "" || OwnedByAWS(h.ARN)
}

// takesGroups reports whether it takes more than one group to make a finding complete: then no group is to blame alone, and whoever is in all of them is.
func takesGroups(held []Held, docs []iampolicy.Document, f iampolicy.Finding) bool {
	return slices.ContainsFunc(f.Statements, func(r iampolicy.Ref) bool {
		group := make([]iampolicy.Document, len(docs))
		for i, h := range held {
			if h.Via == held[r.Document].Via {
				group[i] = docs[i]
			}
		}
		return !slices.ContainsFunc(iampolicy.JudgeIdentity(group...), func(g iampolicy.Finding) bool {
			return g.Rung <= f.Rung && (f.Unsettled || !g.Unsettled) && slices.Contains(g.Statements, r)
		})
	})
}

// besides names the policies that a combination takes beside those of the group with iam:PassRole: whoever looks at that group finds nothing wrong with it.
func besides(held []Held, f iampolicy.Finding) string {
	var names []string
	via := held[f.Statements[0].Document].Via
	for _, ref := range f.With {
		if h := held[ref.Document]; via != "" && h.Via != via {
			names = append(names, h.String())
		}
	}
	return strings.Join(unique(names), " and ")
}

// reportedOnly: how much of a service or of the data somebody needs is for its owner to say, and so is whether a policy of AWS fits that is broad without
// giving away IAM. Taking it away would take far more than what is wrong.
func reportedOnly(held []Held, f iampolicy.Finding) bool {
	if f.Rung >= iampolicy.ServiceWildcard {
		return true
	}
	owned := !slices.ContainsFunc(slices.Concat(f.Statements, f.With), func(r iampolicy.Ref) bool { return !OwnedByAWS(held[r.Document].ARN) })
	return owned && f.Rung != iampolicy.Admin && !(f.Rung == iampolicy.Escalation && slices.ContainsFunc(f.Actions, ofIAM))
}

func ofIAM(action string) bool { return strings.HasPrefix(strings.ToLower(action), "iam:") }

// capped reports whether a boundary takes a finding's effect away: effective is what policies and boundary both allow (IAM user guide, "Permissions
// boundaries"), so the boundary must allow the same thing by itself.
func capped(f iampolicy.Finding, boundary string) bool {
	doc, err := iampolicy.Parse([]byte(boundary))
	if err != nil {
		return false // what cannot be read protects nobody
	}
	return !slices.ContainsFunc(iampolicy.JudgeIdentity(doc), func(b iampolicy.Finding) bool {
		switch {
		case b.Unsettled: // whether the boundary allows the thing is not settled, so what is left of it is not, either
			return false
		case b.Rung == iampolicy.Admin:
			return leaves(doc, f)
		}
		shared := slices.ContainsFunc(f.Actions, func(a string) bool {
			return slices.ContainsFunc(b.Actions, func(o string) bool { return strings.EqualFold(a, o) })
		})
		return b.Rung == f.Rung && (shared || f.Rung == iampolicy.Combination)
	})
}

// leaves reports whether a boundary that allows nearly everything denies nothing that a finding needs.
func leaves(boundary iampolicy.Document, f iampolicy.Finding) bool {
	switch f.Rung {
	case iampolicy.Escalation, iampolicy.DataExfiltration:
		return slices.ContainsFunc(f.Actions, func(a string) bool { return !boundary.Denies(a) })
	case iampolicy.Combination, iampolicy.PassRoleAny, iampolicy.PassRoleNamed:
		return !boundary.Denies("iam:PassRole")
	}
	return true
}

// Wholly reports whether nothing but the violation would be lost with a statement: each of its actions is one of the dangerous ones, or a wildcard over
// IAM's own actions that matches one.
func Wholly(s iampolicy.Statement, dangerous []string) bool {
	for _, p := range s.Actions {
		part := slices.ContainsFunc(dangerous, func(a string) bool {
			return strings.EqualFold(p, a) || ofIAM(p) && wildcard.Match(strings.ToLower(p), strings.ToLower(a))
		})
		if !part {
			return false
		}
	}
	return s.NotActions == nil
}

// Narrower proposes what could stand in a statement's place: what is left of its actions, and iam:PassRole for one role and one service.
func Narrower(s iampolicy.Statement, dangerous []string, account string) string {
	var keep, drop []string
	for _, p := range s.Actions {
		if slices.ContainsFunc(dangerous, func(a string) bool { return wildcard.Match(strings.ToLower(p), strings.ToLower(a)) }) {
			drop = append(drop, p)
		} else {
			keep = append(keep, p)
		}
	}
	text := fmt.Sprintf("in %s replace %s by the actions and resources that are used", s.Name(), strings.Join(drop, ", "))
	if s.NotActions != nil {
		text = fmt.Sprintf("in %s replace NotAction by the actions that are used: NotAction allows whatever AWS adds", s.Name())
	}
	if len(keep) > 0 {
		text += `, and keep "Action": ["` + strings.Join(keep, `", "`) + `"]`
	}
	if slices.ContainsFunc(dangerous, func(a string) bool { return strings.EqualFold(a, "iam:PassRole") }) {
		text += `; for iam:PassRole name role and service: {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::` + account +
			`:role/ROLE","Condition":{"StringEquals":{"iam:PassedToService":"SERVICE.amazonaws.com"}}}`
	}
	return text
}
