package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

const (
	rulesBucket = "RulesBucket"
	logsBucket  = "AccessLogsBucket"
	// logDays is how long access logs are kept: a year and a month, so that a yearly review sees all of it.
	logDays = 400
)

// buckets adds the bucket of shoreup.yaml, versioned because a file's version stands in every plan, and the bucket of its access logs.
func (s stack) buckets() {
	logs := bucketProps("access-logs")
	logs.LifecycleConfiguration = &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: []any{&awss3.CfnBucket_RuleProperty{
		Id: jsii.String("expire"), Status: jsii.String("Enabled"), ExpirationInDays: jsii.Number(logDays),
		NoncurrentVersionExpiration:    &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: jsii.Number(1)},
		AbortIncompleteMultipartUpload: &awss3.CfnBucket_AbortIncompleteMultipartUploadProperty{DaysAfterInitiation: jsii.Number(1)},
	}}}
	keep(awss3.NewCfnBucket(s.in, jsii.String(logsBucket), logs))
	s.bucketPolicy(logsBucket, object{
		"Effect": "Allow", "Principal": object{"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
		"Resource": sub("${" + logsBucket + ".Arn}/*"),
		"Condition": object{
			"ArnLike": object{"aws:SourceArn": att(rulesBucket, "Arn")}, "StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
		},
	})

	rules := bucketProps("rules")
	rules.LoggingConfiguration = &awss3.CfnBucket_LoggingConfigurationProperty{
		DestinationBucketName: text(ref(logsBucket)), LogFilePrefix: jsii.String("rules/"),
	}
	keep(awss3.NewCfnBucket(s.in, jsii.String(rulesBucket), rules))
	s.bucketPolicy(rulesBucket)
	awscdk.NewCfnOutput(s.in, jsii.String("RulesFile"), &awscdk.CfnOutputProps{
		Description: jsii.String("Where the rules file belongs; without one, nothing is ever changed"), Value: rulesFile(),
	})
}

func rulesFile() *string { return text(sub("s3://${" + rulesBucket + "}/" + rulesKey)) }

// bucketProps is what all our buckets have in common. The account and Region make the name unique.
func bucketProps(part string) *awss3.CfnBucketProps {
	return &awss3.CfnBucketProps{
		BucketName: text(sub(name(part) + "-" + account + "-" + region)),
		BucketEncryption: &awss3.CfnBucket_BucketEncryptionProperty{ServerSideEncryptionConfiguration: []any{&awss3.CfnBucket_ServerSideEncryptionRuleProperty{
			ServerSideEncryptionByDefault: &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: jsii.String("AES256")},
		}}},
		OwnershipControls: &awss3.CfnBucket_OwnershipControlsProperty{
			Rules: []any{&awss3.CfnBucket_OwnershipControlsRuleProperty{ObjectOwnership: jsii.String("BucketOwnerEnforced")}},
		},
		PublicAccessBlockConfiguration: &awss3.CfnBucket_PublicAccessBlockConfigurationProperty{
			BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
		},
		VersioningConfiguration: &awss3.CfnBucket_VersioningConfigurationProperty{Status: jsii.String("Enabled")},
	}
}

// bucketPolicy allows what is given, and refuses requests without TLS.
func (s stack) bucketPolicy(bucket string, statements ...any) {
	statements = append(statements, object{
		"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
		"Resource": []any{att(bucket, "Arn"), sub("${" + bucket + ".Arn}/*")}, "Condition": withoutTLS(),
	})
	policy := awss3.NewCfnBucketPolicy(s.in, jsii.String(bucket+"Policy"), &awss3.CfnBucketPolicyProps{
		Bucket: text(ref(bucket)), PolicyDocument: object{"Version": "2012-10-17", "Statement": statements},
	})
	keep(policy)
}

func withoutTLS() object { return object{"Bool": object{"aws:SecureTransport": "false"}} }
