package cloudfrontapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
)

// cloud answers every request with one page of distributions, and remembers the last request.
type cloud struct {
	status int
	body   string
	host   string
	query  string
	scope  string
}

func (c *cloud) Do(req *http.Request) (*http.Response, error) {
	c.host, c.query, c.scope = req.URL.Host, req.URL.RawQuery, req.Header.Get("Authorization")
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(c.body)), Request: req,
	}, nil
}

func (c *cloud) session(region string) awsapi.Session {
	cfg := aws.Config{Region: region, HTTPClient: c, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	return awsapi.NewSession(cfg, "111122223333", region)
}

// page is an answer of CloudFront with one distribution for each origin, given as domain or domain and path.
func page(truncated bool, origins ...string) string {
	var items strings.Builder
	for i, o := range origins {
		domain, path, _ := strings.Cut(o, "/")
		if path != "" {
			path = "/" + path
		}
		fmt.Fprintf(&items, `<DistributionSummary><Id>E%d</Id><Origins><Quantity>2</Quantity><Items>`+
			`<Origin><Id>app</Id><DomainName>app.example.com</DomainName><OriginPath></OriginPath></Origin>`+
			`<Origin><Id>o</Id><DomainName>%s</DomainName><OriginPath>%s</OriginPath></Origin></Items></Origins></DistributionSummary>`, i+1, domain, path)
	}
	return fmt.Sprintf(`<?xml version="1.0"?><DistributionList xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Marker></Marker><MaxItems>100</MaxItems>`+
		`<IsTruncated>%t</IsTruncated><Quantity>%d</Quantity><Items>%s</Items></DistributionList>`, truncated, len(origins), items.String())
}

func TestFindOrigin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bucket, origin string
		want           bool
	}{
		"without a Region":              {"site", "site.s3.amazonaws.com", true},
		"with a Region":                 {"site", "site.s3.eu-west-1.amazonaws.com", true},
		"the old form":                  {"site", "site.s3-eu-west-1.amazonaws.com", true},
		"over IPv6, too":                {"site", "site.s3.dualstack.eu-west-1.amazonaws.com", true},
		"accelerated":                   {"site", "site.s3-accelerate.amazonaws.com", true},
		"a website, with a hyphen":      {"site", "site.s3-website-eu-west-1.amazonaws.com", true},
		"a website, with a dot":         {"site", "site.s3-website.eu-central-1.amazonaws.com", true},
		"in China":                      {"site", "site.s3.cn-north-1.amazonaws.com.cn", true},
		"a website in China":            {"site", "site.s3-website.cn-northwest-1.amazonaws.com.cn", true},
		"in capitals, and rooted":       {"site", "Site.S3.EU-WEST-1.amazonaws.com.", true},
		"a name with dots":              {"www.example.com", "www.example.com.s3.amazonaws.com", true},
		"a name that looks like a host": {"a.s3.b", "a.s3.b.s3.amazonaws.com", true},
		"by path":                       {"site", "s3.eu-west-1.amazonaws.com/site", true},
		"by path, deeper":               {"site", "s3-eu-west-1.amazonaws.com/site/docs", true},
		"the bucket's own name":         {"www.example.com", "www.example.com", true},
		"by path, in capitals":          {"Site", "s3.amazonaws.com/Site", true},
		"another bucket":                {"site", "sites.s3.amazonaws.com", false},
		"a bucket that ends like it":    {"site", "my.site.s3.amazonaws.com", false},
		"a bucket that begins like it":  {"a", "a.s3.b.s3.amazonaws.com", false},
		"another by path":               {"site", "s3.eu-west-1.amazonaws.com/site2", false},
		"a host of somebody":            {"site", "site.s3.example.com", false},
		"a load balancer":               {"site", "site.eu-west-1.elb.amazonaws.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := &cloud{status: http.StatusOK, body: page(false, "other.s3.amazonaws.com", c.origin)}
			id, certain, err := cloudfrontapi.FindOrigin(t.Context(), cloud.session("eu-west-1"), c.bucket)
			if want := map[bool]string{true: "E2"}[c.want]; err != nil || !certain || id != want {
				t.Errorf("%q, %v, %v; want %q", id, certain, err, want)
			}
		})
	}
}

