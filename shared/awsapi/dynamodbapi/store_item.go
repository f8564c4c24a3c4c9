package dynamodbapi

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Values are the attributes of an item, or the values of an expression (":name"): string, bool, []byte, int or int64. Numbers are read back as int64.
type Values map[string]any

// Text returns the named text, empty if there is none.
func (v Values) Text(name string) string {
	s, _ := v[name].(string)
	return s
}

// Int returns the named integer, 0 if there is none.
func (v Values) Int(name string) int64 {
	n, _ := v[name].(int64)
	return n
}

// Bytes returns the named bytes, nil if there are none.
func (v Values) Bytes(name string) []byte {
	b, _ := v[name].([]byte)
	return b
}

// Bool returns the named truth value, false if there is none.
func (v Values) Bool(name string) bool {
	b, _ := v[name].(bool)
	return b
}

// Key returns the key of an item in our tables.
func Key(pk, sk string) Values { return Values{PK: pk, SK: sk} }

func (v Values) key() string { return v.Text(PK) + "/" + v.Text(SK) }

// Op is what an [Item] does.
type Op string

// The operations. A Check writes nothing and is for transactions only.
const (
	Put    Op = "Put"
	Update Op = "Update"
	Check  Op = "Check"
	Delete Op = "Delete"
)

// Item is one write, or one check, as plain data, so that several packages can put together one transaction. A transaction may not hold two
// Items for the same key.
type Item struct {
	Op        Op
	Table     string
	Key       Values            // of all but Put
	Put       Values            // the whole item, key included
	Set       string            // update expression: "SET a = :a ADD n :one"
	Condition string            // condition expression; may be empty
	Names     map[string]string // "#state": "state", for names that are reserved words
	Values    Values            // what the expressions name
	Must      string            // the condition in words, for people and for [ConditionError.Has]: "the kill switch is not engaged"
}

// String names the item for people.
func (it Item) String() string {
	key := it.Key
	if it.Op == Put {
		key = it.Put
	}
	return key.key() + " of table " + it.Table
}

// Failure is one condition that did not hold. Old is the item that was found, nil if there was none.
type Failure struct {
	Item Item
	Old  Values
}

// ConditionError says that nothing was written, because these conditions did not hold.
type ConditionError struct{ Failed []Failure }

func (e *ConditionError) Error() string {
	var musts []string
	for _, f := range e.Failed {
		must := f.Item.Must
		if must == "" {
			must = f.Item.Condition
		}
		musts = append(musts, fmt.Sprintf("%s (%s)", must, f.Item))
	}
	return "this does not hold: " + strings.Join(musts, "; ")
}

// Of returns the failure of the first item with that condition in words.
func (e *ConditionError) Of(must string) (Failure, bool) {
	for _, f := range e.Failed {
		if f.Item.Must == must {
			return f, true
		}
	}
	return Failure{}, false
}

// Has reports whether a condition with these words is among those that failed.
func (e *ConditionError) Has(must string) bool {
	_, ok := e.Of(must)
	return ok
}

// Unwritten reports whether the error is DynamoDB's word that nothing was written. Of anything else (a lost answer, a timeout, a failure
// of the service) the outcome is unknown, and must be found out by reading.
func Unwritten(err error) bool {
	var failed *ConditionError
	if errors.As(err, &failed) {
		return true
	}
	// A repeated token whose first request is still running: that one may yet be written.
	var running *types.TransactionInProgressException
	var answer *smithyhttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode()/100 == 4 && !errors.As(err, &running)
}

// cancelled turns the reasons for which DynamoDB cancelled a transaction into our errors.
func cancelled(err error, items []Item) error {
	var c *types.TransactionCanceledException
	if !errors.As(err, &c) {
		return err
	}
	failed, busy := &ConditionError{}, false
	for i, r := range c.CancellationReasons {
		if r.Code == nil || i >= len(items) {
			continue
		}
		switch *r.Code {
		case "ConditionalCheckFailed":
			old, decodeErr := decode(r.Item)
			if decodeErr != nil {
				return decodeErr
			}
			failed.Failed = append(failed.Failed, Failure{items[i], old})
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			busy = true
		}
	}
	switch {
	case len(failed.Failed) > 0:
		return failed
	case busy:
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// encoded is an Item in the SDK's types.
type encoded struct {
	key, item, values map[string]types.AttributeValue
	condition         *string
}

func (it Item) encode() (encoded, error) {
	var e encoded
	var errs [3]error
	e.key, errs[0] = it.Key.encode()
	e.item, errs[1] = it.Put.encode()
	e.values, errs[2] = it.Values.encode()
	if it.Condition != "" {
		e.condition = &it.Condition
	}
	return e, errors.Join(errs[:]...)
}

func (it Item) transactWrite() (types.TransactWriteItem, error) {
	e, err := it.encode()
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	switch it.Op {
	case Put:
		return types.TransactWriteItem{Put: &types.Put{TableName: &it.Table, Item: e.item, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}}, nil
	case Update:
		return types.TransactWriteItem{Update: &types.Update{TableName: &it.Table, Key: e.key, UpdateExpression: &it.Set, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}}, nil
	case Check:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &it.Table, Key: e.key, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}}, nil
	case Delete:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &it.Table, Key: e.key, ConditionExpression: e.condition,
			ExpressionAttributeNames: it.Names, ExpressionAttributeValues: e.values, ReturnValuesOnConditionCheckFailure: old}}, nil
	}
	return types.TransactWriteItem{}, fmt.Errorf("%q is not an operation", it.Op)
}

func (v Values) encode() (map[string]types.AttributeValue, error) {
	if len(v) == 0 {
		return nil, nil
	}
	out := make(map[string]types.AttributeValue, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch x := v[name].(type) {
		case string:
			out[name] = &types.AttributeValueMemberS{Value: x}
		case bool:
			out[name] = &types.AttributeValueMemberBOOL{Value: x}
		case []byte:
			out[name] = &types.AttributeValueMemberB{Value: x}
		case int:
			out[name] = &types.AttributeValueMemberN{Value: strconv.Itoa(x)}
		case int64:
			out[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(x, 10)}
		default:
			return nil, fmt.Errorf("attribute %s: a %T cannot be stored", name, x)
		}
	}
	return out, nil
}

func decode(item map[string]types.AttributeValue) (Values, error) {
	if item == nil {
		return nil, nil
	}
	v := make(Values, len(item))
	for name, a := range item {
		switch a := a.(type) {
		case *types.AttributeValueMemberS:
			v[name] = a.Value
		case *types.AttributeValueMemberBOOL:
			v[name] = a.Value
		case *types.AttributeValueMemberB:
			v[name] = a.Value
		case *types.AttributeValueMemberN:
			n, err := strconv.ParseInt(a.Value, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("attribute %s: %q is not an integer of ours", name, a.Value)
			}
			v[name] = n
		default:
			return nil, fmt.Errorf("attribute %s: a %T is not of ours", name, a)
		}
	}
	return v, nil
}
