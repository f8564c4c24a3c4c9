// Package ebsdefaultencryption turns on the encryption of new EBS volumes in an account's Region.
package ebsdefaultencryption

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is the setting. The rest warns people, and is read once the setting is off.
type State struct {
	Enabled      bool   `json:"enabled"`
	Key          string `json:"key" aws:"context"` // that new volumes would get; empty if it could not be read
	Images       int    `json:"images" aws:"context"`
	PublicImages int    `json:"publicImages" aws:"context"`
}

// Context says what else is in the Region.
func (s State) Context() core.Context {
	if s.Enabled {
		return core.Context{}
	}
	return core.Context{Facts: []string{fmt.Sprintf("the account's own images in the Region: %d, of them public: %d", s.Images, s.PublicImages)}}
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-ebs-default-encryption", Version: 1, Title: "Encrypt new EBS volumes by default",
		Service: "ec2", Family: "storage", Type: ec2api.EncryptionDefault, AccountWide: true,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"EC2.7"},
		ConfigRules: []string{"EC2_EBS_ENCRYPTION_BY_DEFAULT"},
		Frameworks:  map[string][]string{"cis_v3": {"2.2.1"}, "cis_v5": {"5.1.1"}, "nist_csf_2": {"PR.DS-01"}},
		Events:      []string{"ec2.amazonaws.com:DisableEbsEncryptionByDefault"},
		Reads:       []awsapi.Op{ec2api.GetEncryptionByDefault.Op, ec2api.GetDefaultKey.Op, ec2api.DescribeImages.Op},
		Writes:      []awsapi.Op{ec2api.EnableEncryptionByDefault.Op},
		Undoes:      []awsapi.Op{ec2api.DisableEncryptionByDefault.Op},
		Doc:         doc,
	}, read, judge, plan)
}

func read(ctx context.Context, s awsapi.Session, _ awsapi.Resource) (State, error) {
	var state State
	var err error
	if state.Enabled, err = ec2api.ReadEncryptionByDefault(ctx, s); err != nil || state.Enabled {
		return state, err
	}
	// The key only warns people: a Region that cannot answer is a warning of its own, while a denied read is blindness like any other.
	if state.Key, err = ec2api.ReadDefaultKey(ctx, s); awsapi.IsAccessDenied(err) || ctx.Err() != nil {
		return state, err
	}
	state.Images, state.PublicImages, err = ec2api.CountImages(ctx, s)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Enabled {
		return nil
	}
	return []core.Violation{{Rule: "default-off", Where: "EBS encryption by default", Reason: "new EBS volumes and copies of snapshots are not encrypted unless whoever makes them asks for it"}}
}

func plan(_ awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	return core.Fix[State]{
		After: State{Enabled: true},
		Changes: []core.Change{{
			Why: "turn on EBS encryption by default in this Region",
			Do:  ec2api.SetEncryptionByDefault(true), Undo: []awsapi.Call{ec2api.SetEncryptionByDefault(false)},
		}},
		NeverAuto: cautions(s),
		Notes: []string{
			"volumes and snapshots that are there stay as they are",
			"snapshots and images that are made from now on are encrypted; under aws/ebs they cannot be shared with other accounts, so whoever shares snapshots needs a customer key first (EC2 does not list what is shared with whom)",
			"instance types that do not support EBS encryption (some of the first generations) can no longer be launched in the Region",
		},
	}, nil
}

// cautions says why a person should look first.
func cautions(s State) []string {
	var out []string
	switch {
	case s.Key == "":
		out = append(out, "which key new volumes would get could not be read: check that it is enabled (aws ec2 get-ebs-default-kms-key-id)")
	case !strings.HasSuffix(s.Key, ec2api.AWSKey):
		out = append(out, fmt.Sprintf("new volumes get the key %s: launches fail while it is disabled, and Auto Scaling's service-linked role needs a grant on it", s.Key))
	}
	if s.Images > 0 {
		out = append(out, fmt.Sprintf("the account makes images of its own (%d, %d of them public): images shared with other accounts need a customer key, and an encrypted image cannot be public", s.Images, s.PublicImages))
	}
	return out
}
