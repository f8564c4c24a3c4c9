// Package snapshotpublic stops EBS snapshots from being shared with every AWS account.
package snapshotpublic

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ec2api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is who may make volumes of the snapshot. What the snapshot is gets read once it is public.
type State struct {
	Sharing  ec2api.Sharing      `json:"sharing"`
	Snapshot ec2api.SnapshotInfo `json:"snapshot" aws:"context"`
}

// Context says whose snapshot it is and where it came from.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Snapshot.Tags, Owner: s.Snapshot.Tags["owner"]}
	if s.Snapshot.Volume != "" {
		c.Facts = append(c.Facts, fmt.Sprintf("%d GiB, of volume %s", s.Snapshot.SizeGiB, s.Snapshot.Volume))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "ec2-snapshot-public", Version: 1, Title: "Stop sharing EBS snapshots with everybody",
		Service: "ec2", Family: "storage", Type: ec2api.Snapshot,
		Severity: core.Critical, Reversible: core.PartlyReversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"EC2.1"},
		ConfigRules: []string{"EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.AA-05", "PR.DS-01"}},
		Events:      []string{"ec2.amazonaws.com:ModifySnapshotAttribute"},
		Reads:       []awsapi.Op{ec2api.DescribeSnapshotAttribute.Op, ec2api.DescribeSnapshots.Op},
		Writes:      []awsapi.Op{ec2api.UnshareSnapshot.Op},
		Undoes:      []awsapi.Op{ec2api.ModifySnapshotAttribute.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes one request for a snapshot that is not public.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	sharing, err := ec2api.ReadSnapshotSharing(ctx, s, r.ID)
	if err != nil || !sharing.Public {
		return State{Sharing: sharing}, err
	}
	snap, err := ec2api.ReadSnapshot(ctx, s, r.ID)
	return State{sharing, snap}, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if !s.Sharing.Public {
		return nil
	}
	return []core.Violation{{
		Rule: "shared-with-everybody", Where: "create volume permission, group all",
		Reason: "every AWS account can make a volume of the snapshot and read what is on it",
	}}
}

// plan takes the group all out of the permission and nothing else: accounts that are named there keep their access.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	kept := "no other account is named in the permission"
	if n := len(s.Sharing.With); n > 0 {
		kept = "who is named in the permission keeps access: " + core.Count(n, "account")
	}
	return core.Fix[State]{
		After: State{Sharing: ec2api.Sharing{With: s.Sharing.With}},
		Changes: []core.Change{{
			Why: "stop sharing the snapshot with everybody; " + kept,
			Do:  ec2api.SetSnapshotPublic(r.ID, false), Undo: []awsapi.Call{ec2api.SetSnapshotPublic(r.ID, true)},
		}},
		Notes: []string{
			"copies and volumes that others have made of the snapshot stay theirs and cannot be called back: treat what was on it as known",
			"undo is refused while the Region blocks public sharing of snapshots",
		},
	}, nil
}
