// Package clustersnapshotpublic makes snapshots of RDS clusters private that every AWS account can copy and restore.
package clustersnapshotpublic

import (
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/controls/rds/internal/publicsnapshot"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// Control is the declaration.
func Control() core.Control {
	return publicsnapshot.Kind{
		Holds: "all databases of the cluster", Shares: rdsapi.ReadClusterSnapshotShares, Origin: rdsapi.ReadClusterSnapshotOrigin, SetPublic: rdsapi.SetClusterSnapshotPublic,
	}.Control(core.Meta{
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
	})
}
