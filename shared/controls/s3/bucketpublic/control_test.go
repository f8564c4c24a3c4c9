package bucketpublic

import (
	"testing"

	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

// TestRequests keeps the reads within what an operator was promised: 1 for a blocked bucket, at most 8 to plan, 18 in all.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		plan, readBack int
	}{
		{"fully-blocked", 1, 0}, {"account-blocked", 2, 0}, {"plain", 4, 0}, {"policy-everyone", 6, 1}, {"website", 6, 1},
		{"acl-public-read", 7, 1}, {"acl-disabled", 5, 0}, // the ownership setting is read only for a public grant
		{"partner-statement", 6, 2}, {"public-beside-unsettled", 6, 2}, // policy and ACL prove it
		{"partner-and-acl", 7, 2},      // 18 with the second plan and two writes
		{"partner-acl-disabled", 7, 3}, // the ownership setting again
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			controltest.Budget(t, Control(), c.name, c.plan, c.readBack)
		})
	}
}
