package iamapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// GroupFacts is what is known of a group besides its policies.
type GroupFacts struct {
	ARN     string   `json:"arn"`
	Members []string `json:"members"` // ARNs of users
}

// ReadGroup returns the group, or an error that wraps [awsapi.ErrGone].
func ReadGroup(ctx context.Context, s awsapi.Session, name string) (GroupFacts, error) {
	var f GroupFacts
	in := &iam.GetGroupInput{GroupName: &name}
	for {
		page, err := GetGroup.Do(ctx, s, in)
		if err != nil {
			return GroupFacts{}, gone(err)
		}
		f.ARN = aws.ToString(page.Group.Arn)
		f.Members = append(f.Members, userARNs(page.Users)...)
		if in.Marker = page.Marker; !page.IsTruncated {
			slices.Sort(f.Members)
			return f, nil
		}
	}
}

func userARNs(users []iamtypes.User) []string {
	var out []string
	for _, u := range users {
		out = append(out, aws.ToString(u.Arn))
	}
	return out
}
