package duties

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

func TestCautions(t *testing.T) {
	t.Parallel()
	const cloudFront, logs = "a CloudFront distribution reads from the bucket", "logs are delivered to the bucket"
	allow := func(principal, condition string) string {
		return `{"Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:*","Resource":"*"` + condition + `}}`
	}
	for name, c := range map[string]struct {
		policy string
		grant  string
		want   string
	}{
		"nothing":                           {"", "", ""},
		"everybody":                         {allow(`"*"`, ""), "", ""},
		"a partner":                         {allow(`{"AWS":"444455556666"}`, ""), "", ""},
		"a role of that name":               {allow(`{"AWS":"arn:aws:iam::444455556666:role/CloudFront-invalidation"}`, ""), "", cloudFront},
		"origin access identity":            {allow(`{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}`, ""), "", cloudFront},
		"origin access control":             {allow(`{"Service":"cloudfront.amazonaws.com"}`, ""), "", cloudFront},
		"a distribution by condition":       {allow(`"*"`, `,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}`), "", cloudFront},
		"beside everybody":                  {allow(`{"AWS":"*","Service":["cloudfront.amazonaws.com","logging.s3.amazonaws.com"]}`, ""), "", cloudFront + "; " + logs},
		"a Deny for CloudFront":             {`{"Statement":{"Effect":"Deny","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:*","Resource":"*"}}`, "", ""},
		"access logs of S3":                 {allow(`{"Service":"logging.s3.amazonaws.com"}`, ""), "", logs},
		"CloudWatch, flow logs":             {allow(`{"Service":"delivery.logs.amazonaws.com"}`, ""), "", logs},
		"CloudTrail":                        {allow(`{"Service":"cloudtrail.amazonaws.com"}`, ""), "", logs},
		"Config":                            {allow(`{"Service":"config.amazonaws.com"}`, ""), "", logs},
		"load balancers":                    {allow(`{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}`, ""), "", logs},
		"load balancers by account":         {allow(`{"AWS":"127311923021"}`, ""), "", logs},
		"load balancers by ARN, in China":   {allow(`{"AWS":"arn:aws-cn:iam::638102146993:root"}`, ""), "", logs},
		"a role named after their account":  {allow(`{"AWS":"arn:aws:iam::444455556666:role/127311923021"}`, ""), "", ""},
		"another service":                   {allow(`{"Service":"lambda.amazonaws.com"}`, ""), "", ""},
		"the group of log delivery":         {"", s3api.LogDelivery, logs},
		"CloudFront's logs":                 {"", "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0", logs},
		"another account's grant":           {"", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be", ""},
		"a public grant, and a distributor": {allow(`{"Service":"cloudfront.amazonaws.com"}`, ""), s3api.AllUsers, cloudFront},
	} {
		var doc iampolicy.Document
		if c.policy != "" {
			var err error
			if doc, err = iampolicy.Parse([]byte(c.policy)); err != nil {
				t.Fatal(name, err)
			}
		}
		if got := strings.Join(Cautions(doc, []s3api.Grant{{Grantee: c.grant}}), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
