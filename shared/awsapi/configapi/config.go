// Package configapi declares what shoreup uses of AWS Config: answering for a custom rule, and asking for rules to be evaluated again. Neither belongs to a
// control, so neither is a call that a plan could hold. Source of actions: Service Authorization Reference, "AWS Config".
package configapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The operations, declared for the policies that are made of declarations. [Put] and [Start] make them.
var (
	PutEvaluations       = awsapi.NewWrite(configservice.NewFromConfig, (*configservice.Client).PutEvaluations, "", "config:PutEvaluations")
	StartRulesEvaluation = awsapi.NewWrite(configservice.NewFromConfig, (*configservice.Client).StartConfigRulesEvaluation, "", "config:StartConfigRulesEvaluation")
)

// Limits of AWS Config. Source: API reference, PutEvaluations, Evaluation and StartConfigRulesEvaluation.
const (
	MaxEvaluations = 100 // in one PutEvaluations
	MaxAnnotation  = 256 // characters
	MaxRules       = 25  // in one StartConfigRulesEvaluation
)

// Verdict is what a custom rule may say of a resource. INSUFFICIENT_DATA is none: PutEvaluations refuses it, and AWS Config says it itself of what was
// never answered. Source: API reference, Evaluation.
type Verdict string

// The verdicts.
const (
	Compliant     Verdict = "COMPLIANT"
	NonCompliant  Verdict = "NON_COMPLIANT"
	NotApplicable Verdict = "NOT_APPLICABLE"
)

// Evaluation is the verdict on one resource.
type Evaluation struct {
	Type       string // AWS Config's name of the type
	ID         string // AWS Config's id of the resource
	Verdict    Verdict
	Annotation string    // cut at MaxAnnotation characters; empty: none
	At         time.Time // of the notification that asked for the verdict
}

// Put answers for a custom rule, with the token of the invocation and at most MaxEvaluations verdicts, and returns those that AWS Config did not take.
func Put(ctx context.Context, s awsapi.Session, token string, list []Evaluation) (failed []Evaluation, err error) {
	c, err := awsapi.Client(s, configservice.NewFromConfig)
	if err != nil {
		return nil, err
	}
	in := &configservice.PutEvaluationsInput{ResultToken: &token, Evaluations: make([]types.Evaluation, len(list))}
	for i, e := range list {
		in.Evaluations[i] = types.Evaluation{ComplianceResourceType: aws.String(e.Type), ComplianceResourceId: aws.String(e.ID),
			ComplianceType: types.ComplianceType(e.Verdict), OrderingTimestamp: aws.Time(e.At)}
		if e.Annotation != "" {
			in.Evaluations[i].Annotation = aws.String(cut(e.Annotation))
		}
	}
	out, err := c.PutEvaluations(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("putting %d evaluations in %s/%s: %w", len(list), s.Account, s.Region, err)
	}
	for _, e := range out.FailedEvaluations {
		failed = append(failed, Evaluation{Type: aws.ToString(e.ComplianceResourceType), ID: aws.ToString(e.ComplianceResourceId),
			Verdict: Verdict(e.ComplianceType), Annotation: aws.ToString(e.Annotation), At: aws.ToTime(e.OrderingTimestamp)})
	}
	return failed, nil
}

// Start has at most MaxRules rules evaluated again. AWS Config takes one such call a minute, and none of it if one of the names is no rule.
func Start(ctx context.Context, s awsapi.Session, rules []string) error {
	c, err := awsapi.Client(s, configservice.NewFromConfig)
	if err != nil {
		return err
	}
	if _, err := c.StartConfigRulesEvaluation(ctx, &configservice.StartConfigRulesEvaluationInput{ConfigRuleNames: rules}); err != nil {
		return fmt.Errorf("starting the evaluation of %d AWS Config rules in %s/%s: %w", len(rules), s.Account, s.Region, err)
	}
	return nil
}

// cut bounds an annotation: a longer one would have the whole answer refused.
func cut(s string) string {
	if r := []rune(s); len(r) > MaxAnnotation {
		return string(r[:MaxAnnotation-1]) + "…"
	}
	return s
}

// IsNoSuchRule reports whether the error says that a name is that of no rule. An account without AWS Config says so of every name.
func IsNoSuchRule(err error) bool {
	var e *types.NoSuchConfigRuleException
	return errors.As(err, &e)
}

// IsBusy reports whether the error says that the rules are being evaluated, or were within the last minute.
func IsBusy(err error) bool {
	var limit *types.LimitExceededException
	var use *types.ResourceInUseException
	return errors.As(err, &limit) || errors.As(err, &use)
}
