package setup

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var rdsOperations = []operation{
	op(rds.NewFromConfig, (*rds.Client).CreateDBInstance),
	op(rds.NewFromConfig, (*rds.Client).CreateDBCluster),
	op(rds.NewFromConfig, (*rds.Client).DeleteDBInstance),
	op(rds.NewFromConfig, (*rds.Client).CreateDBSnapshot),
	op(rds.NewFromConfig, (*rds.Client).CreateDBClusterSnapshot),
	op(rds.NewFromConfig, (*rds.Client).DeleteDBSnapshot),
	op(rds.NewFromConfig, (*rds.Client).ModifyDBSnapshotAttribute),
	op(rds.NewFromConfig, (*rds.Client).ModifyDBClusterSnapshotAttribute),
	op(rds.NewFromConfig, (*rds.Client).CreateDBSubnetGroup),
	op(rds.NewFromConfig, (*rds.Client).AddTagsToResource),
}

var otherOperations = slices.Concat(dynamodbOperations, sqsOperations, snsOperations, kmsOperations, stsOperations)

var dynamodbOperations = []operation{
	op(dynamodb.NewFromConfig, (*dynamodb.Client).CreateTable),
	op(dynamodb.NewFromConfig, (*dynamodb.Client).DeleteTable),
	op(dynamodb.NewFromConfig, (*dynamodb.Client).DescribeTable),
	op(dynamodb.NewFromConfig, (*dynamodb.Client).UpdateTable),
	op(dynamodb.NewFromConfig, (*dynamodb.Client).TagResource),
}

var sqsOperations = []operation{
	op(sqs.NewFromConfig, (*sqs.Client).CreateQueue),
	op(sqs.NewFromConfig, (*sqs.Client).DeleteQueue),
	op(sqs.NewFromConfig, (*sqs.Client).GetQueueAttributes),
	op(sqs.NewFromConfig, (*sqs.Client).SetQueueAttributes),
	op(sqs.NewFromConfig, (*sqs.Client).TagQueue),
}

var snsOperations = []operation{
	op(sns.NewFromConfig, (*sns.Client).CreateTopic),
	op(sns.NewFromConfig, (*sns.Client).DeleteTopic),
	op(sns.NewFromConfig, (*sns.Client).SetTopicAttributes),
	op(sns.NewFromConfig, (*sns.Client).Subscribe),
	op(sns.NewFromConfig, (*sns.Client).TagResource),
}

var kmsOperations = []operation{
	op(kms.NewFromConfig, (*kms.Client).CreateKey),
	op(kms.NewFromConfig, (*kms.Client).DescribeKey),
	op(kms.NewFromConfig, (*kms.Client).CreateAlias),
	op(kms.NewFromConfig, (*kms.Client).EnableKeyRotation),
	op(kms.NewFromConfig, (*kms.Client).DisableKeyRotation),
	op(kms.NewFromConfig, (*kms.Client).EnableKey),
	op(kms.NewFromConfig, (*kms.Client).DisableKey),
	op(kms.NewFromConfig, (*kms.Client).ScheduleKeyDeletion),
	op(kms.NewFromConfig, (*kms.Client).PutKeyPolicy),
	op(kms.NewFromConfig, (*kms.Client).TagResource),
	op(kms.NewFromConfig, (*kms.Client).ReplicateKey),
}

var stsOperations = []operation{
	op(secretsmanager.NewFromConfig, (*secretsmanager.Client).CreateSecret),
	op(sts.NewFromConfig, (*sts.Client).AssumeRole),
	op(sts.NewFromConfig, (*sts.Client).GetCallerIdentity),
}