func TestWhatOnePageTells(t *testing.T) {
	t.Parallel()
	const silent = `<DistributionSummary><Id>E9</Id></DistributionSummary></Items>`
	for name, c := range map[string]struct {
		page    string
		id      string
		certain bool
	}{
		"found on the first page":             {page(true, "site.s3.amazonaws.com"), "E1", true},
		"may be on another":                   {page(true, "other.s3.amazonaws.com"), "", false},
		"none at all":                         {page(false), "", true},
		"one that does not tell":              {strings.Replace(page(false, "other.s3.amazonaws.com"), "</Items></Dist", silent+"</Dist", 1), "E9", false},
		"found beside one that does not":      {strings.Replace(page(false, "site.s3.amazonaws.com"), "</Items></Dist", silent+"</Dist", 1), "E1", true},
		"an answer in which there is no list": {"<DistributionList/>", "", true},
	} {
		cloud := &cloud{status: http.StatusOK, body: c.page}
		id, certain, err := cloudfrontapi.FindOrigin(t.Context(), cloud.session("eu-west-1"), "site")
		if err != nil || id != c.id || certain != c.certain {
			t.Errorf("%s: %q, %v, %v", name, id, certain, err)
		}
		if cloud.query != "MaxItems=100" {
			t.Errorf("%s: asked for %q", name, cloud.query)
		}
	}
}

// TestWhereItIsAsked: CloudFront has one endpoint in each partition that has CloudFront at all.
func TestWhereItIsAsked(t *testing.T) {
	t.Parallel()
	for region, c := range map[string]struct {
		offered     bool
		host, scope string
	}{
		"eu-west-1":     {true, "cloudfront.amazonaws.com", "/us-east-1/cloudfront/"},
		"cn-north-1":    {true, "cloudfront.cn-northwest-1.amazonaws.com.cn", "/cn-northwest-1/cloudfront/"},
		"us-gov-west-1": {false, "", ""},
		"us-iso-east-1": {false, "", ""},
	} {
		cloud := &cloud{status: http.StatusOK, body: page(false)}
		session := cloud.session(region)
		if got := cloudfrontapi.Offered(session.Partition()); got != c.offered {
			t.Errorf("%s: offered %v", region, got)
		}
		if !c.offered {
			continue
		}
		if _, _, err := cloudfrontapi.FindOrigin(t.Context(), session, "site"); err != nil || cloud.host != c.host || !strings.Contains(cloud.scope, c.scope) {
			t.Errorf("%s: asked %s, signed %s, %v", region, cloud.host, cloud.scope, err)
		}
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	cloud := &cloud{status: http.StatusForbidden, body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`}
	if _, _, err := cloudfrontapi.FindOrigin(context.Background(), cloud.session("eu-west-1"), "site"); !awsapi.IsAccessDenied(err) {
		t.Errorf("got %v", err)
	}
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"site.s3.amazonaws.com", "s3.amazonaws.com", ".s3-", "www.example.com", "a.s3.b.s3.amazonaws.com"} {
		f.Add(seed, "/site", "site")
	}
	f.Fuzz(func(t *testing.T, domain, path, bucket string) {
		hit := cloudfrontapi.ReadsFrom(domain, path, bucket)
		if hit && bucket == "" {
			t.Fatalf("%q %q reads from no bucket", domain, path)
		}
		lower := strings.ToLower(bucket)
		if hit && !strings.HasPrefix(strings.ToLower(domain), lower) && !strings.HasPrefix(strings.ToLower(strings.TrimPrefix(path, "/")), lower) {
			t.Fatalf("%q %q does not name %q", domain, path, bucket)
		}
	})
}
