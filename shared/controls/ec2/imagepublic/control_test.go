package imagepublic

import (
	"testing"

	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

func TestRequests(t *testing.T) {
	controltest.Budget(t, Control(), "partner-only", 1, 0)
	controltest.Budget(t, Control(), "partners-kept", 2, 1)
}
