package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// tables adds the tables of package occurrence. All are protected and outlive the stack: the state decides what may be written next, and the rest
// is evidence. They are under the account's AWS managed key, so that our own control finds nothing wrong with them.
func (s stack) tables() {
	for _, t := range occurrence.Tables() {
		props := &awsdynamodb.CfnTableProps{
			TableName: jsii.String(t.Name(prefix)), BillingMode: jsii.String("PAY_PER_REQUEST"),
			AttributeDefinitions: []any{
				&awsdynamodb.CfnTable_AttributeDefinitionProperty{AttributeName: jsii.String(dynamodbapi.PK), AttributeType: jsii.String("S")},
				&awsdynamodb.CfnTable_AttributeDefinitionProperty{AttributeName: jsii.String(dynamodbapi.SK), AttributeType: jsii.String("S")},
			},
			KeySchema: []any{
				&awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: jsii.String(dynamodbapi.PK), KeyType: jsii.String("HASH")},
				&awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: jsii.String(dynamodbapi.SK), KeyType: jsii.String("RANGE")},
			},
			DeletionProtectionEnabled:        true,
			PointInTimeRecoverySpecification: &awsdynamodb.CfnTable_PointInTimeRecoverySpecificationProperty{PointInTimeRecoveryEnabled: true},
			SseSpecification:                 &awsdynamodb.CfnTable_SSESpecificationProperty{SseEnabled: true},
		}
		if t.Expires {
			props.TimeToLiveSpecification = &awsdynamodb.CfnTable_TimeToLiveSpecificationProperty{AttributeName: jsii.String(dynamodbapi.TTL), Enabled: true}
		}
		keep(awsdynamodb.NewCfnTable(s.in, jsii.String(tableID(t.Suffix)), props))
	}
}

func tableID(suffix string) string { return id(suffix, "table") }
