package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/cache"
)

// checkout makes a small module of our name with the given functions.
func checkout(t *testing.T, functions map[string]string) string {
	t.Helper()
	t.Setenv(cache.EnvDir, t.TempDir())
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "// a comment\nmodule "+Module+"\n\ngo 1.26\n")
	for name, source := range functions {
		write(t, filepath.Join(root, "functions", name, "main.go"), source)
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func says(text string) string {
	return "package main\n\nfunc main() { print(\"" + text + "\") }\n"
}

func output(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command(path).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestBuildsAndRebuilds(t *testing.T) {
	root := checkout(t, map[string]string{"evaluate": says("one"), "apply": says("two")})
	t.Setenv("GOOS", "plan9") // of the caller's own build: not ours
	var told []string
	progress := func(s string) { told = append(told, s) }
	paths, err := functionsIn(t.Context(), root, []string{"evaluate", "apply"}, progress)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{output(t, paths["evaluate"]), output(t, paths["apply"])}
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(told, "\n"), "compiling "+Module+"/functions/apply") {
		t.Errorf("progress: %q", told)
	}

	write(t, filepath.Join(root, "functions", "evaluate", "main.go"), says("three"))
	if paths, err = functionsIn(t.Context(), root, []string{"evaluate"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := output(t, paths["evaluate"]); got != "three" {
		t.Errorf("after an edit the function says %q, want three", got)
	}
	entries, err := os.ReadDir(filepath.Dir(paths["evaluate"]))
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v, want the two binaries alone", entries, err)
	}
}

// Linking is most of the time that a repeated build takes, so what is up to date is taken as it is.
func TestLinksOnlyWhatChanged(t *testing.T) {
	root := checkout(t, map[string]string{"evaluate": says("one"), "apply": says("two")})
	marked := map[string]bool{}
	build := func() map[string]bool {
		t.Helper()
		paths, err := functionsIn(t.Context(), root, []string{"evaluate", "apply"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			marked[name] = strings.HasSuffix(string(raw), "marked")
			if !marked[name] { // what stands behind the program is nobody's business, and gone when it is linked again
				write(t, path, string(raw)+"marked")
			}
		}
		return marked
	}
	build()
	if diff := cmp.Diff(map[string]bool{"evaluate": true, "apply": true}, build()); diff != "" {
		t.Errorf("without an edit, taken as they were (-want +got):\n%s", diff)
	}
	write(t, filepath.Join(root, "functions", "apply", "main.go"), says("three"))
	if diff := cmp.Diff(map[string]bool{"evaluate": true, "apply": false}, build()); diff != "" {
		t.Errorf("after an edit, taken as they were (-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	root := checkout(t, map[string]string{"broken": "package main\n\nfunc main() { undefinedName() }\n"})
	tests := []struct{ name, want string }{
		{"broken", "undefined: undefinedName"},
		{"missing", "functions/missing"},
		{"../cmd", "not the name of a folder"},
		{"", "not the name of a folder"},
		{"-o", "not the name of a folder"},
	}
	for _, tt := range tests {
		if _, err := functionsIn(t.Context(), root, []string{tt.name}, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("building %q: %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	if paths, err := functionsIn(t.Context(), root, nil, nil); err != nil || len(paths) != 0 {
		t.Errorf("building nothing: %v, %v", paths, err)
	}
}

func TestModuleRoot(t *testing.T) {
	root := checkout(t, map[string]string{"evaluate": says("x")})
	deep := filepath.Join(root, "functions", "evaluate")
	inner := filepath.Join(root, "other")
	write(t, filepath.Join(inner, "go.mod"), "module example.com/other\n")
	for _, dir := range []string{root, deep, inner} {
		if got, ok := rootAbove(dir); !ok || got != root {
			t.Errorf("rootAbove(%s) = %s, %v, want %s", dir, got, ok, root)
		}
	}
	if got, err := ModuleRoot(t.Context()); err != nil {
		t.Error(err)
	} else if _, err := os.Stat(filepath.Join(got, "shared", "localcloud", "build", "build.go")); err != nil {
		t.Errorf("ModuleRoot = %s: %v", got, err)
	}
	t.Chdir(t.TempDir())
	if got, err := ModuleRoot(t.Context()); err == nil {
		t.Errorf("ModuleRoot outside of any checkout = %s, want an error", got)
	}
}
