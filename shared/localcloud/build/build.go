// Package build makes the function binaries that the local cloud runs, and the
// command that tests run, out of the sources of this checkout.
//
// The flags share Go's build cache with `go run` and `go test`. Of the 219
// packages under a small function, the tag lambda.norpc changes two (and
// keeps net/rpc out of the binary); CGO_ENABLED=0 changes net and, through
// it, every AWS client; -trimpath changes all. Compiling the EC2 client anew
// takes a minute and 3 GB, so neither of those is used here: binaries for
// deployment are built elsewhere.
package build

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

// Module is this module's path.
const Module = "github.com/shoreup/shoreup"

// tellEvery is how often a silent compiler is said to be still at it.
const tellEvery = 10 * time.Second

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Functions builds ./functions/NAME for each name, for this machine, and
// returns the binaries' paths by name. They lie in the cache folder, apart for
// each checkout. progress, if not nil, is told what is happening: the first
// build takes minutes, a repeated one a second.
func Functions(ctx context.Context, names []string, progress func(string)) (map[string]string, error) {
	root, err := ModuleRoot(ctx)
	if err != nil {
		return nil, err
	}
	return functionsIn(ctx, root, names, progress)
}

func functionsIn(ctx context.Context, root string, names []string, progress func(string)) (map[string]string, error) {
	packages := []string{}
	for _, name := range names {
		if !validName.MatchString(name) {
			return nil, fmt.Errorf("building functions: %q is not the name of a folder below functions", name)
		}
		packages = append(packages, "./functions/"+name)
	}
	if len(names) == 0 {
		return map[string]string{}, nil
	}
	return into(ctx, "functions", root, packages, []string{"-tags=lambda.norpc", "-ldflags=-s -w"}, progress)
}

// Command builds the command line as people do, and returns the binary's path
// in the cache folder. Tests of several packages need it: what is up to date
// is not linked again.
func Command(ctx context.Context) (string, error) {
	root, err := ModuleRoot(ctx)
	if err != nil {
		return "", err
	}
	paths, err := into(ctx, "command", root, []string{"./cmd/shoreup"}, nil, nil)
	return paths["shoreup"], err
}

// into builds packages into a folder of the cache that is this checkout's, and
// returns the binaries' paths by name.
func into(ctx context.Context, kind, root string, packages, flags []string, progress func(string)) (map[string]string, error) {
	if progress == nil {
		progress = func(string) {}
	}
	dir, err := cache.Dir(kind, fmt.Sprintf("%x", sha256.Sum256([]byte(root)))[:12])
	if err != nil {
		return nil, err
	}
	lock, err := cache.Acquire(ctx, dir+".lock", func() {
		progress("waiting for another process that is building the same")
	})
	if err != nil {
		return nil, err
	}
	err = buildInto(ctx, root, dir, packages, flags, progress)
	if err = errors.Join(err, lock.Release()); err != nil {
		return nil, fmt.Errorf("building %s: %w", strings.Join(packages, ", "), err)
	}
	paths := map[string]string{}
	for _, p := range packages {
		paths[filepath.Base(p)] = filepath.Join(dir, filepath.Base(p))
	}
	return paths, nil
}

// buildInto builds beside dir and renames, because a binary that is running
// can be replaced but not written to.
func buildInto(ctx context.Context, root, dir string, packages, flags []string, progress func(string)) error {
	fresh, err := os.MkdirTemp(dir, ".build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for _, p := range packages {
		if err := reuse(filepath.Join(dir, filepath.Base(p)), fresh); err != nil {
			return err
		}
	}
	// The separator at the end makes it a folder, which takes several binaries.
	args := slices.Concat([]string{"build", "-v", "-buildvcs=false", "-o", fresh + string(filepath.Separator)}, flags, packages)
	if err := goCommand(ctx, root, args, progress); err != nil {
		return err
	}
	for _, p := range packages {
		name := filepath.Base(p)
		if err := os.Rename(filepath.Join(fresh, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("putting %s in place: %w", name, err)
		}
	}
	return nil
}

// reuse copies a binary that was built before, if there is one: go looks into it and links only what is not up to date, which takes a second for each function.
func reuse(binary, into string) error {
	from, err := os.Open(binary)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(into, filepath.Base(binary)), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// goCommand runs go, telling the packages it compiles and, while it says
// nothing, that it goes on.
func goCommand(ctx context.Context, root string, args []string, progress func(string)) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	// Interrupted, go ends its compilers too; killed, it would leave them.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	// The binaries are for this machine whatever the caller builds for.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "GOOS=") || strings.HasPrefix(entry, "GOARCH=")
	})
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running go (is Go installed and on PATH?): %w", err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		_ = writer.Close()
	}()
	said := tell(reader, progress)
	if err := <-ended; err != nil {
		return fmt.Errorf("running go %s: %w\n%s", args[0], err, strings.Join(said, "\n"))
	}
	return nil
}

// tell reads go's output to its end. It returns the lines that are not names
// of packages: the compiler's errors.
func tell(output io.Reader, progress func(string)) []string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(output)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, output) // a longer line must not block go
	}()
	start, compiled, last := time.Now(), 0, ""
	ticks := time.NewTicker(tellEvery)
	defer ticks.Stop()
	var rest []string
	for {
		select {
		case line, more := <-lines:
			switch {
			case !more:
				return rest
			case isPackage(line):
				compiled, last = compiled+1, line
				progress("compiling " + line)
			default:
				rest = append(rest, line)
			}
		case <-ticks.C:
			progress(fmt.Sprintf("still compiling after %.0f s: %d packages so far, last %s", time.Since(start).Seconds(), compiled, last))
		}
	}
}

// isPackage tells an import path, alone on its line, from a message.
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " \t:#")
}

// ModuleRoot returns the folder of this module's go.mod: the nearest one above
// the working folder if it is ours, else where go finds the module from here.
func ModuleRoot(ctx context.Context) (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the sources: %w", err)
	}
	if root, ok := rootAbove(wd); ok {
		return root, nil
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", Module).Output()
	if root := strings.TrimSpace(string(out)); err == nil && root != "" {
		return root, nil
	}
	return "", fmt.Errorf("finding the sources of %s from %s: run this inside a checkout of it", Module, wd)
}

func rootAbove(dir string) (string, bool) {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && modulePath(string(text)) == Module {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// modulePath returns the path in a go.mod's module line.
func modulePath(mod string) string {
	for line := range strings.Lines(mod) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], `"`)
		}
	}
	return ""
}
