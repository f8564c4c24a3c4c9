package json_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/report"
	reportjson "github.com/shoreup/shoreup/shared/report/json"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

func written(t *testing.T, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteReadsBackTheSame(t *testing.T) {
	t.Parallel()
	want := reporttest.Report(300)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"plain":   func(b *bytes.Buffer) error { return reportjson.Write(b, want) },
		"escaped": func(b *bytes.Buffer) error { return reportjson.WriteEscaped(b, want) },
	} {
		raw := written(t, write)
		var got report.Report
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// Compared as JSON values: a raw message may be spelled with other escapes.
		if diff := cmp.Diff(value(t, want), value(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if again := written(t, write); !bytes.Equal(raw, again) {
			t.Errorf("%s: the same report gives other bytes", name)
		}
	}
}

func value(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestKeysInOrder(t *testing.T) {
	t.Parallel()
	const want = `{"schema":1
,"generated":"2026-11-22T14:30:00Z"
,"accounts":[]
,"regions":[]
,"rules":{"version":"","hash":""}
,"figures":{"open":{"total":0,"critical":0,"high":0,"medium":0,"low":0},"outcomes":[],"in_order":-1,"unseen":0,"waiting":0,"ending_soon":0,"refused_words":[],"fixed":{"n":0,"timed":0,"mean_seconds":0,"median_seconds":0,"mean_exposure_seconds":0},"not_fixed":0,"days":[],"by_owner":[],"by_severity":[],"by_control":[],"by_account":[],"by_service":[]}
,"controls":[]
,"waiting":[]
,"exceptions":[]
,"refused":[]
,"fixes":[]
,"plans":[]
}
`
	got := written(t, func(b *bytes.Buffer) error {
		return reportjson.Write(b, report.Build(report.Input{Now: reporttest.Now}))
	})
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEscapedCannotLeaveAnElement(t *testing.T) {
	t.Parallel()
	raw := string(written(t, func(b *bytes.Buffer) error { return reportjson.WriteEscaped(b, reporttest.Report(300)) }))
	if i := strings.IndexAny(raw, "<>&\u2028\u2029"); i >= 0 {
		t.Errorf("it holds %q", raw[max(0, i-40):i+40])
	}
	if !strings.Contains(raw, `\u003c/script\u003e`) {
		t.Error("the hostile names are not in it: the test looks at the wrong thing")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }

func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	if err := reportjson.Write(full{}, reporttest.Report(300)); err == nil || !strings.HasPrefix(err.Error(), "writing the report as JSON: ") {
		t.Errorf("got %v", err)
	}
}
