package s3api_test

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
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// answer is an HTTP client that always says the same.
type answer struct {
	status int
	body   string
}

func (a answer) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

func (a answer) session() awsapi.Session {
	cfg := aws.Config{HTTPClient: a, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, "111122223333", "eu-west-1")
}

func TestReadEncryption(t *testing.T) {
	t.Parallel()
	const head, tail = `<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>`, `</Rule></ServerSideEncryptionConfiguration>`
	for _, c := range []struct {
		name   string
		answer answer
		want   string
		fails  error
	}{
		{"S3's keys", answer{200, head + `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>` + tail}, "AES256", nil},
		{"two layers", answer{200, head + `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm></ApplyServerSideEncryptionByDefault>` + tail}, "aws:kms:dsse", nil},
		{"a rule without a default", answer{200, head + `<BucketKeyEnabled>false</BucketKeyEnabled>` + tail}, "AES256", nil},
		{"none", answer{404, `<Error><Code>ServerSideEncryptionConfigurationNotFoundError</Code></Error>`}, "", nil},
		{"no bucket", answer{404, `<Error><Code>NoSuchBucket</Code></Error>`}, "", awsapi.ErrGone},
	} {
		got, err := s3api.ReadEncryption(t.Context(), c.answer.session(), "example-reports")
		if got != c.want || !errors.Is(err, c.fails) || c.fails == nil && err != nil {
			t.Errorf("%s: %q, want %q: %v", c.name, got, c.want, err)
		}
	}
}

func TestReadAccessPoint(t *testing.T) {
	t.Parallel()
	const open = `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>`
	for _, c := range []struct {
		body string
		want s3api.AccessPointInfo
	}{
		{
			`<GetAccessPointResult><Bucket>b</Bucket><NetworkOrigin>Internet</NetworkOrigin>` + open + `<BucketAccountId>444455556666</BucketAccountId></GetAccessPointResult>`,
			s3api.AccessPointInfo{Bucket: "b", Owner: "444455556666", Block: s3api.Block{BlockPublicAcls: true, BlockPublicPolicy: true}},
		},
		{`<GetAccessPointResult><Bucket>b</Bucket><NetworkOrigin>VPC</NetworkOrigin></GetAccessPointResult>`, s3api.AccessPointInfo{Bucket: "b", VPC: true}},
	} {
		got, err := s3api.ReadAccessPoint(t.Context(), answer{200, c.body}.session(), "finance-ap")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
	gone := answer{404, `<ErrorResponse><Error><Code>NoSuchAccessPoint</Code></Error></ErrorResponse>`}.session()
	if _, err := s3api.ReadAccessPoint(t.Context(), gone, "finance-ap"); !errors.Is(err, awsapi.ErrGone) {
		t.Errorf("a deleted access point: %v", err)
	}
	if _, err := s3api.ReadAccessPointPolicy(t.Context(), gone, "finance-ap"); !errors.Is(err, awsapi.ErrGone) {
		t.Errorf("the policy of a deleted access point: %v", err)
	}
	none := answer{404, `<ErrorResponse><Error><Code>NoSuchAccessPointPolicy</Code></Error></ErrorResponse>`}.session()
	if policy, err := s3api.ReadAccessPointPolicy(t.Context(), none, "finance-ap"); policy != "" || err != nil {
		t.Errorf("no policy: %q, %v", policy, err)
	}
}
