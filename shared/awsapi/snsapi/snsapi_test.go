package snsapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/snsapi"
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
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (c *cloud) session(region string) awsapi.Session {
	cfg := aws.Config{HTTPClient: c, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, "111122223333", region)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	none := &cloud{answer: func(string) (int, string) { return 400, "" }}
	for id, want := range map[string]string{
		"arn:aws:sns:eu-west-1:111122223333:alarms": "arn:aws:sns:eu-west-1:111122223333:alarms",
		"alarms": "arn:aws:sns:eu-west-1:111122223333:alarms",
		"arn:aws:sns:eu-west-1:111122223333:alarms:0a1b": "", // a subscription
		"arn:aws:sqs:eu-west-1:111122223333:alarms":      "",
		"arn:sns": "",
	} {
		got, err := snsapi.Topic.Resolve(t.Context(), none.session("eu-west-1"), id)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v; want %q", id, got, err, want)
		}
	}
	if got, _ := snsapi.Topic.Resolve(t.Context(), none.session("cn-north-1"), "alarms"); got != "arn:aws-cn:sns:cn-north-1:111122223333:alarms" {
		t.Errorf("in China: %q", got)
	}
	if len(none.seen) > 0 {
		t.Errorf("resolving made requests: %q", none.seen)
	}
}

func TestListWalksAllPages(t *testing.T) {
	t.Parallel()
	page := func(arn, next string) string {
		return "<R><ListTopicsResult><Topics><member><TopicArn>" + arn + "</TopicArn></member></Topics><NextToken>" + next + "</NextToken></ListTopicsResult></R>"
	}
	cloud := &cloud{answer: func(request string) (int, string) {
		if strings.Contains(request, "NextToken=more") {
			return 200, page("arn:aws:sns:eu-west-1:111122223333:b", "")
		}
		return 200, page("arn:aws:sns:eu-west-1:111122223333:a", "more")
	}}
	got, err := snsapi.Topic.List(t.Context(), cloud.session("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"arn:aws:sns:eu-west-1:111122223333:a", "arn:aws:sns:eu-west-1:111122223333:b"}, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

// An empty key must be sent as an empty value: left out, SNS would refuse the call and undo would be lost.
func TestSetKeyToNone(t *testing.T) {
	t.Parallel()
	got := string(snsapi.SetKey("arn:aws:sns:eu-west-1:111122223333:a", "").Input)
	if want := `{"AttributeName":"KmsMasterKeyId","AttributeValue":"","TopicArn":"arn:aws:sns:eu-west-1:111122223333:a"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
