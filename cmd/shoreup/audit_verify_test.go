package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit/seal"
	"github.com/shoreup/shoreup/shared/audit/verify"
)

// TestVerifiedText: people see each finding with the record that it is of, and never a line that says verified beside one.
func TestVerifiedText(t *testing.T) {
	t.Parallel()
	fine := verify.Report{Chain: "111122223333", Entries: 3, Seq: 3, Hash: "abc", Findings: []verify.Finding{}}
	bad := fine
	bad.Findings = []verify.Finding{{Seq: 2, Problem: "changed\x1b"}, {Problem: "nothing is sealed"}}
	bad.More = true
	findings := "record 2: changed\\u001b\nrecords: nothing is sealed\nthere are more findings than these 2\n"
	for name, tc := range map[string]struct {
		print func(*strings.Builder) error
		want  string
		ok    bool
	}{
		"the table": {func(b *strings.Builder) error { return printVerified(b, fine, false) }, "3 records of 111122223333 verified, the last is 3 with hash abc\n", true},
		"a finding": {func(b *strings.Builder) error { return printVerified(b, bad, false) }, findings, false},
		"sealed": {func(b *strings.Builder) error {
			return printSealed(b, seal.Report{Sealed: fine, Table: fine, Last: verify.Point{Seq: 2}}, false)
		}, "3 records of 111122223333 verified, sealed up to 2, the last is 3 with hash abc\n", true},
		"overwritten": {func(b *strings.Builder) error {
			return printSealed(b, seal.Report{Sealed: fine, Table: fine, Last: verify.Point{Seq: 2}, Replaced: []string{"chains/a/b"}}, false)
		}, "chains/a/b was overwritten or deleted after it was sealed; what was sealed is its first version\n", false},
		"sealed, with a finding": {func(b *strings.Builder) error { return printSealed(b, seal.Report{Sealed: bad, Table: fine}, false) },
			"sealed record 2: changed\\u001b\nsealed records: nothing is sealed\nthere are more findings than these 2\n", false},
		"the table beside it": {func(b *strings.Builder) error {
			return printSealed(b, seal.Report{Sealed: fine, Table: verify.Report{Findings: []verify.Finding{{Problem: "not listed"}}}}, false)
		}, "the table's records: not listed\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			err := tc.print(&b)
			if diff := cmp.Diff(tc.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tc.ok != (err == nil) || !tc.ok && !errors.Is(err, exitCode(exitError)) {
				t.Errorf("exit %v", err)
			}
		})
	}
}

// TestSealedJSON: the keys are in the README.
func TestSealedJSON(t *testing.T) {
	t.Parallel()
	part := verify.Report{Chain: "111122223333", Entries: 3, Seq: 3, Hash: "abc", Findings: []verify.Finding{}}
	var b strings.Builder
	if err := printSealed(&b, seal.Report{Sealed: part, Table: part, Last: verify.Point{Seq: 2, Hash: "ab"}, Replaced: []string{}}, true); err != nil {
		t.Fatal(err)
	}
	const each = `{"chain":"111122223333","entries":3,"seq":3,"hash":"abc","findings":[],"more":false}`
	want := `{"sealed":` + each + `,"table":` + each + `,"last":{"seq":2,"hash":"ab"},"replaced":[]}`
	if got := strings.NewReplacer(" ", "", "\n", "").Replace(b.String()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestRemembered(t *testing.T) {
	t.Parallel()
	if got, err := remembered("17:0123456789abcdef"); err != nil || got != (verify.Point{Seq: 17, Hash: "0123456789abcdef"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, s := range []string{"", "17", "17:", ":abc", "0:abc", "-1:abc", "x:abc", "17 abc", "1x:abc"} {
		if got, err := remembered(s); err == nil || !strings.Contains(err.Error(), "SEQ:HASH") {
			t.Errorf("%q is read as %+v, %v", s, got, err)
		}
	}
}
