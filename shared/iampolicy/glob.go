package iampolicy

import "strings"

// covers reports whether every text that matches small also matches big. It never says yes wrongly.
func covers(big, small string) bool {
	return relate(tidyGlob(big), tidyGlob(small), false)
}

// overlaps reports whether some text matches both patterns.
func overlaps(a, b string) bool {
	return relate(tidyGlob(a), tidyGlob(b), true)
}

// relate walks both patterns from their ends, one row of the table at a time: next[j] answers for a[i+1:] and b[j:].
// With both, a star of either side may swallow; without, only a's star may, and it may swallow b's wildcards.
func relate(a, b string, both bool) bool {
	next := make([]bool, len(b)+1)
	row := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i] == '*':
				row[j] = next[j] || j < len(b) && row[j+1]
			case both && j < len(b) && b[j] == '*':
				row[j] = row[j+1] || i < len(a) && next[j]
			case i == len(a) || j == len(b):
				row[j] = false
			default:
				row[j] = next[j+1] && sameChar(a[i], b[j], both)
			}
		}
		next, row = row, next
	}
	return next[0]
}

func sameChar(a, b byte, both bool) bool {
	return a == b && b != '*' || a == '?' && b != '*' || both && b == '?'
}

// tidyGlob writes each run of wildcards as its question marks and then one star, so that equal patterns look equal.
func tidyGlob(pattern string) string {
	if !strings.Contains(pattern, "*") {
		return pattern
	}
	var out strings.Builder
	for i := 0; i < len(pattern); {
		run := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], "*?"))
		if run == 0 {
			out.WriteByte(pattern[i])
			i++
			continue
		}
		wild := pattern[i : i+run]
		out.WriteString(strings.Repeat("?", strings.Count(wild, "?")))
		if strings.Contains(wild, "*") {
			out.WriteByte('*')
		}
		i += run
	}
	return out.String()
}

// hasWildcard: the text holds * or ?.
func hasWildcard(s string) bool { return strings.ContainsAny(s, "*?") }

// hasVariable: the text holds a policy variable.
func hasVariable(s string) bool { return strings.Contains(s, "${") }

// isAccountID: twelve digits.
func isAccountID(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// accountOf gives the account field of an ARN, whatever stands there; "" for a text that is not an ARN.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// isEveryAction: the action pattern matches every action of every service.
func isEveryAction(pattern string) bool { return covers(pattern, "?*:?*") }
