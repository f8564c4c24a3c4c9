package controltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/shoreup/shoreup/shared/core"
)

// outcome is what a case says of its resource.
type outcome string

const (
	violating     outcome = "violating"
	compliant     outcome = "compliant"
	notApplicable outcome = "not_applicable"
	gone          outcome = "gone"
	refused       outcome = "refused"
	advice        outcome = "advice"
	unsettled     outcome = "unsettled"
)

var (
	outcomes = []outcome{violating, compliant, notApplicable, gone, refused, advice, unsettled}
	sections = []string{
		"setup", "state", "resource", "region", "settings", "outcome", "violations", "calls", "undo", "never_auto", "advice", "refused", "notes",
		"after", "undone", "tolerates", "synthetic",
	}
)

// testCase is one file of testdata. A section that is absent is not in the map.
type testCase struct {
	name     string
	about    string
	sections map[string]string
	outcome  outcome
	settings core.Settings
}

// cases reads all cases of the calling package's testdata folder, sorted by name.
func cases(t testing.TB) []testCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("reading the cases: no testdata/*.txtar (%v)", err)
	}
	out := make([]testCase, len(files))
	for i, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatalf("reading the cases: %v", err)
		}
		if out[i], err = parseCase(strings.TrimSuffix(filepath.Base(f), ".txtar"), data); err != nil {
			t.Fatalf("reading case %s: %v", f, err)
		}
	}
	return out
}

func parseCase(name string, data []byte) (testCase, error) {
	ar := txtar.Parse(data)
	c := testCase{name: name, about: strings.TrimSpace(string(ar.Comment)), sections: map[string]string{}}
	for _, f := range ar.Files {
		if !slices.Contains(sections, f.Name) {
			return c, fmt.Errorf("unknown section %q, want one of %s", f.Name, strings.Join(sections, ", "))
		}
		if _, twice := c.sections[f.Name]; twice {
			return c, fmt.Errorf("section %q stands twice", f.Name)
		}
		c.sections[f.Name] = strings.TrimRight(string(f.Data), "\n")
	}
	if c.about == "" {
		return c, fmt.Errorf("the case does not say what it is about")
	}
	_, live := c.sections["setup"]
	if _, still := c.sections["state"]; live == still {
		return c, fmt.Errorf("want a section setup or a section state")
	}
	if live && c.sections["resource"] == "" {
		return c, fmt.Errorf("no section resource")
	}
	c.outcome = outcome(strings.TrimSpace(c.sections["outcome"]))
	if !slices.Contains(outcomes, c.outcome) {
		return c, fmt.Errorf("outcome %q is none of %v", c.outcome, outcomes)
	}
	return c, c.readSettings()
}

func (c *testCase) readSettings() error {
	if text, ok := c.sections["settings"]; ok {
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c.settings); err != nil {
			return fmt.Errorf("section settings: %w", err)
		}
	}
	if c.settings.Now.IsZero() {
		c.settings.Now = time.Now()
	}
	return nil
}

// lines returns a section's lines without the empty ones.
func (c testCase) lines(section string) []string {
	var out []string
	for l := range strings.Lines(c.sections[section]) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (c testCase) has(section string) bool {
	_, ok := c.sections[section]
	return ok
}

// live reports whether the case has a resource at the emulator.
func (c testCase) live() bool { return c.has("setup") }
