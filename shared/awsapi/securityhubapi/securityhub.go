// Package securityhubapi declares what shoreup uses of AWS Security Hub: writing a note on findings, and the status that people were told. It belongs to no
// control, so it is no call that a plan could hold. Source of actions: Service Authorization Reference, "AWS Security Hub".
package securityhubapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// BatchUpdateFindings is declared for the policies that are made of declarations. [Annotate] makes it. To resolve a finding is for the control that found
// it, to suppress it for people. Source: Security Hub user guide, "Configuring access to BatchUpdateFindings".
var BatchUpdateFindings = awsapi.NewWrite(securityhub.NewFromConfig, (*securityhub.Client).BatchUpdateFindings, "", "securityhub:BatchUpdateFindings").
	Under(awsapi.Condition{Operator: "StringEqualsIfExists", Key: "securityhub:ASFFSyntaxPath/Workflow.Status", Value: "NOTIFIED"})

// Limits of Security Hub. Source: API reference, BatchUpdateFindings and Note.
const (
	MaxFindings = 100 // in one BatchUpdateFindings
	MaxNote     = 512 // characters of a note
)

// ID names a finding.
type ID struct {
	ID         string // the finding's Id
	ProductARN string // of the product that sent it
}

// Note is what is written on findings. There is no field for a status of one's choice: RESOLVED is for the control that found it, and SUPPRESSED for people.
type Note struct {
	Text   string // cut at MaxNote characters
	Author string
	// Notified sets the workflow status NOTIFIED; without it the status stays what it is.
	Notified bool
}

// Unprocessed is a finding that Security Hub did not update.
type Unprocessed struct {
	ID
	Code string // FindingNotFound, ConcurrentUpdateError, ...
}

// Annotate writes a note on at most MaxFindings findings and returns those that were not updated.
func Annotate(ctx context.Context, s awsapi.Session, findings []ID, n Note) ([]Unprocessed, error) {
	c, err := awsapi.Client(s, securityhub.NewFromConfig)
	if err != nil {
		return nil, err
	}
	in := &securityhub.BatchUpdateFindingsInput{Note: &types.NoteUpdate{Text: aws.String(cut(n.Text)), UpdatedBy: aws.String(n.Author)}}
	for _, id := range findings {
		in.FindingIdentifiers = append(in.FindingIdentifiers, types.AwsSecurityFindingIdentifier{Id: aws.String(id.ID), ProductArn: aws.String(id.ProductARN)})
	}
	if n.Notified {
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusNotified}
	}
	out, err := c.BatchUpdateFindings(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("updating %d Security Hub findings in %s/%s: %w", len(findings), s.Account, s.Region, err)
	}
	var left []Unprocessed
	for _, u := range out.UnprocessedFindings {
		one := Unprocessed{Code: aws.ToString(u.ErrorCode)}
		if id := u.FindingIdentifier; id != nil {
			one.ID = ID{aws.ToString(id.Id), aws.ToString(id.ProductArn)}
		}
		left = append(left, one)
	}
	return left, nil
}

// cut bounds a note: a longer one would be refused.
func cut(s string) string {
	if r := []rune(s); len(r) > MaxNote {
		return string(r[:MaxNote-1]) + "…"
	}
	return s
}

// IsAbsent reports whether the error says that Security Hub is not enabled in the account and Region.
func IsAbsent(err error) bool {
	var e *types.InvalidAccessException
	return errors.As(err, &e)
}
