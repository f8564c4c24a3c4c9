package iamapi

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads of managed policies and of the account.
var (
	ListPolicies       = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListPolicies, "iam:ListPolicies")
	GetPolicy          = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetPolicy, "iam:GetPolicy")
	GetPolicyVersion   = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetPolicyVersion, "iam:GetPolicyVersion")
	ListPolicyVersions = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListPolicyVersions, "iam:ListPolicyVersions")
	GetAuthorizations  = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetAccountAuthorizationDetails, "iam:GetAccountAuthorizationDetails")
	GetPasswordPolicy  = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetAccountPasswordPolicy, "iam:GetAccountPasswordPolicy")
)

// The reads of principals.
var (
	ListUsers            = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListUsers, "iam:ListUsers")
	GetUser              = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetUser, "iam:GetUser")
	ListUserPolicies     = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListUserPolicies, "iam:ListUserPolicies")
	GetUserPolicy        = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetUserPolicy, "iam:GetUserPolicy")
	ListUserAttachments  = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListAttachedUserPolicies, "iam:ListAttachedUserPolicies")
	ListGroupsForUser    = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListGroupsForUser, "iam:ListGroupsForUser")
	ListAccessKeys       = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListAccessKeys, "iam:ListAccessKeys")
	GetKeyLastUsed       = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetAccessKeyLastUsed, "iam:GetAccessKeyLastUsed")
	GetLoginProfile      = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetLoginProfile, "iam:GetLoginProfile")
	ListRoles            = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListRoles, "iam:ListRoles")
	GetRole              = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetRole, "iam:GetRole")
	ListRolePolicies     = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListRolePolicies, "iam:ListRolePolicies")
	GetRolePolicy        = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetRolePolicy, "iam:GetRolePolicy")
	ListRoleAttachments  = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListAttachedRolePolicies, "iam:ListAttachedRolePolicies")
	ListGroups           = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListGroups, "iam:ListGroups")
	GetGroup             = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetGroup, "iam:GetGroup")
	ListGroupPolicies    = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListGroupPolicies, "iam:ListGroupPolicies")
	GetGroupPolicy       = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).GetGroupPolicy, "iam:GetGroupPolicy")
	ListGroupAttachments = awsapi.NewRead(iam.NewFromConfig, (*iam.Client).ListAttachedGroupPolicies, "iam:ListAttachedGroupPolicies")
)

// The writes.
var (
	CreateVersion     = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).CreatePolicyVersion, "PolicyArn", "iam:CreatePolicyVersion")
	DeleteVersion     = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DeletePolicyVersion, "PolicyArn", "iam:DeletePolicyVersion")
	SetDefaultVersion = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).SetDefaultPolicyVersion, "PolicyArn", "iam:SetDefaultPolicyVersion")

	PutUserPolicy    = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).PutUserPolicy, "UserName", "iam:PutUserPolicy")
	DeleteUserPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DeleteUserPolicy, "UserName", "iam:DeleteUserPolicy")
	AttachUserPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).AttachUserPolicy, "UserName", "iam:AttachUserPolicy")
	DetachUserPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DetachUserPolicy, "UserName", "iam:DetachUserPolicy")
	UpdateAccessKey  = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).UpdateAccessKey, "UserName", "iam:UpdateAccessKey")

	PutRolePolicy    = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).PutRolePolicy, "RoleName", "iam:PutRolePolicy")
	DeleteRolePolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DeleteRolePolicy, "RoleName", "iam:DeleteRolePolicy")
	AttachRolePolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).AttachRolePolicy, "RoleName", "iam:AttachRolePolicy")
	DetachRolePolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DetachRolePolicy, "RoleName", "iam:DetachRolePolicy")
	UpdateRoleTrust  = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).UpdateAssumeRolePolicy, "RoleName", "iam:UpdateAssumeRolePolicy")

	PutGroupPolicy    = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).PutGroupPolicy, "GroupName", "iam:PutGroupPolicy")
	DeleteGroupPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DeleteGroupPolicy, "GroupName", "iam:DeleteGroupPolicy")
	AttachGroupPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).AttachGroupPolicy, "GroupName", "iam:AttachGroupPolicy")
	DetachGroupPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DetachGroupPolicy, "GroupName", "iam:DetachGroupPolicy")

	PutPasswordPolicy    = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).UpdateAccountPasswordPolicy, "", "iam:UpdateAccountPasswordPolicy")
	DeletePasswordPolicy = awsapi.NewWrite(iam.NewFromConfig, (*iam.Client).DeleteAccountPasswordPolicy, "", "iam:DeleteAccountPasswordPolicy")
)
