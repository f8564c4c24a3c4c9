// Package ec2api declares what shoreup uses of Amazon EC2, EBS and VPC: operations with the IAM actions that each needs, the resource
// types, and the readers and call builders that several controls share. Source of actions: Service Authorization Reference, "Amazon EC2".
package ec2api

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// DefaultGroup is the name of the group that every VPC is born with and that cannot be deleted or renamed.
const DefaultGroup = "default"

// SecurityGroup is a VPC security group; its id is sg-….
var SecurityGroup = awsapi.ResourceType{
	Name:   "AWS::EC2::SecurityGroup",
	Prefix: "sg-",
	ARN:  func(r awsapi.Resource) string { return arn(r, "security-group/") },
	Scope: func(r awsapi.Resource) []string { // rules have ARNs of their own, and their ids are new each time
		return []string{arn(r, "security-group/"), "arn:" + r.Partition + ":ec2:" + r.Region + ":" + r.Account + ":security-group-rule/*"}
	},
	List:       listGroups,
	ListOps:    []awsapi.Op{DescribeSecurityGroups.Op},
	Resolve:    resolveGroup,
	ResolveOps: []awsapi.Op{DescribeSecurityGroups.Op},
	Events: map[string][]string{
		"ec2.amazonaws.com:CreateSecurityGroup":           {"responseElements.groupId"},
		"ec2.amazonaws.com:AuthorizeSecurityGroupIngress": {"requestParameters.groupId", "responseElements.securityGroupRuleSet.items[].groupId"},
		"ec2.amazonaws.com:AuthorizeSecurityGroupEgress":  {"requestParameters.groupId", "responseElements.securityGroupRuleSet.items[].groupId"},
		"ec2.amazonaws.com:ModifySecurityGroupRules":      {"requestParameters.ModifySecurityGroupRulesRequest.GroupId"},
		// The record of a new VPC does not have its default group's id: resolveGroup looks it up.
		"ec2.amazonaws.com:CreateVpc":        {"responseElements.vpc.vpcId"},
		"ec2.amazonaws.com:CreateDefaultVpc": {"responseElements.CreateDefaultVpcResponse.vpc.vpcId", "responseElements.vpc.vpcId"},
	},
}

func arn(r awsapi.Resource, kind string) string {
	return "arn:" + r.Partition + ":ec2:" + r.Region + ":" + r.Account + ":" + kind + r.ID
}

// afterSlash accepts an ARN in the place of an id.
func afterSlash(_ context.Context, _ awsapi.Session, id string) (string, error) {
	return id[strings.LastIndex(id, "/")+1:], nil
}

// resolveGroup accepts a VPC's id in the place of its default group's. A VPC that is gone has none.
func resolveGroup(ctx context.Context, s awsapi.Session, id string) (string, error) {
	if !strings.HasPrefix(id, "vpc-") {
		return afterSlash(ctx, s, id)
	}
	out, err := DescribeSecurityGroups.Do(ctx, s, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{id}}, {Name: aws.String("group-name"), Values: []string{DefaultGroup}},
	}})
	if err != nil {
		return "", err
	}
	if len(out.SecurityGroups) != 1 {
		return "", fmt.Errorf("looking for the default group of %s: %w", id, awsapi.ErrGone)
	}
	return aws.ToString(out.SecurityGroups[0].GroupId), nil
}

func listGroups(ctx context.Context, s awsapi.Session) ([]string, error) {
	var ids []string
	in := &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(1000)}
	for {
		out, err := DescribeSecurityGroups.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, g := range out.SecurityGroups {
			ids = append(ids, aws.ToString(g.GroupId))
		}
		if aws.ToString(out.NextToken) == "" {
			return ids, nil
		}
		in.NextToken = out.NextToken
	}
}
