package review

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// only keeps a live look short: one control of all.
var only = []string{"--control", "s3-bucket-public"}

func TestReportFormats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	if s := w.run(0, w.operator(), "", append([]string{"report", "--out", "empty.html"}, only...)...); !strings.Contains(s.err, "report of 0 plans written to empty.html") {
		t.Errorf("an account with nothing wrong: %s", s.err)
	}
	bucket := "b-" + w.account
	it := w.public(bucket, w.eve)

	w.run(2, w.operator(), "", append([]string{"report", "--table", "shoreup"}, only...)...)
	info, err := os.Stat(filepath.Join(w.dir, "report.html"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("report.html: %v, %v", info, err)
	}
	page, err := os.ReadFile(filepath.Join(w.dir, "report.html"))
	if err != nil || !strings.HasPrefix(string(page), "<!doctype html>") || !strings.Contains(string(page), bucket) || metaTag.Match(page) {
		t.Errorf("report.html has %d bytes, %v", len(page), err)
	}
	left, err := filepath.Glob(filepath.Join(w.dir, ".shoreup-report-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// Live, the plan is the one that waits, with its difference and since when it is known.
	var live, kept struct {
		Plans []struct {
			Hash, Occurrence, Outcome, Resource string
			Changes                             []struct{ Diff []json.RawMessage }
		}
		Waiting    []struct{ Approval string }
		Exceptions []struct{ Resource string }
		Accounts   []struct{ Head struct{ Seq int64 } }
	}
	read := func(into any, code int, args ...string) {
		t.Helper()
		s := w.run(code, w.operator(), "", append([]string{"report", "--format", "json"}, args...)...)
		if err := json.Unmarshal([]byte(s.out), into); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, s.out)
		}
	}
	read(&live, 2, append([]string{"--table", "shoreup"}, only...)...)
	if len(live.Plans) != 1 || live.Plans[0].Hash != it.Request.Key.Hash || live.Plans[0].Occurrence != it.Request.Key.ID || len(live.Plans[0].Changes) != 1 || len(live.Plans[0].Changes[0].Diff) == 0 ||
		len(live.Waiting) != 1 || live.Waiting[0].Approval != it.Ref || len(live.Exceptions) != 1 {
		t.Errorf("live: %+v", live)
	}
	read(&kept, 2, "--from-tables", "--table", "shoreup")
	if len(kept.Plans) != 1 || kept.Plans[0].Hash != it.Request.Key.Hash || kept.Plans[0].Outcome != "awaiting_approval" || kept.Accounts[0].Head.Seq == 0 {
		t.Errorf("from tables: %+v", kept)
	}
	var bare struct {
		Plans   []struct{ Outcome, Occurrence string }
		Waiting []json.RawMessage
	}
	read(&bare, 2, only...) // without tables
	if len(bare.Plans) != 1 || bare.Plans[0].Outcome != "awaiting_approval" || bare.Plans[0].Occurrence != "" || len(bare.Waiting) != 1 {
		t.Errorf("without tables: %+v", bare)
	}

	s := w.run(2, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--format", "csv", "--list", "waiting")
	if rows, err := csv.NewReader(strings.NewReader(s.out)).ReadAll(); err != nil || len(rows) != 2 {
		t.Errorf("csv: %v\n%s", err, s.out)
	}
	s = w.run(2, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--format", "markdown", "--most", "5")
	if !strings.HasPrefix(s.out, "# ") || !strings.Contains(s.out, "## Waiting for a person") {
		t.Errorf("markdown: %s", s.out)
	}
	w.run(2, w.operator(), "", "report", "--from-tables", "--table", "shoreup", "--out", "-")
}

func TestReportRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for want, args := range map[string][]string{
		"write html, json, csv or markdown": {"--format", "pdf"},
		"name it with --table":              {"--from-tables"},
		"no tables":                         {"--from-tables", "--table", "wrong"},
		"no such file or directory":         {"--from-tables", "--table", "shoreup", "--out", "not/there.html"},
		"no control is called":              {"--control", "none"},
	} {
		if s := w.run(1, w.operator(), "", append([]string{"report"}, args...)...); !strings.Contains(s.err, want) {
			t.Errorf("%v: does not say %q: %s", args, want, s.err)
		}
	}
}

func TestWordsWithoutAURLOrName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for want, args := range map[string][]string{
		"name the installation's review URL":   {"approve", "0123456789ab", "--review-url", ""},
		"nothing was sent there":               {"approve", "0123456789ab", "--review-url", "https://evil.example/"},
		"is not https://ID.lambda-url":         {"review", "--review-url", "http://abc.lambda-url.eu-west-1.on.aws/"},
		"nothing that waits is called":         {"approve", "0123456789ab"},
		"say why with --reason":                {"reject", "0123456789ab"},
		"is for this machine alone":            {"review", "--address", "0.0.0.0:0"},
		"accepts 1 arg(s), received 0":         {"approve"},
		"unknown flag: --yes":                  {"approve", "0123456789ab", "--yes", "0123456789ab"},
		"write text or json":                   {"pending", "--format", "yaml"},
		"does not vouch for a person behind a": {"pending"},
	} {
		who := w.ada
		if strings.HasPrefix(want, "does not vouch") {
			who = w.robot
		}
		if s := w.run(1, as(who), "", args...); !strings.Contains(s.err, want) {
			t.Errorf("%v: does not say %q: %s", args, want, s.err)
		}
	}
}
