package configrule

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
)

// names returns AWS Config's ids of the resources that it does not know by their primary identifier, by that identifier: IAM's entities go by unique id and
// databases by resource id there (AWS Config developer guide, "Supported resource types"). A verdict under another id would stand beside the one that a
// change gave, and never be brought up to date by it. The lists are those that the read role makes anyway.
func (f *Function) names(ctx context.Context, t awsapi.ResourceType, where awsapi.Resource) (map[string]string, error) {
	list := map[string]func(context.Context, awsapi.Session) (map[string]string, error){
		"AWS::IAM::User": users, "AWS::IAM::Role": roles, "AWS::IAM::Group": groups, "AWS::IAM::ManagedPolicy": policies,
		"AWS::RDS::DBInstance": instances, "AWS::RDS::DBCluster": clusters,
	}[t.Name]
	if list == nil {
		return nil, nil
	}
	s, err := f.Engine.Read(ctx, where.Account, where.Region)
	if err != nil {
		return nil, err
	}
	names, err := list(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("listing how AWS Config calls each %s in %s/%s: %w", t.Name, where.Account, where.Region, err)
	}
	return names, nil
}

// collect walks the pages of a list. The marker of the last page is nil.
func collect[T any](page func(marker *string) ([]T, *string, error), pair func(T) (id, name *string)) (map[string]string, error) {
	out := map[string]string{}
	for marker := (*string)(nil); ; {
		list, next, err := page(marker)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			id, name := pair(x)
			out[aws.ToString(id)] = aws.ToString(name)
		}
		if marker = next; aws.ToString(next) == "" {
			return out, nil
		}
	}
}

func users(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]iamtypes.User, *string, error) {
		out, err := iamapi.ListUsers.Do(ctx, s, &iam.ListUsersInput{Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.Users, out.Marker, nil
	}, func(u iamtypes.User) (id, name *string) { return u.UserName, u.UserId })
}

func roles(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]iamtypes.Role, *string, error) {
		out, err := iamapi.ListRoles.Do(ctx, s, &iam.ListRolesInput{Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.Roles, out.Marker, nil
	}, func(r iamtypes.Role) (id, name *string) { return r.RoleName, r.RoleId })
}

func groups(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]iamtypes.Group, *string, error) {
		out, err := iamapi.ListGroups.Do(ctx, s, &iam.ListGroupsInput{Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.Groups, out.Marker, nil
	}, func(g iamtypes.Group) (id, name *string) { return g.GroupName, g.GroupId })
}

func policies(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]iamtypes.Policy, *string, error) {
		out, err := iamapi.ListPolicies.Do(ctx, s, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal, Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.Policies, out.Marker, nil
	}, func(p iamtypes.Policy) (id, name *string) { return p.Arn, p.PolicyId })
}

func instances(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]rdstypes.DBInstance, *string, error) {
		out, err := rdsapi.DescribeInstances.Do(ctx, s, &rds.DescribeDBInstancesInput{Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.DBInstances, out.Marker, nil
	}, func(i rdstypes.DBInstance) (id, name *string) { return i.DBInstanceIdentifier, i.DbiResourceId })
}

func clusters(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	return collect(func(m *string) ([]rdstypes.DBCluster, *string, error) {
		out, err := rdsapi.DescribeClusters.Do(ctx, s, &rds.DescribeDBClustersInput{Marker: m})
		if err != nil {
			return nil, nil, err
		}
		return out.DBClusters, out.Marker, nil
	}, func(c rdstypes.DBCluster) (id, name *string) { return c.DBClusterIdentifier, c.DbClusterResourceId })
}
