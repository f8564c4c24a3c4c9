// Package browser opens the report's page in a real browser: what it shows, what the keyboard does, what hostile names do not do, how it prints, and how
// long ten thousand plans take. What needs no browser, the page's pure functions, is checked with Node alone.
package browser

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

//go:embed package.json
var manifest []byte

//go:embed package-lock.json
var lockfile []byte

// envBrowser names a browser to use instead of what is found: any Chromium or Chrome.
const envBrowser = "SHOREUP_BROWSER"

// withoutBrowser is the one list of platforms on which these tests may run without a browser, and why. There they still check with Node what they
// can, and say what they did not. Everywhere else a missing browser is a failure.
var withoutBrowser = map[string]string{
	"darwin/amd64": "the browser that is installed is built for Linux on amd64; install Chrome or set " + envBrowser,
	"darwin/arm64": "the browser that is installed is built for Linux on amd64; install Chrome or set " + envBrowser,
	"linux/arm64":  "the browser that is installed is built for Linux on amd64; install Chromium or set " + envBrowser,
}

// installed is what the tests run with.
type installed struct {
	modules string // folder with node_modules
	browser string // executable
	libs    string // folder of libraries that came with the browser; empty: the system's
}

// install puts what is needed into the cache folder, if it is not there yet. Packages that need it at the same time wait for the first.
func install(t *testing.T) (installed, error) {
	t.Helper()
	sum := sha256.Sum256(slices.Concat(manifest, lockfile))
	dir, err := cache.Dir("browser", fmt.Sprintf("%x", sum[:6]))
	if err != nil {
		return installed{}, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	lock, err := cache.Acquire(ctx, dir+".lock", func() { t.Log("waiting for another process that is installing the browser") })
	if err != nil {
		return installed{}, err
	}
	found, err := fill(ctx, dir)
	return found, errors.Join(err, lock.Release())
}

// fill installs what is missing. A file that is written last marks what is complete.
func fill(ctx context.Context, dir string) (installed, error) {
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err != nil {
		for name, content := range map[string][]byte{"package.json": manifest, "package-lock.json": lockfile} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				return installed{}, fmt.Errorf("writing %s: %w", name, err)
			}
		}
		// No package's own script runs, and nothing unpinned is resolved.
		if _, err := run(ctx, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return installed{}, err
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return installed{}, fmt.Errorf("marking the installation complete: %w", err)
		}
	}
	out := installed{modules: dir, browser: present()}
	if out.browser != "" || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return out, nil
	}
	out.libs = filepath.Join(dir, "chromium")
	out.browser = filepath.Join(out.libs, "chromium")
	if _, err := os.Stat(filepath.Join(out.libs, "complete")); err == nil {
		return out, nil
	}
	script, err := filepath.Abs("unpack.mjs")
	if err != nil {
		return out, err
	}
	if _, err := run(ctx, dir, "node", script, filepath.Join("node_modules", "@sparticuz", "chromium"), out.libs); err != nil {
		return out, err
	}
	return out, os.WriteFile(filepath.Join(out.libs, "complete"), nil, 0o644)
}

// present is a browser that the machine has.
func present() string {
	if named := os.Getenv(envBrowser); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// run runs a command and returns what it printed.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w\n%s%s", name, strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), nil
}
