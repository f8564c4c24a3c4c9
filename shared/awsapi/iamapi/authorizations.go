package iamapi

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/iampolicy"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// authorizations is who has which policies in an account, at one time.
type authorizations struct {
	principals []principal
	documents  map[string]string // default versions of customer managed policies, by ARN
}

type principal struct {
	kind, name, arn string
	boundary        string
	groups          []string
	managed         []string // ARNs
	inline          []string // documents
}

// readAuthorizations pages through the account's users, roles, groups and customer managed policies. Policies that AWS manages are left out: they
// are large and the same everywhere; those that matter here are known by name, see knownAWS.
func readAuthorizations(ctx context.Context, s awsapi.Session) (authorizations, error) {
	a := authorizations{documents: map[string]string{}}
	in := &iam.GetAccountAuthorizationDetailsInput{Filter: []iamtypes.EntityType{
		iamtypes.EntityTypeUser, iamtypes.EntityTypeRole, iamtypes.EntityTypeGroup, iamtypes.EntityTypeLocalManagedPolicy,
	}}
	for {
		page, err := GetAuthorizations.Do(ctx, s, in)
		if err != nil {
			return authorizations{}, err
		}
		a.add(page)
		if in.Marker = page.Marker; !page.IsTruncated {
			return a, nil
		}
	}
}

func (a *authorizations) add(page *iam.GetAccountAuthorizationDetailsOutput) {
	for _, u := range page.UserDetailList {
		a.principals = append(a.principals, principal{
			"user", aws.ToString(u.UserName), aws.ToString(u.Arn), boundary(u.PermissionsBoundary), u.GroupList, arns(u.AttachedManagedPolicies), documents(u.UserPolicyList),
		})
	}
	for _, r := range page.RoleDetailList {
		a.principals = append(a.principals, principal{
			"role", aws.ToString(r.RoleName), aws.ToString(r.Arn), boundary(r.PermissionsBoundary), nil, arns(r.AttachedManagedPolicies), documents(r.RolePolicyList),
		})
	}
	for _, g := range page.GroupDetailList {
		a.principals = append(a.principals, principal{
			"group", aws.ToString(g.GroupName), aws.ToString(g.Arn), "", nil, arns(g.AttachedManagedPolicies), documents(g.GroupPolicyList),
		})
	}
	for _, p := range page.Policies {
		for _, v := range p.PolicyVersionList {
			if v.IsDefaultVersion {
				a.documents[aws.ToString(p.Arn)] = aws.ToString(v.Document)
			}
		}
	}
}

func boundary(b *iamtypes.AttachedPermissionsBoundary) string {
	if b == nil {
		return ""
	}
	return aws.ToString(b.PermissionsBoundaryArn)
}

func arns(list []iamtypes.AttachedPolicy) []string {
	var out []string
	for _, p := range list {
		out = append(out, aws.ToString(p.PolicyArn))
	}
	return out
}

func documents(list []iamtypes.PolicyDetail) []string {
	var out []string
	for _, p := range list {
		out = append(out, aws.ToString(p.PolicyDocument))
	}
	return out
}

// knownAWS are the policies of AWS that make administrators, and what matters of each.
var knownAWS = map[string]string{
	"AdministratorAccess": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
	"IAMFullAccess":       `{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`,
}

// policies returns what a principal may do by its own policies and its groups', without a document that cannot be read.
func (a authorizations) policies(p principal) []iampolicy.Document {
	var out []iampolicy.Document
	for _, source := range append(a.groupsOf(p), p) {
		for _, text := range source.inline {
			if doc, err := iampolicy.ParseURLEncoded(text); err == nil {
				out = append(out, doc)
			}
		}
		for _, arn := range source.managed {
			if doc, ok := a.document(arn); ok {
				out = append(out, doc)
			}
		}
	}
	return out
}

// document returns what a managed policy says, as far as that is known.
func (a authorizations) document(arn string) (iampolicy.Document, bool) {
	text := a.documents[arn]
	if name, owned := awsOwned(arn); owned {
		text = knownAWS[name]
	}
	doc, err := iampolicy.ParseURLEncoded(text)
	return doc, err == nil
}

// administers reports whether a principal is an administrator for certain, and no boundary caps it.
func (a authorizations) administers(p principal) bool {
	if !administrator(a.policies(p)) {
		return false
	}
	if p.boundary == "" {
		return true
	}
	doc, ok := a.document(p.boundary)
	return ok && administrator([]iampolicy.Document{doc})
}

func (a authorizations) groupsOf(p principal) []principal {
	var out []principal
	for _, g := range a.principals {
		if g.kind == "group" && slices.Contains(p.groups, g.name) {
			out = append(out, g)
		}
	}
	return out
}

// awsOwned returns the name of a policy that AWS manages. (arn:aws:iam::aws:policy/job-function/X has a path.)
func awsOwned(arn string) (name string, owned bool) {
	_, path, owned := strings.Cut(arn, ":iam::aws:policy/")
	return path[strings.LastIndex(path, "/")+1:], owned
}

// OwnedByAWS reports whether a managed policy is AWS's own, which nobody else can edit.
func OwnedByAWS(arn string) bool {
	_, owned := awsOwned(arn)
	return owned
}

// administrator reports whether the documents together allow everything, for certain.
func administrator(docs []iampolicy.Document) bool {
	return slices.ContainsFunc(iampolicy.JudgeIdentity(docs...), func(f iampolicy.Finding) bool { return f.Rung == iampolicy.Admin && !f.Unsettled })
}

// may reports whether the documents allow an action on a resource and no unconditional Deny takes it away. Conditions on an Allow are not weighed.
func may(docs []iampolicy.Document, action, arn string) bool {
	allowed := false
	for _, d := range docs {
		for _, s := range d.Statements {
			if !includes(s.Actions, s.NotActions, strings.ToLower(action), true) || !includes(s.Resources, s.NotResources, arn, false) {
				continue
			}
			if !s.Allow && len(s.Conditions) == 0 {
				return false
			}
			allowed = allowed || s.Allow
		}
	}
	return allowed
}

func includes(patterns, not []string, text string, lower bool) bool {
	match := func(p string) bool {
		if lower {
			p = strings.ToLower(p)
		}
		return wildcard.Match(p, text)
	}
	if not != nil {
		return !slices.ContainsFunc(not, match)
	}
	return slices.ContainsFunc(patterns, match)
}
