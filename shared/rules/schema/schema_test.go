package schema

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{ // "" = fits
		"version: 1\n":                  "",
		"version: 1\nkill_switch: true": "",
		"version: 2\n":                  "version",
		"version: 1\nkill: true":        "kill",
		"":                              "got null",
		"a: [":                          "as YAML",
	} {
		err := v.Validate([]byte(file))
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: want an error with %q, got %v", file, want, err)
		}
	}
}

// Editors show descriptions: each field of the file's top level has one.
func TestTopLevelIsDescribed(t *testing.T) {
	t.Parallel()
	var doc struct {
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal([]byte(JSON), &doc); err != nil {
		t.Fatal(err)
	}
	for name, p := range doc.Properties {
		if p.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
	if len(doc.Properties) != 16 {
		t.Errorf("the schema has %d fields, want 16", len(doc.Properties))
	}
}
