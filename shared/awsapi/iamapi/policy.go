package iamapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// maxVersions is how many versions a managed policy may have (IAM and STS quotas; it cannot be raised).
const maxVersions = 5

// DefaultVersion is what the default version of a customer managed policy says.
type DefaultVersion struct {
	Document json.RawMessage   `json:"document"`
	Text     string            `json:"text" aws:"assigned"` // the exact text, to be edited
	ID       string            `json:"id" aws:"assigned"`   // v1, v2, ...
	Tags     map[string]string `json:"tags" aws:"context"`
	// BoundaryOnly: by IAM's own counts the policy is used as a permissions boundary and attached to nobody.
	BoundaryOnly bool `json:"boundaryOnly" aws:"context"`
}

// Version is another version of a policy.
type Version struct {
	ID      string `json:"id"`
	Created string `json:"created"` // date
	Text    string `json:"text"`
	Fine    bool   `json:"fine"` // it makes nobody an administrator
}

// ReadDefaultVersion returns the policy's default version (two requests), or an error that wraps [awsapi.ErrGone].
func ReadDefaultVersion(ctx context.Context, s awsapi.Session, arn string) (DefaultVersion, error) {
	out, err := GetPolicy.Do(ctx, s, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return DefaultVersion{}, gone(err)
	}
	v := DefaultVersion{ID: aws.ToString(out.Policy.DefaultVersionId), Tags: tags(out.Policy.Tags)}
	v.BoundaryOnly = aws.ToInt32(out.Policy.PermissionsBoundaryUsageCount) > 0 && aws.ToInt32(out.Policy.AttachmentCount) == 0
	if v.Text, err = readVersion(ctx, s, arn, v.ID); err != nil {
		return DefaultVersion{}, gone(err)
	}
	v.Document = iampolicy.Value(v.Text)
	return v, nil
}

func readVersion(ctx context.Context, s awsapi.Session, arn, id string) (string, error) {
	out, err := GetPolicyVersion.Do(ctx, s, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &id})
	if err != nil {
		return "", err
	}
	return decoded(aws.ToString(out.PolicyVersion.Document))
}

// decoded returns a document as text: AWS answers it URL-encoded.
func decoded(text string) (string, error) {
	doc, err := iampolicy.ParseURLEncoded(text)
	if err != nil {
		return "", err
	}
	return string(doc.Source()), nil
}

// readSpare returns the version that has to make room for a new one, nil while there is room: the oldest besides the default that is itself too broad,
// so that no version that is fine is lost; the oldest of all if every one is fine. Other versions are only read where there are five.
func readSpare(ctx context.Context, s awsapi.Session, arn string) (*Version, error) {
	var all []iamtypes.PolicyVersion
	in := &iam.ListPolicyVersionsInput{PolicyArn: &arn}
	for {
		page, err := ListPolicyVersions.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Versions...)
		if in.Marker = page.Marker; !page.IsTruncated {
			break
		}
	}
	if len(all) < maxVersions {
		return nil, nil
	}
	all = slices.DeleteFunc(all, func(v iamtypes.PolicyVersion) bool { return v.IsDefaultVersion })
	slices.SortFunc(all, func(a, b iamtypes.PolicyVersion) int { return cmp.Compare(number(a), number(b)) })
	others := make([]Version, len(all))
	for i, v := range all {
		others[i] = Version{ID: aws.ToString(v.VersionId), Created: aws.ToTime(v.CreateDate).Format(time.DateOnly)}
		var err error
		if others[i].Text, err = readVersion(ctx, s, arn, others[i].ID); err != nil {
			return nil, err
		}
	}
	return spareOf(others), nil
}

// spareOf chooses among versions, oldest first.
func spareOf(others []Version) *Version {
	for i := range others {
		others[i].Fine = !tooBroad(others[i].Text)
	}
	if i := slices.IndexFunc(others, func(v Version) bool { return !v.Fine }); i >= 0 {
		return &others[i]
	}
	return &others[0]
}

// tooBroad: the text makes administrators for certain, at once or by way of an escalation.
func tooBroad(text string) bool {
	doc, err := iampolicy.Parse([]byte(text))
	return err == nil && slices.ContainsFunc(iampolicy.JudgeIdentity(doc), func(f iampolicy.Finding) bool {
		return !f.Unsettled && f.Rung <= iampolicy.PassRoleAny
	})
}

// number is that of a version id: v12 is newer than v9.
func number(v iamtypes.PolicyVersion) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(aws.ToString(v.VersionId), "v"))
	return n
}

// Step is one write with the calls that take it back.
type Step struct {
	Why  string
	Do   awsapi.Call
	Undo []awsapi.Call
}

// why says why this version has to go.
func (v Version) why() string {
	if v.Fine {
		return " is the oldest that is not in use, and none of the others is too broad"
	}
	return " is the oldest that is not in use and is itself too broad"
}

// NewDefault describes the calls that give the policy this text as its default version. The one before stays, to go back to; where there are
// five versions already, the spare one is deleted first.
func NewDefault(arn string, before DefaultVersion, spare *Version, text string) []Step {
	var steps []Step
	if spare != nil {
		steps = append(steps, Step{
			Why:  "make room: a policy has at most five versions; " + spare.ID + spare.why(),
			Do:   DeleteVersion.Call(&iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: &spare.ID}),
			Undo: []awsapi.Call{CreateVersion.Call(&iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: &spare.Text})},
		})
	}
	return append(steps, Step{
		Why: "make a new default version without the offending statements; " + before.ID + " stays as a version to go back to",
		Do:  CreateVersion.Call(&iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: &text, SetAsDefault: true}),
		Undo: []awsapi.Call{
			SetDefaultVersion.Call(&iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: &before.ID}),
			DeleteVersion.Call(&iam.DeletePolicyVersionInput{PolicyArn: &arn}, awsapi.Bind{Field: "VersionId", Call: len(steps), From: "PolicyVersion.VersionId"}),
		},
	})
}

func tags(list []iamtypes.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// gone marks the error of a policy or principal that does not exist.
func gone(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchEntity" {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
