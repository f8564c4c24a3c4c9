// Package snapshotencryption reports EBS snapshots that are not encrypted, and says how to replace them.
package snapshotencryption

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

// State is whether the snapshot is encrypted, and what is shown of it.
type State struct {
	Encrypted bool                `json:"encrypted"`
	Snapshot  ec2api.SnapshotInfo `json:"snapshot" aws:"context"`
}

// Context says whose snapshot it is and where it came from.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Snapshot.Tags, Owner: s.Snapshot.Tags["owner"]}
	c.Facts = append(c.Facts, fmt.Sprintf("%d GiB, of volume %s", s.Snapshot.SizeGiB, s.Snapshot.Volume))
	if s.Snapshot.Description != "" {
		c.Facts = append(c.Facts, fmt.Sprintf("described as %q", s.Snapshot.Description))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-snapshot-encrypted", Version: 1, Title: "Replace unencrypted EBS snapshots",
		Service: "ec2", Family: "storage", Type: ec2api.Snapshot,
		Severity: core.Medium, Reversible: core.AdviceOnly, Disruption: core.DisruptsNothing,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.DS-01"}},
		Events: []string{
			"ec2.amazonaws.com:CreateSnapshot", "ec2.amazonaws.com:CreateSnapshots", "ec2.amazonaws.com:CopySnapshot",
		},
		Reads: []awsapi.Op{ec2api.DescribeSnapshots.Op},
		Doc:   doc,
	}, read, judge, plan)
}

func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	snap, err := ec2api.ReadSnapshot(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	if snap.Owner != r.Account {
		return State{}, core.NotApplicable(fmt.Sprintf("the snapshot belongs to account %s", snap.Owner))
	}
	return State{snap.Encrypted, snap}, nil
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Encrypted {
		return nil
	}
	return []core.Violation{{Rule: "not-encrypted", Where: "snapshot", Reason: "the snapshot is not encrypted: whoever it is shared with can read it"}}
}

// plan gives advice alone: a snapshot is encrypted only as a copy (EBS user guide, "Encrypt EBS resources"), and old copies are deleted by people only.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	region := " --region " + r.Region
	steps := []string{
		"Copy it encrypted, and wait: aws ec2 copy-snapshot" + region + " --source-region " + r.Region + " --source-snapshot-id " + r.ID +
			" --encrypted [--kms-key-id KEY]; carry over tags. Choose a customer key if the copy will be shared: copies under aws/ebs cannot be.",
		"See whether an image uses it: aws ec2 describe-images" + region + " --owners self --filters Name=block-device-mapping.snapshot-id,Values=" + r.ID +
			". If so, copy the image instead (aws ec2 copy-image --encrypted), and move launch templates to the new one.",
		"Point whatever names the snapshot (launch templates, restore scripts, stacks) to the copy, and restore a volume from it once to see that it works.",
		"Let its owner retire the old one: aws ec2 delete-snapshot" + region + " --snapshot-id " + r.ID,
	}
	if by := keeper(s.Snapshot.Tags); by != "" {
		steps = append(steps, by+" made it and will delete it by its own plan: encrypt the volume "+s.Snapshot.Volume+", and the next ones are encrypted")
	}
	return core.Fix[State]{Advice: []core.Advice{{
		Title: "Replace snapshot " + r.ID + " by an encrypted copy", Steps: steps, Outage: "none",
		Cost: fmt.Sprintf("a full copy (not an incremental one) of up to %d GiB until the old one is deleted", s.Snapshot.SizeGiB),
	}}}, nil
}

// keeper names the service that makes and deletes the snapshot, by the tags that it sets.
func keeper(tags map[string]string) string {
	for _, service := range []struct{ prefix, name string }{{"aws:backup:", "AWS Backup"}, {"aws:dlm:", "Data Lifecycle Manager"}} {
		for k := range tags {
			if strings.HasPrefix(k, service.prefix) {
				return service.name
			}
		}
	}
	return ""
}
