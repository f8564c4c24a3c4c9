package dynamodbapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// cloud is an HTTP client that answers each request by what is in it, and keeps the requests.
type cloud struct {
	answer func(request string) (status int, body string)
	seen   []string
}

func (c *cloud) Do(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	text := req.Header.Get("X-Amz-Target") + " " + string(raw)
	c.seen = append(c.seen, text)
	status, body := c.answer(text)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (c *cloud) session(region string) awsapi.Session {
	cfg := aws.Config{HTTPClient: c, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, "111122223333", region)
}

func TestReadTable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		table string
		want  dynamodbapi.TableFacts
		class awsapi.Class
		gone  bool
	}{
		"as it is made":              {`"TableStatus":"ACTIVE"`, dynamodbapi.TableFacts{Status: "ACTIVE"}, awsapi.OK, false},
		"under a KMS key":            {`"TableStatus":"UPDATING","SSEDescription":{"Status":"ENABLED","SSEType":"KMS","KMSMasterKeyArn":"arn:k"}`, dynamodbapi.TableFacts{KMSKey: "arn:k", Status: "UPDATING"}, awsapi.OK, false},
		"back under AWS's own":       {`"TableStatus":"ACTIVE","SSEDescription":{"Status":"DISABLED"}`, dynamodbapi.TableFacts{Status: "ACTIVE"}, awsapi.OK, false},
		"its key is being changed":   {`"TableStatus":"UPDATING","SSEDescription":{"Status":"UPDATING","SSEType":"KMS"}`, dynamodbapi.TableFacts{}, awsapi.Conflict, false},
		"its key is being given":     {`"TableStatus":"UPDATING","SSEDescription":{"Status":"ENABLING"}`, dynamodbapi.TableFacts{}, awsapi.Conflict, false},
		"a global table":             {`"TableStatus":"ACTIVE","Replicas":[{"RegionName":"us-east-1"},{"RegionName":"eu-west-1"},{"RegionName":"eu-central-1"}]`, dynamodbapi.TableFacts{Status: "ACTIVE", Replicas: []string{"eu-central-1", "us-east-1"}}, awsapi.OK, false},
		"a table on its way out":     {`"TableStatus":"DELETING"`, dynamodbapi.TableFacts{}, awsapi.Unknown, true},
		"a table that is being made": {`"TableStatus":"CREATING"`, dynamodbapi.TableFacts{Status: "CREATING"}, awsapi.OK, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := &cloud{answer: func(string) (int, string) { return 200, `{"Table":{"TableName":"orders",` + c.table + `}}` }}
			got, err := dynamodbapi.ReadTable(t.Context(), cloud.session("eu-west-1"), "orders")
			if awsapi.Classify(err) != c.class || errors.Is(err, awsapi.ErrGone) != c.gone {
				t.Fatalf("%v, of class %q; want class %q, gone %v", err, awsapi.Classify(err), c.class, c.gone)
			}
			if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
				t.Errorf("(- want, + got)\n%s", diff)
			}
		})
	}
}

func TestReadTablePolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      int
		body, want  string
		gone, fails bool
	}{
		"a policy":  {200, `{"Policy":"{}","RevisionId":"1"}`, "{}", false, false},
		"no policy": {400, `{"__type":"com.amazonaws.dynamodb.v20120810#PolicyNotFoundException","message":"no"}`, "", false, false},
		"no table":  {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}`, "", true, true},
		"no right":  {400, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}`, "", false, true},
	} {
		cloud := &cloud{answer: func(string) (int, string) { return c.status, c.body }}
		got, err := dynamodbapi.ReadTablePolicy(t.Context(), cloud.session("eu-west-1"), "arn:aws:dynamodb:eu-west-1:111122223333:table/orders")
		if got != c.want || (err != nil) != c.fails || errors.Is(err, awsapi.ErrGone) != c.gone {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestTableType(t *testing.T) {
	t.Parallel()
	cloud := &cloud{answer: func(request string) (int, string) {
		if strings.Contains(request, `"ExclusiveStartTableName":"a"`) {
			return 200, `{"TableNames":["b"]}`
		}
		return 200, `{"TableNames":["a"],"LastEvaluatedTableName":"a"}`
	}}
	got, err := dynamodbapi.TableType.List(t.Context(), cloud.session("eu-west-1"))
	if diff := cmp.Diff([]string{"a", "b"}, got); err != nil || diff != "" {
		t.Errorf("list: %v (- want, + got)\n%s", err, diff)
	}
	for id, want := range map[string]string{
		"orders": "orders", "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders": "orders", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/x": "", "arn:aws:s3:::orders": "",
	} {
		got, err := dynamodbapi.TableType.Resolve(t.Context(), cloud.session("eu-west-1"), id)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v; want %q", id, got, err, want)
		}
	}
	r := awsapi.Resource{ID: "orders", Account: "111122223333", Region: "cn-north-1", Partition: "aws-cn"}
	want := []string{"arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders", "arn:aws-cn:kms:cn-north-1:111122223333:key/*"}
	if diff := cmp.Diff(want, dynamodbapi.TableType.WriteScope(r)); diff != "" {
		t.Errorf("scope (- want, + got)\n%s", diff)
	}
}
