package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

// planFile is what plan --out writes. Apply takes from it which plans are meant, by id, hash, control and resource; the calls in it are for
// people to read, and are never made.
type planFile struct {
	Format string         `json:"format"` // planFormat
	Digest string         `json:"digest"` // of the canonical plans: an edited file is refused
	Plans  []core.Finding `json:"plans"`
}

const planFormat = "shoreup plans 1"

var errEdited = errors.New("the file was changed after it was written: plan again")

func writePlanFile(path string, p *planned) error {
	f := planFile{Format: planFormat, Plans: []core.Finding{}}
	for _, finding := range p.Plans {
		if len(finding.Changes) > 0 {
			f.Plans = append(f.Plans, finding)
		}
	}
	var err error
	if f.Digest, err = digest(f.Plans); err != nil {
		return err
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the plans: %w", err)
	}
	return nil
}

func readPlanFile(path string) ([]core.Finding, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plans: %w", err)
	}
	return parsePlanFile(path, raw)
}

// parsePlanFile accepts only what writePlanFile wrote.
func parsePlanFile(path string, raw []byte) ([]core.Finding, error) {
	var head struct {
		Format string          `json:"format"`
		Digest string          `json:"digest"`
		Plans  json.RawMessage `json:"plans"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("reading %s: it is not a plan file: %w", path, err)
	}
	if head.Format != planFormat {
		return nil, fmt.Errorf("reading %s: format %q is not %q; make one with shoreup plan --out", path, head.Format, planFormat)
	}
	canonical, err := canon.Marshal(head.Plans)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if canon.Hash(canonical) != head.Digest {
		return nil, fmt.Errorf("reading %s: %w", path, errEdited)
	}
	var plans []core.Finding
	if err := json.Unmarshal(head.Plans, &plans); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return plans, nil
}

// digest is the hash of the plans in canonical form, so that reformatting the file is no change and editing it is.
func digest(plans []core.Finding) (string, error) {
	raw, err := json.Marshal(plans)
	if err != nil {
		return "", err
	}
	canonical, err := canon.Marshal(json.RawMessage(raw))
	if err != nil {
		return "", err
	}
	return canon.Hash(canonical), nil
}
