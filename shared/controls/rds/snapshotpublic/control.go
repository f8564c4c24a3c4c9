// Package snapshotpublic makes RDS snapshots private that every AWS account can copy and restore.
package snapshotpublic

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
		Holds: "the whole database", Shares: rdsapi.ReadSnapshotShares, Origin: rdsapi.ReadSnapshotOrigin, SetPublic: rdsapi.SetSnapshotPublic,
	}.Control(core.Meta{
		ID: "rds-snapshot-public", Version: 1, Title: "Make public RDS snapshots private",
		Service: "rds", Family: "storage", Type: rdsapi.Snapshot,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"RDS.1"}, ConfigRules: []string{"RDS_SNAPSHOTS_PUBLIC_PROHIBITED"},
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05", "PR.DS-01"}, "pci_dss_v4": {"3.5.1.3", "10.3.2", "A1.1.2", "A3.4.1"}},
		Events:     []string{"rds.amazonaws.com:ModifyDBSnapshotAttribute"},
		Reads:      []awsapi.Op{rdsapi.DescribeSnapshotAttributes.Op, rdsapi.DescribeSnapshots.Op},
		Writes:     []awsapi.Op{rdsapi.ModifySnapshotAttribute.Op},
		Undoes:     []awsapi.Op{rdsapi.ModifySnapshotAttribute.Op},
		Doc:        doc,
	})
}
