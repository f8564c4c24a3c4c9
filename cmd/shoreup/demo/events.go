package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// happened is a call that somebody in the company made, as CloudTrail reports it. Params is requestParameters in CloudTrail's own spelling.
type happened struct {
	service, name, region string
	params, response      string
}

// calls are the events that the demo delivers; ${name} stands for what the company's script bound.
var calls = []happened{
	{"s3", "PutBucketPolicy", "", `{"bucketName":"acme-invoices"}`, ""},
	{"s3", "PutBucketPolicy", "", `{"bucketName":"acme-partner-feed"}`, ""},
	{"s3", "PutBucketAcl", "", `{"bucketName":"acme-uploads","x-amz-acl":["public-read-write"]}`, ""},
	{"s3", "PutBucketPolicy", "", `{"bucketName":"acme-website"}`, ""},
	{"s3", "PutBucketPolicy", "", `{"bucketName":"acme-press-kit"}`, ""},
	{"s3", "PutBucketPublicAccessBlock", "", `{"bucketName":"acme-payroll"}`, ""},
	{"s3", "PutAccessPointPolicy", "", `{"name":"acme-share"}`, ""},
	{"s3", "DeleteAccountPublicAccessBlock", "", `{"accountId":"${account}"}`, ""},
	{"ec2", "AuthorizeSecurityGroupIngress", "", `{"groupId":"${bastion}"}`, ""},
	{"ec2", "AuthorizeSecurityGroupIngress", "", `{"groupId":"${database}"}`, ""},
	{"ec2", "AuthorizeSecurityGroupIngress", "", `{"groupId":"${legacy}"}`, ""},
	{"ec2", "AuthorizeSecurityGroupIngress", "", `{"groupId":"${web}"}`, ""},
	{"ec2", "CreateVolume", "", `{"size":"8"}`, `{"volumeId":"${volume}"}`},
	{"ec2", "CreateSnapshot", "", `{"volumeId":"${volume}"}`, `{"snapshotId":"${snapshot}"}`},
	{"ec2", "ModifySnapshotAttribute", "", `{"snapshotId":"${snapshot}","createVolumePermission":{"add":{"items":[{"group":"all"}]}}}`, ""},
	{"ec2", "ModifyImageAttribute", "", `{"imageId":"${image}"}`, ""},
	{"ec2", "DisableEbsEncryptionByDefault", "", `{}`, ""},
	{"rds", "CreateDBInstance", "", `{"dBInstanceIdentifier":"orders"}`, ""},
	{"rds", "ModifyDBSnapshotAttribute", "", `{"dBSnapshotIdentifier":"orders-before-migration"}`, ""},
	{"rds", "CreateDBCluster", "", `{"dBClusterIdentifier":"ledger"}`, ""},
	{"rds", "ModifyDBClusterSnapshotAttribute", "", `{"dBClusterSnapshotIdentifier":"ledger-2024"}`, ""},
	{"dynamodb", "CreateTable", "", `{"tableName":"sessions"}`, ""},
	{"sqs", "CreateQueue", "", `{"queueName":"orders"}`, `{"queueUrl":"https://sqs.${region}.amazonaws.com/${account}/orders"}`},
	{"sns", "CreateTopic", "", `{"name":"alerts"}`, `{"topicArn":"${topic}"}`},
	{"kms", "CreateKey", "", `{}`, `{"keyMetadata":{"keyId":"${key}","arn":"arn:aws:kms:${region}:${account}:key/${key}"}}`},
	{"iam", "CreatePolicy", "us-east-1", `{"policyName":"quick-fix"}`, `{"policy":{"arn":"${admin}"}}`},
	{"iam", "UpdateAssumeRolePolicy", "us-east-1", `{"roleName":"deploy"}`, ""},
	{"iam", "PutUserPolicy", "us-east-1", `{"userName":"intern","policyName":"temporary"}`, ""},
	{"iam", "AttachUserPolicy", "us-east-1", `{"userName":"root-helper"}`, ""},
	{"iam", "DeleteAccountPasswordPolicy", "us-east-1", `{}`, ""},
}

// envelope makes the event as EventBridge delivers it. Source: CloudTrail user guide, "CloudTrail record contents", and EventBridge user guide, "Events via CloudTrail".
func (h happened) envelope(i int, vars map[string]string, at time.Time) ([]byte, error) {
	region := h.region
	if region == "" {
		region = vars["region"]
	}
	params, err := setup.Expand(h.params, vars)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", h.name, err)
	}
	response, err := setup.Expand(h.response, vars)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", h.name, err)
	}
	if response == "" {
		response = "null"
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	issuer := "arn:aws:iam::" + vars["account"] + ":role/developers"
	detail := map[string]any{
		"eventVersion": "1.11", "eventTime": at.UTC().Format(time.RFC3339), "eventSource": h.service + ".amazonaws.com", "eventName": h.name, "awsRegion": region,
		"sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.17", "eventID": id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
		"recipientAccountId": vars["account"], "requestParameters": json.RawMessage(params), "responseElements": json.RawMessage(response),
		"userIdentity": map[string]any{
			"type": "AssumedRole", "principalId": "AROAEXAMPLEID:dana", "arn": "arn:aws:sts::" + vars["account"] + ":assumed-role/developers/dana", "accountId": vars["account"],
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": issuer, "accountId": vars["account"], "userName": "developers"}},
		},
	}
	return json.MarshalIndent(map[string]any{
		"version": "0", "id": id, "detail-type": "AWS API Call via CloudTrail", "source": "aws." + h.service, "account": vars["account"],
		"time": at.UTC().Format(time.RFC3339), "region": region, "resources": []string{}, "detail": detail,
	}, "", "  ")
}
