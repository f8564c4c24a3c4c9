package emulator

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

//go:embed requirements.txt
var requirements string

// marker is written last into an installation: what lacks it is partial.
const marker = "complete"

// warmServices are imported once at installation. It proves that what was
// installed works, and leaves compiled bytecode that saves each later start
// a second or more.
const warmServices = "s3 s3control ec2 iam sts rds dynamodb sqs sns kms secretsmanager organizations cloudfront"

const verifyScript = `import importlib, sys, moto.server, moto.backends
for name in sys.argv[1:]: importlib.import_module("moto." + name + ".urls")`

// installation is an emulator that is ready to run.
type installation struct {
	python string   // interpreter that sees the packages
	env    []string // environment to run it in
}

// Install puts the emulator into the cache folder if it is not there yet:
// about 20 seconds and 250 MB, once per version of the requirements and of
// Python. Processes that need it at the same time wait for the first.
// progress, if not nil, is told what is happening.
func Install(ctx context.Context, progress func(string)) error {
	_, err := install(ctx, progress)
	return err
}

func install(ctx context.Context, progress func(string)) (installation, error) {
	if progress == nil {
		progress = func(string) {}
	}
	py, l, err := findPython(ctx)
	if err != nil {
		return installation{}, err
	}
	base, err := cache.Dir("emulator")
	if err != nil {
		return installation{}, err
	}
	return installIn(ctx, base, py, l, progress)
}

// installIn installs below base, in a folder named after all that the result
// depends on, so that an upgrade never meets leftovers.
func installIn(ctx context.Context, base string, py python, l layout, progress func(string)) (installation, error) {
	sum := sha256.Sum256([]byte(requirements))
	dir := filepath.Join(base, fmt.Sprintf("%x-py3.%d-%s", sum[:6], py.minor, l))
	if isComplete(dir, py, l) {
		return installed(dir, py, l), nil
	}
	lock, err := cache.Acquire(ctx, dir+".lock", func() {
		progress("waiting for another process that is installing the AWS emulator")
	})
	if err != nil {
		return installation{}, err
	}
	if !isComplete(dir, py, l) {
		err = fill(ctx, dir, py, l, lock, progress)
	}
	return installed(dir, py, l), errors.Join(err, lock.Release())
}

// isComplete reports whether dir was filled to the end and its interpreter is
// still there (a system upgrade may have taken away what a venv links to).
func isComplete(dir string, py python, l layout) bool {
	_, errMarker := os.Stat(filepath.Join(dir, marker))
	_, errPython := os.Stat(installed(dir, py, l).python)
	return errMarker == nil && errPython == nil
}

func installed(dir string, py python, l layout) installation {
	env := pythonEnv()
	if l == layoutTarget {
		return installation{python: py.path, env: append(env, "PYTHONPATH="+filepath.Join(dir, "packages"))}
	}
	return installation{python: filepath.Join(dir, "venv", "bin", "python"), env: env}
}

// fill installs into dir from nothing. The lock's file is inherited by what it
// runs, see cache.Lock.File.
func fill(ctx context.Context, dir string, py python, l layout, lock *cache.Lock, progress func(string)) error {
	start := time.Now()
	progress("installing the AWS emulator into " + dir + " (once, about half a minute)")
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing a partial installation: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the emulator's folder: %w", err)
	}
	wanted := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(wanted, []byte(requirements), 0o644); err != nil {
		return fmt.Errorf("writing the emulator's requirements: %w", err)
	}
	log, err := os.Create(dir + ".install.log")
	if err != nil {
		return fmt.Errorf("creating the installation's log: %w", err)
	}
	defer log.Close()
	for _, args := range commands(dir, wanted, py, l) {
		if err := run(ctx, installed(dir, py, l).env, args, lock, log, progress); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, marker), nil, 0o644); err != nil {
		return fmt.Errorf("marking the installation complete: %w", err)
	}
	progress(fmt.Sprintf("installed the AWS emulator in %.0f s", time.Since(start).Seconds()))
	return nil
}

// commands lists what to run to fill dir. Only wheels, and only what the
// requirements name: nothing unpinned is resolved and no package's own build
// script runs.
func commands(dir, wanted string, py python, l layout) [][]string {
	pip := []string{
		"-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
		"--no-deps", "--only-binary=:all:", "--no-compile", "-r", wanted,
	}
	verify := append([]string{"-c", verifyScript}, strings.Fields(warmServices)...)
	interpreter := installed(dir, py, l).python
	if l == layoutTarget {
		return [][]string{
			append(append([]string{py.path}, pip...), "--target", filepath.Join(dir, "packages")),
			append([]string{interpreter}, verify...),
		}
	}
	return [][]string{
		{py.path, "-m", "venv", filepath.Join(dir, "venv")},
		append([]string{interpreter}, pip...),
		append([]string{interpreter}, verify...),
	}
}

// run runs one command of the installation, its output in the log and pip's
// steps told as progress.
func run(ctx context.Context, env, args []string, lock *cache.Lock, log *os.File, progress func(string)) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = env
	cmd.ExtraFiles = []*os.File{lock.File()}
	killGroupOnCancel(cmd)
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	told := make(chan struct{})
	go func() {
		defer close(told)
		tell(io.TeeReader(reader, log), progress)
	}()
	err := cmd.Run()
	_ = writer.Close()
	<-told
	if err != nil {
		return fmt.Errorf("running %s (log %s): %w\n%s", strings.Join(args, " "), log.Name(), err, tail(log.Name()))
	}
	return nil
}

// tell reports the packages that pip collects, and its long silent last step.
func tell(output io.Reader, progress func(string)) {
	total, n := countPackages(), 0
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) > 1 && fields[0] == "Collecting":
			n++
			progress(fmt.Sprintf("fetching package %d of %d: %s", n, total, fields[1]))
		case strings.HasPrefix(lines.Text(), "Installing collected packages"):
			progress("unpacking packages")
		}
	}
	// A line too long for the scanner must not block the command's writes.
	_, _ = io.Copy(io.Discard, output)
}

// countPackages counts the distinct packages named in the requirements.
func countPackages() int {
	names := map[string]bool{}
	for line := range strings.Lines(requirements) {
		if name, _, pinned := strings.Cut(line, "=="); pinned && !strings.HasPrefix(line, "#") {
			names[name] = true
		}
	}
	return len(names)
}

// killGroupOnCancel makes the command a process group of its own that ends as
// a whole when the command's context does.
func killGroupOnCancel(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
}

// tail returns the end of a log for an error message.
func tail(path string) string {
	const most = 2000
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-most):])
}
