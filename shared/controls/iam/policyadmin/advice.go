package policyadmin

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// advice is for a policy that says nothing else: IAM refuses a document without statements, so it is replaced or detached by people.
func advice(r awsapi.Resource, s State) core.Advice {
	arn := awsapi.Word(r.ID)
	steps := []string{
		"Find out what its holders really use: aws iam generate-service-last-accessed-details --arn " + arn + " --granularity ACTION_LEVEL; aws iam get-service-last-accessed-details --job-id JOB (400 days back; iam:PassRole and S3 data events are not tracked, so \"not used\" is a hint)",
		"Either write a version with just that: aws iam create-policy-version --policy-arn " + arn + " --set-as-default --policy-document file://policy.json",
	}
	if len(s.Use.Attachments) == 0 {
		steps = append(steps, "Or let its owner delete it: it is attached to nobody")
	} else {
		steps = append(steps, "Or give each holder a policy of its own, and detach this one, one principal at a time:")
	}
	for _, a := range s.Use.Attachments {
		switch {
		case a.Boundary:
			steps = append(steps, fmt.Sprintf("%s: aws iam put-%s-permissions-boundary --%s-name %s --permissions-boundary NEW-POLICY-ARN", a, a.Kind, a.Kind, a.Name))
		case a.Via == "":
			steps = append(steps, fmt.Sprintf("%s: aws iam detach-%s-policy --%s-name %s --policy-arn %s", a, a.Kind, a.Kind, a.Name, arn))
		}
	}
	return core.Advice{
		Title:  "Replace administrator policy " + r.ID,
		Steps:  steps,
		Outage: "whatever a holder does that the new policy leaves out is refused at once; attaching the old one again takes it back",
		Cost:   "none",
	}
}
