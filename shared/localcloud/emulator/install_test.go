package emulator

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakePython stands in for an interpreter: it records how it was called, makes
// a "venv" out of itself, and fails pip if the file fail exists beside it.
const fakePython = `#!/bin/sh
here=%HERE%
echo "$*" >> $here/calls
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && cp "$here/python" "$3/bin/python" ;;
"-m pip install "*)
	if [ -e $here/fail ]; then echo "no such package"; exit 1; fi
	echo "Collecting moto==5.2.1 (from -r x)"
	sleep 0.2 ;;
esac
`

func newFakePython(t *testing.T) (python, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "python")
	script := strings.ReplaceAll(fakePython, "%HERE%", "'"+dir+"'")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return python{path: path, major: 3, minor: 11, venv: true, pip: true}, dir
}

// calls returns the recorded calls, each cut to its first three words.
func calls(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var short []string
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "-m venv"):
			short = append(short, "venv")
		case strings.HasPrefix(line, "-m pip install"):
			short = append(short, "pip")
		case strings.HasPrefix(line, "-c "):
			short = append(short, "verify")
		}
	}
	return short
}

func TestInstallsOnceForAll(t *testing.T) {
	t.Parallel()
	py, dir := newFakePython(t)
	base := t.TempDir()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		told  []string
	)
	for range 4 {
		group.Go(func() {
			in, err := installIn(t.Context(), base, py, layoutVenv, func(s string) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, s)
			})
			if err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(in.python); err != nil {
				t.Errorf("the installed interpreter is missing: %v", err)
			}
		})
	}
	group.Wait()
	if got, want := strings.Join(calls(t, dir), " "), "venv pip verify"; got != want {
		t.Errorf("calls: %s, want %s", got, want)
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{"installing the AWS emulator", "waiting for another process", "fetching package 1 of ", ": moto==5.2.1"} {
		if !strings.Contains(all, want) {
			t.Errorf("progress lacks %q:\n%s", want, all)
		}
	}
}

func TestPartialInstallationIsRedone(t *testing.T) {
	t.Parallel()
	py, dir := newFakePython(t)
	base := t.TempDir()
	fail := filepath.Join(dir, "fail")
	if err := os.WriteFile(fail, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	quiet := func(string) {}
	_, err := installIn(t.Context(), base, py, layoutVenv, quiet)
	if err == nil || !strings.Contains(err.Error(), "no such package") || !strings.Contains(err.Error(), ".install.log") {
		t.Fatalf("a failing pip: %v, want its output and the log's path", err)
	}
	if err := os.Remove(fail); err != nil {
		t.Fatal(err)
	}
	in, err := installIn(t.Context(), base, py, layoutVenv, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(in.python); err != nil {
		t.Fatal(err)
	}
	if _, err := installIn(t.Context(), base, py, layoutVenv, quiet); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(calls(t, dir), " "), "venv pip venv pip verify venv pip verify"; got != want {
		t.Errorf("calls: %s, want %s", got, want)
	}
}

func TestInstallsWithoutVenv(t *testing.T) {
	t.Parallel()
	py, dir := newFakePython(t)
	in, err := installIn(t.Context(), t.TempDir(), py, layoutTarget, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(calls(t, dir), " "), "pip verify"; got != want {
		t.Errorf("calls: %s, want %s", got, want)
	}
	if in.python != py.path {
		t.Errorf("interpreter = %s, want the machine's own %s", in.python, py.path)
	}
	if last := in.env[len(in.env)-1]; !strings.HasPrefix(last, "PYTHONPATH=") {
		t.Errorf("environment ends with %s, want PYTHONPATH", last)
	}
}

func TestRequirementsArePinned(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(requirements) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !strings.Contains(line, "==") || strings.Contains(line, "://") {
			t.Errorf("requirement %q is not an exact version", line)
		}
	}
	if !strings.Contains(requirements, "\nmoto==5.2.1\n") {
		t.Error("the requirements lack moto==5.2.1")
	}
}
