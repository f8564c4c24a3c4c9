package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

const (
	topicID = "AlarmTopic"
	keyID   = "AlarmKey"
)

// alarmTopic adds the topic that alarms go to. It has a key of its own, because CloudWatch may not use the one that AWS manages for SNS: alarms
// would go silent. Source: AWS re:Post knowledge center, "How do I configure an encrypted SNS topic for CloudWatch alarms".
func (s stack) alarmTopic() {
	key := awskms.NewCfnKey(s.in, jsii.String(keyID), &awskms.CfnKeyProps{
		Description: jsii.String("Encrypts what alarms of shoreup say"), EnableKeyRotation: true, KeyPolicy: alarmKeyPolicy(),
	})
	awskms.NewCfnAlias(s.in, jsii.String(keyID+"Alias"), &awskms.CfnAliasProps{AliasName: jsii.String("alias/" + name("alarms")), TargetKeyId: key.Ref()})
	topic := awssns.NewCfnTopic(s.in, jsii.String(topicID), &awssns.CfnTopicProps{
		TopicName: jsii.String(name("alarms")), DisplayName: jsii.String(prefix), KmsMasterKeyId: key.Ref(),
	})
	awssns.NewCfnTopicPolicy(s.in, jsii.String(topicID+"Policy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()}, PolicyDocument: object{"Version": "2012-10-17", "Statement": []any{
			object{
				"Sid": "FromAlarms", "Effect": "Allow", "Principal": object{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": ref(topicID),
				"Condition": object{
					"ArnLike":      object{"aws:SourceArn": sub("arn:" + partition + ":cloudwatch:" + region + ":" + account + ":alarm:" + prefix + "-*")},
					"StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
				},
			},
			object{"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": ref(topicID), "Condition": withoutTLS()},
		}},
	})
	email := awssns.NewCfnSubscription(s.in, jsii.String("AlarmSubscription"), &awssns.CfnSubscriptionProps{
		TopicArn: topic.Ref(), Protocol: jsii.String("email"), Endpoint: text(ref(paramAlarmEmail)),
	})
	only(email, s, ifAlarmEmail)
	awscdk.NewCfnOutput(s.in, jsii.String("Alarms"), &awscdk.CfnOutputProps{Description: jsii.String("The topic that alarms go to"), Value: topic.Ref()})
}

// alarmKeyPolicy leaves the key to the account's administrators, action by action, and lets CloudWatch use it. It has no condition on CloudWatch's
// part: which alarm it is about stands in the topic's policy, and a key that an alarm cannot use is an alarm that nobody hears.
func alarmKeyPolicy() object {
	return object{"Version": "2012-10-17", "Statement": []any{
		object{
			"Sid": "Administration", "Effect": "Allow", "Principal": object{"AWS": sub("arn:" + partition + ":iam::" + account + ":root")}, "Resource": "*",
			"Action": []any{
				"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey",
				"kms:EnableKeyRotation", "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies",
				"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
			},
		},
		object{
			"Sid": "Alarms", "Effect": "Allow", "Principal": object{"Service": "cloudwatch.amazonaws.com"}, "Resource": "*",
			"Action": []any{"kms:Decrypt", "kms:GenerateDataKey"},
		},
	}}
}
