// Package schema holds the JSON Schema of shoreup.yaml, by which editors complete and check the file, and checks files
// against it. The rules package decides what loads; the schema never refuses what loads, and what it cannot express
// (names of groups, dates that exist, tags that are trusted) only loading finds. Functions do not link this package.
package schema

import (
	"bytes"
	_ "embed" // for the schema file
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// JSON is the schema (draft 2020-12), for editors.
//
//go:embed shoreup.schema.json
var JSON string

const name = "shoreup.schema.json"

// Validator checks files. It is safe for concurrent use.
type Validator struct{ schema *jsonschema.Schema }

// New compiles the schema. It reads nothing but JSON.
func New() (*Validator, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(JSON)))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("adding %s: %w", name, err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compiling %s: %w", name, err)
	}
	return &Validator{schema: compiled}, nil
}

// Validate checks one file. The error is a *jsonschema.ValidationError if the file is YAML but does not fit.
func (v *Validator) Validate(file []byte) error {
	asJSON, err := yaml.YAMLToJSON(file)
	if err != nil {
		return fmt.Errorf("reading rules file as YAML: %w", err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return fmt.Errorf("reading rules file as YAML: %w", err)
	}
	return v.schema.Validate(value)
}
