package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

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

// A user, role or group is the same whether or not its path is named: IAM's names are unique in an account without it.
func TestResourceMatchesWithAPath(t *testing.T) {
	t.Parallel()
	const plain = "arn:aws:iam::111122223333:role/deploy"
	for pattern, want := range map[string]bool{
		plain: true,
		"arn:aws:iam::111122223333:role/team/deploy":   true,
		"arn:aws:iam::111122223333:role/a/b/c/deploy":  true,
		"arn:aws:iam::*:role/te?m/*/deploy":            true,
		"arn:*:iam::*:role/team/deploy":                true,
		"arn:aws:iam::111122223333:role/deploy/team":   false,
		"arn:aws:iam::444455556666:role/team/deploy":   false,
		"arn:aws:iam::111122223333:user/team/deploy":   false,
		"arn:aws:iam::111122223333:policy/team/deploy": false, // a policy's path is a part of what tells it from others
		"arn:aws:s3:::role/team/deploy":                false,
		"arn:aws:iam::111122223333:role/team/*":        false, // names several by their path, which nothing tells us
		"arn:aws:iam::111122223333:role/team/dep*":     false,
		"arn:aws:iam::111122223333:role/team/":         false,
		"arn:aws:iam::111122223333:role/*":             true,
	} {
		if resourceMatches(pattern, "deploy", plain) != want {
			t.Errorf("%s: want %v", pattern, want)
		}
	}
	const full = "arn:aws:iam::111122223333:role/team/deploy"
	for pattern, want := range map[string]bool{
		plain: true, full: true, "arn:aws:iam::111122223333:role/team/*": true, "arn:aws:iam::111122223333:role/*": true, "arn:aws:iam::111122223333:role/other/*": false,
	} {
		if resourceMatches(pattern, "deploy", full) != want {
			t.Errorf("%s, of %s: want %v", pattern, full, want)
		}
	}
	const policy = "arn:aws:iam::111122223333:policy/team/all"
	if resourceMatches("arn:aws:iam::111122223333:policy/all", policy, policy) || !resourceMatches(policy, policy, policy) {
		t.Error("a policy is known by its whole ARN")
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
