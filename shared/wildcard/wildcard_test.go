package wildcard

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "anything", true}, {"?", "", false}, {"?", "a", true}, {"?", "ab", false},
		{"a*c", "abbc", true}, {"a*c", "ac", true}, {"a*c", "acb", false}, {"a**c", "abc", true}, {"*b*", "abc", true}, {"*b", "abcb", true},
		{"arn:*:iam::*:role/x/*", "arn:aws:iam::111122223333:role/x/y", true}, {"arn:*:iam::*:role/x/*", "arn:aws:iam::111122223333:role/xy", false},
		{"A", "a", false}, {"[a]", "a", false}, {"a?c*", "abc", true},
	} {
		if got := Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
	if Match(strings.Repeat("a*", 200)+"b", strings.Repeat("a", 2000)) {
		t.Error("a long pattern matches what it should not")
	}
}

// definition is what matching means, said slowly.
func definition(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return definition(pattern[1:], s) || s != "" && definition(pattern, s[1:])
	}
	return s != "" && (pattern[0] == '?' || pattern[0] == s[0]) && definition(pattern[1:], s[1:])
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**?", "ab")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 12 || len(s) > 16 {
			return // the definition takes exponential time
		}
		if got, want := Match(pattern, s), definition(pattern, s); got != want {
			t.Errorf("Match(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}
