package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	if len(f.Plans) > mostPlans || len(b) >= mostPlanBytes { // apply would not take it
		return fmt.Errorf("writing the plans: %w", errTooMany)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the plans: %w", err)
	}
	return nil
}

// What a plan file may be at most: 6.7 KB for each of so many plans.
const (
	mostPlanBytes = 64 << 20
	mostPlans     = 10_000
)

func readPlanFile(path string) ([]core.Finding, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plans: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostPlanBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the plans: %w", err)
	}
	if len(raw) > mostPlanBytes {
		return nil, fmt.Errorf("reading %s: %w", path, errTooMany)
	}
	return parsePlanFile(path, raw)
}

// parsePlanFile accepts only what writePlanFile wrote, however it is spaced and its keys are ordered.
func parsePlanFile(path string, raw []byte) ([]core.Finding, error) {
	f, err := decodePlanFile(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", path, err)
	case f.format != planFormat:
		return nil, fmt.Errorf("reading %s: format %q is not %q; make one with shoreup plan --out", path, f.format, planFormat)
	case f.digest != hex.EncodeToString(f.sum.Sum(nil)):
		return nil, fmt.Errorf("reading %s: %w", path, errEdited)
	}
	return f.plans, nil
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
