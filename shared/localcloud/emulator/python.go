package emulator

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// minMinor is the oldest Python 3 the emulator's release supports.
const minMinor = 10

// howToInstall ends every error that a missing interpreter or module causes.
const howToInstall = "install it, for example: `apt-get install python3 python3-venv` (Debian, Ubuntu), " +
	"`dnf install python3 python3-pip` (Fedora), `brew install python` (macOS)"

// probeScript prints the version and which of three modules there are.
// Debian ships venv without the ensurepip it needs, so all are asked for.
const probeScript = `import sys, importlib.util as u
print(sys.version_info[0], sys.version_info[1], *(int(u.find_spec(m) is not None) for m in ("venv", "ensurepip", "pip")))`

// python is an interpreter found on this machine.
type python struct {
	path         string
	major, minor int
	venv, pip    bool // can make a virtual environment with pip in it; has pip itself
}

// layout says how packages are kept apart from the machine's own.
type layout string

const (
	layoutVenv   layout = "venv"   // a virtual environment
	layoutTarget layout = "target" // pip install --target, where venv is missing
)

// findPython returns the first interpreter on PATH that is new enough and can
// install packages, with the layout to install them in.
func findPython(ctx context.Context) (python, layout, error) {
	names := []string{"python3"}
	for minor := 20; minor >= minMinor; minor-- {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	var found []error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		p, err := probe(ctx, path)
		if err == nil {
			var l layout
			if l, err = p.layout(); err == nil {
				return p, l, nil
			}
		}
		found = append(found, err)
	}
	if len(found) == 0 {
		return python{}, "", fmt.Errorf("finding python3 on PATH: the AWS emulator needs Python 3.%d or later: %s", minMinor, howToInstall)
	}
	return python{}, "", fmt.Errorf("finding a usable python3: %w", errors.Join(found...))
}

func probe(ctx context.Context, path string) (python, error) {
	cmd := exec.CommandContext(ctx, path, "-c", probeScript)
	cmd.Env = pythonEnv()
	out, err := cmd.Output()
	if err != nil {
		return python{}, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	return parseProbe(path, string(out))
}

func parseProbe(path, out string) (python, error) {
	p := python{path: path}
	var venv, ensurepip, pip int
	if _, err := fmt.Sscan(strings.TrimSpace(out), &p.major, &p.minor, &venv, &ensurepip, &pip); err != nil {
		return python{}, fmt.Errorf("reading the version of %s from %q: %w", path, out, err)
	}
	p.venv, p.pip = venv == 1 && ensurepip == 1, pip == 1
	return p, nil
}

// layout returns how p can install packages, or an error that says what to
// install.
func (p python) layout() (layout, error) {
	switch {
	case p.major != 3 || p.minor < minMinor:
		return "", fmt.Errorf("%s is Python %d.%d, the AWS emulator needs 3.%d or later: %s", p.path, p.major, p.minor, minMinor, howToInstall)
	case p.venv:
		return layoutVenv, nil
	case p.pip:
		return layoutTarget, nil
	default:
		return "", fmt.Errorf("%s (Python 3.%d) has neither venv with ensurepip nor pip: %s", p.path, p.minor, howToInstall)
	}
}
