package configrule

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/configapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// judge says what a finding is to AWS Config. What the rules file decides does not count: an exempt or protected resource is as wrong as any other. The error
// is of a look that failed in passing, which is no verdict.
func judge(f core.Finding) (configapi.Verdict, string, error) {
	switch {
	case len(f.Violations) > 0: // whatever became of the plan
		return configapi.NonCompliant, reasons(f.Violations), nil
	case f.Outcome == core.Compliant:
		return configapi.Compliant, "", nil
	case f.Outcome == core.NotApplicableHere:
		return configapi.NotApplicable, show.Visible(f.Reason), nil
	case f.Err != nil && awsapi.Retryable(f.Err):
		return "", "", fmt.Errorf("looking at %s with %s: %w", f.Resource, f.Control, f.Err)
	}
	return configapi.NonCompliant, "not judged: " + show.Visible(f.Reason), nil
}

// reasons begins with the number, which a cut at the annotation's limit cannot take away. Values of the resource are not in it: reasons name what is wrong.
func reasons(list []core.Violation) string {
	text := show.Visible(list[0].Where + ": " + list[0].Reason)
	if len(list) == 1 {
		return text
	}
	return fmt.Sprintf("%d violations, the first: %s", len(list), text)
}
