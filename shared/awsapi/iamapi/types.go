// Package iamapi declares what shoreup uses of AWS IAM: operations with the IAM actions that each needs, the resource types, and the readers,
// judgements and call builders that several controls share. Source of actions: Service Authorization Reference, "AWS Identity and Access
// Management (IAM)". IAM is a global service: it is read, and its events are heard, in the partition's home Region.
package iamapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// ManagedPolicy is a customer managed policy; its id is its ARN. AWS Config knows it by a unique id (ANPA…).
var ManagedPolicy = awsapi.ResourceType{
	Name: "AWS::IAM::ManagedPolicy", Alias: "AWS::IAM::Policy", Prefix: "arn:", Global: true,
	ARN: func(r awsapi.Resource) string { return r.ID },
	Scope: func(r awsapi.Resource) []string {
		if r.ID != "*" {
			return []string{r.ID}
		}
		return []string{"arn:" + r.Partition + ":iam::" + r.Account + ":policy/*"}
	},
	List:    func(ctx context.Context, s awsapi.Session) ([]string, error) { return ids(listPolicies(ctx, s)) },
	ListOps: []awsapi.Op{ListPolicies.Op},
	Resolve: func(ctx context.Context, s awsapi.Session, id string) (string, error) {
		if strings.HasPrefix(id, "arn:") {
			return id, nil
		}
		return resolve(ctx, s, id, listPolicies)
	},
	ResolveOps: []awsapi.Op{ListPolicies.Op},
	Events: map[string][]string{
		"iam.amazonaws.com:CreatePolicy":            {"responseElements.policy.arn"},
		"iam.amazonaws.com:CreatePolicyVersion":     {"requestParameters.policyArn"},
		"iam.amazonaws.com:SetDefaultPolicyVersion": {"requestParameters.policyArn"},
	},
	Normalize: wirecloudtrail.IDFromARN,
	Tagging: map[string]awsapi.Tagging{
		"iam.amazonaws.com:TagPolicy":    {Paths: []string{"requestParameters.policyArn"}, Keys: []string{tagKeys}},
		"iam.amazonaws.com:CreatePolicy": {Paths: []string{"responseElements.policy.arn"}, Keys: []string{tagKeys}},
	},
}

// tagKeys is where all of IAM's calls hold the keys of the tags that they set.
const tagKeys = "requestParameters.tags[].key"

// tagging are the calls that tag a user or a role; a group has no tags.
func tagging(kind string) map[string]awsapi.Tagging {
	name := awsapi.Tagging{Paths: []string{"requestParameters." + strings.TrimSuffix(kind, "/") + "Name"}, Keys: []string{tagKeys}}
	switch kind {
	case "user/":
		return map[string]awsapi.Tagging{"iam.amazonaws.com:TagUser": name, "iam.amazonaws.com:CreateUser": name}
	case "role/":
		return map[string]awsapi.Tagging{"iam.amazonaws.com:TagRole": name, "iam.amazonaws.com:CreateRole": name}
	}
	return nil
}

// User is an IAM user; its id is its name. Its ARN has a path that the name does not tell, so a write session names both forms.
var User = principalType("AWS::IAM::User", "user/", listUsers, ListUsers.Op, map[string][]string{
	"iam.amazonaws.com:AttachUserPolicy":              {"requestParameters.userName"},
	"iam.amazonaws.com:PutUserPolicy":                 {"requestParameters.userName"},
	"iam.amazonaws.com:AddUserToGroup":                {"requestParameters.userName"},
	"iam.amazonaws.com:PutUserPermissionsBoundary":    {"requestParameters.userName"},
	"iam.amazonaws.com:DeleteUserPermissionsBoundary": {"requestParameters.userName"},
	"iam.amazonaws.com:CreateLoginProfile":            {"requestParameters.userName"},
	// Users may leave their own name out.
	"iam.amazonaws.com:CreateAccessKey": {"requestParameters.userName", "responseElements.accessKey.userName"},
	"iam.amazonaws.com:UpdateAccessKey": {"requestParameters.userName", "userIdentity.userName"},
})

// Role is an IAM role; its id is its name.
var Role = principalType("AWS::IAM::Role", "role/", listRoles, ListRoles.Op, map[string][]string{
	"iam.amazonaws.com:CreateRole":                    {"requestParameters.roleName"},
	"iam.amazonaws.com:AttachRolePolicy":              {"requestParameters.roleName"},
	"iam.amazonaws.com:PutRolePolicy":                 {"requestParameters.roleName"},
	"iam.amazonaws.com:UpdateAssumeRolePolicy":        {"requestParameters.roleName"},
	"iam.amazonaws.com:PutRolePermissionsBoundary":    {"requestParameters.roleName"},
	"iam.amazonaws.com:DeleteRolePermissionsBoundary": {"requestParameters.roleName"},
})

