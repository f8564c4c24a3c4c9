// Package instanceencryption finds RDS instances whose storage is not encrypted, and says how to replace them: encryption is chosen when an
// instance is made, so there is no call that mends one.
package instanceencryption

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is whether the instance's storage is encrypted. The rest is what its replacement has to carry over.
type State struct {
	Encrypted bool `json:"encrypted"`

	Database rdsapi.Database `json:"database" aws:"context"`
}

// Context says whose instance it is and what depends on it.
func (s State) Context() core.Context {
	d := s.Database
	c := core.Context{Tags: d.Tags, Owner: d.Tags["owner"], Facts: []string{fmt.Sprintf("%s on %s", d.Engine, d.Class)}}
	if len(d.Replicas) > 0 {
		c.Facts = append(c.Facts, fmt.Sprintf("has %d read replicas", len(d.Replicas)))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "rds-instance-encrypted", Version: 1, Title: "Encrypt the storage of RDS instances",
		Service: "rds", Family: "storage", Type: rdsapi.Instance,
		Severity: core.Medium, Reversible: core.AdviceOnly, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"RDS.3"}, ConfigRules: []string{"RDS_STORAGE_ENCRYPTED"},
		Frameworks: map[string][]string{"cis_v3": {"2.3.1"}, "cis_v5": {"2.2.1"}, "nist_csf_2": {"PR.DS-01"}},
		Events: []string{
			"rds.amazonaws.com:CreateDBInstance", "rds.amazonaws.com:CreateDBInstanceReadReplica", "rds.amazonaws.com:RestoreDBInstanceFromDBSnapshot",
			"rds.amazonaws.com:RestoreDBInstanceFromS3", "rds.amazonaws.com:RestoreDBInstanceToPointInTime",
		},
		Reads: []awsapi.Op{rdsapi.DescribeInstances.Op},
		Doc:   doc,
	}, read, judge, plan)
}

// read makes one request.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	d, err := rdsapi.ReadInstance(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	if d.Cluster != "" {
		return State{}, core.NotApplicable(fmt.Sprintf("the instance is a member of cluster %s, whose storage it uses: it is judged with its cluster", d.Cluster))
	}
	return State{Encrypted: d.Encrypted, Database: d}, nil
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Encrypted {
		return nil
	}
	return []core.Violation{{Rule: "storage-unencrypted", Where: "storage", Reason: "the instance's storage, logs, automated backups and snapshots are not encrypted"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	return core.Fix[State]{Advice: []core.Advice{replace(r, s.Database)}}, nil
}
