package core

import "github.com/shoreup/shoreup/shared/wildcard"

// protected lists principals that are judged and reported like any other, and never written: whoever breaks one of these loses the way back
// in, or fights a service that owns it. They are matched by full ARN or path. Sources: IAM user guide (service-linked roles answer
// UnmodifiableEntity), IAM Identity Center (reserved path), Control Tower, StackSets and CDK bootstrap documentation for the role names.
var protected = []struct{ pattern, reason string }{
	{"arn:*:iam::*:role/aws-service-role/*", "service-linked role, owned by its AWS service"},
	{"arn:*:iam::*:role/aws-reserved/*", "IAM Identity Center role, changed only through its permission set"},
	{"arn:*:iam::*:role/AWSControlTower*", "Control Tower's own role"},
	{"arn:*:iam::*:role/service-role/AWSControlTower*", "Control Tower's own role"},
	{"arn:*:iam::*:role/aws-controltower-*", "Control Tower's own role"},
	{"arn:*:iam::*:role/OrganizationAccountAccessRole", "the organisation management account's access"},
	{"arn:*:iam::*:role/AWSCloudFormationStackSetExecutionRole", "StackSets' own role"},
	{"arn:*:iam::*:role/AWSCloudFormationStackSetAdministrationRole", "StackSets' own role"},
	{"arn:*:iam::*:role/stacksets-exec-*", "StackSets' own role"},
	{"arn:*:iam::*:role/cdk-*-deploy-role-*", "CDK bootstrap role"},
	{"arn:*:iam::*:role/cdk-*-cfn-exec-role-*", "CDK bootstrap role"},
	{"arn:*:iam::*:role/cdk-*-file-publishing-role-*", "CDK bootstrap role"},
	{"arn:*:iam::*:role/cdk-*-image-publishing-role-*", "CDK bootstrap role"},
	{"arn:*:iam::*:role/cdk-*-lookup-role-*", "CDK bootstrap role"},
	{"arn:*:iam::*:role/shoreup/*", "shoreup's own role"},
	{"arn:*:iam::*:policy/shoreup/*", "shoreup's own policy"},
	{"arn:*:iam::*:root", "the account's root user"},
	{"arn:*:s3:::shoreup-*", "shoreup's own bucket"},
	{"arn:*:sqs:*:*:shoreup-*", "shoreup's own queue"},
	{"arn:*:dynamodb:*:*:table/shoreup-*", "shoreup's own table"},
	{"arn:*:cloudwatch:*:*:alarm:shoreup-*", "shoreup's own alarm"},
	{"arn:*:events:*:*:event-bus/shoreup", "shoreup's own event bus"},
	{"arn:*:events:*:*:rule/shoreup*", "shoreup's own event rule"},
	{"arn:*:lambda:*:*:function:shoreup-*", "shoreup's own function"},
	{"arn:*:logs:*:*:log-group:/aws/lambda/shoreup-*", "shoreup's own log"},
	{"arn:*:logs:*:*:log-group:/aws/apigateway/shoreup-*", "shoreup's own log"},
	{"arn:*:secretsmanager:*:*:secret:shoreup/*", "shoreup's own secret"},
	{"arn:*:sns:*:*:shoreup-*", "shoreup's own topic"},
}

// ProtectedARNs returns the patterns of everything that must never be written.
func ProtectedARNs() []string {
	out := make([]string, len(protected))
	for i, p := range protected {
		out[i] = p.pattern
	}
	return out
}

// ProtectedBy returns why the resource with this ARN must not be written, or nothing.
func (s Settings) ProtectedBy(arn string) string {
	for _, p := range protected {
		if wildcard.Match(p.pattern, arn) {
			return p.reason
		}
	}
	for _, p := range s.Own {
		if wildcard.Match(p, arn) {
			return "shoreup's own"
		}
	}
	for _, p := range s.Protected {
		if wildcard.Match(p, arn) {
			return "listed under protected_principals in the rules file"
		}
	}
	return ""
}
