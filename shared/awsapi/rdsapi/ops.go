package rdsapi

import (
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	DescribeInstances                 = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBInstances, "rds:DescribeDBInstances")
	DescribeClusters                  = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBClusters, "rds:DescribeDBClusters")
	DescribeSnapshots                 = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBSnapshots, "rds:DescribeDBSnapshots")
	DescribeSnapshotAttributes        = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBSnapshotAttributes, "rds:DescribeDBSnapshotAttributes")
	DescribeClusterSnapshots          = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBClusterSnapshots, "rds:DescribeDBClusterSnapshots")
	DescribeClusterSnapshotAttributes = awsapi.NewRead(rds.NewFromConfig, (*rds.Client).DescribeDBClusterSnapshotAttributes, "rds:DescribeDBClusterSnapshotAttributes")
)

// The writes.
var (
	ModifySnapshotAttribute        = awsapi.NewWrite(rds.NewFromConfig, (*rds.Client).ModifyDBSnapshotAttribute, "DBSnapshotIdentifier", "rds:ModifyDBSnapshotAttribute")
	ModifyClusterSnapshotAttribute = awsapi.NewWrite(rds.NewFromConfig, (*rds.Client).ModifyDBClusterSnapshotAttribute, "DBClusterSnapshotIdentifier", "rds:ModifyDBClusterSnapshotAttribute")
)
