package dynamodbapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TTL is the attribute by which DynamoDB clears away old items of a table that has [Table.Expires]: seconds since 1970. Deletion is late
// by up to days, so that no condition may rely on it.
const TTL = "ttl"

// Table describes one of our tables. Its key is always (PK, SK), both text; it is billed by request.
type Table struct {
	Suffix  string // the table's name is prefix-suffix
	Holds   string // one sentence for people
	Expires bool   // items are cleared away by the attribute TTL
	Keep    bool   // what it holds is nowhere else: retained, backed up, protected from deletion
}

// Name returns the table's name, for example "shoreup-audit".
func (t Table) Name(prefix string) string { return prefix + "-" + t.Suffix }

// Create makes a table and waits until it can be used. It is for emulators and trials; a deployment's tables come from its template. A
// table that is there already is left as it is.
func (s *Store) Create(ctx context.Context, t Table, prefix string) error {
	c, err := s.begin("CreateTable")
	if err != nil {
		return err
	}
	name := t.Name(prefix)
	_, err = c.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(PK), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String(SK), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String(PK), KeyType: types.KeyTypeHash}, {AttributeName: aws.String(SK), KeyType: types.KeyTypeRange}},
	}, s.options)
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("creating table %s: %w", name, err)
	}
	wait := dynamodb.NewTableExistsWaiter(c, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond })
	if err := wait.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		return fmt.Errorf("waiting for table %s: %w", name, err)
	}
	if !t.Expires || exists != nil {
		return nil
	}
	_, err = c.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(TTL), Enabled: aws.Bool(true)}}, s.options)
	if err != nil {
		return fmt.Errorf("setting the expiry of table %s: %w", name, err)
	}
	return nil
}
