package infra

import (
	"github.com/shoreup/shoreup/shared/annotate"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// annotations are the operations that tell AWS Config and Security Hub what became of a finding.
func annotations() []awsapi.Op { return annotate.Operations() }

// annotated returns the resources of an action on findings or rules.
func annotated(action string) []string {
	switch service(action) {
	case "config:":
		return []string{"arn:" + partition + ":config:*:" + account + ":config-rule/*"}
	case "securityhub:":
		return []string{"arn:" + partition + ":securityhub:*:" + account + ":hub/default"}
	}
	return []string{"*"}
}
