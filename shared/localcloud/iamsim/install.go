package iamsim

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

// node holds the evaluator's program, and exactly what it is installed from:
// the lock file pins each package by version and digest, and names no registry.
//
//go:embed node
var node embed.FS

var nodeFiles = []string{"package.json", "package-lock.json", "simulate.mjs"}

// marker is written last into an installation: what lacks it is partial.
const marker = "complete"

// install puts the evaluator into the cache folder if it is not there yet (some
// seconds and 20 MB, once per version) and returns its folder. Processes that
// need it at the same time wait for the first.
func install(ctx context.Context, progress func(string)) (string, error) {
	sum := sha256.New()
	for _, name := range nodeFiles {
		text, err := node.ReadFile("node/" + name)
		if err != nil {
			return "", fmt.Errorf("reading the evaluator's %s: %w", name, err)
		}
		sum.Write(text)
	}
	base, err := cache.Dir("iamsim")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, fmt.Sprintf("%x", sum.Sum(nil)[:6]))
	if complete(dir) {
		return dir, nil
	}
	lock, err := cache.Acquire(ctx, dir+".lock", func() {
		progress("waiting for another process that is installing the IAM evaluator")
	})
	if err != nil {
		return "", err
	}
	if !complete(dir) {
		progress("installing the IAM evaluator into " + dir + " (once, some seconds)")
		err = fill(ctx, dir, lock)
	}
	return dir, errors.Join(err, lock.Release())
}

func complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, marker))
	return err == nil
}

// fill installs into dir from nothing. npm inherits the lock's file, see
// cache.Lock.File, and runs no scripts of packages.
func fill(ctx context.Context, dir string, lock *cache.Lock) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing a partial installation: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the evaluator's folder: %w", err)
	}
	for _, name := range nodeFiles {
		text, err := node.ReadFile("node/" + name)
		if err != nil {
			return fmt.Errorf("reading the evaluator's %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("writing the evaluator's %s: %w", name, err)
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
	cmd.Dir, cmd.Env, cmd.ExtraFiles = dir, environ(), []*os.File{lock.File()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("installing the IAM evaluator with npm (it comes with Node.js, which must be on the PATH): %w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, marker), nil, 0o644); err != nil {
		return fmt.Errorf("marking the evaluator's installation complete: %w", err)
	}
	return nil
}

// environ is this process's environment without AWS credentials: Node has no
// use for them. Where packages come from stays the machine's business.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "AWS_") || strings.HasPrefix(entry, "NODE_OPTIONS=")
	})
}
