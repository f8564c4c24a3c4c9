package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/hub"
)

// TestAccounts: the installation's own account may have a chain whatever the rules file says, and whether or not it can be used.
func TestAccounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file string
		want []string
	}{
		"two accounts": {"version: 1\naccounts:\n  - {id: \"111122223333\", name: a}\n  - {id: \"444455556666\", name: b}\n", []string{"777788889999", "111122223333", "444455556666"}},
		"no list":      {"version: 1\n", []string{"777788889999"}},
		"a mistake":    {"version: one\n", []string{"777788889999"}},
		"rules of controls, which this function does not know": {"version: 1\naccounts:\n  - {id: \"111122223333\", name: a}\nrules:\n  - {name: x, match: {controls: [s3-bucket-public]}, mode: approve}\n",
			[]string{"777788889999", "111122223333"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := filepath.Join(t.TempDir(), "shoreup.yaml")
			if err := os.WriteFile(where, []byte(tc.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got := accounts("777788889999", &hub.RulesSource{Where: where, Known: hub.Known(nil), Now: time.Now})(t.Context())
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
