package awsapi

import (
	"regexp"
	"strings"
)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Word writes a text as one word of a POSIX shell, for commands that people copy: the path of an IAM policy may hold any printable character, and whoever makes
// the policy chooses it. Source: POSIX.1-2024, Shell Command Language, 2.2.2 Single-Quotes; IAM API reference, CreatePolicy, Path.
func Word(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
