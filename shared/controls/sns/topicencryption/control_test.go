package topicencryption

import (
	"testing"

	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

func TestRequests(t *testing.T) {
	controltest.Budget(t, Control(), "default-policy", 2, 1)
	controltest.Budget(t, Control(), "managed-key", 1, 0)
}
