package bucketpublic

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/controltest"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

func TestControl(t *testing.T) { controltest.Run(t, Control()) }

// TestRequests keeps the reads within what an operator was promised: 1 for a blocked bucket, at most 8 to plan, 18 in all.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		plan, readBack int
	}{
		{"fully-blocked", 1, 0}, {"account-blocked", 2, 0}, {"plain", 4, 0}, {"policy-everyone", 7, 1}, {"website", 6, 1},
		{"govcloud", 6, 1}, {"cloudfront-origin", 7, 1}, {"cloudfront-oac", 6, 1}, // CloudFront is asked where it exists, and nothing else asks for a person
		{"acl-public-read", 8, 1}, {"acl-disabled", 5, 0}, // the ownership setting is read only for a public grant
		{"partner-statement", 7, 1}, {"acl-beside-unsettled", 8, 1}, // what was edited proves it
		{"partner-acl-disabled", 8, 1},
		{"partner-and-acl", 7, 2}, // 18 with the second plan and two writes: CloudFront would make it 20
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			controltest.Budget(t, Control(), c.name, c.plan, c.readBack)
		})
	}
}

// refusing answers for CloudFront with an error, and lets everything else through.
type refusing struct {
	next   aws.HTTPClient
	status int
	code   string
}

func (r refusing) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.Path, "/2020-05-31/distribution") {
		return r.next.Do(req)
	}
	body := "<ErrorResponse><Error><Code>" + r.code + "</Code><Message>no</Message></Error></ErrorResponse>"
	return &http.Response{StatusCode: r.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// TestCloudFrontIsSilent: who may not ask CloudFront still sees that the bucket is public; a person looks first. An outage is for trying again.
func TestCloudFrontIsSilent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		class  awsapi.Class
	}{{403, "AccessDenied", awsapi.OK}, {501, "NotImplemented", awsapi.OK}, {503, "ServiceUnavailable", awsapi.Transient}, {429, "Throttling", awsapi.Throttled}} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			account := emulatortest.Account(t)
			cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
			cfg.HTTPClient = refusing{cfg.HTTPClient, c.status, c.code}
			session, bucket := awsapi.NewSession(cfg, account, "eu-west-1"), "b-"+account
			if err := setup.Run(t.Context(), session, "s3:CreateBucket {\"Bucket\":\"${bucket}\",\"CreateBucketConfiguration\":{\"LocationConstraint\":\"eu-west-1\"}}\n"+
				"s3:PutBucketAcl {\"Bucket\":\"${bucket}\",\"ACL\":\"public-read\"}\n", map[string]string{"bucket": bucket}); err != nil {
				t.Fatal(err)
			}
			r := awsapi.Resource{Type: "AWS::S3::Bucket", ID: bucket, Account: account, Region: "eu-west-1", Partition: "aws"}
			sight, err := Control().Look(t.Context(), session, r, core.Settings{})
			if got := awsapi.Classify(err); got != c.class {
				t.Fatalf("class %q, want %q: %v", got, c.class, err)
			}
			if err != nil {
				return
			}
			p, err := Control().Propose(sight, r, core.Settings{})
			if err != nil || len(p.Plan.Changes) != 1 || !slices.Contains(p.NeverAuto, duties.FrontDenied) {
				t.Errorf("%d changes, never automatic because of %q, %v", len(p.Plan.Changes), p.NeverAuto, err)
			}
		})
	}
}
