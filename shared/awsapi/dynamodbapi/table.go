package dynamodbapi

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads of customers' tables. Source of actions: Service Authorization Reference, "Amazon DynamoDB".
var (
	ListTables         = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).ListTables, "dynamodb:ListTables")
	DescribeTable      = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).DescribeTable, "dynamodb:DescribeTable")
	ListTagsOfResource = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).ListTagsOfResource, "dynamodb:ListTagsOfResource")
	GetResourcePolicy  = awsapi.NewRead(dynamodb.NewFromConfig, (*dynamodb.Client).GetResourcePolicy, "dynamodb:GetResourcePolicy")
)

// UpdateTable is the write. To put a table under a KMS key, DynamoDB makes a grant on the key in the caller's name (DynamoDB developer guide,
// "DynamoDB encryption at rest: how it works"); roles cannot use or hand out a key otherwise ("kms:ViaService" and "kms:GrantIsForAWSResource" in the KMS
// developer guide).
var UpdateTable = awsapi.NewWrite(dynamodb.NewFromConfig, (*dynamodb.Client).UpdateTable, "TableName", "dynamodb:UpdateTable", "kms:CreateGrant", "kms:DescribeKey").Under(
	awsapi.Condition{Action: "kms:CreateGrant", Operator: "Bool", Key: "kms:GrantIsForAWSResource", Value: "true"},
	awsapi.Condition{Action: "kms:CreateGrant", Operator: "StringLike", Key: "kms:ViaService", Value: "dynamodb.*"},
	awsapi.Condition{Action: "kms:DescribeKey", Operator: "StringLike", Key: "kms:ViaService", Value: "dynamodb.*"},
)

const tableType = "AWS::DynamoDB::Table"

// TableType is a customer's table; its id is its name. (Table is one of our own.)
var TableType = awsapi.ResourceType{
	Name: tableType,
	ARN:  tableARN,
	Scope: func(r awsapi.Resource) []string { // the grant is made on the AWS managed key, whose id is not known beforehand
		return []string{tableARN(r), "arn:" + r.Partition + ":kms:" + r.Region + ":" + r.Account + ":key/*"}
	},
	List:      listTables,
	ListOps:   []awsapi.Op{ListTables.Op},
	Resolve:   resolveTable,
	Normalize: wirecloudtrail.IDFromARN,
	Tagging:   map[string]awsapi.Tagging{"dynamodb.amazonaws.com:TagResource": {Paths: []string{"requestParameters.resourceArn"}, Keys: []string{"requestParameters.tags[].key"}}},
	Events: map[string][]string{
		"dynamodb.amazonaws.com:CreateTable":               {"requestParameters.tableName", "responseElements.tableDescription.tableName"},
		"dynamodb.amazonaws.com:UpdateTable":               {"requestParameters.tableName", "responseElements.tableDescription.tableName"},
		"dynamodb.amazonaws.com:RestoreTableFromBackup":    {"requestParameters.targetTableName", "responseElements.tableDescription.tableName"},
		"dynamodb.amazonaws.com:RestoreTableToPointInTime": {"requestParameters.targetTableName", "responseElements.tableDescription.tableName"},
	},
}

// TableFacts is what is known of a customer's table.
type TableFacts struct {
	KMSKey   string   // ARN of the key in a customer's account that encrypts the table; empty: the key that AWS owns
	Status   string   // ACTIVE, UPDATING, CREATING, ...
	Replicas []string // Regions of a global table's other replicas
}

// ReadTable returns the table, or an error that wraps [awsapi.ErrGone]. While the table's key is being changed nobody can say which one it has:
// that is an error of class Conflict.
func ReadTable(ctx context.Context, s awsapi.Session, name string) (TableFacts, error) {
	out, err := DescribeTable.Do(ctx, s, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return TableFacts{}, tableGone(err)
	}
	if out.Table == nil || out.Table.TableStatus == types.TableStatusDeleting {
		return TableFacts{}, fmt.Errorf("reading table %s: it is being deleted: %w", name, awsapi.ErrGone)
	}
	t := TableFacts{Status: string(out.Table.TableStatus)}
	for _, r := range out.Table.Replicas {
		if region := aws.ToString(r.RegionName); region != s.Region {
			t.Replicas = append(t.Replicas, region)
		}
	}
	slices.Sort(t.Replicas)
	sse := out.Table.SSEDescription
	switch {
	case sse == nil || sse.Status == types.SSEStatusDisabled:
	case sse.Status == types.SSEStatusEnabled:
		t.KMSKey = aws.ToString(sse.KMSMasterKeyArn)
	default:
		return t, fmt.Errorf("reading table %s: its encryption key is being changed (%s), try again later: %w", name, sse.Status, &types.ResourceInUseException{})
	}
	return t, nil
}

// ReadTableTags returns the tags of the table with this ARN.
func ReadTableTags(ctx context.Context, s awsapi.Session, arn string) (map[string]string, error) {
	tags := map[string]string{}
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: &arn}
	for {
		out, err := ListTagsOfResource.Do(ctx, s, in)
		if err != nil {
			return nil, tableGone(err)
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		if aws.ToString(out.NextToken) == "" {
			return tags, nil
		}
		in.NextToken = out.NextToken
	}
}

// ReadTablePolicy returns the resource policy of the table with this ARN, empty where it has none.
func ReadTablePolicy(ctx context.Context, s awsapi.Session, arn string) (string, error) {
	out, err := GetResourcePolicy.Do(ctx, s, &dynamodb.GetResourcePolicyInput{ResourceArn: &arn})
	var none *types.PolicyNotFoundException
	if errors.As(err, &none) {
		return "", nil
	}
	if err != nil {
		return "", tableGone(err)
	}
	return aws.ToString(out.Policy), nil
}

// SetManagedKey describes the call that puts the table under the account's AWS managed key (aws/dynamodb), or back under the key that AWS owns.
func SetManagedKey(name string, on bool) awsapi.Call {
	spec := &types.SSESpecification{Enabled: &on}
	if on {
		spec.SSEType = types.SSETypeKms
	}
	return UpdateTable.Call(&dynamodb.UpdateTableInput{TableName: &name, SSESpecification: spec})
}

func tableARN(r awsapi.Resource) string {
	return "arn:" + r.Partition + ":dynamodb:" + r.Region + ":" + r.Account + ":table/" + r.ID
}

func listTables(ctx context.Context, s awsapi.Session) ([]string, error) {
	var names []string
	in := &dynamodb.ListTablesInput{Limit: aws.Int32(100)}
	for {
		out, err := ListTables.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		names = append(names, out.TableNames...)
		if aws.ToString(out.LastEvaluatedTableName) == "" {
			return names, nil
		}
		in.ExclusiveStartTableName = out.LastEvaluatedTableName
	}
}

// resolveTable accepts an ARN in the place of a name.
func resolveTable(_ context.Context, _ awsapi.Session, id string) (string, error) {
	a, err := signal.ParseARN(id)
	if err != nil {
		return id, nil // a name: it cannot hold a colon
	}
	name, ok := signal.IDFromARN(tableType, a)
	if !ok {
		return "", fmt.Errorf("resolving %s: it is not the ARN of a table", id)
	}
	return name, nil
}

func tableGone(err error) error {
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
