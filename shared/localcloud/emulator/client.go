package emulator

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// requestTimeout is far above the slowest answer (the first EC2 call of a
// server takes two seconds), so that a hung emulator fails a test, not a run.
const requestTimeout = 2 * time.Minute

// HTTPClient returns a client that reaches the emulator whatever host is
// asked for (s3control puts the account id before the host), through no
// proxy, and that follows no redirect, as SDK clients do not.
func (s *Server) HTTPClient() *http.Client { return s.client }

func (s *Server) newHTTPClient() *http.Client {
	dialer := &net.Dialer{}
	return &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 32, // it closes none of its own accord
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, s.address())
				if err != nil {
					return nil, fmt.Errorf("reaching the AWS emulator (log %s): %w", s.log, err)
				}
				return conn, nil
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Config returns SDK settings for the given account and Region: credentials
// of that account, the emulator as endpoint and only address, no retries (an
// operation the emulator lacks answers 500 each time). Credentials stay good
// over Reset.
func (s *Server) Config(account, region string) aws.Config {
	endpoint := s.URL()
	return aws.Config{
		Region:       region,
		BaseEndpoint: &endpoint,
		HTTPClient:   s.client,
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			return s.credentials(ctx, account)
		}),
	}
}

// credentials returns an access key that the emulator maps to the account.
// It has state per account, and knows the account of a request by its access
// key alone: a key from AssumeRole belongs to the account in the role's ARN,
// whether or not that role exists.
func (s *Server) credentials(ctx context.Context, account string) (aws.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.creds[account]; ok {
		return c, nil
	}
	c, err := s.assume(ctx, account)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("getting credentials of account %s: %w", account, err)
	}
	s.creds[account] = c
	return c, nil
}

func (s *Server) assume(ctx context.Context, account string) (aws.Credentials, error) {
	if !isAccount(account) {
		return aws.Credentials{}, fmt.Errorf("%q is not an account id of 12 digits", account)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	// The emulator reads the service from here and checks no signature.
	header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")
	form := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleSessionName": {"local"},
		"RoleArn": {"arn:aws:iam::" + account + ":role/shoreup-local"},
	}
	body, err := s.do(ctx, http.MethodPost, "/", header, strings.NewReader(form.Encode()))
	if err != nil {
		return aws.Credentials{}, err
	}
	var answer struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"AssumeRoleResult>Credentials"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil {
		return aws.Credentials{}, fmt.Errorf("reading the answer to AssumeRole (log %s): %w", s.log, err)
	}
	if answer.Credentials.AccessKeyId == "" {
		return aws.Credentials{}, fmt.Errorf("reading the answer to AssumeRole (log %s): no access key in it", s.log)
	}
	return aws.Credentials{
		AccessKeyID: answer.Credentials.AccessKeyId, SecretAccessKey: answer.Credentials.SecretAccessKey,
		SessionToken: answer.Credentials.SessionToken, Source: "local emulator", AccountID: account,
	}, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// do sends one request to the emulator and returns the body of a 2xx answer.
func (s *Server) do(ctx context.Context, method, path string, header http.Header, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL()+path, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s %s (log %s): %w", method, path, s.log, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s answered %s (log %s): %.300s", method, path, resp.Status, s.log, answer)
	}
	return answer, nil
}
