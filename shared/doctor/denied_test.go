package doctor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/doctor"
)

func asJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// refusing answers 403 to what it is told to refuse, as AWS does to callers without the permission.
type refusing struct {
	to     aws.HTTPClient
	refuse func(r *http.Request, body string) bool
}

func (c refusing) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if c.refuse(r, string(body)) {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	}
	return c.to.Do(r)
}

// operation refuses one by the name that its protocol gives it: a header, a form field, or a path or query.
func operation(name string) func(*http.Request, string) bool {
	return func(r *http.Request, body string) bool {
		return strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+name) || strings.Contains(body, "Action="+name+"&") || strings.Contains(r.URL.RequestURI(), name)
	}
}

// refusing returns the configuration with such credentials.
func (c *cloud) refusing(refuse func(*http.Request, string) bool) doctor.Config {
	config := c.config
	config.AWS.HTTPClient = refusing{c.cfg.HTTPClient, refuse}
	config.Own = awsapi.NewSession(config.AWS, c.account, region)
	return config
}

// TestEachPermissionMissing takes one permission away at a time: its check says which, and every other goes on.
func TestEachPermissionMissing(t *testing.T) {
	t.Parallel()
	cloud := deploy(t)
	for action, c := range map[string]struct {
		refuse string
		checks []string
	}{
		"dynamodb:DescribeTable":              {"DescribeTable", []string{"tables"}},
		"dynamodb:DescribeContinuousBackups":  {"DescribeContinuousBackups", []string{"tables"}},
		"lambda:GetFunctionConfiguration":     {"/configuration", []string{"functions"}},
		"sqs:GetQueueAttributes":              {"GetQueueAttributes", []string{"queues", "dead-letters", "senders"}},
		"s3:GetObject":                        {"/shoreup.yaml", []string{"rules-file"}},
		"events:ListRules":                    {"ListRules", []string{"event-rules"}},
		"events:ListTargetsByRule":            {"ListTargetsByRule", []string{"event-rules"}},
		"cloudtrail:DescribeTrails":           {"DescribeTrails", []string{"trail"}},
		"cloudtrail:GetTrailStatus":           {"GetTrailStatus", []string{"trail"}},
		"cloudtrail:GetEventSelectors":        {"GetEventSelectors", []string{"trail"}},
		"iam:GetRole":                         {"GetRole", []string{"roles", "policies"}},
		"iam:ListRolePolicies":                {"ListRolePolicies", []string{"policies"}},
		"iam:GetPolicyVersion":                {"GetPolicyVersion", []string{"policies"}},
		"lambda:ListEventSourceMappings":      {"/event-source-mappings", []string{"sources"}},
		"events:ListEventBuses":               {"ListEventBuses", []string{"event-rules"}},
		"lambda:GetPolicy":                    {"/policy", []string{"callers"}},
		"lambda:GetFunctionUrlConfig":         {"/url", []string{"callers"}},
		"lambda:GetFunctionConcurrency":       {"/concurrency", []string{"callers"}},
		"dynamodb:GetItem":                    {"GetItem", []string{"kill-switch"}},
		"dynamodb:Query":                      {"Query", []string{"audit", "sealed"}},
		"s3:ListBucket":                       {"list-type", []string{"sealed"}},
		"s3:GetBucketVersioning":              {"?versioning", []string{"buckets"}},
		"s3:GetBucketPublicAccessBlock":       {"?publicAccessBlock", []string{"buckets"}},
		"s3:GetBucketObjectLockConfiguration": {"?object-lock", []string{"buckets"}},
		"secretsmanager:GetSecretValue":       {"GetSecretValue", []string{"slack"}},
		"secretsmanager:DescribeSecret":       {"DescribeSecret", []string{"slack"}},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			config := cloud.refusing(operation(c.refuse))
			for _, check := range doctor.Run(t.Context(), config).Checks {
				if !slices.Contains(c.checks, check.ID) {
					if check.Status != doctor.OK {
						t.Errorf("%s is %s, too: %+v", check.ID, check.Status, check.Findings)
					}
					continue
				}
				if check.Status != doctor.NotChecked || !strings.Contains(asJSON(t, check.Findings), "needs ") || !strings.Contains(asJSON(t, check.Findings), action) {
					t.Errorf("%s is %s: %+v\nwant not checked, for want of %s", check.ID, check.Status, check.Findings, action)
				}
				if !slices.Contains(check.Needs, action) {
					t.Errorf("%s says that it needs %v, and it needs %s", check.ID, check.Needs, action)
				}
			}
		})
	}
}

// TestOnlyFunctionsTakeRoles: on AWS nobody else may take the roles, so that a refusal is as it should be where the trust policy could be read. (The
// emulator refuses nobody.)
func TestOnlyFunctionsTakeRoles(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.config.Assume = true
	c.config = c.refusing(operation("AssumeRole"))
	got := find(c.run(t.Context()), "roles")
	if got.Status != doctor.OK || !strings.Contains(asJSON(t, got), "only the functions may") {
		t.Errorf("with the trust policies read: %+v", got)
	}
	c.config = c.refusing(func(r *http.Request, body string) bool {
		return operation("AssumeRole")(r, body) || operation("GetRole")(r, body)
	})
	got = find(c.run(t.Context()), "roles")
	if got.Status != doctor.NotChecked || !strings.Contains(asJSON(t, got), "needs iam:GetRole") {
		t.Errorf("without: %+v", got)
	}
}

// TestNoPermissionAtAll: nobody sees anything, and nothing is called a problem or fine.
func TestNoPermissionAtAll(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.config = c.refusing(func(*http.Request, string) bool { return true })
	report := c.run(t.Context())
	for _, check := range report.Checks {
		if check.ID != "caller" && check.Status != doctor.NotChecked {
			t.Errorf("%s is %s: %+v", check.ID, check.Status, check.Findings)
		}
	}
	if report.Status != doctor.NotChecked {
		t.Errorf("the report says %s", report.Status)
	}
}
