package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/csv"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

func table(t testing.TB, r report.Report, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := csv.Write(&b, r, name); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, raw []byte) [][]string {
	t.Helper()
	rows, err := stdcsv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAFinding(t *testing.T) {
	t.Parallel()
	f := core.Finding{
		ID: "p-1", Hash: "h", Control: "s3-bucket-public", Title: "Close", Severity: core.High, ResourceType: "AWS::S3::Bucket", Resource: "=b,\"x\"", ARN: "arn:aws:s3:::b", Account: "012345678901", Region: "eu-west-1",
		Outcome: core.Reported, Reason: "no rule", Decision: core.Decision{Mode: "report", Rule: "default"}, Violations: []core.Violation{{Where: "a", Reason: "b"}, {Where: "c", Reason: "d"}},
		Changes: []core.ShownChange{{Call: "s3:Put", Input: json.RawMessage(`{"a":1}`), Why: "because", Diff: []core.DiffLine{{Path: "x", Before: json.RawMessage("1"), After: json.RawMessage("2")}}}},
		Cause:   core.Cause{Origin: "sweep", Time: reporttest.Now.Add(-90e9)}, Record: core.Record{Chain: "012345678901", Seq: 3},
	}
	const want = "severity,control,title,account,region,service,resource_type,resource,arn,owner,outcome,outcome_words,reason,mode,rule,wrong,change,calls,careful,notes,advice,cause,first_seen,age_seconds,exposure_seconds,undo,plan,hash,record\r\n" +
		`high,s3-bucket-public,Close,012345678901,eu-west-1,s3,AWS::S3::Bucket,"'=b,""x""",arn:aws:s3:::b,unknown,reported,Would fix,no rule,report,default,a: b; c: d,because; ~ x: 1 -> 2,"s3:Put {""a"":1}",,,,` +
		`"unknown, found by the sweep at 2026-11-22 14:28:30 UTC",2026-11-22T14:28:30Z,90,90,,p-1,h,012345678901/3` + "\r\n"
	got := table(t, report.Build(report.Input{Now: reporttest.Now, Findings: []core.Finding{f}}), "plans")
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTables reads every table with two readers that did not write it, and looks for cells that a spreadsheet would run.
func TestTables(t *testing.T) {
	t.Parallel()
	r := reporttest.Report(400)
	sizes := map[string]int{"plans": len(r.Plans), "waiting": len(r.Waiting), "exceptions": len(r.Exceptions), "refused": len(r.Refused), "fixes": len(r.Fixes)}
	for _, name := range csv.Tables() {
		raw := table(t, r, name)
		rows := read(t, raw)
		if len(rows) != sizes[name]+1 || sizes[name] == 0 {
			t.Errorf("%s: %d rows, want %d", name, len(rows)-1, sizes[name])
		}
		for _, row := range rows {
			for _, cell := range row {
				if c := strings.TrimLeft(cell, " "); c != "" && strings.ContainsAny(c[:1], "=+-@\t\r\n") {
					t.Errorf("%s: %q would be run", name, cell)
				}
			}
		}
		if diff := cmp.Diff(rows, python(t, raw)); diff != "" {
			t.Errorf("%s: Python reads it differently (-go +python):\n%s", name, diff)
		}
	}
	if got := string(table(t, r, "plans")); !strings.Contains(got, `'=cmd|' /C calc'!A0`) || !strings.Contains(got, `'@SUM(A1)`) || strings.Contains(got, "hunter2") {
		t.Error("the hostile names are missing, or a secret is not")
	}
}

// python reads a table with Python's csv module.
func python(t *testing.T, raw []byte) [][]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-c",
		"import csv, json, sys; json.dump(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True)), sys.stdout)", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAnUnknownTable(t *testing.T) {
	t.Parallel()
	if err := csv.Write(&bytes.Buffer{}, report.Report{}, "plan"); err == nil || !strings.Contains(err.Error(), `no table "plan"`) {
		t.Errorf("got %v", err)
	}
}

func FuzzACellIsNeverAFormula(f *testing.F) {
	for _, s := range reporttest.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := report.Report{Exceptions: []report.Exception{{Owner: s, Reason: s}}}
		rows := read(t, table(t, r, "exceptions"))
		if len(rows) != 2 || len(rows[1]) != len(rows[0]) {
			t.Fatalf("%q breaks the table: %q", s, rows)
		}
		cell := rows[1][4]
		if c := strings.TrimLeft(cell, " "); c != "" && strings.ContainsAny(c[:1], "=+-@\t\r\n") {
			t.Errorf("%q would be run", cell)
		}
		// What was written can be had back, but for carriage returns: a line break inside a cell is one character to whoever reads it.
		if got := strings.TrimPrefix(cell, "'"); strings.TrimPrefix(strings.ReplaceAll(s, "\r", ""), "'") != got {
			t.Errorf("%q became %q", s, cell)
		}
	})
}
