// Package dynamodbapi is Amazon DynamoDB: the operations and readers that controls of customers' tables need, and [Store], the narrow
// access to the tables that are our own.
//
// The two are kept apart on purpose: requests of a Store go to the hub's tables, are retried by the SDK and counted by the Store itself,
// so that they never show among the requests made to a customer's account.
package dynamodbapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// PK and SK are the key attributes of all our tables; both hold text.
const (
	PK = "pk"
	SK = "sk"
)

// firstWait is what a store's FirstWait is at first. DynamoDB answers in milliseconds; its SDKs start at 50.
const firstWait = 50 * time.Millisecond

// ErrBusy says that a transaction had no effect because others were at the same items or the table was throttled: try again.
var ErrBusy = errors.New("the table is busy, nothing was written; try again")

// Store reads and writes our own tables. All reads are consistent. It may be used concurrently.
type Store struct {
	// FirstWait is how long the first repetition of a request waits at most; each further one may wait twice as long. Set it before the first request.
	FirstWait time.Duration

	session awsapi.Session
	retryer aws.Retryer

	mu       sync.Mutex
	requests map[string]int
}

// NewStore returns the store in the session's account and Region.
func NewStore(s awsapi.Session) *Store {
	out := &Store{FirstWait: firstWait, session: s, requests: map[string]int{}}
	// The session's own retryer is made for customers' accounts, where awsapi does the waiting; here there is no limiter.
	out.retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 4
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return rand.N(out.FirstWait << attempt), nil
		})
	})
	return out
}

// Requests returns how many requests were made so far, by operation ("dynamodb:GetItem"), those that the SDK repeated counted once.
func (s *Store) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// begin counts a request and returns the client.
func (s *Store) begin(op string) (*dynamodb.Client, error) {
	c, err := awsapi.Client(s.session, dynamodb.NewFromConfig)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests["dynamodb:"+op]++
	return c, nil
}

func (s *Store) options(o *dynamodb.Options) { o.Retryer = s.retryer }

// Get returns the item with that key, and whether there is one.
func (s *Store) Get(ctx context.Context, table string, key Values) (Values, bool, error) {
	k, err := key.encode()
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of table %s: %w", key.key(), table, err)
	}
	c, err := s.begin("GetItem")
	if err != nil {
		return nil, false, err
	}
	out, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: k, ConsistentRead: aws.Bool(true)}, s.options)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of table %s: %w", key.key(), table, err)
	}
	if out.Item == nil {
		return nil, false, nil
	}
	v, err := decode(out.Item)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of table %s: %w", key.key(), table, err)
	}
	return v, true, nil
}

// Write does one put, update or delete on its own. It returns the item as it is afterwards for an update, else nothing. A condition that
// does not hold is a [*ConditionError]. After a lost answer the SDK repeats the write, so a condition may fail because of the write itself.
func (s *Store) Write(ctx context.Context, it Item) (Values, error) {
	out, err := s.write(ctx, it)
	if err == nil {
		return out, nil
	}
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		old, decodeErr := decode(failed.Item)
		if decodeErr != nil {
			return nil, fmt.Errorf("writing %s: %w", it, decodeErr)
		}
		err = &ConditionError{Failed: []Failure{{Item: it, Old: old}}}
	}
	return nil, fmt.Errorf("writing %s: %w", it, err)
}

func (s *Store) write(ctx context.Context, it Item) (Values, error) {
	e, err := it.encode()
	if err != nil {
		return nil, err
	}
	c, err := s.begin(string(it.Op) + "Item")
	if err != nil {
		return nil, err
	}
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	switch it.Op {
	case Put:
		_, err = c.PutItem(ctx, &dynamodb.PutItemInput{TableName: &it.Table, Item: e.item, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}, s.options)
		return nil, err
	case Delete:
		_, err = c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &it.Table, Key: e.key, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}, s.options)
		return nil, err
	case Update:
		out, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &it.Table, Key: e.key, ConditionExpression: e.condition, UpdateExpression: &it.Set,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old,
			ReturnValues: types.ReturnValueAllNew}, s.options)
		if err != nil {
			return nil, err
		}
		return decode(out.Attributes)
	}
	return nil, fmt.Errorf("a %q is only possible in a transaction", it.Op)
}

// Transact writes all items or none. The token (1 to 36 characters) names this one transaction: DynamoDB answers a repetition within ten
// minutes with success and without effect (API reference, TransactWriteItems, ClientRequestToken), so that two transactions which shall
// both count need two tokens. Errors: [*ConditionError] and [ErrBusy] say that nothing was written; after any other, ask [Unwritten].
func (s *Store) Transact(ctx context.Context, token string, items ...Item) error {
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token}
	for _, it := range items {
		w, err := it.transactWrite()
		if err != nil {
			return fmt.Errorf("writing %s: %w", it, err)
		}
		in.TransactItems = append(in.TransactItems, w)
	}
	c, err := s.begin("TransactWriteItems")
	if err != nil {
		return err
	}
	if _, err = c.TransactWriteItems(ctx, in, s.options); err != nil {
		return fmt.Errorf("writing %d items in one transaction: %w", len(items), cancelled(err, items))
	}
	return nil
}
