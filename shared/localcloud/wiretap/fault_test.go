package wiretap_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		reached := 0
		target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
		t.Cleanup(target.Close)
		tap := start(t, target.URL, wiretap.Options{Fault: func(c wiretap.Call) *wiretap.Fault {
			if strings.HasPrefix(c.Operation, "List") {
				return nil
			}
			return &wiretap.Fault{Status: 503, Code: "SlowDown", After: after}
		}})
		cfg := config(tap, "K")
		for name, call := range map[string]func() error{
			"s3": func() error {
				_, err := pathStyle(cfg).GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: aws.String("b")})
				return err
			},
			"ec2": func() error {
				_, err := ec2.NewFromConfig(cfg).DescribeVolumes(t.Context(), nil)
				return err
			},
			"sts": func() error {
				_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
				return err
			},
			"dynamodb": func() error {
				_, err := dynamodb.NewFromConfig(cfg).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")})
				return err
			},
		} {
			var api smithy.APIError
			if err := call(); !errors.As(err, &api) || api.ErrorCode() != "SlowDown" {
				t.Errorf("%s, after %v: %v, want SlowDown", name, after, err)
			}
		}
		if want := map[bool]int{false: 0, true: 4}[after]; reached != want {
			t.Errorf("after %v: %d requests reached AWS, want %d", after, reached, want)
		}
		for _, c := range tap.Calls() {
			if c.Status != 503 {
				t.Errorf("%s is recorded with status %d", c.Operation, c.Status)
			}
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	tap := start(t, answers(t, nil), wiretap.Options{Delay: delay})
	from := time.Now()
	_, _ = sts.NewFromConfig(config(tap, "K")).GetCallerIdentity(t.Context(), nil) // the stand-in's answer is not XML
	if took := time.Since(from); took < delay || len(tap.Calls()) != 1 {
		t.Errorf("took %v, %d calls", took, len(tap.Calls()))
	}
}
