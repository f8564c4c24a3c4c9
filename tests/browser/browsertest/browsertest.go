// Package browsertest gives tests a real browser: the machine's own Chromium or Chrome, or else one that is installed into the cache folder, with the driver
// that scripts run it by.
package browsertest

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

//go:embed unpack.mjs
var unpacker []byte

// envBrowser names a browser to use instead of what is found: any Chromium or Chrome.
const envBrowser = "SHOREUP_BROWSER"

// withoutBrowser is the one list of platforms on which these tests may run without a browser, and why. There they still check with Node what they
// can, and say what they did not. Everywhere else a missing browser is a failure.
var withoutBrowser = map[string]string{
	"darwin/amd64": "the browser that is installed is built for Linux on amd64; install Chrome or set " + envBrowser,
	"darwin/arm64": "the browser that is installed is built for Linux on amd64; install Chrome or set " + envBrowser,
	"linux/arm64":  "the browser that is installed is built for Linux on amd64; install Chromium or set " + envBrowser,
}

// Installed is what the tests run with.
type Installed struct {
	modules string // folder with node_modules
	browser string // executable
	libs    string // folder of libraries that came with the browser; empty: the system's
}

// Install puts what is needed into the cache folder, if it is not there yet. Packages that need it at the same time wait for the first. Where there can be no
// browser it returns why; everywhere else a missing browser fails the test.
func Install(t *testing.T) (found Installed, without string) {
	t.Helper()
	found, err := install(t)
	if err != nil {
		t.Fatal(err)
	}
	if found.browser != "" {
		return found, ""
	}
	why, excepted := withoutBrowser[runtime.GOOS+"/"+runtime.GOARCH]
	if !excepted {
		t.Fatalf("there is no browser, and none can be installed for %s/%s: set %s", runtime.GOOS, runtime.GOARCH, envBrowser)
	}
	return found, why
}

// Script is a command that runs a script of Node's with the browser: it is given the folder of modules, the browser, and the arguments.
func (i Installed) Script(ctx context.Context, script string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "node", append([]string{script, i.modules, i.browser}, args...)...)
	cmd.Env = os.Environ()
	if i.libs != "" {
		// The libraries of the packaged browser are found by path, and its fonts by a configuration that names their folder.
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+i.libs+":"+filepath.Join(i.libs, "lib"), "FONTCONFIG_PATH="+filepath.Join(i.libs, "fonts"), "SHOREUP_HEADLESS_SHELL=yes")
	}
	return cmd
}

func install(t *testing.T) (Installed, error) {
	t.Helper()
	sum := sha256.Sum256(slices.Concat(manifest, lockfile))
	dir, err := cache.Dir("browser", fmt.Sprintf("%x", sum[:6]))
	if err != nil {
		return Installed{}, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	lock, err := cache.Acquire(ctx, dir+".lock", func() { t.Log("waiting for another process that is installing the browser") })
	if err != nil {
		return Installed{}, err
	}
	found, err := fill(ctx, dir)
	return found, errors.Join(err, lock.Release())
}

// fill installs what is missing. A file that is written last marks what is complete.
func fill(ctx context.Context, dir string) (Installed, error) {
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err != nil {
		for name, content := range map[string][]byte{"package.json": manifest, "package-lock.json": lockfile} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				return Installed{}, fmt.Errorf("writing %s: %w", name, err)
			}
		}
		// No package's own script runs, and nothing unpinned is resolved.
		if _, err := run(ctx, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return Installed{}, err
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return Installed{}, fmt.Errorf("marking the installation complete: %w", err)
		}
	}
	out := Installed{modules: dir, browser: present()}
	if out.browser != "" || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return out, nil
	}
	out.libs = filepath.Join(dir, "chromium")
	out.browser = filepath.Join(out.libs, "chromium")
	if _, err := os.Stat(filepath.Join(out.libs, "complete")); err == nil {
		return out, nil
	}
	if err := os.WriteFile(filepath.Join(dir, "unpack.mjs"), unpacker, 0o644); err != nil {
		return out, fmt.Errorf("writing unpack.mjs: %w", err)
	}
	if _, err := run(ctx, dir, "node", "unpack.mjs", filepath.Join("node_modules", "@sparticuz", "chromium"), out.libs); err != nil {
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
