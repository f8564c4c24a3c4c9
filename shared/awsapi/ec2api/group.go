package ec2api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Group is what is known of a security group besides its rules.
type Group struct {
	Name, VPC, Owner string
	Empty            bool // it has no rules
	Tags             map[string]string
}

// ReadGroup returns the group, or an error that wraps [awsapi.ErrGone].
func ReadGroup(ctx context.Context, s awsapi.Session, id string) (Group, error) {
	out, err := DescribeSecurityGroups.Do(ctx, s, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	if awsapi.IsNotFound(err) {
		return Group{}, fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	if err != nil {
		return Group{}, err
	}
	if len(out.SecurityGroups) != 1 {
		return Group{}, fmt.Errorf("reading security group %s: %w", id, awsapi.ErrGone)
	}
	g := out.SecurityGroups[0]
	return Group{aws.ToString(g.GroupName), aws.ToString(g.VpcId), aws.ToString(g.OwnerId), len(g.IpPermissions)+len(g.IpPermissionsEgress) == 0, Tags(g.Tags)}, nil
}

// Interface is a network interface that a security group is attached to.
type Interface struct {
	ID          string
	Kind        string // interface, network_load_balancer, vpc_endpoint, ...
	Description string
	Managed     bool // by an AWS service: RequesterManaged
}

// ReadInterfaces returns the network interfaces that use the group, sorted by id.
func ReadInterfaces(ctx context.Context, s awsapi.Session, group string) ([]Interface, error) {
	var list []Interface
	in := &ec2.DescribeNetworkInterfacesInput{MaxResults: aws.Int32(1000), Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{group}}}}
	for {
		out, err := DescribeNetworkInterfaces.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, i := range out.NetworkInterfaces {
			list = append(list, Interface{aws.ToString(i.NetworkInterfaceId), string(i.InterfaceType), aws.ToString(i.Description), aws.ToBool(i.RequesterManaged)})
		}
		if aws.ToString(out.NextToken) == "" {
			slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.ID, b.ID) })
			return list, nil
		}
		in.NextToken = out.NextToken
	}
}

// ReadPrefixList returns the CIDRs of a prefix list, sorted. Lists that AWS owns are not the customer's to judge: their entries are AWS's services.
func ReadPrefixList(ctx context.Context, s awsapi.Session, id string) ([]string, error) {
	var cidrs []string
	in := &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id, MaxResults: aws.Int32(100)}
	for {
		out, err := GetManagedPrefixListEntries.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, e := range out.Entries {
			cidrs = append(cidrs, canonicalCIDR(aws.ToString(e.Cidr)))
		}
		if aws.ToString(out.NextToken) == "" {
			slices.Sort(cidrs)
			return cidrs, nil
		}
		in.NextToken = out.NextToken
	}
}

// Tags returns EC2's list of tags as a map.
func Tags(list []ec2types.Tag) map[string]string {
	m := make(map[string]string, len(list))
	for _, t := range list {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
