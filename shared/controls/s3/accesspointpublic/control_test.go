package accesspointpublic

import (
	"testing"

	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

func TestRequests(t *testing.T) {
	controltest.Budget(t, Control(), "restricted-own", 1, 0)
	controltest.Budget(t, Control(), "no-policy", 2, 0)
	controltest.Budget(t, Control(), "everyone", 5, 2)
	controltest.Budget(t, Control(), "deleted-principal-goes", 4, 2) // which asks for a person already
}
