// Package cache names the folder in which the local cloud keeps what it
// installs and builds, and locks parts of it between processes.
//
// Tests of several packages run as several processes at once and all need the
// same emulator and the same function binaries; exactly one of them installs
// or builds, the others wait.
package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// EnvDir is the environment variable that overrides the cache folder.
const EnvDir = "SHOREUP_CACHE_DIR"

// pollEvery is how often a held lock is tried again. Installing takes tens of
// seconds, so a fifth of a second is neither late nor busy.
const pollEvery = 200 * time.Millisecond

// Dir returns the cache folder, made if need be, joined with elem. It is
// $SHOREUP_CACHE_DIR if set, else shoreup below the user's cache folder.
func Dir(elem ...string) (string, error) {
	base := os.Getenv(EnvDir)
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("finding the user's cache folder (set %s to name one): %w", EnvDir, err)
		}
		base = filepath.Join(user, "shoreup")
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return "", fmt.Errorf("resolving the cache folder %s: %w", base, err)
	}
	dir := filepath.Join(append([]string{base}, elem...)...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder (set %s to name another): %w", EnvDir, err)
	}
	return dir, nil
}

// Lock is an exclusive lock between processes. The kernel drops it when the
// last process that holds its file ends, however it ends, so there are no
// stale locks.
type Lock struct{ file *os.File }

// Acquire takes the lock file at path, waiting for another holder until ctx
// ends. waiting, if not nil, is called once if it has to wait.
func Acquire(ctx context.Context, path string, waiting func()) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock %s: %w", path, err)
	}
	for first := true; ; first = false {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return &Lock{file: file}, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
		if first && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for another process to release %s: %w", path, ctx.Err()), file.Close())
		case <-time.After(pollEvery):
		}
	}
}

// File is the locked file. A child process that inherits it keeps the lock
// after its parent was killed, so that nobody starts over beside it.
func (l *Lock) File() *os.File { return l.file }

// Release gives the lock up. The file stays: removing it would let two
// processes hold locks on two files of one name.
func (l *Lock) Release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("releasing the lock %s: %w", l.file.Name(), err)
	}
	return nil
}
