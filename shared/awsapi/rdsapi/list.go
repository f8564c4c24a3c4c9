package rdsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// manual is the type of the snapshots that people made: automated ones cannot be shared, and those that other accounts share are not ours.
const manual = "manual"

// collect walks all pages of a listing; next answers the ids of the page at a marker, and the marker of the page after it.
func collect(next func(marker *string) ([]*string, *string, error)) ([]string, error) {
	var ids []string
	var marker *string
	for {
		page, after, err := next(marker)
		if err != nil {
			return nil, err
		}
		for _, id := range page {
			ids = append(ids, aws.ToString(id))
		}
		if aws.ToString(after) == "" {
			return ids, nil
		}
		marker = after
	}
}

func listInstances(ctx context.Context, s awsapi.Session) ([]string, error) {
	return collect(func(marker *string) ([]*string, *string, error) {
		out, err := DescribeInstances.Do(ctx, s, &rds.DescribeDBInstancesInput{Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return identifiers(out.DBInstances, func(i rdstypes.DBInstance) *string { return i.DBInstanceIdentifier }), out.Marker, nil
	})
}

func listClusters(ctx context.Context, s awsapi.Session) ([]string, error) {
	return collect(func(marker *string) ([]*string, *string, error) {
		out, err := DescribeClusters.Do(ctx, s, &rds.DescribeDBClustersInput{Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return identifiers(out.DBClusters, func(c rdstypes.DBCluster) *string { return c.DBClusterIdentifier }), out.Marker, nil
	})
}

func listSnapshots(ctx context.Context, s awsapi.Session) ([]string, error) {
	return collect(func(marker *string) ([]*string, *string, error) {
		out, err := DescribeSnapshots.Do(ctx, s, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String(manual), Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return identifiers(out.DBSnapshots, func(x rdstypes.DBSnapshot) *string { return x.DBSnapshotIdentifier }), out.Marker, nil
	})
}

func listClusterSnapshots(ctx context.Context, s awsapi.Session) ([]string, error) {
	return collect(func(marker *string) ([]*string, *string, error) {
		out, err := DescribeClusterSnapshots.Do(ctx, s, &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String(manual), Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return identifiers(out.DBClusterSnapshots, func(x rdstypes.DBClusterSnapshot) *string { return x.DBClusterSnapshotIdentifier }), out.Marker, nil
	})
}

func identifiers[T any](list []T, id func(T) *string) []*string {
	ids := make([]*string, len(list))
	for i, x := range list {
		ids[i] = id(x)
	}
	return ids
}

// instanceOf finds the identifier of the instance with this resource id (db-…).
func instanceOf(ctx context.Context, s awsapi.Session, resourceID string) (string, error) {
	out, err := DescribeInstances.Do(ctx, s, &rds.DescribeDBInstancesInput{Filters: []rdstypes.Filter{{Name: aws.String("dbi-resource-id"), Values: []string{resourceID}}}})
	if err != nil {
		return "", gone(err)
	}
	if len(out.DBInstances) == 0 {
		return "", fmt.Errorf("finding the DB instance with resource id %s: %w", resourceID, awsapi.ErrGone)
	}
	return aws.ToString(out.DBInstances[0].DBInstanceIdentifier), nil
}

// clusterOf finds the identifier of the cluster with this resource id (cluster-…).
func clusterOf(ctx context.Context, s awsapi.Session, resourceID string) (string, error) {
	out, err := DescribeClusters.Do(ctx, s, &rds.DescribeDBClustersInput{Filters: []rdstypes.Filter{{Name: aws.String("db-cluster-resource-id"), Values: []string{resourceID}}}})
	if err != nil {
		return "", gone(err)
	}
	if len(out.DBClusters) == 0 {
		return "", fmt.Errorf("finding the DB cluster with resource id %s: %w", resourceID, awsapi.ErrGone)
	}
	return aws.ToString(out.DBClusters[0].DBClusterIdentifier), nil
}
