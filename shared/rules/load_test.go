package rules_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/rules"
	"github.com/shoreup/shoreup/shared/rules/schema"
)

func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("finding %s: %v, %d files", pattern, err, len(paths))
	}
	out := map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = string(data)
	}
	return out
}

func validator(t testing.TB) *schema.Validator {
	t.Helper()
	v, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The loader may be stricter than the schema, never laxer: what loads is valid by the schema too.
func TestValidFilesLoadAndFitTheSchema(t *testing.T) {
	t.Parallel()
	v := validator(t)
	all := files(t, "testdata/valid/*.yaml")
	for path, data := range files(t, "testdata/example.yaml") {
		all[path] = data
	}
	for path, data := range all {
		f, err := rules.Load([]byte(data))
		if err != nil || f == nil {
			t.Errorf("%s does not load: %v", path, err)
		}
		if err := v.Validate([]byte(data)); err != nil {
			t.Errorf("%s does not fit the schema: %v", path, err)
		}
	}
}

// Each invalid file says in its first two lines what the loader must answer, and whether the schema finds it too.
func TestInvalidFilesAreRefused(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for path, data := range files(t, "testdata/invalid/*.yaml") {
		lines := strings.SplitN(data, "\n", 3)
		want, ok := strings.CutPrefix(lines[0], "# want: ")
		bySchema, ok2 := strings.CutPrefix(lines[1], "# schema: ")
		if !ok || !ok2 {
			t.Fatalf("%s does not begin with # want: and # schema:", path)
		}
		f, err := rules.Load([]byte(data))
		var problems *rules.LoadError
		if f != nil || !errors.As(err, &problems) {
			t.Errorf("%s loads (error %v)", path, err)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", path, want, err)
		}
		if got := v.Validate([]byte(data)); (got != nil) != (bySchema == "catches") {
			t.Errorf("%s: the schema should be %q, it says %v", path, bySchema, got)
		}
	}
}

func TestUnreadableBytesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, want string }{
		"nothing":       {"", "1:1: the file is empty"},
		"only comments": {"# version: 1\n", "the file is empty"},
		"not UTF-8":     {"version: 1 # \xff\n", "not valid UTF-8"},
		"byte order":    {"\ufeffversion: 1\n", "byte order mark"},
		"too large":     {"version: 1\n#" + strings.Repeat("x", 128<<10), "the limit is 131072"},
		"deep brackets": {"version: 1\nrules: " + strings.Repeat("[", 3000), "nests lists too deeply"},
		"deep lines":    {"version: 1\nrules: " + strings.Repeat("[\n", 3000), "nested too deeply"},
		"deep dashes":   {strings.Repeat("- ", 3000) + "a", "nests lists too deeply"},
		"deep maps":     {deepMaps(40), "nested too deeply"},
		"bare text":     {"report", "here stands a text; write fields: "},
	} {
		f, err := rules.Load([]byte(c.data))
		if f != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
	}
}

func deepMaps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestAllProblemsAreListedInOrder(t *testing.T) {
	t.Parallel()
	_, err := rules.Load([]byte("version: 2\nkill_switch: 1\nrules:\n  - name: a\n    match: {families: [X]}\n    mode: never\n"))
	var got *rules.LoadError
	if !errors.As(err, &got) {
		t.Fatalf("want a LoadError, got %v", err)
	}
	var at []string
	for _, p := range got.Problems {
		at = append(at, p.Path)
	}
	if want := "version kill_switch rules[0].match.families[0] rules[0].mode"; strings.Join(at, " ") != want {
		t.Errorf("problems at %v, want %s", at, want)
	}
}

func TestHashAndVersion(t *testing.T) {
	t.Parallel()
	const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no bytes
	if got := rules.Default().Hash(); got != ofNothing {
		t.Errorf("Default has hash %s", got)
	}
	if got := rules.Default().Version(); got != "v1-e3b0c44298fc" {
		t.Errorf("Default has version %s", got)
	}
	a := mustLoad(t, "version: 1\n")
	b := mustLoad(t, "version: 1 \n")
	if a.Hash() == b.Hash() || len(a.Hash()) != 64 || a.Version() == b.Version() {
		t.Errorf("hashes %s and %s must differ: the bytes do", a.Hash(), b.Hash())
	}
}

func mustLoad(t testing.TB, data string) *rules.File {
	t.Helper()
	f, err := rules.Load([]byte(data))
	if err != nil {
		t.Fatalf("loading\n%s\n%v", data, err)
	}
	return f
}
