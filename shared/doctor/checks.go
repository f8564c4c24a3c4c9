package doctor

import (
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudtrailapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
)

// Checks returns all checks in the order in which they are shown: who is asking, what there is, whether it hears, whether it may act, its record,
// and whether it tells people.
func Checks() []Check {
	return []Check{
		{"caller", "Whose credentials these are", []string{"sts:GetCallerIdentity"}, caller},
		{"tables", "Tables are there, protected from deletion and recoverable", needs(ownapi.DescribeTable.Op, ownapi.DescribeBackups.Op), tables},
		{"functions", "Functions are there, can run, and have the roles and settings that they should", needs(lambdaapi.GetFunctionConfiguration.Op), functions},
		{"callers", "Functions can be called by whom they should", needs(lambdaapi.GetPolicy.Op, lambdaapi.GetFunctionURLConfig.Op, lambdaapi.GetFunctionConcurrency.Op), callers},
		{"sources", "Queues feed their functions, and no others", needs(lambdaapi.ListEventSourceMappings.Op), sources},
		{"queues", "Queues drain, and keep messages as they should", needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op), queues},
		{"senders", "Queues and buses take messages from whom they should", needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op, eventsapi.DescribeEventBus.Op), senders},
		{"dead-letters", "Dead-letter queues are empty", needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op), deadLetters},
		{"rules-file", "The rules file can be read and used", []string{"s3:GetObject"}, rulesFile},
		{"event-rules", "EventBridge's rules are there, enabled, hear and lead as they should", needs(eventsapi.ListRules.Op, eventsapi.ListTargetsByRule.Op, eventsapi.ListEventBuses.Op), eventRules},
		{"trail", "A trail logs the calls that controls want to hear of", needs(cloudtrailapi.DescribeTrails.Op, cloudtrailapi.GetTrailStatus.Op, cloudtrailapi.GetEventSelectors.Op), trails},
		{"roles", "Roles are there, let the functions in and nobody else, and want a source identity", append(needs(iamapi.GetRole.Op), "sts:AssumeRole", "sts:SetSourceIdentity"), roles},
		{"policies", "Roles may do what they should, and no more", needs(iamapi.GetRole.Op, iamapi.ListRolePolicies.Op, iamapi.GetRolePolicy.Op, iamapi.ListRoleAttachments.Op, iamapi.GetPolicy.Op, iamapi.GetPolicyVersion.Op), policies},
		{"kill-switch", "The kill switch is lifted", []string{"dynamodb:GetItem"}, killSwitch},
		{"audit", "The audit log verifies", []string{"dynamodb:GetItem", "dynamodb:Query"}, auditLog},
		{"buckets", "Buckets are versioned, locked and closed as deployed", needs(ownapi.GetBucketPolicy.Op, ownapi.GetVersioning.Op, ownapi.GetObjectLock.Op, ownapi.GetPublicAccess.Op), buckets},
		{"sealed", "The audit log was sealed lately", append(needs(ownapi.ListBucketObjects.Op), "s3:ListBucketVersions", "dynamodb:GetItem", "dynamodb:Query"), sealed},
		{"slack", "Slack takes messages", []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, slackToken},
	}
}

// needs returns the IAM actions of operations, each once.
func needs(ops ...awsapi.Op) []string {
	var out []string
	for _, o := range ops {
		out = append(out, o.Actions...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
