// Package browser opens the report's page in a real browser: what it shows, what the keyboard does, what hostile names do not do, how it prints, and how
// long ten thousand plans take. What needs no browser, the page's pure functions, is checked with Node alone.
package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/html"
	"github.com/shoreup/shoreup/shared/report/reporttest"
	"github.com/shoreup/shoreup/tests/browser/browsertest"
)

const many = 10_000

// pages are the files that the checks open.
var pages = []struct {
	name   string
	report func() report.Report
	review *html.Review
}{
	{"sample.html", func() report.Report { return reporttest.Report(400) }, nil},
	{"many.html", func() report.Report { return reporttest.Report(many) }, nil},
	{"empty.html", func() report.Report { return report.Build(report.Input{Now: reporttest.Now}) }, nil},
	{"review.html", func() report.Report { return reporttest.Report(400) }, &html.Review{Token: `a"b<c>&d`, Endpoint: "/decide", You: "sso:ann@example.com"}},
	{"waiting.html", func() report.Report { return reporttest.Waiting(3) }, &html.Review{Token: "t", Endpoint: "/decide", You: "sso:ann@example.com"}},
	{"none.html", func() report.Report { return reporttest.Waiting(0) }, &html.Review{Token: "t", Endpoint: "/decide", You: "sso:ann@example.com"}},
}

// checks are all checks that the script must have made: one that is lost would otherwise pass unseen.
var checks = []string{
	"opens without a connection to anywhere", "ten thousand open in under 2 s", "ten thousand filter without lag", "only visible rows are in the document", "hostile names are only text",
	"the policy stops scripts and connections", "search finds, and says how many", "filters and their counts agree with the data", "groups fold and unfold", "the keyboard reaches everything",
	"links lead to a plan", "details show all of a plan", "copy buttons copy", "light and dark have contrast", "names and roles for those who listen", "a phone shows it", "paper has every row", "a hash opens its plan", "what people did not want", "a page of what waits says no more than it knows", "what takes the place of another plan",
	"an empty report opens", "a file decides nothing", "a served page sends decisions", "screenshots",
}

// checked is what the script says of one check.
type checked struct {
	Name    string   `json:"name"`
	Failed  string   `json:"failed"`
	Figures []string `json:"figures"`
	Files   []string `json:"files"`
}

func TestPage(t *testing.T) {
	t.Parallel()
	where, why := browsertest.Install(t)
	if why != "" {
		for _, name := range checks {
			say(t, "NOT CHECKED, no browser (%s): %s", why, name)
		}
		return
	}
	dir := t.TempDir()
	if keep := os.Getenv("SHOREUP_SCREENSHOTS"); keep != "" { // a folder, for people who want to look at them
		dir = keep
	}
	write(t, dir)
	results := browse(t, where, dir)
	var names []string
	for _, r := range results {
		names = append(names, r.Name)
		t.Run(r.Name, func(t *testing.T) {
			if r.Failed != "" {
				t.Error(r.Failed)
			}
			for _, f := range r.Figures {
				t.Log(f)
			}
			for _, f := range r.Files {
				if info, err := os.Stat(f); err != nil || info.Size() < 10_000 {
					t.Errorf("%s is missing or empty: %v", f, err)
				}
				t.Log(f)
			}
		})
	}
	slices.Sort(names)
	wanted := slices.Sorted(slices.Values(checks))
	if diff := cmp.Diff(wanted, names); diff != "" {
		t.Errorf("checks (-want +made):\n%s", diff)
	}
}

// say tells people what go test would not.
func say(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf(format, args...)
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func write(t *testing.T, dir string) {
	t.Helper()
	for _, p := range pages {
		file, err := os.Create(filepath.Join(dir, p.name))
		if err != nil {
			t.Fatal(err)
		}
		if err := html.Write(file, p.report(), html.Options{Review: p.review}); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// browse runs the script, which prints a line of JSON for each check.
func browse(t *testing.T, where browsertest.Installed, dir string) []checked {
	t.Helper()
	cmd := where.Script(t.Context(), "browser.mjs", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var results []checked
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r checked
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("the script printed %q", lines.Text())
		}
		results = append(results, r)
	}
	if err != nil || stderr.Len() > 0 {
		t.Errorf("the script ended with %v\n%s", err, stderr.Bytes())
	}
	return results
}

const pageFolder = "../../shared/report/html/page"

// TestScripts checks with Node alone: that every script is one, and what the pure functions of the page answer.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(pageFolder, "*.js"))
	if err != nil || len(scripts) < 5 {
		t.Fatalf("scripts %v, %v", scripts, err)
	}
	for _, s := range scripts {
		if out, err := exec.CommandContext(t.Context(), "node", "--check", s).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	sample, err := os.Create(filepath.Join(t.TempDir(), "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	if err := html.Write(sample, reporttest.Report(400), html.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := sample.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "node", "logic.mjs", filepath.Join(pageFolder, "logic.js"), sample.Name()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasSuffix(string(out), " groups of cases passed\n") {
		t.Errorf("the script said %q", out)
	}
}

// TestTheLockNamesNoHost keeps the lock file free of where packages come from: each machine's npm knows.
func TestTheLockNamesNoHost(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("browsertest/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(`"resolved"`)) || bytes.Count(raw, []byte(`"integrity"`)) != bytes.Count(raw, []byte(`"node_modules/`)) {
		t.Error("make it with: npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved")
	}
}
