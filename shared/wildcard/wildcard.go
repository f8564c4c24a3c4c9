// Package wildcard is the one matcher of patterns with * and ?, as IAM, the rules file and the command line use them.
package wildcard

// Match reports whether the whole of s fits the pattern: * is any text, also none, and ? one character. Both count bytes, since what is
// matched (ARNs, actions, ids) is ASCII. The time is bounded by the product of the lengths.
func Match(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0: // let the last * take one character more
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
