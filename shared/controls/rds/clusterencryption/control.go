// Package clusterencryption finds Aurora and Multi-AZ clusters whose storage is not encrypted, and says how to replace them: encryption is chosen
// when a cluster is made, so there is no call that mends one.
package clusterencryption

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// The engines of clusters that are RDS's own. DescribeDBClusters answers with Neptune's and DocumentDB's, too.
var (
	aurora  = []string{"aurora", "aurora-mysql", "aurora-postgresql"}
	multiAZ = []string{"mysql", "postgres"}
)

// State is whether the cluster's storage is encrypted. The rest is what its replacement has to carry over.
type State struct {
	Encrypted bool `json:"encrypted"`

	Database rdsapi.Database `json:"database" aws:"context"`
}

// Context says whose cluster it is and what it consists of.
func (s State) Context() core.Context {
	d := s.Database
	return core.Context{Tags: d.Tags, Owner: d.Tags["owner"], Facts: []string{d.Engine + " with " + core.Count(len(d.Members), "instance")}}
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "rds-cluster-encrypted", Version: 1, Title: "Encrypt the storage of RDS clusters",
		Service: "rds", Family: "storage", Type: rdsapi.Cluster,
		Severity: core.Medium, Reversible: core.AdviceOnly, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"RDS.27"}, ConfigRules: []string{"RDS_CLUSTER_ENCRYPTED_AT_REST"},
		Frameworks: map[string][]string{"nist_csf_2": {"PR.DS-01"}},
		Events: []string{
			"rds.amazonaws.com:CreateDBCluster", "rds.amazonaws.com:RestoreDBClusterFromSnapshot", "rds.amazonaws.com:RestoreDBClusterFromS3",
			"rds.amazonaws.com:RestoreDBClusterToPointInTime",
		},
		Reads: []awsapi.Op{rdsapi.DescribeClusters.Op},
		Doc:   doc,
	}, read, judge, plan)
}

// read makes one request.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	d, err := rdsapi.ReadCluster(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	if !slices.Contains(aurora, d.Engine) && !slices.Contains(multiAZ, d.Engine) {
		return State{}, core.NotApplicable(fmt.Sprintf("the cluster's engine is %s, which is not one of Aurora's or of RDS's Multi-AZ clusters", d.Engine))
	}
	return State{Encrypted: d.Encrypted, Database: d}, nil
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Encrypted {
		return nil
	}
	return []core.Violation{{Rule: "storage-unencrypted", Where: "storage", Reason: "the cluster's storage, automated backups and snapshots are not encrypted"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	return core.Fix[State]{Advice: []core.Advice{replace(r, s.Database)}}, nil
}
