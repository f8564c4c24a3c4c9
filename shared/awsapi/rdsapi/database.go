package rdsapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Database is what is known of an instance or a cluster: whether it is encrypted, and what somebody who replaces it has to carry over.
type Database struct {
	Encrypted          bool              `json:"encrypted"`
	Engine             string            `json:"engine"`
	Class              string            `json:"class"`     // of an instance, or of a Multi-AZ DB cluster
	Cluster            string            `json:"cluster"`   // that the instance is a member of
	ReplicaOf          string            `json:"replicaOf"` // identifier or ARN of the source
	Replicas           []string          `json:"replicas"`
	Members            []string          `json:"members"` // of a cluster
	SubnetGroup        string            `json:"subnetGroup"`
	ParameterGroup     string            `json:"parameterGroup"`
	OptionGroup        string            `json:"optionGroup"`
	SecurityGroups     []string          `json:"securityGroups"`
	MultiAZ            bool              `json:"multiAZ"`
	Public             bool              `json:"public"`
	IAMAuth            bool              `json:"iamAuth"`
	DeletionProtection bool              `json:"deletionProtection"`
	Tags               map[string]string `json:"tags"`
}

// ReadInstance returns the instance, or an error that wraps [awsapi.ErrGone].
func ReadInstance(ctx context.Context, s awsapi.Session, id string) (Database, error) {
	out, err := DescribeInstances.Do(ctx, s, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	if err != nil {
		return Database{}, gone(err)
	}
	if len(out.DBInstances) != 1 {
		return Database{}, fmt.Errorf("reading DB instance %s: %w", id, awsapi.ErrGone)
	}
	i := out.DBInstances[0]
	d := Database{
		Encrypted: aws.ToBool(i.StorageEncrypted), Engine: aws.ToString(i.Engine), Class: aws.ToString(i.DBInstanceClass),
		Cluster: aws.ToString(i.DBClusterIdentifier), ReplicaOf: aws.ToString(i.ReadReplicaSourceDBInstanceIdentifier),
		Replicas: sorted(i.ReadReplicaDBInstanceIdentifiers), SecurityGroups: groups(i.VpcSecurityGroups), MultiAZ: aws.ToBool(i.MultiAZ),
		Public: aws.ToBool(i.PubliclyAccessible), IAMAuth: aws.ToBool(i.IAMDatabaseAuthenticationEnabled),
		DeletionProtection: aws.ToBool(i.DeletionProtection), Tags: tags(i.TagList),
	}
	if i.DBSubnetGroup != nil {
		d.SubnetGroup = aws.ToString(i.DBSubnetGroup.DBSubnetGroupName)
	}
	if len(i.DBParameterGroups) > 0 {
		d.ParameterGroup = aws.ToString(i.DBParameterGroups[0].DBParameterGroupName)
	}
	if len(i.OptionGroupMemberships) > 0 {
		d.OptionGroup = aws.ToString(i.OptionGroupMemberships[0].OptionGroupName)
	}
	return d, nil
}

// ReadCluster returns the cluster, or an error that wraps [awsapi.ErrGone].
func ReadCluster(ctx context.Context, s awsapi.Session, id string) (Database, error) {
	out, err := DescribeClusters.Do(ctx, s, &rds.DescribeDBClustersInput{DBClusterIdentifier: &id})
	if err != nil {
		return Database{}, gone(err)
	}
	if len(out.DBClusters) != 1 {
		return Database{}, fmt.Errorf("reading DB cluster %s: %w", id, awsapi.ErrGone)
	}
	c := out.DBClusters[0]
	d := Database{
		Encrypted: aws.ToBool(c.StorageEncrypted), Engine: aws.ToString(c.Engine), Class: aws.ToString(c.DBClusterInstanceClass),
		ReplicaOf: aws.ToString(c.ReplicationSourceIdentifier), Replicas: sorted(c.ReadReplicaIdentifiers),
		SubnetGroup: aws.ToString(c.DBSubnetGroup), ParameterGroup: aws.ToString(c.DBClusterParameterGroup), SecurityGroups: groups(c.VpcSecurityGroups),
		MultiAZ: aws.ToBool(c.MultiAZ), IAMAuth: aws.ToBool(c.IAMDatabaseAuthenticationEnabled), DeletionProtection: aws.ToBool(c.DeletionProtection), Tags: tags(c.TagList),
	}
	for _, m := range c.DBClusterMembers {
		d.Members = append(d.Members, aws.ToString(m.DBInstanceIdentifier))
	}
	slices.Sort(d.Members)
	return d, nil
}

func groups(list []rdstypes.VpcSecurityGroupMembership) []string {
	ids := make([]string, len(list))
	for i, g := range list {
		ids[i] = aws.ToString(g.VpcSecurityGroupId)
	}
	slices.Sort(ids)
	return ids
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
