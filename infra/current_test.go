package infra

import (
	"testing"

	embedded "github.com/shoreup/shoreup/infra/template"
)

// TestTemplatesAreCurrent compares the embedded templates with what the app gives.
func TestTemplatesAreCurrent(t *testing.T) {
	t.Parallel()
	for stack, have := range map[string]string{
		"shoreup": embedded.SingleAccount(), "shoreup-home": embedded.Home(), "shoreup-hub": embedded.Hub(),
		"shoreup-member-global": embedded.MemberGlobal(), "shoreup-member-regional": embedded.MemberRegional(),
	} {
		if have != string(today()[stack].raw)+"\n" {
			t.Errorf("the embedded template of %s is not current: run go generate ./infra/template", stack)
		}
		if len(have) >= 300_000 {
			t.Errorf("%s: %d bytes are too many to embed", stack, len(have))
		}
	}
}
