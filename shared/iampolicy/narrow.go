package iampolicy

import (
	"slices"
	"strings"
)

// narrowedBy looks for Deny statements that leave of an open Allow only fixed callers. Each pair of action and resource
// that the Allow grants must be covered by one such Deny. It names the first of them.
func narrowedBy(d Document, allow Statement, kind Kind) (string, bool) {
	var denies []Statement
	for _, s := range d.Statements {
		if !s.Allow && deniesEveryone(s) && spares(s, kind) {
			denies = append(denies, s)
		}
	}
	if len(denies) == 0 {
		return "", false
	}
	actions := whichCover(grantedPatterns(allow.Actions), denies, func(s Statement, action string) bool {
		if action = strings.ToLower(action); isEveryAction(action) {
			action = kind.service() + ":*"
		}
		return s.coversAction(action)
	})
	resources := whichCover(grantedPatterns(allow.Resources), denies, Statement.coversResource)
	for _, byAction := range actions {
		for _, byResource := range resources {
			if !slices.ContainsFunc(byAction, func(i int) bool { return slices.Contains(byResource, i) }) {
				return "", false
			}
		}
	}
	return denies[actions[0][0]].Name(), true
}

// whichCover gives for each pattern the indexes of the statements that cover it.
func whichCover(patterns []string, statements []Statement, does func(Statement, string) bool) [][]int {
	out := make([][]int, len(patterns))
	for p, pattern := range patterns {
		for i, s := range statements {
			if does(s, pattern) {
				out[p] = append(out[p], i)
			}
		}
	}
	return out
}

// grantedPatterns: an absent list (the Not form, or no Resource element) may mean everything.
func grantedPatterns(patterns []string) []string {
	if len(patterns) == 0 {
		return []string{"*"}
	}
	return patterns
}

// deniesEveryone: the Deny meets everybody, or everybody but fixed principals.
func deniesEveryone(s Statement) bool {
	if s.NotPrincipals != nil {
		return !slices.ContainsFunc(s.NotPrincipals, func(p Principal) bool { return principalClass(p, Generic) == open })
	}
	return slices.ContainsFunc(s.Principals, func(p Principal) bool {
		return p.ID == "*" && (p.Type == Anyone || p.Type == AWS)
	})
}

// spares: the Deny meets everybody except callers that its conditions fix. All conditions must hold for it to act, so
// every one of them widens the circle that is spared, and each must be a negation of fixed values.
func spares(s Statement, kind Kind) bool {
	keys := callerKeys(kind)
	for _, c := range s.Conditions {
		if !sparesFixed(c, keys) {
			return false
		}
	}
	return true
}

func sparesFixed(c Condition, keys map[string]shape) bool {
	c = c.turned()
	form, known := keys[c.Key]
	if c.Operator == "bool" && len(c.Values) == 1 && strings.EqualFold(c.Values[0], "false") {
		// Spares calls that AWS services make: the usual companions in a data perimeter.
		return c.Key == "aws:principalisawsservice" || c.Key == "aws:viaawsservice"
	}
	if !known || c.Quantifier == ForAnyValue || !slices.Contains(negatedOps, c.Operator) {
		return false // ForAnyValue is false for a missing key, so such a Deny misses anonymous callers
	}
	positive := strings.Replace(c.Operator, "not", "", 1)
	return valuesClass(positive, c.Values, form) != open
}

// coversAction: the statement applies to every action that the lower-case pattern matches.
func (s Statement) coversAction(pattern string) bool {
	if s.NotActions != nil {
		return !slices.ContainsFunc(s.notActions, func(p string) bool { return overlaps(p, pattern) })
	}
	return slices.ContainsFunc(s.actions, func(p string) bool { return covers(p, pattern) })
}

// coversResource: the statement applies to every resource that the pattern matches. A statement without a resource
// element applies to the resource that the policy is attached to.
func (s Statement) coversResource(pattern string) bool {
	switch {
	case s.NotResources != nil:
		return !slices.ContainsFunc(s.NotResources, func(p string) bool { return overlaps(p, pattern) })
	case s.Resources == nil:
		return true
	}
	return slices.ContainsFunc(s.Resources, func(p string) bool { return covers(p, pattern) })
}
