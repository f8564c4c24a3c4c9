package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs the command with its output on a terminal of its own and returns all that it wrote there.
func (p place) onTerminal(env []string, args ...string) string {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	master, terminal := p.terminal()
	defer master.Close()
	cmd := exec.CommandContext(p.t.Context(), path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, append(append([]string{"TERM=xterm"}, p.env...), env...), terminal, terminal
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	terminal.Close() // the command has its own; when that is closed, too, reading ends
	var out bytes.Buffer
	_, _ = io.Copy(&out, master) // ends with an input/output error, as terminals do
	_ = cmd.Wait()               // exit codes are other tests' business
	return out.String()
}

// terminal opens a pseudo-terminal (pty(7)).
func (p place) terminal() (master, terminal *os.File) {
	p.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		p.t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		p.t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	return master, terminal
}

func TestColourOnATerminalOnly(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	steady := func(out string) string { return strings.ReplaceAll(out, "\r\x1b[K", "") } // the line of progress is rubbed out, which is no colour
	if out := p.onTerminal(nil, planBucket...); !strings.Contains(steady(out), "\x1b[") || !strings.Contains(out, p.bucket()) {
		t.Errorf("on a terminal there is no colour: %q", out)
	}
	if out := p.onTerminal([]string{"NO_COLOR=1"}, planBucket...); strings.Contains(steady(out), "\x1b") || !strings.Contains(out, p.bucket()) {
		t.Errorf("in spite of NO_COLOR: %q", out)
	}
	if s := p.want(2, "", planBucket...); strings.Contains(s.out, "\x1b") || !strings.Contains(s.out, p.bucket()) || s.stderr != "" {
		t.Errorf("in a pipe there is colour or chatter: %q %q", s.out, s.stderr)
	}
}
