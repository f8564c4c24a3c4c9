package iamapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// Held is one policy that a principal has. Who has which policy is state; what a managed policy says is state of that policy, and just judged here.
type Held struct {
	Via      string          `json:"via"`      // the group through which a user has it; empty: its own
	Inline   string          `json:"inline"`   // the name of an inline policy; empty: a managed one
	ARN      string          `json:"arn"`      // of a managed policy
	Document json.RawMessage `json:"document"` // of an own inline policy
	Text     string          `json:"text" aws:"assigned"`

	Kept []int `json:"-"` // of a policy as it will be: where its statements stand in the policy as it is now
}

// asNow returns a statement with its place in the policy as it is now: that is what people have before them when they follow advice about what will be left.
func (h Held) asNow(s iampolicy.Statement) iampolicy.Statement {
	if h.Kept != nil {
		s.Index = h.Kept[s.Index]
	}
	return s
}

// String names the policy.
func (h Held) String() string {
	name := "managed policy " + h.ARN
	if h.Inline != "" {
		name = fmt.Sprintf("inline policy %q", h.Inline)
	}
	if h.Via != "" {
		name += " of group " + h.Via
	}
	return name
}

// ReadUserPolicies returns a user's own policies and its groups', sorted: three requests for a user with nothing.
func ReadUserPolicies(ctx context.Context, s awsapi.Session, user string) ([]Held, error) {
	held, err := readHeld(ctx, s, "", userPages(ctx, s, user))
	if err != nil {
		return nil, err
	}
	in := &iam.ListGroupsForUserInput{UserName: &user}
	for {
		page, err := ListGroupsForUser.Do(ctx, s, in)
		if err != nil {
			return nil, gone(err)
		}
		for _, g := range page.Groups {
			group := aws.ToString(g.GroupName)
			more, err := readHeld(ctx, s, group, groupPages(ctx, s, group))
			if err != nil {
				return nil, err
			}
			held = append(held, more...)
		}
		if in.Marker = page.Marker; !page.IsTruncated {
			return sorted(held), nil
		}
	}
}

// ReadRolePolicies returns a role's policies, sorted: two requests for a role with nothing.
func ReadRolePolicies(ctx context.Context, s awsapi.Session, role string) ([]Held, error) {
	held, err := readHeld(ctx, s, "", rolePages(ctx, s, role))
	return sorted(held), err
}

// ReadGroupPolicies returns a group's policies, sorted: two requests for a group with nothing.
func ReadGroupPolicies(ctx context.Context, s awsapi.Session, group string) ([]Held, error) {
	held, err := readHeld(ctx, s, "", groupPages(ctx, s, group))
	return sorted(held), err
}

// ReadBoundary returns a permissions boundary, nil where there is none.
func ReadBoundary(ctx context.Context, s awsapi.Session, arn string) (*Held, error) {
	if arn == "" {
		return nil, nil
	}
	v, err := ReadDefaultVersion(ctx, s, arn)
	return &Held{ARN: arn, Text: v.Text}, err
}

// pages is how one kind of principal is asked for its policies. A marker is nil for the first page, and nil after the last.
type pages struct {
	inline   func(marker *string) (names []string, next *string, err error)
	document func(name string) (string, error)
	attached func(marker *string) (arns []string, next *string, err error)
}

func readHeld(ctx context.Context, s awsapi.Session, via string, p pages) ([]Held, error) {
	held := []Held{}
	names, err := all(p.inline)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := p.document(name)
		if err != nil {
			return nil, err
		}
		if text, err = decoded(text); err != nil {
			return nil, fmt.Errorf("reading inline policy %q: %w", name, err)
		}
		h := Held{Via: via, Inline: name, Text: text}
		if via == "" {
			h.Document = iampolicy.Value(text)
		}
		held = append(held, h)
	}
	attached, err := all(p.attached)
	if err != nil {
		return nil, err
	}
	for _, arn := range attached {
		v, err := ReadDefaultVersion(ctx, s, arn)
		if err != nil {
			return nil, err
		}
		held = append(held, Held{Via: via, ARN: arn, Text: v.Text})
	}
	return held, nil
}

func all(page func(*string) ([]string, *string, error)) ([]string, error) {
	var out []string
	var marker *string
	for {
		names, next, err := page(marker)
		if err != nil {
			return nil, gone(err)
		}
		out = append(out, names...)
		if marker = next; next == nil {
			return out, nil
		}
	}
}

func sorted(held []Held) []Held {
	slices.SortFunc(held, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Via, b.Via), cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Inline, b.Inline))
	})
	return held
}

func userPages(ctx context.Context, s awsapi.Session, user string) pages {
	return pages{
		inline: func(m *string) ([]string, *string, error) {
			out, err := ListUserPolicies.Do(ctx, s, &iam.ListUserPoliciesInput{UserName: &user, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		},
		document: func(name string) (string, error) {
			out, err := GetUserPolicy.Do(ctx, s, &iam.GetUserPolicyInput{UserName: &user, PolicyName: &name})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.PolicyDocument), nil
		},
		attached: func(m *string) ([]string, *string, error) {
			out, err := ListUserAttachments.Do(ctx, s, &iam.ListAttachedUserPoliciesInput{UserName: &user, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return arns(out.AttachedPolicies), out.Marker, nil
		},
	}
}

func rolePages(ctx context.Context, s awsapi.Session, role string) pages {
	return pages{
		inline: func(m *string) ([]string, *string, error) {
			out, err := ListRolePolicies.Do(ctx, s, &iam.ListRolePoliciesInput{RoleName: &role, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		},
		document: func(name string) (string, error) {
			out, err := GetRolePolicy.Do(ctx, s, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.PolicyDocument), nil
		},
		attached: func(m *string) ([]string, *string, error) {
			out, err := ListRoleAttachments.Do(ctx, s, &iam.ListAttachedRolePoliciesInput{RoleName: &role, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return arns(out.AttachedPolicies), out.Marker, nil
		},
	}
}

func groupPages(ctx context.Context, s awsapi.Session, group string) pages {
	return pages{
		inline: func(m *string) ([]string, *string, error) {
			out, err := ListGroupPolicies.Do(ctx, s, &iam.ListGroupPoliciesInput{GroupName: &group, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		},
		document: func(name string) (string, error) {
			out, err := GetGroupPolicy.Do(ctx, s, &iam.GetGroupPolicyInput{GroupName: &group, PolicyName: &name})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.PolicyDocument), nil
		},
		attached: func(m *string) ([]string, *string, error) {
			out, err := ListGroupAttachments.Do(ctx, s, &iam.ListAttachedGroupPoliciesInput{GroupName: &group, Marker: m})
			if err != nil {
				return nil, nil, err
			}
			return arns(out.AttachedPolicies), out.Marker, nil
		},
	}
}
