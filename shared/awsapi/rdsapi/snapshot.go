package rdsapi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Everyone as a value of a snapshot's restore attribute lets every AWS account copy and restore it. Source: RDS API reference, ModifyDBSnapshotAttribute.
const Everyone = "all"

// restore is the attribute that says who may copy and restore a manual snapshot.
const restore = "restore"

// SnapshotOrigin is what a snapshot is of, for people.
type SnapshotOrigin struct {
	Database string            `json:"database"` // the instance or cluster
	Engine   string            `json:"engine"`
	Created  string            `json:"created"` // date, 2026-01-02
	Tags     map[string]string `json:"tags"`
}

// String says it in a few words, or nothing where nothing was read.
func (o SnapshotOrigin) String() string {
	if o.Database == "" {
		return ""
	}
	return fmt.Sprintf("snapshot of %s (%s), made on %s", o.Database, o.Engine, o.Created)
}

// ReadSnapshotShares returns who may copy and restore the snapshot of an instance: account ids and perhaps [Everyone], sorted.
func ReadSnapshotShares(ctx context.Context, s awsapi.Session, id string) ([]string, error) {
	out, err := DescribeSnapshotAttributes.Do(ctx, s, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: &id})
	if err != nil {
		return nil, gone(err)
	}
	shares := []string{} // never nil: read or planned, no shares is an empty list
	if out.DBSnapshotAttributesResult != nil {
		for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
			if aws.ToString(a.AttributeName) == restore {
				shares = append(shares, a.AttributeValues...)
			}
		}
	}
	slices.Sort(shares)
	return slices.Compact(shares), nil
}

// ReadClusterSnapshotShares is [ReadSnapshotShares] for the snapshot of a cluster.
func ReadClusterSnapshotShares(ctx context.Context, s awsapi.Session, id string) ([]string, error) {
	out, err := DescribeClusterSnapshotAttributes.Do(ctx, s, &rds.DescribeDBClusterSnapshotAttributesInput{DBClusterSnapshotIdentifier: &id})
	if err != nil {
		return nil, gone(err)
	}
	shares := []string{}
	if out.DBClusterSnapshotAttributesResult != nil {
		for _, a := range out.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes {
			if aws.ToString(a.AttributeName) == restore {
				shares = append(shares, a.AttributeValues...)
			}
		}
	}
	slices.Sort(shares)
	return slices.Compact(shares), nil
}

// ReadSnapshotOrigin returns what the snapshot of an instance is of.
func ReadSnapshotOrigin(ctx context.Context, s awsapi.Session, id string) (SnapshotOrigin, error) {
	out, err := DescribeSnapshots.Do(ctx, s, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &id})
	if err != nil {
		return SnapshotOrigin{}, gone(err)
	}
	if len(out.DBSnapshots) != 1 {
		return SnapshotOrigin{}, fmt.Errorf("reading DB snapshot %s: %w", id, awsapi.ErrGone)
	}
	x := out.DBSnapshots[0]
	return SnapshotOrigin{aws.ToString(x.DBInstanceIdentifier), aws.ToString(x.Engine), day(x.SnapshotCreateTime), tags(x.TagList)}, nil
}

// ReadClusterSnapshotOrigin returns what the snapshot of a cluster is of.
func ReadClusterSnapshotOrigin(ctx context.Context, s awsapi.Session, id string) (SnapshotOrigin, error) {
	out, err := DescribeClusterSnapshots.Do(ctx, s, &rds.DescribeDBClusterSnapshotsInput{DBClusterSnapshotIdentifier: &id})
	if err != nil {
		return SnapshotOrigin{}, gone(err)
	}
	if len(out.DBClusterSnapshots) != 1 {
		return SnapshotOrigin{}, fmt.Errorf("reading DB cluster snapshot %s: %w", id, awsapi.ErrGone)
	}
	x := out.DBClusterSnapshots[0]
	return SnapshotOrigin{aws.ToString(x.DBClusterIdentifier), aws.ToString(x.Engine), day(x.SnapshotCreateTime), tags(x.TagList)}, nil
}

// SetSnapshotPublic describes the call that adds everyone to those who may restore the snapshot of an instance, or takes everyone away. Accounts that
// are named stay.
func SetSnapshotPublic(id string, public bool) awsapi.Call {
	in := &rds.ModifyDBSnapshotAttributeInput{DBSnapshotIdentifier: &id, AttributeName: aws.String(restore)}
	if public {
		in.ValuesToAdd = []string{Everyone}
	} else {
		in.ValuesToRemove = []string{Everyone}
	}
	return ModifySnapshotAttribute.Call(in)
}

// SetClusterSnapshotPublic is [SetSnapshotPublic] for the snapshot of a cluster.
func SetClusterSnapshotPublic(id string, public bool) awsapi.Call {
	in := &rds.ModifyDBClusterSnapshotAttributeInput{DBClusterSnapshotIdentifier: &id, AttributeName: aws.String(restore)}
	if public {
		in.ValuesToAdd = []string{Everyone}
	} else {
		in.ValuesToRemove = []string{Everyone}
	}
	return ModifyClusterSnapshotAttribute.Call(in)
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func tags(list []rdstypes.Tag) map[string]string {
	m := make(map[string]string, len(list))
	for _, t := range list {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
