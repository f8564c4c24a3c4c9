package approvals

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

// tables is DynamoDB as far as our store uses it, in this process: an [aws.HTTPClient] that answers in microseconds, so that thousands of histories can be
// tried. What it does is compared with the emulator by TestTablesAreDynamoDB.
type tables struct {
	rows  map[string]map[[2]string]item
	done  map[string]string                           // transactions by token
	fault func(op, table string, writes []string) act // of each request, before it has an effect; writes are the tables that it would write
}

type item map[string]map[string]any

// request is what the operations of the store say, and what a part of a transaction says.
type request struct {
	TableName, ConditionExpression, UpdateExpression, KeyConditionExpression, ClientRequestToken string

	Key, Item, ExclusiveStartKey, ExpressionAttributeValues item
	ExpressionAttributeNames                                map[string]string

	ScanIndexForward *bool
	Limit            int
	TransactItems    []map[string]*request
}

// failure is an error of DynamoDB's.
type failure struct {
	Type    string           `json:"__type"`
	Message string           `json:"message"`
	Item    item             `json:",omitempty"`
	Reasons []map[string]any `json:"CancellationReasons,omitempty"`
}

func newTables() *tables {
	return &tables{rows: map[string]map[[2]string]item{}, done: map[string]string{}}
}

var errReset = &net.OpError{Op: "read", Err: syscall.ECONNRESET}

// Do answers one request.
func (t *tables) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	does := pass
	if t.fault != nil {
		does = t.fault(op, in.TableName, in.writes(op))
	}
	switch does {
	case lost:
		return nil, errReset
	case throttled:
		return respond(req, 400, failure{Type: "ThrottlingException"})
	case broken:
		return respond(req, 500, failure{Type: "InternalServerError"})
	}
	status, out := 200, any(nil)
	out, failed := t.answer(op, in)
	if failed != nil {
		status, out = 400, failed
	}
	if does == answerLost {
		return nil, errReset
	}
	return respond(req, status, out)
}

func respond(req *http.Request, status int, v any) (*http.Response, error) {
	raw, err := json.Marshal(v)
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(bytes.NewReader(raw)), ContentLength: int64(len(raw))}, err
}

func (t *tables) answer(op string, in request) (any, *failure) {
	switch op {
	case "GetItem":
		k, failed := in.key()
		return map[string]any{"Item": t.rows[in.TableName][k]}, failed
	case "Query":
		return t.query(in)
	case "TransactWriteItems":
		return map[string]any{}, t.transact(in)
	}
	failed, _ := t.check(op, &in)
	if failed != nil {
		return nil, failed
	}
	return map[string]any{"Attributes": t.write(op, &in)}, nil
}

func (t *tables) transact(in request) *failure {
	body := encode(in) // the SDK writes the fields of an item in any order
	if before, again := t.done[in.ClientRequestToken]; again {
		if before != body {
			return &failure{Type: "IdempotentParameterMismatchException"}
		}
		return nil
	}
	cancelled, seen := &failure{Type: "TransactionCanceledException"}, map[string]bool{}
	bad := false
	for _, part := range in.TransactItems {
		for op, r := range part {
			failed, k := t.check(op, r)
			if at := r.TableName + k[0] + "\x00" + k[1]; seen[at] {
				return &failure{Type: "ValidationException", Message: "Transaction request cannot include multiple operations on one item"}
			} else {
				seen[at] = true
			}
			reason := map[string]any{"Code": "None"}
			if failed != nil && failed.Type == "ValidationException" {
				return failed
			}
			if failed != nil {
				bad, reason = true, map[string]any{"Code": "ConditionalCheckFailed", "Item": failed.Item}
			}
			cancelled.Reasons = append(cancelled.Reasons, reason)
		}
	}
	if bad {
		return cancelled
	}
	for _, part := range in.TransactItems {
		for op, r := range part {
			t.write(op, r)
		}
	}
	t.done[in.ClientRequestToken] = body
	return nil
}

// key returns the key of the item that a request is about. Quotas in Amazon DynamoDB: 1 to 2,048 bytes, and 1 to 1,024.
func (r *request) key() ([2]string, *failure) {
	from := r.Key
	if from == nil {
		from = r.Item
	}
	pk, _ := from["pk"]["S"].(string)
	sk, _ := from["sk"]["S"].(string)
	if pk == "" || sk == "" || len(pk) > 2048 || len(sk) > 1024 {
		return [2]string{pk, sk}, &failure{Type: "ValidationException", Message: "One or more parameter values were invalid: a key has a wrong size"}
	}
	return [2]string{pk, sk}, nil
}

// writes names the tables that a request would write, whatever its conditions say.
func (r *request) writes(op string) (out []string) {
	switch op {
	case "PutItem", "UpdateItem", "DeleteItem", "Put", "Update", "Delete":
		return []string{r.TableName}
	}
	for _, part := range r.TransactItems {
		for op, each := range part {
			out = append(out, each.writes(op)...)
		}
	}
	return out
}

func (t *tables) query(in request) (any, *failure) {
	text := func(from item, name string) string { s, _ := from[name]["S"].(string); return s }
	v := in.ExpressionAttributeValues
	pk, from, to := text(v, ":pk"), text(v, ":from"), text(v, ":to")
	if len(pk) > 2048 || len(from) > 1024 || len(to) > 1024 {
		return nil, &failure{Type: "ValidationException", Message: "a key has a wrong size"}
	}
	var found []string
	for k := range t.rows[in.TableName] {
		if k[0] == pk && k[1] >= from && (v[":to"] == nil || k[1] <= to) {
			found = append(found, k[1])
		}
	}
	slices.Sort(found)
	down := in.ScanIndexForward != nil && !*in.ScanIndexForward
	if down {
		slices.Reverse(found)
	}
	if after := text(in.ExclusiveStartKey, "sk"); after != "" {
		found = slices.DeleteFunc(found, func(sk string) bool { return sk <= after != down && sk != after || sk == after })
	}
	out := map[string]any{}
	if in.Limit > 0 && len(found) > in.Limit {
		found = found[:in.Limit]
		out["LastEvaluatedKey"] = item{"pk": {"S": pk}, "sk": {"S": found[in.Limit-1]}}
	}
	items := []item{}
	for _, sk := range found {
		items = append(items, t.rows[in.TableName][[2]string{pk, sk}])
	}
	out["Items"] = items
	return out, nil
}
