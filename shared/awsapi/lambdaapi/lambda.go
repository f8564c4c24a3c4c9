// Package lambdaapi declares what shoreup reads of its own functions in AWS Lambda. Source of actions: Service Authorization Reference, "AWS Lambda".
package lambdaapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	GetFunctionConfiguration = awsapi.NewRead(lambda.NewFromConfig, (*lambda.Client).GetFunctionConfiguration, "lambda:GetFunctionConfiguration")
	ListEventSourceMappings  = awsapi.NewRead(lambda.NewFromConfig, (*lambda.Client).ListEventSourceMappings, "lambda:ListEventSourceMappings")
)

// Function is what is known of a function.
type Function struct {
	State       string            // Active, Inactive (idle, and woken by the next event), Pending or Failed; empty means Active
	Update      string            // of the last change: Successful, InProgress or Failed; empty means Successful
	Reason      string            // why it is not as it should be, in AWS's words
	Role        string            // ARN
	Layers      []string          // ARNs of versions
	Environment map[string]string // never to be printed as a whole
}

// ReadFunction returns the function of this name, or an error of class NotFound.
func ReadFunction(ctx context.Context, s awsapi.Session, name string) (Function, error) {
	out, err := GetFunctionConfiguration.Do(ctx, s, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return Function{}, err
	}
	f := Function{State: string(out.State), Update: string(out.LastUpdateStatus), Role: aws.ToString(out.Role), Environment: map[string]string{}}
	if f.Reason = aws.ToString(out.StateReason); f.Reason == "" {
		f.Reason = aws.ToString(out.LastUpdateStatusReason)
	}
	for _, l := range out.Layers {
		f.Layers = append(f.Layers, aws.ToString(l.Arn))
	}
	if out.Environment != nil && out.Environment.Variables != nil {
		f.Environment = out.Environment.Variables
	}
	return f, nil
}

// Source is an event source mapping: what feeds a function.
type Source struct {
	ID       string // UUID
	ARN      string // of the queue
	Function string // ARN, with the version or alias if it feeds one
	State    string // Enabled, Disabled, Enabling, Disabling, Creating, Updating or Deleting
	Filtered bool   // what some filter does not let through is deleted, and no function sees it
	Partial  bool   // of a batch, only the messages that the function names as failed come again
}

// Enabled reports whether the function is fed, or is about to be.
func (s Source) Enabled() bool {
	return s.State == "Enabled" || s.State == "Enabling" || s.State == "Creating" || s.State == "Updating"
}

// ReadSources returns all event source mappings of the account in the Region: whoever asks for those of a function does not see who else takes from a queue.
func ReadSources(ctx context.Context, s awsapi.Session) ([]Source, error) {
	var out []Source
	in := &lambda.ListEventSourceMappingsInput{}
	for {
		page, err := ListEventSourceMappings.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, m := range page.EventSourceMappings {
			out = append(out, Source{
				ID: aws.ToString(m.UUID), ARN: aws.ToString(m.EventSourceArn), Function: aws.ToString(m.FunctionArn), State: aws.ToString(m.State),
				Filtered: m.FilterCriteria != nil && len(m.FilterCriteria.Filters) > 0, Partial: slices.Contains(m.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures),
			})
		}
		if aws.ToString(page.NextMarker) == "" {
			return out, nil
		}
		in.Marker = page.NextMarker
	}
}
