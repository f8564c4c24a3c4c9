package awsapi

import (
	"os/exec"
	"testing"
)

// A shell itself says what it makes of a word.
func TestWordIsOneWord(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"arn:aws:iam::111122223333:policy/team/p":       "arn:aws:iam::111122223333:policy/team/p",
		"arn:aws:iam::111122223333:policy/$(id)/p":      "'arn:aws:iam::111122223333:policy/$(id)/p'",
		"arn:aws:iam::111122223333:policy/';id;'/p":     `'arn:aws:iam::111122223333:policy/'\'';id;'\''/p'`,
		"policy/`id`/*/?/~/#/&/|/>/x<y/\"/\\/{a,b}/!!/": "'policy/`id`/*/?/~/#/&/|/>/x<y/\"/\\/{a,b}/!!/'",
		"": "''",
	} {
		if got := Word(s); got != want {
			t.Errorf("Word(%q) = %s, want %s", s, got, want)
		}
		out, err := exec.Command("sh", "-c", "printf '<%s>' "+Word(s)).Output()
		if err != nil || string(out) != "<"+s+">" {
			t.Errorf("a shell makes %q of %s: %v", out, Word(s), err)
		}
	}
}
