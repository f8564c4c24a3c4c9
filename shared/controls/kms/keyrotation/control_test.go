package keyrotation

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/kmsapi"
	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

// What the emulator cannot make in the account of a case: replicas (they are in another Region than their primary) and custom key stores.
func TestExempt(t *testing.T) {
	t.Parallel()
	fine := kmsapi.Facts{Manager: "CUSTOMER", State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Origin: "AWS_KMS"}
	with := func(change func(*kmsapi.Facts)) kmsapi.Facts {
		f := fine
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		key  kmsapi.Facts
		want string
	}{
		"customer's symmetric key": {fine, ""},
		"primary with replicas":    {with(func(f *kmsapi.Facts) { f.Replicas = []string{"eu-central-1"} }), ""},
		"replica":                  {with(func(f *kmsapi.Facts) { f.Replica = true }), "primary"},
		"AWS managed":              {with(func(f *kmsapi.Facts) { f.Manager = "AWS" }), "AWS manages"},
		"CloudHSM key store":       {with(func(f *kmsapi.Facts) { f.Origin = "AWS_CLOUDHSM" }), "AWS_CLOUDHSM"},
		"external key store":       {with(func(f *kmsapi.Facts) { f.Origin = "EXTERNAL_KEY_STORE" }), "EXTERNAL_KEY_STORE"},
		"imported, not yet there":  {with(func(f *kmsapi.Facts) { f.Origin, f.State = "EXTERNAL", "PendingImport" }), "comes from elsewhere"},
		"SM2 pair":                 {with(func(f *kmsapi.Facts) { f.Spec = "SM2" }), "SM2"},
		"unavailable":              {with(func(f *kmsapi.Facts) { f.State = "Unavailable" }), "Unavailable"},
		"replica being made":       {with(func(f *kmsapi.Facts) { f.State = "Creating" }), "Creating"},
		"nothing known of the key": {kmsapi.Facts{}, "AWS manages"},
	} {
		got := exempt(c.key)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: exempt says %q, want %q", name, got, c.want)
		}
	}
}

func TestRequests(t *testing.T) {
	controltest.Budget(t, Control(), "rotation-off", 3, 2)
	controltest.Budget(t, Control(), "rotation-on", 2, 0)
}