// Group is an IAM group; its id is its name.
var Group = principalType("AWS::IAM::Group", "group/", listGroups, ListGroups.Op, map[string][]string{
	"iam.amazonaws.com:AttachGroupPolicy": {"requestParameters.groupName"},
	"iam.amazonaws.com:PutGroupPolicy":    {"requestParameters.groupName"},
})

// AccountPasswords is the account's password policy; its id is the account's.
var AccountPasswords = awsapi.ResourceType{
	Name: "AWS::::Account", Global: true,
	ARN:   func(r awsapi.Resource) string { return "arn:" + r.Partition + ":iam::" + r.Account + ":account" }, // the policy has no ARN of its own
	Scope: func(awsapi.Resource) []string { return []string{"*"} },                                            // iam:UpdateAccountPasswordPolicy has no resource type
	List:  func(_ context.Context, s awsapi.Session) ([]string, error) { return []string{s.Account}, nil },
	Events: map[string][]string{
		"iam.amazonaws.com:UpdateAccountPasswordPolicy": {"account"},
		"iam.amazonaws.com:DeleteAccountPasswordPolicy": {"account"},
	},
}

// lister returns a type's primary ids by their unique ids (AIDA…, AROA…), which AWS Config uses.
type lister func(context.Context, awsapi.Session) (map[string]string, error)

func principalType(name, kind string, list lister, op awsapi.Op, events map[string][]string) awsapi.ResourceType {
	arn := func(r awsapi.Resource, path string) string {
		return "arn:" + r.Partition + ":iam::" + r.Account + ":" + kind + path + r.ID
	}
	return awsapi.ResourceType{
		Name: name, Global: true,
		ARN:     func(r awsapi.Resource) string { return arn(r, "") },
		Scope:   func(r awsapi.Resource) []string { return []string{arn(r, ""), arn(r, "*/")} },
		List:    func(ctx context.Context, s awsapi.Session) ([]string, error) { return ids(list(ctx, s)) },
		ListOps: []awsapi.Op{op},
		Resolve: func(ctx context.Context, s awsapi.Session, id string) (string, error) {
			id = id[strings.LastIndex(id, "/")+1:] // an ARN ends in the name
			if len(id) < uniqueIDLength || strings.Trim(strings.ToUpper(id), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
				return id, nil
			}
			name, err := resolve(ctx, s, id, list)
			if errors.Is(err, awsapi.ErrGone) {
				return id, nil // a name that only looks like a unique id
			}
			return name, err
		},
		ResolveOps: []awsapi.Op{op},
		Events:     events,
		Normalize:  wirecloudtrail.LastPathSegment,
		Tagging:    tagging(kind),
	}
}

// uniqueIDLength is the shortest unique id (IAM user guide, "Unique identifiers"); they hold letters and digits alone.
const uniqueIDLength = 16

func resolve(ctx context.Context, s awsapi.Session, id string, list lister) (string, error) {
	all, err := list(ctx, s)
	if err != nil {
		return "", err
	}
	for primary, unique := range all {
		if unique == id || primary == id {
			return primary, nil
		}
	}
	return "", fmt.Errorf("looking for IAM id %s: %w", id, awsapi.ErrGone)
}

func ids(all map[string]string, err error) ([]string, error) {
	out := make([]string, 0, len(all))
	for primary := range all {
		out = append(out, primary)
	}
	slices.Sort(out)
	return out, err
}

func listPolicies(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	out := map[string]string{}
	in := &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal}
	for {
		page, err := ListPolicies.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Policies {
			out[aws.ToString(p.Arn)] = aws.ToString(p.PolicyId)
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			return out, nil
		}
	}
}

func listUsers(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	out := map[string]string{}
	in := &iam.ListUsersInput{}
	for {
		page, err := ListUsers.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Users {
			out[aws.ToString(u.UserName)] = aws.ToString(u.UserId)
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			return out, nil
		}
	}
}

func listRoles(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	out := map[string]string{}
	in := &iam.ListRolesInput{}
	for {
		page, err := ListRoles.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Roles {
			out[aws.ToString(r.RoleName)] = aws.ToString(r.RoleId)
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			return out, nil
		}
	}
}

func listGroups(ctx context.Context, s awsapi.Session) (map[string]string, error) {
	out := map[string]string{}
	in := &iam.ListGroupsInput{}
	for {
		page, err := ListGroups.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Groups {
			out[aws.ToString(g.GroupName)] = aws.ToString(g.GroupId)
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			return out, nil
		}
	}
}
