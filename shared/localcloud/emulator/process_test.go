package emulator_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// roleVar makes a re-executed test binary play another process.
const roleVar = "EMULATOR_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "parent":
		parent()
	case "client":
		client()
	default:
		emulatortest.Main(m)
	}
}

// parent starts an emulator, prints its process id and waits to be killed.
func parent() {
	s, err := emulator.Start(context.Background(), emulator.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.PID())
	select {}
}

// client asks for a host that only the emulator knows, as a program does that
// was given Server.Env alone.
func client() {
	resp, err := http.Get("http://123456789012.127.0.0.1:1/moto-api/config")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(resp.StatusCode / 100)
	if _, err := http.Get("https://sts.amazonaws.com/"); err == nil {
		fmt.Println("an https address was reached")
	}
	os.Exit(0)
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, detached := range []bool{false, true} {
		s, err := emulator.Start(t.Context(), emulator.Options{LogDir: dir, Detached: detached})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Stop(); err != nil {
				t.Errorf("detached %v: %v", detached, err)
			}
		}
		waitGone(t, s.PID())
		_, err = s.HTTPClient().Get(s.URL() + "/moto-api/config")
		if err == nil || !strings.Contains(err.Error(), s.LogPath()) {
			t.Errorf("asking a stopped emulator: %v, want an error naming its log", err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("empty logs were left: %v %v", left, err)
	}
}

func TestEmulatorEndsWithItsParent(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"=parent", "TMPDIR="+t.TempDir())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line[:n])))
	if err != nil {
		t.Fatalf("the parent said %s", line[:n])
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the emulator is not running: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitGone(t, pid)
}

// waitGone waits until there is no process pid, or only its zombie.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if syscall.Kill(pid, 0) != nil || isZombie(pid) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d is still running", pid)
}

// isZombie reports whether an orphan only waits for an init process that, in
// some containers, never collects it.
func isZombie(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		return strings.Contains(string(stat), ") Z ")
	}
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}
