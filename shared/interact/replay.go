package interact

import (
	"context"
	"errors"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

const (
	attrBy    = "heard_by"
	mustBeNew = "the request was not heard before"
)

// Once remembers in a table what was heard: one item each, which DynamoDB deletes after a while. By names the process's request, so that a write whose
// answer was lost is not taken for somebody else's. IAM action: dynamodb:PutItem on the table; partitions begin with "heard#".
func Once(store *dynamodbapi.Store, table string, by func() string) func(context.Context, string, time.Time) (bool, error) {
	return func(ctx context.Context, id string, until time.Time) (bool, error) {
		v := dynamodbapi.Key("heard#"+id, "heard")
		mine := by()
		v[attrBy], v[dynamodbapi.TTL] = mine, until.Unix()
		_, err := store.Write(ctx, dynamodbapi.Item{Op: dynamodbapi.Put, Table: table, Put: v, Condition: "attribute_not_exists(pk)", Must: mustBeNew})
		var there *dynamodbapi.ConditionError
		if errors.As(err, &there) {
			return len(there.Failed) == 1 && there.Failed[0].Old.Text(attrBy) == mine, nil
		}
		return err == nil, err
	}
}
