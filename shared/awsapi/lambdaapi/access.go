package lambdaapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads of who may call a function, and how much of it may run.
var (
	GetPolicy              = awsapi.NewRead(lambda.NewFromConfig, (*lambda.Client).GetPolicy, "lambda:GetPolicy")
	GetFunctionURLConfig   = awsapi.NewRead(lambda.NewFromConfig, (*lambda.Client).GetFunctionUrlConfig, "lambda:GetFunctionUrlConfig")
	GetFunctionConcurrency = awsapi.NewRead(lambda.NewFromConfig, (*lambda.Client).GetFunctionConcurrency, "lambda:GetFunctionConcurrency")
)

// ReadPolicy returns the statements of a function's resource policy, none if it has no policy.
func ReadPolicy(ctx context.Context, s awsapi.Session, function string) ([]map[string]any, error) {
	out, err := GetPolicy.Do(ctx, s, &lambda.GetPolicyInput{FunctionName: &function})
	if awsapi.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var policy struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy); err != nil {
		return nil, fmt.Errorf("reading the resource policy of function %s: %w", function, err)
	}
	return policy.Statement, nil
}

// ReadURLAuth returns the auth type of a function's URL, AWS_IAM or NONE, empty if it has no URL.
func ReadURLAuth(ctx context.Context, s awsapi.Session, function string) (string, error) {
	out, err := GetFunctionURLConfig.Do(ctx, s, &lambda.GetFunctionUrlConfigInput{FunctionName: &function})
	if awsapi.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(out.AuthType), nil
}

// ReadReserved returns how many of a function may run at the same time, of the account's concurrency; -1: it shares it with all others.
func ReadReserved(ctx context.Context, s awsapi.Session, function string) (int, error) {
	out, err := GetFunctionConcurrency.Do(ctx, s, &lambda.GetFunctionConcurrencyInput{FunctionName: &function})
	if err != nil {
		return 0, err
	}
	if out.ReservedConcurrentExecutions == nil {
		return -1, nil
	}
	return int(*out.ReservedConcurrentExecutions), nil
}
