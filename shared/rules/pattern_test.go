package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a:/b", true}, {"?", "", false}, {"?", "a", true},
		{"a", "a", true}, {"a", "ab", false}, {"a*", "a", true}, {"a*b", "ab", true}, {"a*b", "aXbXb", true},
		{"a*b", "aXbX", false}, {"*a*", "bab", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"**", "x", true},
		{"*ab", "aab", true}, {"a*b*c", "a1b2b3c", true}, {"a*b*c", "a1c2b", false},
		{"arn:aws:s3:::logs-*", "arn:aws:s3:::logs-a/b", true}, {"[a]", "a", false},
	} {
		if got := glob(c.pattern, c.s); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

// A pattern made to be slow must not be: the time grows with the product of the lengths, not exponentially.
func TestGlobIsQuick(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	if glob(strings.Repeat("a*", 200)+"b", strings.Repeat("a", 2000)) {
		t.Error("there is no b")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %s", took)
	}
}

func TestResourceMatches(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d"
	for pattern, want := range map[string]bool{
		arn:                             true,
		"sg-0a1b2c3d":                   true,
		"sg-0a*":                        true,
		"arn:aws:ec2:*:*:*/sg-0a1b2c3d": true,
		"arn:aws-cn:ec2:*:*:*":          false,
		"*:security-group/*":            false, // no ARN pattern, so it is compared to the id alone
		"security-group/sg-0a1b2c3d":    false,
	} {
		if resourceMatches(pattern, "sg-0a1b2c3d", arn) != want {
			t.Errorf("%s: want %v", pattern, want)
		}
	}
	const topic = "arn:aws:sns:eu-west-1:111122223333:alerts" // an id that is an ARN
	if !resourceMatches("arn:aws:sns:*:alerts", topic, topic) {
		t.Error("a topic is matched by its ARN")
	}
}

func TestNamesResource(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		"*": false, "**": false, "?*": false, "*-*": false, "a*": false, "ab*": false, "abc*": true, "*logs*": true,
		"sg-*": false, "sg-0a1*": true, "snap-*": false, "press": true, "a": true,
		"arn:aws:s3:::*": false, "arn:aws:s3:::a-*": false, "arn:aws:s3:::logs-*": true, "arn:aws:s3:::ab": true,
		"arn:aws:ec2:*:*:security-group/*": false, "arn:aws:ec2:*:*:security-group/sg-0a1b*": true,
		"arn:aws:iam::*:role/*": false, "arn:aws:iam::*:role/break-glass/*": true, "arn:*": false,
		"arn:aws:rds:*:*:db:*": false, "arn:aws:rds:*:*:db:shop-*": true, "arn:aws:*:*:*:*": false,
		"arn:aws:ec2:*:*:security-group*": false, "arn:aws:ec2:*:*:*sg-0a1b*": false, "arn:aws:*:*:*:logs-*": false,
		"arn:aws:sqs:*:*:shop-*": true,
	} {
		if namesResource(pattern) != want {
			t.Errorf("%s: want %v", pattern, want)
		}
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	const role = "111122223333:role/Dev"
	for arn, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/Dev/alice": role,
		"arn:aws:sts::111122223333:assumed-role/Dev/bob":   role,
		"arn:aws:iam::111122223333:role/Dev":               role,
		"arn:aws:iam::111122223333:role/teams/a/Dev":       role,
		"arn:aws:iam::444455556666:role/Dev":               "444455556666:role/Dev",
		"arn:aws:iam::111122223333:user/Dev":               "arn:aws:iam::111122223333:user/Dev",
		"arn:aws:iam::111122223333:root":                   "arn:aws:iam::111122223333:root",
		"someone":                                          "someone", "": "",
	} {
		if got := principal(arn); got != want {
			t.Errorf("principal(%q) = %q, want %q", arn, got, want)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\nrules:\n")
	for i := range 50 {
		fmt.Fprintf(&text, "  - { name: r%d, match: { controls: [ec2-*], families: [network] }, mode: auto }\n", i)
	}
	f, err := Load([]byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	s := Subject{Control: "s3-bucket-public", Family: "storage", Service: "s3", Severity: "high", Account: "111122223333", ResourceID: "a", ResourceARN: "arn:aws:s3:::a", Origin: OriginEvent}
	for b.Loop() {
		f.Decide(s, time.Unix(0, 0))
	}
}
