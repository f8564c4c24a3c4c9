package policyescalation

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// mixed proposes what could stand in the place of statements that also allow something harmless: removing those would take away more than what is wrong.
// left is the document without the statements that we remove; they are counted as in the document that is there now.
func mixed(r awsapi.Resource, left iampolicy.Document, removed []int) []string {
	wrong := dangerous(left)
	var out []string
	for i, st := range left.Statements {
		if actions := wrong[i]; len(actions) > 0 && !iamapi.Wholly(st, actions) {
			st.Index = placeNow(i, removed)
			out = append(out, iamapi.Narrower(st, actions, r.Account))
		}
	}
	return out
}

// placeNow is where a statement stood before those at the removed places, in order, were taken out.
func placeNow(i int, removed []int) int {
	for _, r := range removed {
		if r <= i {
			i++
		}
	}
	return i
}

// advice is for what cannot just be removed: statements that are mixed, or all that there is.
func advice(r awsapi.Resource, s State, proposals []string, removing bool) core.Advice {
	arn := awsapi.Word(r.ID)
	steps := []string{"See what its holders used: aws iam generate-service-last-accessed-details --arn " + arn + " --granularity ACTION_LEVEL (iam:PassRole is not tracked)"}
	if removing {
		steps = append(steps, iamapi.AsNow)
	}
	for _, p := range proposals {
		steps = append(steps, "Edit: "+p)
	}
	edit := "Write it back"
	if len(proposals) == 0 {
		edit = "Write what its holders need in the place of what it says, and write it back"
	}
	steps = append(steps, fmt.Sprintf("%s: aws iam create-policy-version --policy-arn %s --set-as-default --policy-document file://policy.json; the version before stays, to go back to", edit, arn))
	if len(proposals) == 0 && len(s.Use.Attachments) == 0 {
		steps = append(steps, "It is attached to nobody: its owner may as well delete it")
	} else if len(proposals) == 0 {
		steps = append(steps, "If its holders do without it, detach it from them; IAM refuses a policy without statements:")
		for _, a := range s.Use.Attachments {
			if a.Via == "" && !a.Boundary {
				steps = append(steps, fmt.Sprintf("%s: aws iam detach-%s-policy --%s-name %s --policy-arn %s", a, a.Kind, a.Kind, a.Name, arn))
			}
		}
	}
	return core.Advice{
		Title: "Narrow policy " + r.ID, Steps: steps,
		Outage: "whatever its holders do that is left out is refused at once",
		Cost:   "none",
	}
}

// refusal says why the policy must not be written: it is protected, or it serves somebody who is.
func refusal(r awsapi.Resource, s State, set core.Settings) string {
	if why := set.ProtectedBy(r.ID); why != "" {
		return why
	}
	for _, a := range s.Use.Attachments {
		if why := set.ProtectedBy(a.ARN); why != "" {
			return fmt.Sprintf("the policy is attached to %s, which is protected: %s", a, why)
		}
	}
	return ""
}
