// Package ec2api declares what shoreup uses of Amazon EC2, EBS and VPC: operations with the IAM actions that each needs, the resource
// types, and the readers and call builders that several controls share. Source of actions: Service Authorization Reference, "Amazon EC2".
package ec2api

import (
	"context"
	"maps"
	"slices"
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
	ARN:    func(r awsapi.Resource) string { return arn(r, "security-group/") },
	Scope: func(r awsapi.Resource) []string { // rules have ARNs of their own, and their ids are new each time
		return []string{arn(r, "security-group/"), "arn:" + r.Partition + ":ec2:" + r.Region + ":" + r.Account + ":security-group-rule/*"}
	},
	List:    listGroups,
	ListOps: []awsapi.Op{DescribeSecurityGroups.Op},
	Resolve: afterSlash,
	Events: map[string][]string{
		"ec2.amazonaws.com:CreateSecurityGroup":           {"responseElements.groupId"},
		"ec2.amazonaws.com:AuthorizeSecurityGroupIngress": {"requestParameters.groupId", "responseElements.securityGroupRuleSet.items[].groupId"},
		"ec2.amazonaws.com:AuthorizeSecurityGroupEgress":  {"requestParameters.groupId", "responseElements.securityGroupRuleSet.items[].groupId"},
		"ec2.amazonaws.com:ModifySecurityGroupRules":      {"requestParameters.ModifySecurityGroupRulesRequest.GroupId"},
		// Somebody gives a group to what runs: one that was open and unused is open now. Launches are left to the sweep: groups of fleets would look as if
		// each launch had opened them, and what was open for years would count as new.
		"ec2.amazonaws.com:ModifyNetworkInterfaceAttribute": {"requestParameters.groupSet.items[].groupId"},
		"ec2.amazonaws.com:ModifyInstanceAttribute":         {"requestParameters.groupSet.items[].groupId"},
	},
	Tagging: tagging(map[string]awsapi.Tagging{
		"ec2.amazonaws.com:CreateSecurityGroup": {Paths: []string{"responseElements.groupId"}, Keys: []string{madeWith}},
	}),
	Via: map[string]awsapi.Via{
		"ec2.amazonaws.com:CreateVpc":               viaVPC("responseElements.vpc.vpcId"),
		"ec2.amazonaws.com:CreateDefaultVpc":        viaVPC("responseElements.CreateDefaultVpcResponse.vpc.vpcId", "responseElements.vpc.vpcId"),
		"ec2.amazonaws.com:ModifyManagedPrefixList": viaPrefixList("requestParameters.ModifyManagedPrefixListRequest.PrefixListId", "requestParameters.prefixListId"),
	},
}

// madeWith is where a call that makes something holds the keys of the tags that it gets.
const madeWith = "requestParameters.tagSpecificationSet.items[].tags[].key"

// tagging adds the call that tags anything in EC2.
func tagging(more map[string]awsapi.Tagging) map[string]awsapi.Tagging {
	out := map[string]awsapi.Tagging{
		"ec2.amazonaws.com:CreateTags": {Paths: []string{"requestParameters.resourcesSet.items[].resourceId"}, Keys: []string{"requestParameters.tagSet.items[].key"}},
	}
	maps.Copy(out, more)
	return out
}

func viaVPC(paths ...string) awsapi.Via {
	return awsapi.Via{Type: "AWS::EC2::VPC", Paths: paths, Ops: []awsapi.Op{DescribeSecurityGroups.Op},
		Find: func(ctx context.Context, s awsapi.Session, id string) ([]string, error) {
			return groupsWith(ctx, s, map[string]string{"vpc-id": id, "group-name": DefaultGroup})
		}}
}

func viaPrefixList(paths ...string) awsapi.Via {
	return awsapi.Via{Type: "AWS::EC2::PrefixList", Paths: paths, Ops: []awsapi.Op{DescribeSecurityGroups.Op},
		Find: func(ctx context.Context, s awsapi.Session, id string) ([]string, error) {
			return groupsWith(ctx, s, map[string]string{"ip-permission.prefix-list-id": id})
		}}
}

func arn(r awsapi.Resource, kind string) string {
	return "arn:" + r.Partition + ":ec2:" + r.Region + ":" + r.Account + ":" + kind + r.ID
}

// afterSlash accepts an ARN in the place of an id.
func afterSlash(_ context.Context, _ awsapi.Session, id string) (string, error) {
	return id[strings.LastIndex(id, "/")+1:], nil
}

func listGroups(ctx context.Context, s awsapi.Session) ([]string, error) {
	return groupsWith(ctx, s, nil)
}

// groupsWith returns the ids of all groups that fit every filter.
func groupsWith(ctx context.Context, s awsapi.Session, filters map[string]string) ([]string, error) {
	var ids []string
	in := &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(1000)}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		in.Filters = append(in.Filters, ec2types.Filter{Name: aws.String(name), Values: []string{filters[name]}})
	}
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
