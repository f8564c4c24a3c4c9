package sqsapi_test

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
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
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

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, region, want string
		requests               int
	}{
		{"the URL itself", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", 0},
		{"an old endpoint", "https://eu-west-1.queue.amazonaws.com/111122223333/orders", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", 0},
		{"an emulator's endpoint", "http://localhost:5000/111122223333/orders.fifo", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders.fifo", 0},
		{"China has another suffix", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/orders", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/orders", 0},
		{"an ARN", "arn:aws:sqs:eu-west-1:111122223333:orders", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", 0},
		{"an ARN in China", "arn:aws-cn:sqs:cn-north-1:111122223333:orders", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/orders", 0},
		{"an ARN in GovCloud", "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:orders", "us-gov-west-1", "https://sqs.us-gov-west-1.amazonaws.com/111122223333/orders", 0},
		{"a queue of another account stays one", "https://sqs.eu-west-1.amazonaws.com/444455556666/orders", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/444455556666/orders", 0},
		{"a name", "orders", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := &cloud{answer: func(string) (int, string) {
				return 200, `{"QueueUrl":"https://eu-west-1.queue.amazonaws.com/111122223333/orders"}`
			}}
			got, err := sqsapi.Queue.Resolve(t.Context(), cloud.session(c.region), c.id)
			if err != nil || got != c.want {
				t.Errorf("%q becomes %q, %v; want %q", c.id, got, err, c.want)
			}
			if len(cloud.seen) != c.requests {
				t.Errorf("%d requests, want %d: %q", len(cloud.seen), c.requests, cloud.seen)
			}
		})
	}
}

func TestResolveWhatIsNone(t *testing.T) {
	t.Parallel()
	absent := &cloud{answer: func(string) (int, string) {
		return 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`
	}}
	if _, err := sqsapi.Queue.Resolve(t.Context(), absent.session("eu-west-1"), "orders"); !errors.Is(err, awsapi.ErrGone) {
		t.Errorf("a name that no queue has: %v, want gone", err)
	}
	for _, id := range []string{"https://sqs.eu-west-1.amazonaws.com/orders", "https://host", "https://host/111122223333/", "arn:aws:sns:eu-west-1:111122223333:orders", "arn:aws:sqs"} {
		if got, err := sqsapi.Queue.Resolve(t.Context(), absent.session("eu-west-1"), id); err == nil || errors.Is(err, awsapi.ErrGone) {
			t.Errorf("%s becomes %q, %v; want an error that is not gone", id, got, err)
		}
	}
}

func TestListWalksAllPagesAndGivesOneFormOfURL(t *testing.T) {
	t.Parallel()
	cloud := &cloud{answer: func(request string) (int, string) {
		if strings.Contains(request, `"NextToken":"more"`) {
			return 200, `{"QueueUrls":["http://127.0.0.1:5000/111122223333/b"]}`
		}
		return 200, `{"QueueUrls":["https://sqs.eu-west-1.amazonaws.com/111122223333/a"],"NextToken":"more"}`
	}}
	got, err := sqsapi.Queue.List(t.Context(), cloud.session("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://sqs.eu-west-1.amazonaws.com/111122223333/a", "https://sqs.eu-west-1.amazonaws.com/111122223333/b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	if !strings.Contains(cloud.seen[0], `"MaxResults":1000`) {
		t.Errorf("without MaxResults SQS answers no pages: %q", cloud.seen[0])
	}
}

func TestARN(t *testing.T) {
	t.Parallel()
	r := awsapi.Resource{ID: "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/orders.fifo", Account: "111122223333", Region: "cn-north-1", Partition: "aws-cn"}
	if got, want := sqsapi.Queue.ARN(r), "arn:aws-cn:sqs:cn-north-1:111122223333:orders.fifo"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzResolve: whatever is taken for a queue comes out as a URL that is taken for the same queue.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"https://sqs.eu-west-1.amazonaws.com/111122223333/orders", "arn:aws:sqs:eu-west-1:111122223333:orders", "http://x/111122223333/o", "orders", "://", "arn:"} {
		f.Add(s)
	}
	absent := &cloud{answer: func(string) (int, string) {
		return 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`
	}}
	session := absent.session("eu-west-1")
	f.Fuzz(func(t *testing.T, id string) {
		if !strings.Contains(id, ":") {
			return // a name, which only SQS can resolve
		}
		url, err := sqsapi.Queue.Resolve(t.Context(), session, id)
		if err != nil {
			return
		}
		if !strings.HasPrefix(url, "https://sqs.") {
			t.Errorf("%q became %q", id, url)
		}
		again, err := sqsapi.Queue.Resolve(t.Context(), session, url)
		if err != nil || again != url {
			t.Errorf("%q became %q, and that becomes %q, %v", id, url, again, err)
		}
	})
}
