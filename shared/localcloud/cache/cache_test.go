package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

func TestDirFollowsTheEnvironment(t *testing.T) {
	base := filepath.Join(t.TempDir(), "elsewhere")
	t.Setenv(cache.EnvDir, base)
	got, err := cache.Dir("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(base, "a", "b"); got != want {
		t.Errorf("Dir = %s, want %s", got, want)
	}
	if info, err := os.Stat(got); err != nil || !info.IsDir() {
		t.Errorf("Dir did not make the folder: %v", err)
	}
}

func TestDirDefaultsToTheUsersCache(t *testing.T) {
	home := t.TempDir()
	t.Setenv(cache.EnvDir, "")
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	got, err := cache.Dir()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(user, "shoreup"); got != want {
		t.Errorf("Dir = %s, want %s", got, want)
	}
}

func TestDirUnderAFileIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(cache.EnvDir, file)
	if dir, err := cache.Dir("x"); err == nil {
		t.Errorf("Dir = %s below a file, want an error", dir)
	}
}

func TestLockExcludesAndIsReleased(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := cache.Acquire(t.Context(), path, func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	waits := 0
	if _, err := cache.Acquire(ctx, path, func() { waits++ }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("taking a held lock: %v, want a deadline error", err)
	}
	if waits != 1 {
		t.Errorf("waiting was called %d times, want 1", waits)
	}

	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := cache.Acquire(t.Context(), path, nil)
	if err != nil {
		t.Fatalf("taking a released lock: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
}
