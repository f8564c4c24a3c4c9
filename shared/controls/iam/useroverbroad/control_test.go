package useroverbroad

import (
	"testing"

	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }
