package iampolicy

import "testing"

func TestRelations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b             string
		covers, overlaps bool
	}{
		{"*", "a*", true, true}, {"a*", "*", false, true}, {"a*", "ab*", true, true}, {"a*", "b*", false, false}, {"*b", "a*", false, true},
		{"a?", "ab", true, true}, {"ab", "a?", false, true}, {"?*", "*?", true, true}, {"*", "", true, true}, {"?*", "", false, false},
		{"s3:*", "s3:get*", true, true}, {"s3:get*", "s3:*", false, true}, {"*:*", "s3:*", true, true}, {"b/*", "b", false, false},
		{"b*", "b/*", true, true}, {"a*c", "a*b*c", true, true}, {"a*b*c", "a*c", false, true}, {"??", "*", false, true},
	} {
		if got := covers(c.a, c.b); got != c.covers {
			t.Errorf("covers(%q, %q) = %v", c.a, c.b, got)
		}
		if got := overlaps(c.a, c.b); got != c.overlaps {
			t.Errorf("overlaps(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
