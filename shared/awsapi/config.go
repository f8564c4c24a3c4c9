package awsapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// LoadConfig reads the standard AWS configuration (environment, profile, role of the function). Retries are off: [Read] and the engine know better
// than the SDK what may be tried again. With AWS_ENDPOINT_URL set, every client dials that address, whatever host name it makes
// up (S3 Control puts the account id in front), so nothing can slip past an emulator to AWS.
func LoadConfig(ctx context.Context, region, profile string) (aws.Config, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithLogger(logging.Nop{}), // what it would warn of on people's screens is in the errors
	}
	if region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	if profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading AWS configuration: %w", err)
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" {
		return cfg, nil
	}
	client, err := Pinned(endpoint)
	if err != nil {
		return aws.Config{}, err
	}
	cfg.BaseEndpoint, cfg.HTTPClient = &endpoint, client
	return cfg, nil
}

// Pinned returns an HTTP client that dials the endpoint's host and nothing else.
func Pinned(endpoint string) (*http.Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("reading AWS_ENDPOINT_URL %q: it is not a URL such as http://127.0.0.1:5000", endpoint)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
	}}, nil
}
