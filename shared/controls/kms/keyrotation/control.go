// Package keyrotation turns on the yearly rotation of customer managed KMS keys.
package keyrotation

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/kmsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is whether KMS rotates the key.
type State struct {
	Rotation bool `json:"rotation"`

	Description string            `json:"description" aws:"context"`
	Replicas    []string          `json:"replicas" aws:"context"` // Regions of a multi-Region key's replicas
	Tags        map[string]string `json:"tags" aws:"context"`
}

// Context says whose key it is and what it is for.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Tags, Owner: s.Tags["owner"]}
	if s.Description != "" {
		c.Facts = append(c.Facts, fmt.Sprintf("key %q", s.Description))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "kms-key-rotation", Version: 1, Title: "Rotate customer managed KMS keys",
		Service: "kms", Family: "storage", Type: kmsapi.Key,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsNothing,
		SecurityHub: []string{"KMS.4"}, ConfigRules: []string{"CMK_BACKING_KEY_ROTATION_ENABLED"},
		Frameworks: map[string][]string{"cis_v3": {"3.6"}, "cis_v5": {"3.6"}, "nist_csf_2": {"PR.DS-01"}, "pci_dss_v4": {"3.7.4", "3.7.5"}},
		Events:     []string{"kms.amazonaws.com:CreateKey", "kms.amazonaws.com:DisableKeyRotation"},
		Reads:      []awsapi.Op{kmsapi.DescribeKey.Op, kmsapi.GetKeyRotationStatus.Op, kmsapi.ListResourceTags.Op},
		Writes:     []awsapi.Op{kmsapi.EnableKeyRotation.Op},
		Undoes:     []awsapi.Op{kmsapi.DisableKeyRotation.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request for a key that cannot be rotated, two for one that is, three for one that is not.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	key, err := kmsapi.ReadKey(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	if why := exempt(key); why != "" {
		return State{}, core.NotApplicable(why)
	}
	state := State{Description: key.Description, Replicas: key.Replicas}
	if state.Rotation, err = kmsapi.ReadRotation(ctx, s, r.ID); err != nil || state.Rotation {
		return state, err
	}
	state.Tags, err = kmsapi.ReadTags(ctx, s, r.ID)
	return state, err
}

// exempt says why KMS does not let the customer turn on rotation. Source: KMS API reference, EnableKeyRotation.
func exempt(k kmsapi.Facts) string {
	switch {
	case k.Manager != "CUSTOMER":
		return "AWS manages the key, and rotates it by itself"
	case k.Spec != "SYMMETRIC_DEFAULT":
		return fmt.Sprintf("a key of kind %s cannot be rotated by KMS: only symmetric encryption keys can", k.Spec)
	case k.Origin != "AWS_KMS":
		return fmt.Sprintf("the key's material comes from elsewhere (%s), so that KMS cannot rotate it: only its owner can", k.Origin)
	case k.Replica:
		return "the key is a multi-Region replica: rotation is set on its primary, and judged there"
	case k.State != "Enabled":
		return fmt.Sprintf("the key is in state %s: it encrypts nothing now", k.State)
	}
	return ""
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Rotation {
		return nil
	}
	return []core.Violation{{Rule: "rotation-off", Where: "key rotation", Reason: "KMS does not rotate the key: everything that was ever encrypted with it hangs on the same key material"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	fix := core.Fix[State]{
		After: State{Rotation: true},
		Changes: []core.Change{{
			Why: "turn on rotation, once a year from today; the key's id, policy and old material stay",
			Do:  kmsapi.SetRotation(r.ID, true), Undo: []awsapi.Call{kmsapi.SetRotation(r.ID, false)},
		}},
		Notes: []string{"what is encrypted already stays under the old material, which KMS keeps", "the first and the second rotation each add 1 USD a month; later ones cost nothing more"},
	}
	if len(s.Replicas) > 0 {
		fix.Notes = append(fix.Notes, "the key's replicas are rotated with it: "+strings.Join(s.Replicas, ", "))
	}
	return fix, nil
}
