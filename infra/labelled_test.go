package infra

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestPatternsAreLabelled: AWS's own matcher has labelled vectors for patterns of each form that the templates hold. Names of calls and of resource types come
// and go with the catalogue, and change nothing about how a pattern is matched.
func TestPatternsAreLabelled(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../shared/localcloud/pattern/testdata/patterns.json")
	if err != nil {
		t.Fatal(err)
	}
	var labelled map[string]any
	if err := json.Unmarshal(raw, &labelled); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range labelled {
		known[form(p)] = true
	}
	for _, stack := range []string{"shoreup", "shoreup-home", "shoreup-hub"} {
		for id, r := range today()[stack].of("AWS::Events::Rule") {
			if p := r.Properties["EventPattern"]; p != nil && !known[form(filled(p))] {
				t.Errorf("%s %s: no labelled pattern is of the form %s; see shared/localcloud/pattern/testdata/ruler", stack, id, form(filled(p)))
			}
		}
	}
}

// form is a pattern without its texts: its fields, and in each which operators there are.
func form(v any) string {
	var parts []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			parts = append(parts, k+":"+form(x))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, " ") + "}"
	case []any:
		for _, x := range v {
			parts = append(parts, form(x))
		}
		slices.Sort(parts)
		return "[" + strings.Join(slices.Compact(parts), " ") + "]"
	}
	return fmt.Sprintf("%T", v)
}
