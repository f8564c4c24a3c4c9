package emulator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }

func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk)}
}

func item(pk, sk string, n int) map[string]types.AttributeValue {
	out := key(pk, sk)
	out["n"] = number(n)
	return out
}

// table makes one with five items, whose numbers are 0 to 4.
func table(t *testing.T, c *dynamodb.Client, name string) {
	t.Helper()
	_, err := c.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "S"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range [][2]string{{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "1"}, {"c", "1"}} {
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item(k[0], k[1], i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func tables(t *testing.T) *dynamodb.Client {
	t.Helper()
	return dynamodb.NewFromConfig(emulatortest.ForTest(t).Config(emulatortest.Account(t), region))
}

// held is what a table holds, by key: a number, and what else there is.
func held(t *testing.T, c *dynamodb.Client, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pk := range []string{"a", "b", "c", "d"} {
		page, err := c.Query(t.Context(), &dynamodb.QueryInput{TableName: &name, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(pk)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			n, more := it["n"].(*types.AttributeValueMemberN), ""
			if s, ok := it["s"].(*types.AttributeValueMemberS); ok {
				more = " " + s.Value
			}
			out[pk+it["sk"].(*types.AttributeValueMemberS).Value] = n.Value + more
		}
	}
	return out
}

// writes puts, updates and deletes old and new items of two tables. The last one holds if n of c1 is below the limit.
func writes(one, two string, limit int) []types.TransactWriteItem {
	put := func(table, pk, sk string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: &table, Item: item(pk, sk, 70)}}
	}
	update := func(table, pk, sk string) types.TransactWriteItem {
		return types.TransactWriteItem{Update: &types.Update{TableName: &table, Key: key(pk, sk), UpdateExpression: aws.String("SET s = :s ADD n :n"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":s": text("new"), ":n": number(5)}}}
	}
	return []types.TransactWriteItem{
		put(one, "a", "1"), put(one, "d", "1"), update(one, "a", "2"), update(one, "d", "2"), put(one, "a", "9"),
		{Delete: &types.Delete{TableName: &one, Key: key("b", "1")}},
		{Delete: &types.Delete{TableName: &one, Key: key("d", "7")}},
		put(two, "a", "1"), update(two, "b", "1"),
		{ConditionCheck: &types.ConditionCheck{TableName: &one, Key: key("c", "1"), ConditionExpression: aws.String("n < :n"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":n": number(limit)}}},
	}
}

// TestATransactionIsAllOrNothing: a cancelled one takes back each put, update and delete and leaves everything else, and the same one again is done when
// its condition holds.
func TestATransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	c, one, two := tables(t), "one", "two"
	table(t, c, one)
	table(t, c, two)
	before := map[string]string{"a1": "0", "a2": "1", "a3": "2", "b1": "3", "c1": "4"}
	for range 2 {
		_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: writes(one, two, 4)})
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 10 || aws.ToString(cancelled.CancellationReasons[9].Code) != "ConditionalCheckFailed" {
			t.Fatalf("want a cancelled transaction, got %v", err)
		}
		if diff := cmp.Diff(before, held(t, c, one)); diff != "" {
			t.Errorf("after it was cancelled (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, held(t, c, two)); diff != "" {
			t.Errorf("after it was cancelled, in the other table (-want +got):\n%s", diff)
		}
	}
	// What others write after a cancelled one stays, and goes with no later one.
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &one, Item: item("a", "4", 6)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: writes(one, two, 5)}); err != nil {
		t.Fatal(err)
	}
	after := map[string]string{"a1": "70", "a2": "6 new", "a3": "2", "a4": "6", "a9": "70", "c1": "4", "d1": "70", "d2": "5 new"}
	if diff := cmp.Diff(after, held(t, c, one)); diff != "" {
		t.Errorf("after it was done (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"a1": "70", "a2": "1", "a3": "2", "b1": "8 new", "c1": "4"}, held(t, c, two)); diff != "" {
		t.Errorf("after it was done, in the other table (-want +got):\n%s", diff)
	}
}

// TestExpressionsAreNotMixedUp: an expression is parsed once, whatever its names and values are the next time.
func TestExpressionsAreNotMixedUp(t *testing.T) {
	t.Parallel()
	c, name := tables(t), "one"
	table(t, c, name)
	for i, want := range []struct {
		attribute, limit string
		n                int
		fails            bool
	}{{"n", "10", 1, false}, {"s", "10", 2, true}, {"n", "0", 3, true}, {"n", "2", 4, false}} {
		_, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &name, Key: key("a", "1"), UpdateExpression: aws.String("SET #v = :v, w = :v"),
			ConditionExpression: aws.String("#c < :limit"), ExpressionAttributeNames: map[string]string{"#c": want.attribute, "#v": "n"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": number(want.n), ":limit": &types.AttributeValueMemberN{Value: want.limit}}})
		var failed *types.ConditionalCheckFailedException
		if errors.As(err, &failed) != want.fails || err != nil && !want.fails {
			t.Errorf("update %d: %v", i, err)
		}
	}
	if got := held(t, c, name)["a1"]; got != "4" {
		t.Errorf("n is %s, want 4", got)
	}
	for _, bad := range []string{"SET n = ", "SET n = :none"} {
		_, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &name, Key: key("a", "1"), UpdateExpression: &bad})
		if err == nil || !strings.Contains(err.Error(), "ValidationException") {
			t.Errorf("%q: %v, want a validation exception", bad, err)
		}
	}
}
