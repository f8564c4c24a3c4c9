// Package policyservicewildcard finds customer managed policies that allow every action of a service, or reads of data and secrets on every resource.
package policyservicewildcard

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is the policy's default version.
type State struct {
	Default iamapi.DefaultVersion `json:"default"`
}

// Context says whose policy it is.
func (s State) Context() core.Context {
	return core.Context{Tags: s.Default.Tags, Owner: s.Default.Tags["owner"]}
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "iam-policy-service-wildcard", Version: 1, Title: "Narrow customer managed policies that allow whole services or reading all data",
		Service: "iam", Family: core.FamilyIAM, Type: iamapi.ManagedPolicy,
		Severity: core.Low, Reversible: core.AdviceOnly, Disruption: core.DisruptsNothing,
		SecurityHub: []string{"IAM.21"},
		ConfigRules: []string{"IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.AA-05"}},
		Events:      []string{"iam.amazonaws.com:CreatePolicy", "iam.amazonaws.com:CreatePolicyVersion", "iam.amazonaws.com:SetDefaultPolicyVersion"},
		Reads:       []awsapi.Op{iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes two requests.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	if iamapi.OwnedByAWS(r.ID) {
		return State{}, core.NotApplicable("AWS owns this policy: nobody else can edit it")
	}
	v, err := iamapi.ReadDefaultVersion(ctx, s, r.ID)
	return State{v}, err
}

func judge(s State, _ core.Settings) []core.Violation {
	doc, err := iampolicy.ParseValue(s.Default.Document)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	}
	var out []core.Violation
	for _, f := range tooWide(doc) {
		v := core.Violation{Rule: iamapi.RuleOf(f.Rung), Where: doc.Statements[f.Statements[0].Statement].Name(), Reason: f.Reason, Unsettled: f.Unsettled}
		if s.Default.BoundaryOnly && !v.Unsettled {
			v.Unsettled, v.Reason = true, v.Reason+iamapi.BoundaryReason
		}
		out = append(out, v)
	}
	return out
}

func tooWide(doc iampolicy.Document) []iampolicy.Finding {
	var out []iampolicy.Finding
	for _, f := range iampolicy.JudgeIdentity(doc) {
		if f.Rung == iampolicy.ServiceWildcard || f.Rung == iampolicy.DataExfiltration {
			out = append(out, f)
		}
	}
	return out
}

// plan gives advice alone: which of a service's actions are needed is for usage and its owner to say, and taking all of them away would take far more than what is wrong.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	doc, err := iampolicy.Parse([]byte(s.Default.Text))
	if err != nil || len(violations) == 0 || s.Default.BoundaryOnly {
		return core.Fix[State]{}, nil
	}
	arn := awsapi.Word(r.ID)
	steps := []string{
		"See which actions its holders used: aws iam generate-service-last-accessed-details --arn " + arn + " --granularity ACTION_LEVEL; aws iam get-service-last-accessed-details --job-id JOB",
		"Take a hint for a hint: it reaches back 400 days, lags by hours, and tracks neither iam:PassRole nor S3 data events; ask the owner about yearly jobs and recovery",
	}
	for _, f := range tooWide(doc) {
		st := doc.Statements[f.Statements[0].Statement]
		how := "list the actions that are used in the place of "
		switch {
		case f.Rung == iampolicy.DataExfiltration:
			how = "name the resources that are read in the place of all of them: "
		case st.NotActions != nil:
			how = "write Action with what is used in the place of NotAction "
		}
		steps = append(steps, fmt.Sprintf("In %s, %s%s", st.Name(), how, strings.Join(f.Actions, ", ")))
	}
	steps = append(steps, "Write it back: aws iam create-policy-version --policy-arn "+arn+" --set-as-default --policy-document file://policy.json; version "+s.Default.ID+" stays, to go back to")
	return core.Fix[State]{Advice: []core.Advice{{
		Title: "Narrow policy " + r.ID, Steps: steps, Outage: "an action that is left out is refused to every holder at once", Cost: "none",
	}}}, nil
}
