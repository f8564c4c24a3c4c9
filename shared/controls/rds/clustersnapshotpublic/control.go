// Package clustersnapshotpublic makes snapshots of RDS clusters private that every AWS account can copy and restore.
package clustersnapshotpublic

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is who may copy and restore the snapshot. What it is of is read only once it is public.
type State struct {
	Shares []string `json:"shares"` // account ids, and "all"

	Origin rdsapi.SnapshotOrigin `json:"origin" aws:"context"`
}

// Context says whose snapshot it is and what of.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Origin.Tags, Owner: s.Origin.Tags["owner"]}
	if text := s.Origin.String(); text != "" {
		c.Facts = append(c.Facts, text)
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "rds-cluster-snapshot-public", Version: 1, Title: "Make public RDS cluster snapshots private",
		Service: "rds", Family: "storage", Type: rdsapi.ClusterSnapshot,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"RDS.1"}, ConfigRules: []string{"RDS_SNAPSHOTS_PUBLIC_PROHIBITED"},
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05", "PR.DS-01"}, "pci_dss_v4": {"3.5.1.3", "10.3.2", "A1.1.2", "A3.4.1"}},
		Events:     []string{"rds.amazonaws.com:ModifyDBClusterSnapshotAttribute"},
		Reads:      []awsapi.Op{rdsapi.DescribeClusterSnapshotAttributes.Op, rdsapi.DescribeClusterSnapshots.Op},
		Writes:     []awsapi.Op{rdsapi.ModifyClusterSnapshotAttribute.Op},
		Undoes:     []awsapi.Op{rdsapi.ModifyClusterSnapshotAttribute.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request for a private snapshot, and one more for a public one.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	shares, err := rdsapi.ReadClusterSnapshotShares(ctx, s, r.ID)
	state := State{Shares: shares}
	if err != nil || !slices.Contains(shares, rdsapi.Everyone) {
		return state, err
	}
	state.Origin, err = rdsapi.ReadClusterSnapshotOrigin(ctx, s, r.ID)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if !slices.Contains(s.Shares, rdsapi.Everyone) {
		return nil
	}
	return []core.Violation{{Rule: "snapshot-public", Where: "restore attribute", Reason: "every AWS account can copy the snapshot and restore all databases of the cluster from it"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	after := State{Shares: slices.DeleteFunc(slices.Clone(s.Shares), func(v string) bool { return v == rdsapi.Everyone })}
	fix := core.Fix[State]{
		After: after,
		Changes: []core.Change{{
			Why: "take everyone away from those who may restore the snapshot",
			Do:  rdsapi.SetClusterSnapshotPublic(r.ID, false), Undo: []awsapi.Call{rdsapi.SetClusterSnapshotPublic(r.ID, true)},
		}},
		Notes: []string{"copies that others took while it was public stay theirs and cannot be recalled: treat the data and the passwords in it as known"},
	}
	if len(after.Shares) > 0 {
		fix.Notes = append(fix.Notes, "accounts that are named keep access: "+strings.Join(after.Shares, ", "))
	}
	return fix, nil
}
