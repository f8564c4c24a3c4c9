package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListsAreCurrent(t *testing.T) {
	t.Parallel()
	want, err := sources("../..")
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob("../*/controls.go")
	if err != nil {
		t.Fatal(err)
	}
	have := []string{"all.go"}
	for _, file := range there {
		have = append(have, filepath.Base(filepath.Dir(file))+"/controls.go")
	}
	slices.Sort(have)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), have); diff != "" {
		t.Errorf("the lists that should be there (-) and those that are (+); go generate ./shared/catalog writes what is missing:\n%s", diff)
	}
	for name, source := range want {
		content, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			continue // told above
		}
		if diff := cmp.Diff(string(source), string(content)); diff != "" {
			t.Errorf("%s is not current; run go generate ./shared/catalog (-want +have):\n%s", name, diff)
		}
	}
}

// Started in another folder, the generator would write an empty catalogue there.
func TestNoControlsIsAMistake(t *testing.T) {
	t.Parallel()
	if files, err := sources(t.TempDir()); err == nil || len(files) > 0 {
		t.Errorf("got %d files, %v", len(files), err)
	}
}

func TestFamilyIsReadFromTheDeclaration(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`package c; var m = core.Meta{ID: "s3-x", Family: "storage"}`:   "storage",
		`package c; var m = core.Meta{Family: core.FamilyIAM, ID: "x"}`: "iam",
		`package c; var m = core.Meta{ID: "s3-x"}`:                      "declares no Family",
		`package c; var m = core.Meta{`:                                 "expected",
	} {
		file := filepath.Join(t.TempDir(), "control.go")
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := familyOf(file)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}
