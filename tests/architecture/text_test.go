package architecture

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forbidden is what no file of the repository says: where it was made, and where packages come from (the tools know, and a mirror differs). The patterns are
// written so that they do not match themselves.
var forbidden = []struct {
	what    string
	pattern *regexp.Regexp
	not     []string // files that may
}{
	{what: "a path of somebody's machine", pattern: regexp.MustCompile(`(?:^|[^\w./}*-])/(?:w[o]rk|r[o]ot|t[m]p)/[\w.-]`)},
	{what: "a path of somebody's machine", pattern: regexp.MustCompile(`(?:^|[^\w./}*-])/(?:h[o]me|U[s]ers)/\w{2,}`)},
	{what: "a package registry's host", pattern: regexp.MustCompile(`(?i)proxy\.g[o]lang\.org|sum\.g[o]lang\.org|p[y]pi\.org|p[y]thonhosted\.org|registry\.n[p]mjs\.org|repo1?\.m[a]ven\b|m[a]ven\.org|artif[a]ctory`)},
	{what: "a marker of unfinished work", pattern: regexp.MustCompile(`\b(?:T[O]DO|FIX[M]E|X[X]X)\b`)},
	{what: "a skipped test", pattern: regexp.MustCompile(`\bt\.Sk[i]p(?:Now|f)?\(`)},
	{what: "a merge conflict", pattern: regexp.MustCompile(`(?m)^(?:<{7}|>{7}|={7})(?: |$)`)},
}

// notOurs are folders that git ignores or that hold what tools made.
var notOurs = []string{".git", "node_modules", "cdk.out", "bin", "dist", "demo-out"}

func TestNoFileSaysWhatItMustNot(t *testing.T) {
	t.Parallel()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // another test's scratch file that was there a moment ago
				return nil
			}
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && matches(d.Name(), notOurs...) {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() || d.Name() == "go.sum" {
			return nil
		}
		n++
		raw, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(raw, 0) >= 0 { // gone again, or binary
			return nil
		}
		for _, f := range forbidden {
			if matches(filepath.ToSlash(rel), f.not...) {
				continue
			}
			if at := f.pattern.FindIndex(raw); at != nil {
				t.Errorf("%s:%d says %q: %s", rel, 1+bytes.Count(raw[:at[0]], []byte("\n")), strings.TrimSpace(string(raw[at[0]:at[1]])), f.what)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 100 {
		t.Errorf("only %d files were looked at: the test looks in the wrong place", n)
	}
}

func TestForbiddenPatternsMatch(t *testing.T) {
	t.Parallel()
	for i, text := range []string{`cd "/w` + `ork/x"`, "in /Us" + "ers/dana", "https://PyP" + "I.org/simple", "// TO" + "DO later", "t.Sk" + `ip("no")`, "<<<<" + "<<< HEAD"} {
		if !forbidden[i].pattern.MatchString(text) {
			t.Errorf("%s is not found in %q", forbidden[i].what, text)
		}
	}
	for _, text := range []string{"arn:aws:s3:::bucket/home/alice/x", "https://example.com/work/a", "net/work/x", "role/root/x"} {
		for _, f := range forbidden[:2] {
			if f.pattern.MatchString(text) {
				t.Errorf("%s is found in %q", f.what, text)
			}
		}
	}
}
