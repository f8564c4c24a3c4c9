// Package architecture keeps the house's import rules, so that a design that is only written down cannot wear away: who may import whom, what a
// function may link, who may name an SDK client or run a write, and what no file may say.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shoreup/shoreup/shared/wildcard"
)

const module = "github.com/shoreup/shoreup"

// root is the module's folder as seen from this one.
const root = "../.."

// listed is what go list says of one of our packages.
type listed struct {
	ImportPath                         string
	Name                               string
	Dir                                string
	GoFiles, TestGoFiles, XTestGoFiles []string
	IgnoredGoFiles                     []string // for other systems
	Imports                            []string // without those of tests
	Error                              *struct{ Err string }
}

// path is the package's folder below the module, such as shared/canon.
func (p listed) path() string { return ours(p.ImportPath) }

// ours gives the folder of a package of ours below the module, and nothing for the packages of others.
func ours(importPath string) string {
	rest, _ := strings.CutPrefix(importPath, module+"/")
	if rest == importPath {
		return ""
	}
	return rest
}

// files are the package's Go files with their folder, tests included.
func (p listed) files() []string {
	var out []string
	for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
		out = append(out, filepath.Join(p.Dir, name))
	}
	return out
}

var all = sync.OnceValues(func() ([]listed, error) { return list("./...") })

// everything is all packages of ours, listed once for all tests.
func everything(t *testing.T) []listed {
	t.Helper()
	out, err := all()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// list asks go for packages and what they import.
func list(args ...string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,Imports,Error"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w\n%s", err, stderr.Bytes())
	}
	var out []listed
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		out = append(out, p)
	}
}

// matches reports whether a path fits one of the patterns. "a/b" is that package, "a/*api" one folder, and "a/..." a and everything below it.
func matches(path string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
			return path == tree || strings.HasPrefix(path, tree+"/")
		}
		return wildcard.Match(pattern, path) && strings.Count(pattern, "/") == strings.Count(path, "/")
	})
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"shared/awsapi", "shared/awsapi", true},
		{"shared/awsapi/s3api", "shared/awsapi", false},
		{"shared/awsapi/s3api", "shared/awsapi/*api", true},
		{"shared/awsapi/s3api/deep", "shared/awsapi/*api", false},
		{"shared/awsapix", "shared/awsapi/...", false},
		{"shared/controls/s3/x", "shared/controls/...", true},
		{"shared/controls", "shared/controls/...", true},
	} {
		if got := matches(c.path, c.pattern); got != c.want {
			t.Errorf("matches(%q, %q) = %v, want %v", c.path, c.pattern, got, c.want)
		}
	}
}
