package rules_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shoreup/shoreup/shared/rules"
)

// Any bytes: no panic, a file or a located error, the same decision each time, no write that the text does not speak
// of, and nothing that the schema would refuse.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.yaml", "testdata/invalid/*.yaml", "testdata/example.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	v := validator(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := rules.Load(data)
		if (file == nil) != (err != nil) {
			t.Fatalf("file %v with error %v", file, err)
		}
		if err != nil {
			var problems *rules.LoadError
			if !errors.As(err, &problems) || len(problems.Problems) == 0 {
				t.Fatalf("the error lists no problem: %v", err)
			}
			for _, p := range problems.Problems {
				if p.Line < 1 || p.Column < 1 || p.Text == "" {
					t.Fatalf("problem without a place: %+v", p)
				}
			}
			return
		}
		again, err := rules.Load(bytes.Clone(data))
		if err != nil {
			t.Fatalf("loads once only: %v", err)
		}
		first, second := file.Decide(bucket(), now), again.Decide(bucket(), now)
		if diff := cmp.Diff(first, second); diff != "" || file.Hash() != again.Hash() {
			t.Fatalf("two loads decide differently:\n%s", diff)
		}
		spoken := bytes.Contains(data, []byte(first.Mode.String())) || bytes.Contains(data, []byte(`\`))
		if first.Mode.Writes() && !spoken {
			t.Fatalf("decides %s, which the file never says", first.Mode)
		}
		if err := v.Validate(data); err != nil {
			t.Fatalf("loads, but the schema refuses it: %v", err)
		}
	})
}
