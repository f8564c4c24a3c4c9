package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

const (
	rulesBucket = "RulesBucket"
	auditBucket = "AuditBucket"
	logsBucket  = "AccessLogsBucket"
	// reportsBucket's name is in the plural: it holds many.
	reportsBucket = "ReportsBucket"
	// logDays is how long access logs and reports are kept: a year and a month, so that a yearly review sees all of it.
	logDays = 400
)

// buckets adds the bucket of shoreup.yaml, versioned because a file's version stands in every plan, the bucket of the sealed audit log, the one of
// reports, and the one of all their access logs. All of them outlive the stack.
func (s stack) buckets() {
	s.logsBucket()
	s.rulesBucket()
	s.auditBucket()
	s.reportsBucket()
}

func (s stack) logsBucket() {
	logs := bucketProps("access-logs")
	logs.LifecycleConfiguration = expiring(1)
	keep(awss3.NewCfnBucket(s.in, jsii.String(logsBucket), logs))
	s.bucketPolicy(logsBucket, object{
		"Effect": "Allow", "Principal": object{"Service": "logging.s3.amazonaws.com"}, "Action": putObject,
		"Resource": objects(logsBucket),
		"Condition": object{
			"ArnLike": object{"aws:SourceArn": []any{att(auditBucket, "Arn"), att(rulesBucket, "Arn"), att(reportsBucket, "Arn")}}, "StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
		},
	})
}

func (s stack) rulesBucket() {
	rules := bucketProps("rules")
	rules.LoggingConfiguration = logged("rules/")
	keep(awss3.NewCfnBucket(s.in, jsii.String(rulesBucket), rules))
	s.bucketPolicy(rulesBucket, onlyWriter(rulesBucket, ref(paramDeployRole), putObject, "s3:DeleteObject", "s3:DeleteObjectVersion"))
	awscdk.NewCfnOutput(s.in, jsii.String("RulesFile"), &awscdk.CfnOutputProps{
		Description: jsii.String("Where the rules file belongs; without one, nothing is ever changed"), Value: rulesFile(),
	})
}

// auditBucket adds the bucket in which a sealed part of the audit log can be neither changed nor deleted until its time is over.
func (s stack) auditBucket() {
	audit := bucketProps("audit")
	audit.LoggingConfiguration = logged("audit/")
	audit.ObjectLockEnabled = true
	audit.ObjectLockConfiguration = &awss3.CfnBucket_ObjectLockConfigurationProperty{
		ObjectLockEnabled: jsii.String("Enabled"), Rule: &awss3.CfnBucket_ObjectLockRuleProperty{DefaultRetention: &awss3.CfnBucket_DefaultRetentionProperty{
			Days: awscdk.Token_AsNumber(ref(paramLockDays)), Mode: text(ref(paramLockMode)),
		}},
	}
	keep(awss3.NewCfnBucket(s.in, jsii.String(auditBucket), audit))
	sealers := s.rolesOf(func(f function) bool { return f.seals })
	s.bucketPolicy(auditBucket, onlyWriter(auditBucket, one(sealers), putObject), object{
		// A sealed part is written once. Object Lock keeps what is under it; this keeps anything from being put on top. Source: S3 user guide, "Enforce
		// conditional writes on Amazon S3 buckets"; uploads in parts, which cannot say it, are refused as well.
		"Sid": "OnlyOnce", "Effect": "Deny", "Principal": "*", "Action": putObject, "Resource": sub("${" + auditBucket + ".Arn}/" + segments + "*"),
		"Condition": object{"Null": object{"s3:if-none-match": "true"}},
	}, object{
		"Sid": "NoDeletion", "Effect": "Deny", "Principal": "*", "Action": []any{"s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:PutObjectRetention"},
		"Resource": objects(auditBucket),
	})
}

// reportsBucket adds the bucket of the scheduled reports. The newest page has a name of its own and is written over each time.
func (s stack) reportsBucket() {
	reports := bucketProps("reports")
	reports.LoggingConfiguration = logged("reports/")
	reports.LifecycleConfiguration = expiring(30)
	keep(awss3.NewCfnBucket(s.in, jsii.String(reportsBucket), reports))
	s.bucketPolicy(reportsBucket, onlyWriter(reportsBucket, one(s.rolesOf(func(f function) bool { return f.reports })), putObject))
	awscdk.NewCfnOutput(s.in, jsii.String("Reports"), &awscdk.CfnOutputProps{
		Description: jsii.String("Where the newest report is"), Value: text(sub("s3://${" + reportsBucket + "}/latest.html")),
	})
}

// rolesOf returns the ARNs of the roles of the functions that a test holds for.
func (s stack) rolesOf(which func(function) bool) []string {
	var out []string
	for _, f := range s.fleet.those(which) {
		out = append(out, roleARN(account, functionRole(f)))
	}
	return out
}

// expiring deletes objects after a year and a month, and what was written over after so many days.
func expiring(overwritten float64) *awss3.CfnBucket_LifecycleConfigurationProperty {
	return &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: []any{&awss3.CfnBucket_RuleProperty{
		Id: jsii.String("expire"), Status: jsii.String("Enabled"), ExpirationInDays: jsii.Number(logDays),
		NoncurrentVersionExpiration:    &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: jsii.Number(overwritten)},
		AbortIncompleteMultipartUpload: &awss3.CfnBucket_AbortIncompleteMultipartUploadProperty{DaysAfterInitiation: jsii.Number(1)},
	}}}
}

// segments begins the names of the sealed parts, which are all that is in the audit bucket.
const segments = "chains/"

func rulesFile() *string { return text(sub("s3://${" + rulesBucket + "}/" + rulesKey)) }

const putObject = "s3:PutObject"

func objects(bucket string) any { return sub("${" + bucket + ".Arn}/*") }

// onlyWriter refuses to let anybody else change a bucket's objects, administrators included.
func onlyWriter(bucket string, writer any, actions ...string) object {
	return object{
		"Sid": "OnlyWriter", "Effect": "Deny", "Principal": "*", "Action": one(actions), "Resource": objects(bucket),
		"Condition": object{"ArnNotEquals": object{"aws:PrincipalArn": writer}},
	}
}

func logged(prefix string) *awss3.CfnBucket_LoggingConfigurationProperty {
	return &awss3.CfnBucket_LoggingConfigurationProperty{DestinationBucketName: text(ref(logsBucket)), LogFilePrefix: &prefix}
}

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

// bucketPolicy says what is given, and refuses requests without TLS.
func (s stack) bucketPolicy(bucket string, statements ...any) {
	statements = append(statements, object{
		"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
		"Resource": []any{att(bucket, "Arn"), objects(bucket)}, "Condition": withoutTLS(),
	})
	policy := awss3.NewCfnBucketPolicy(s.in, jsii.String(bucket+"Policy"), &awss3.CfnBucketPolicyProps{
		Bucket: text(ref(bucket)), PolicyDocument: object{"Version": "2012-10-17", "Statement": statements},
	})
	keep(policy)
}

func withoutTLS() object { return object{"Bool": object{"aws:SecureTransport": "false"}} }
