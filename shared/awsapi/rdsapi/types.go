// Package rdsapi declares what shoreup uses of Amazon RDS and Amazon Aurora: operations with the IAM actions that each needs, the resource
// types, and the readers and call builders that several controls share. Source of actions: Service Authorization Reference, "Amazon RDS".
package rdsapi

import (
	"context"
	"fmt"
	"strings"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// Instance is a DB instance; its id is its identifier, in small letters.
var Instance = awsapi.ResourceType{
	Name:       "AWS::RDS::DBInstance",
	ARN:        func(r awsapi.Resource) string { return arn(r, "db:") },
	List:       listInstances,
	ListOps:    []awsapi.Op{DescribeInstances.Op},
	Resolve:    resolver("AWS::RDS::DBInstance", "db-", instanceOf),
	ResolveOps: []awsapi.Op{DescribeInstances.Op},
	Normalize:  wirecloudtrail.RDSIdentifier,
	Tagging:    tagging,
	// The response comes first: a request may call the new instance targetDBInstanceIdentifier.
	Events: paths("CreateDBInstance RestoreDBInstanceFromDBSnapshot RestoreDBInstanceFromS3 RestoreDBInstanceToPointInTime CreateDBInstanceReadReplica",
		"responseElements.dBInstanceIdentifier", "requestParameters.targetDBInstanceIdentifier", "requestParameters.dBInstanceIdentifier"),
}

// Cluster is a DB cluster; its id is its identifier, in small letters. Neptune and DocumentDB clusters answer in the same API.
var Cluster = awsapi.ResourceType{
	Name:       "AWS::RDS::DBCluster",
	ARN:        func(r awsapi.Resource) string { return arn(r, "cluster:") },
	List:       listClusters,
	ListOps:    []awsapi.Op{DescribeClusters.Op},
	Resolve:    resolver("AWS::RDS::DBCluster", "cluster-", clusterOf),
	ResolveOps: []awsapi.Op{DescribeClusters.Op},
	Normalize:  wirecloudtrail.RDSIdentifier,
	Tagging:    tagging,
	Events: paths("CreateDBCluster RestoreDBClusterFromSnapshot RestoreDBClusterFromS3 RestoreDBClusterToPointInTime",
		"responseElements.dBClusterIdentifier", "requestParameters.dBClusterIdentifier"),
}

// Snapshot is a snapshot of a DB instance; its id is its identifier, in small letters.
var Snapshot = awsapi.ResourceType{
	Name:      "AWS::RDS::DBSnapshot",
	ARN:       func(r awsapi.Resource) string { return arn(r, "snapshot:") },
	List:      listSnapshots,
	ListOps:   []awsapi.Op{DescribeSnapshots.Op},
	Resolve:   resolver("AWS::RDS::DBSnapshot", "", nil),
	Normalize: wirecloudtrail.RDSIdentifier,
	Tagging:   tagging,
	Events:    paths("ModifyDBSnapshotAttribute", "responseElements.dBSnapshotIdentifier", "requestParameters.dBSnapshotIdentifier"),
}

// ClusterSnapshot is a snapshot of a DB cluster; its id is its identifier, in small letters.
var ClusterSnapshot = awsapi.ResourceType{
	Name:      "AWS::RDS::DBClusterSnapshot",
	ARN:       func(r awsapi.Resource) string { return arn(r, "cluster-snapshot:") },
	List:      listClusterSnapshots,
	ListOps:   []awsapi.Op{DescribeClusterSnapshots.Op},
	Resolve:   resolver("AWS::RDS::DBClusterSnapshot", "", nil),
	Normalize: wirecloudtrail.RDSIdentifier,
	Tagging:   tagging,
	Events:    paths("ModifyDBClusterSnapshotAttribute", "responseElements.dBClusterSnapshotIdentifier", "requestParameters.dBClusterSnapshotIdentifier"),
}

// tagging is the call that tags anything in RDS.
var tagging = map[string]awsapi.Tagging{
	"rds.amazonaws.com:AddTagsToResource": {Paths: []string{"requestParameters.resourceName"}, Keys: []string{"requestParameters.tags[].key"}},
}

func arn(r awsapi.Resource, kind string) string {
	return "arn:" + r.Partition + ":rds:" + r.Region + ":" + r.Account + ":" + kind + r.ID
}

func paths(events string, where ...string) map[string][]string {
	m := map[string][]string{}
	for _, name := range strings.Fields(events) {
		m["rds.amazonaws.com:"+name] = where
	}
	return m
}

// resolver makes a Resolve that takes an ARN, or the resource id that AWS Config uses for databases (the prefix and 26 capitals and digits;
// identifiers have no capitals, so the two cannot be confused), in the place of an identifier. An identifier costs no request.
func resolver(typeName, prefix string, lookup func(context.Context, awsapi.Session, string) (string, error)) func(context.Context, awsapi.Session, string) (string, error) {
	return func(ctx context.Context, s awsapi.Session, id string) (string, error) {
		if strings.HasPrefix(id, "arn:") {
			a, err := signal.ParseARN(id)
			if err != nil {
				return "", err
			}
			name, ok := signal.IDFromARN(typeName, a)
			if !ok {
				return "", fmt.Errorf("resolving %s: it is not the ARN of an %s", id, typeName)
			}
			id = name
		}
		if lookup != nil && isResourceID(id, prefix) {
			return lookup(ctx, s, id)
		}
		return strings.ToLower(id), nil
	}
}

func isResourceID(id, prefix string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	return ok && len(rest) == 26 && rest == strings.ToUpper(rest)
}

// gone marks the error of a resource that does not exist. RDS's not-found errors are all about the resource itself.
func gone(err error) error {
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
