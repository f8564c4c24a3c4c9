package iampolicy

import (
	"slices"
	"strings"
)

// leftByDeny gives the patterns of what an unconditional Deny of all other actions on every resource leaves at most; nil if there is none.
func (h holdings) leftByDeny() []string {
	var left []string
	for _, d := range h.denies {
		if d.NotActions == nil || !d.deniesAll(anything) || slices.ContainsFunc(d.NotActions, isEveryAction) {
			continue
		}
		if left == nil {
			left = d.NotActions
			continue
		}
		left = slices.DeleteFunc(slices.Clone(left), func(p string) bool { // a Deny beside it takes more away
			return !slices.ContainsFunc(d.NotActions, func(o string) bool { return overlaps(strings.ToLower(o), strings.ToLower(p)) })
		})
	}
	return left
}

// servicesLeft gives the whole services among what a Deny leaves of every action, unless IAM is left: that is Admin's business.
func (h holdings) servicesLeft(g grant) []string {
	if h.includesIAM(g.Statement, false) || !g.unrestricted(anything) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(h.leftByDeny()), func(p string) bool {
		_, whole := wholeService(p)
		return !whole || h.deniedPattern(p)
	})
}
