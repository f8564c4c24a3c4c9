package s3api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// answering gives every request the same answer.
type answering struct {
	status int
	region string // in the header; empty: no header
	body   string
}

func (a answering) Do(req *http.Request) (*http.Response, error) {
	h := http.Header{"Content-Type": {"application/xml"}}
	if a.region != "" {
		h.Set("x-amz-bucket-region", a.region)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

// TestBucketsOfOtherRegions: who asks the wrong Region is told the right one, in S3's several ways to say so.
func TestBucketsOfOtherRegions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answering
		want   string
	}{
		"moved":     {answering{301, "eu-west-1", "<Error><Code>PermanentRedirect</Code><Message>must be addressed using the specified endpoint</Message><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>"}, "the bucket is in Region eu-west-1, not in us-east-1: "},
		"malformed": {answering{400, "eu-west-1", "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>"}, "the bucket is in Region eu-west-1, not in us-east-1: "},
		"untold":    {answering{301, "", "<Error><Code>PermanentRedirect</Code><Message>no</Message></Error>"}, "the bucket is in another Region than us-east-1: "},
		"same":      {answering{400, "us-east-1", "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message></Error>"}, "calling s3:"},
		"denied":    {answering{403, "eu-west-1", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"}, "calling s3:"},
	} {
		cfg := aws.Config{Region: "us-east-1", HTTPClient: c.answer, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
		s := awsapi.NewSession(cfg, "111122223333", "us-east-1")
		_, blocked := s3api.ReadBlock(t.Context(), s, "b")
		_, policy := s3api.ReadPolicy(t.Context(), s, "b")
		_, encryption := s3api.ReadEncryption(t.Context(), s, "b")
		for _, err := range []error{blocked, policy, encryption} {
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
	}
}
