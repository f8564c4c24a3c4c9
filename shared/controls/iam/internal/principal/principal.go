// Package principal is what the controls of users, groups and roles have in common: how what they hold is judged and mended.
package principal

import (
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Holder is a principal with the policies that it holds, the permissions boundary that caps them (nil: none), and what people are told.
type Holder struct {
	iamapi.Principal
	Policies []iamapi.Held
	Boundary *iamapi.Held
	Refused  string   // why nothing may be taken from it
	Careful  []string // why a person has to look first
	Notes    []string // who is affected
	Doing    string   // what is refused once it is left out: "whatever the role does"
}

// Judge says what is wrong with policies that are held together.
func Judge(policies []iamapi.Held, boundary *iamapi.Held) []core.Violation {
	var out []core.Violation
	for _, e := range iamapi.Judge(policies, boundary) {
		out = append(out, core.Violation{Rule: e.Rule, Where: e.Where, Reason: e.Reason, Unsettled: e.Unsettled, Manual: e.Manual})
	}
	return out
}

// Plan takes away what is ours to take, and tells people the rest. after is the state in which the holder has these policies; the boundary is nil
// where the next read has no reason to look for it.
func Plan[S any](h Holder, after func([]iamapi.Held, *iamapi.Held) S) core.Fix[S] {
	mended := iamapi.Mend(h.Principal, h.Policies, h.Boundary)
	var fix core.Fix[S]
	if len(mended.Advice) > 0 {
		fix.Advice = []core.Advice{{
			Title: "Narrow what " + h.Kind + " " + h.Name + " may do", Steps: mended.Advice,
			Outage: h.Doing + " that is left out is refused at once", Cost: "none",
		}}
	}
	if mended.Wrong {
		fix.Refused = h.Refused
	}
	if len(mended.Steps) == 0 {
		return fix
	}
	fix.NeverAuto, fix.Notes = h.Careful, h.Notes
	boundary := h.Boundary
	if len(iamapi.Judge(mended.After, nil)) == 0 {
		boundary = nil
	}
	fix.After = after(mended.After, boundary)
	for _, step := range mended.Steps {
		fix.Changes = append(fix.Changes, core.Change{Why: step.Why, Do: step.Do, Undo: step.Undo})
	}
	return fix
}
